#include "window/series.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FEW 2

/* What a part holds, as it was told last: parts are scattered over memory. */
struct member {
	const struct holding *of;
	bool summed, known, waiting;
	bool nobody;			/* the gauge beside an age says that nobody waits */
	double value;
	int64_t start_us;
};

struct figure {
	const struct label *label;	/* borrowed */
	struct member *part;		/* `few`, or memory of its own: a power of two of them */
	uint64_t frame;			/* the last that counted in its events */
	uint32_t npart;
	enum fact_kind kind;
	bool over_qualifiers;
	struct member few[FEW];
	union {				/* there is memory for that of the kind alone */
		struct gauge gauge;
		struct age age;
		struct total total;	/* of TOTAL and PLAIN */
	} is;
};

/* --- the list ------------------------------------------------------------------------ */

static void figure_free(struct figure *f)
{
	if (f->kind == FACT_GAUGE)
		gauge_free(&f->is.gauge);
	if (f->part != f->few)
		free(f->part);
	free(f);
}

void figures_free(struct figures *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		figure_free(fs->v[i]);
	free(fs->v);
	*fs = (struct figures){ 0 };
}

static int compare(const struct label *a, const struct label *b)
{
	int by_name;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	by_name = strcmp(a->metric, b->metric);
	return by_name ? by_name : strcmp(a->path, b->path);
}

static struct figure *figure_new(const struct label *label, enum fact_kind kind)
{
	static const size_t size[] = {
		[FACT_GAUGE] = sizeof(struct gauge),
		[FACT_AGE] = sizeof(struct age),
		[FACT_TOTAL] = sizeof(struct total),
		[FACT_PLAIN] = sizeof(struct total)
	};
	struct figure *f = calloc(1, offsetof(struct figure, is) + size[kind]);

	if (!f)
		return NULL;
	f->label = label;
	f->kind = kind;
	f->part = f->few;
	return f;
}

static bool grow(struct figures *fs)
{
	size_t cap = fs->cap ? 2 * fs->cap : 16;
	struct figure **v;

	if (fs->n < fs->cap)
		return true;
	v = reallocarray(fs->v, cap, sizeof(struct figure *));
	if (!v)
		return false;
	fs->v = v;
	fs->cap = cap;
	return true;
}

/* Whether one path is the other's beginning, so a number here and a group of numbers there. */
static bool is_nested(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (*a == '\0' && *b == '.') || (*a == '.' && *b == '\0');
}

static bool is_taken(const struct figures *fs, const struct label *label)
{
	for (size_t i = 0; i < fs->n; i++)
		if (strcmp(fs->v[i]->label->metric, label->metric) == 0
		    && is_nested(fs->v[i]->label->path, label->path))
			return true;
	return false;
}

static bool is_told_as(const struct label *a, const struct label *b)
{
	return a->told && b->told ? strcmp(a->told, b->told) == 0 : !a->told && !b->told;
}

/* The place of that name, whether taken or not; *same: it is. */
static size_t place_of(const struct figures *fs, const struct label *label, bool *same)
{
	size_t at = 0;

	while (at < fs->n && compare(fs->v[at]->label, label) < 0)
		at++;
	*same = at < fs->n && compare(fs->v[at]->label, label) == 0;
	return at;
}

struct figure *figures_make(struct figures *fs, const struct label *label, enum fact_kind kind,
	bool *full)
{
	bool same;
	size_t at = place_of(fs, label, &same);
	struct figure *f;

	if (same) {
		f = fs->v[at];
		*full = f->kind != kind || !is_told_as(f->label, label);
		return *full ? NULL : f;
	}
	*full = fs->n == FIGURES_MAX || is_taken(fs, label);
	if (*full || !grow(fs))
		return NULL;
	f = figure_new(label, kind);
	if (!f)
		return NULL;
	memmove(&fs->v[at + 1], &fs->v[at], (fs->n - at) * sizeof(struct figure *));
	fs->v[at] = f;
	fs->n++;
	return f;
}

struct figure *figures_rename(struct figures *fs, struct figure *f, const struct label *label)
{
	bool same;
	size_t from = 0, to = place_of(fs, label, &same);

	if (same)
		return is_told_as(fs->v[to]->label, label) ? fs->v[to] : f;
	if (is_taken(fs, label))
		return f;
	while (fs->v[from] != f)
		from++;
	memmove(&fs->v[from], &fs->v[from + 1], (fs->n - from - 1) * sizeof(struct figure *));
	to -= to > from;
	memmove(&fs->v[to + 1], &fs->v[to], (fs->n - to - 1) * sizeof(struct figure *));
	fs->v[to] = f;
	f->label = label;
	return f;
}

enum fact_kind figure_kind(const struct figure *f)
{
	return f->kind;
}

static void member_update(struct member *m)
{
	const struct holding *h = m->of, *beside = h->beside;

	m->known = h->known;
	m->waiting = h->waiting;
	m->nobody = beside && beside->known && beside->value == 0;
	m->value = h->value;
	m->start_us = h->start_us;
}

/* The place of a part among the figure's; npart: it has none. */
static size_t member_of(const struct figure *f, const struct holding *h)
{
	size_t at = 0;

	while (at < f->npart && f->part[at].of != h)
		at++;
	return at;
}

bool figure_add(struct figure *f, const struct holding *h, bool summed)
{
	uint32_t n = f->npart;

	if (n >= FEW && (n & (n - 1)) == 0) {	/* there may be room already: then the same */
		struct member *part = reallocarray(f->part == f->few ? NULL : f->part, 2 * n,
			sizeof(*part));

		if (!part)
			return false;
		if (f->part == f->few)
			memcpy(part, f->few, sizeof(f->few));
		f->part = part;
	}
	f->part[n].of = h;
	f->part[n].summed = summed;
	member_update(&f->part[n]);
	f->npart++;
	return true;
}

bool figure_is_new(const struct figure *f)
{
	return f->npart == 0;
}

bool figure_was_zero(struct figure *f, int64_t us)
{
	return gauge_was(&f->is.gauge, 0, us);
}

bool figure_sum_over(struct figure *f, const struct holding *whole)
{
	if (f->over_qualifiers)
		return true;
	f->over_qualifiers = true;
	return figure_add(f, whole, true);
}

static void figures_remove(struct figures *fs, struct figure *f)
{
	size_t at = 0;

	while (at < fs->n && fs->v[at] != f)
		at++;
	if (at == fs->n)
		return;
	memmove(&fs->v[at], &fs->v[at + 1], (--fs->n - at) * sizeof(struct figure *));
	figure_free(f);
}

void figures_drop(struct figures *fs, struct figure *f, const struct holding *h)
{
	size_t at = member_of(f, h);

	if (at < f->npart)
		f->part[at] = f->part[--f->npart];
	if (!f->npart)
		figures_remove(fs, f);
}

bool figures_move(struct figures *fs, struct figure *from, struct figure *to,
	const struct holding *h)
{
	if (!figure_add(to, h, from->part[member_of(from, h)].summed))
		return false;
	if (from->npart == 1 && from->kind == FACT_GAUGE) {
		to->is.gauge.confirmed |= from->is.gauge.confirmed;
		/* of the frames that both had an event of, the last alone is known */
		to->is.gauge.events += from->is.gauge.events
			- (from->is.gauge.events && from->frame == to->frame);
		if (to->frame < from->frame)
			to->frame = from->frame;
	}
	figures_drop(fs, from, h);
	return true;
}

/* --- what holds now ------------------------------------------------------------------ */

/* What a queue tells itself wins over the sum over media types or qualifiers. */
static bool tells_itself(const struct figure *f)
{
	for (size_t i = 0; i < f->npart; i++)
		if (!f->part[i].summed)
			return true;
	return false;
}

/* One process out of several: unknown while a part is, or if no double can hold it. */
static bool set_gauge(struct figure *f, int64_t at_us, bool up)
{
	bool known = f->npart > 0, itself = tells_itself(f);
	double sum = 0;

	for (size_t i = 0; i < f->npart; i++)
		if (!itself || !f->part[i].summed) {
			known = known && f->part[i].known;
			sum += f->part[i].value;
		}
	if (!isfinite(sum))
		return gauge_set(&f->is.gauge, at_us, up, false, 0);
	return gauge_set(&f->is.gauge, at_us, up, known, sum);
}

/* Over media: who has waited longest of all; unknown while one is. */
static void set_age(struct figure *f, int64_t at_us, bool up)
{
	bool known = true, waiting = false, itself = tells_itself(f);
	int64_t start_us = INT64_MAX;

	for (size_t i = 0; i < f->npart; i++) {
		const struct member *m = &f->part[i];

		if (itself && m->summed)
			continue;
		known = known && (m->known || m->nobody);
		if (!m->waiting || m->nobody)
			continue;
		waiting = true;
		if (m->start_us < start_us)
			start_us = m->start_us;
	}
	age_set(&f->is.age, at_us, up, known && waiting, start_us);
}

bool figure_refresh(struct figure *f, const struct holding *h, int64_t at_us, bool up)
{
	size_t at = f ? member_of(f, h) : 0;

	if (!f || at == f->npart)
		return true;
	member_update(&f->part[at]);
	if (f->kind == FACT_GAUGE)
		return set_gauge(f, at_us, up);
	if (f->kind == FACT_AGE)
		set_age(f, at_us, up);
	return true;
}

void figure_count(struct figure *f, uint64_t frame)
{
	if (!f || f->frame == frame)
		return;
	f->frame = frame;
	if (f->kind == FACT_GAUGE)
		f->is.gauge.events++;
}

void figure_confirm(struct figure *f)
{
	if (f && f->kind == FACT_GAUGE)
		f->is.gauge.confirmed = true;
}

void figure_total(struct figure *f, struct interval when, double value, bool whole)
{
	total_set(&f->is.total, when, value, whole);
}

/* --- all of them --------------------------------------------------------------------- */

bool figures_hold(const struct figures *fs, int64_t at_us, bool up)
{
	bool ok = true;

	for (size_t i = 0; i < fs->n; i++) {
		struct figure *f = fs->v[i];

		if (f->kind == FACT_GAUGE)
			ok = gauge_hold(&f->is.gauge, at_us, up) && ok;
		else if (f->kind == FACT_AGE)
			age_hold(&f->is.age, at_us, up);
	}
	return ok;
}

void figures_carry(const struct figures *fs)
{
	for (size_t i = 0; i < fs->n; i++) {
		struct figure *f = fs->v[i];

		switch (f->kind) {
		case FACT_GAUGE:
			gauge_carry(&f->is.gauge);
			break;
		case FACT_AGE:
			age_carry(&f->is.age);
			break;
		case FACT_TOTAL:
		case FACT_PLAIN:
			total_carry(&f->is.total);
			break;
		}
	}
}

void figures_lost(const struct figures *fs, int64_t at_us)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->v[i]->kind == FACT_TOTAL)
			total_lost(&fs->v[i]->is.total, at_us);
}

void figures_found(const struct figures *fs, int64_t at_us, int64_t window_us)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->v[i]->kind == FACT_TOTAL)
			total_found(&fs->v[i]->is.total, at_us, window_us);
}

static bool make_gauge(struct gauge *g, const struct moment *m, struct fact *out)
{
	bool ok = gauge_summarise(g, m->up, &out->is.gauge);

	out->sketch = g->quantile && !quantile_is_exact(g->quantile);
	out->accuracy = g->quantile ? quantile_accuracy(g->quantile) : 0;
	return ok;
}

static bool make_fact(struct figure *f, const struct moment *m, struct fact *out)
{
	*out = (struct fact){ .metric = f->label->metric, .path = f->label->path, .kind = f->kind,
		.sum = f->over_qualifiers && !tells_itself(f) };
	switch (f->kind) {
	case FACT_GAUGE:
		return make_gauge(&f->is.gauge, m, out);
	case FACT_AGE:
		out->is.age = f->is.age;
		return true;
	case FACT_TOTAL:
	case FACT_PLAIN:
		return total_summarise(&f->is.total, m->running, m->whole && f->kind == FACT_TOTAL,
			m->end_us, &out->is.total);
	}
	return false;
}

bool figures_facts(const struct figures *fs, const struct moment *m, struct fact *out)
{
	for (size_t i = 0; i < fs->n; i++)
		if (!make_fact(fs->v[i], m, &out[i]))
			return false;
	return true;
}
