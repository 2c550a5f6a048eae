#include "window/series.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FEW 2

/* What a part holds, as it was told last: parts are scattered over memory. */
struct member {
	const struct series_value *of;
	bool summed, known, waiting;
	bool nobody;			/* the gauge beside an age says that nobody waits */
	double value;
	int64_t start_us;
};

struct series {
	const struct series_label *label;	/* borrowed */
	struct member *part;		/* `few`, or memory of its own: a power of two of them */
	uint64_t frame;			/* the last that counted in its events */
	uint32_t npart;
	enum series_kind kind;
	bool over_qualifiers;
	struct member few[FEW];
	union {				/* there is memory for that of the kind alone */
		struct gauge gauge;
		struct age age;
		struct total total;	/* of TOTAL and PLAIN */
	} is;
};

/* --- the list ------------------------------------------------------------------------ */

static void figure_free(struct series *f)
{
	if (f->kind == SERIES_GAUGE)
		gauge_free(&f->is.gauge);
	if (f->part != f->few)
		free(f->part);
	free(f);
}

void series_set_free(struct series_set *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		figure_free(fs->v[i]);
	free(fs->v);
	*fs = (struct series_set){ 0 };
}

static int compare(const struct series_label *a, const struct series_label *b)
{
	int by_name;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	by_name = strcmp(a->metric, b->metric);
	return by_name ? by_name : strcmp(a->path, b->path);
}

static struct series *figure_new(const struct series_label *label, enum series_kind kind)
{
	static const size_t size[] = {
		[SERIES_GAUGE] = sizeof(struct gauge),
		[SERIES_AGE] = sizeof(struct age),
		[SERIES_TOTAL] = sizeof(struct total),
		[SERIES_PLAIN] = sizeof(struct total)
	};
	struct series *f = calloc(1, offsetof(struct series, is) + size[kind]);

	if (!f)
		return NULL;
	f->label = label;
	f->kind = kind;
	f->part = f->few;
	return f;
}

static bool grow(struct series_set *fs)
{
	size_t cap = fs->cap ? 2 * fs->cap : 16;
	struct series **v;

	if (fs->n < fs->cap)
		return true;
	v = reallocarray(fs->v, cap, sizeof(struct series *));
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

static bool is_taken(const struct series_set *fs, const struct series_label *label)
{
	for (size_t i = 0; i < fs->n; i++)
		if (strcmp(fs->v[i]->label->metric, label->metric) == 0
		    && is_nested(fs->v[i]->label->path, label->path))
			return true;
	return false;
}

static bool is_told_as(const struct series_label *a, const struct series_label *b)
{
	return a->told && b->told ? strcmp(a->told, b->told) == 0 : !a->told && !b->told;
}

/* The place of that name, whether taken or not; *same: it is. */
static size_t place_of(const struct series_set *fs, const struct series_label *label, bool *same)
{
	size_t at = 0;

	while (at < fs->n && compare(fs->v[at]->label, label) < 0)
		at++;
	*same = at < fs->n && compare(fs->v[at]->label, label) == 0;
	return at;
}

struct series *series_set_make(struct series_set *fs, const struct series_label *label,
	enum series_kind kind, bool *full)
{
	bool same;
	size_t at = place_of(fs, label, &same);
	struct series *f;

	if (same) {
		f = fs->v[at];
		*full = f->kind != kind || !is_told_as(f->label, label);
		return *full ? NULL : f;
	}
	*full = fs->n == SERIES_MAX || is_taken(fs, label);
	if (*full || !grow(fs))
		return NULL;
	f = figure_new(label, kind);
	if (!f)
		return NULL;
	memmove(&fs->v[at + 1], &fs->v[at], (fs->n - at) * sizeof(struct series *));
	fs->v[at] = f;
	fs->n++;
	return f;
}

struct series *series_set_rename(struct series_set *fs, struct series *f,
	const struct series_label *label)
{
	bool same;
	size_t from = 0, to = place_of(fs, label, &same);

	if (same)
		return is_told_as(fs->v[to]->label, label) ? fs->v[to] : f;
	if (is_taken(fs, label))
		return f;
	while (fs->v[from] != f)
		from++;
	memmove(&fs->v[from], &fs->v[from + 1], (fs->n - from - 1) * sizeof(struct series *));
	to -= to > from;
	memmove(&fs->v[to + 1], &fs->v[to], (fs->n - to - 1) * sizeof(struct series *));
	fs->v[to] = f;
	f->label = label;
	return f;
}

enum series_kind series_kind(const struct series *f)
{
	return f->kind;
}

static void member_update(struct member *m)
{
	const struct series_value *h = m->of, *beside = h->beside;

	m->known = h->known;
	m->waiting = h->waiting;
	m->nobody = beside && beside->known && beside->value == 0;
	m->value = h->value;
	m->start_us = h->start_us;
}

/* The place of a part among the figure's; npart: it has none. */
static size_t member_of(const struct series *f, const struct series_value *h)
{
	size_t at = 0;

	while (at < f->npart && f->part[at].of != h)
		at++;
	return at;
}

bool series_add(struct series *f, const struct series_value *h, bool summed)
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

bool series_is_new(const struct series *f)
{
	return f->npart == 0;
}

bool series_was_zero(struct series *f, int64_t us)
{
	return gauge_add(&f->is.gauge, 0, us);
}

bool series_sum_over(struct series *f, const struct series_value *whole)
{
	if (f->over_qualifiers)
		return true;
	f->over_qualifiers = true;
	return series_add(f, whole, true);
}

static void figures_remove(struct series_set *fs, struct series *f)
{
	size_t at = 0;

	while (at < fs->n && fs->v[at] != f)
		at++;
	if (at == fs->n)
		return;
	memmove(&fs->v[at], &fs->v[at + 1], (--fs->n - at) * sizeof(struct series *));
	figure_free(f);
}

void series_set_drop(struct series_set *fs, struct series *f, const struct series_value *h)
{
	size_t at = member_of(f, h);

	if (at < f->npart)
		f->part[at] = f->part[--f->npart];
	if (!f->npart)
		figures_remove(fs, f);
}

bool series_set_move(struct series_set *fs, struct series *from, struct series *to,
	const struct series_value *h)
{
	if (!series_add(to, h, from->part[member_of(from, h)].summed))
		return false;
	if (from->npart == 1 && from->kind == SERIES_GAUGE) {
		to->is.gauge.confirmed |= from->is.gauge.confirmed;
		/* of the frames that both had an event of, the last alone is known */
		to->is.gauge.events += from->is.gauge.events
			- (from->is.gauge.events && from->frame == to->frame);
		if (to->frame < from->frame)
			to->frame = from->frame;
	}
	series_set_drop(fs, from, h);
	return true;
}

/* --- what holds now ------------------------------------------------------------------ */

/* What a queue tells itself wins over the sum over media types or qualifiers. */
static bool tells_itself(const struct series *f)
{
	for (size_t i = 0; i < f->npart; i++)
		if (!f->part[i].summed)
			return true;
	return false;
}

/* One process out of several: unknown while a part is, or if no double can hold it. */
static bool set_gauge(struct series *f, int64_t at_us, bool up)
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
static void set_age(struct series *f, int64_t at_us, bool up)
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

bool series_refresh(struct series *f, const struct series_value *h, int64_t at_us, bool up)
{
	size_t at = f ? member_of(f, h) : 0;

	if (!f || at == f->npart)
		return true;
	member_update(&f->part[at]);
	if (f->kind == SERIES_GAUGE)
		return set_gauge(f, at_us, up);
	if (f->kind == SERIES_AGE)
		set_age(f, at_us, up);
	return true;
}

void series_count(struct series *f, uint64_t frame)
{
	if (!f || f->frame == frame)
		return;
	f->frame = frame;
	if (f->kind == SERIES_GAUGE)
		f->is.gauge.events++;
}

void series_confirm(struct series *f)
{
	if (f && f->kind == SERIES_GAUGE)
		f->is.gauge.confirmed = true;
}

void series_total(struct series *f, struct total_interval when, double value, bool whole)
{
	total_set(&f->is.total, when, value, whole);
}

/* --- all of them --------------------------------------------------------------------- */

bool series_set_hold(const struct series_set *fs, int64_t at_us, bool up)
{
	bool ok = true;

	for (size_t i = 0; i < fs->n; i++) {
		struct series *f = fs->v[i];

		if (f->kind == SERIES_GAUGE)
			ok = gauge_hold(&f->is.gauge, at_us, up) && ok;
		else if (f->kind == SERIES_AGE)
			age_hold(&f->is.age, at_us, up);
	}
	return ok;
}

void series_set_carry(const struct series_set *fs)
{
	for (size_t i = 0; i < fs->n; i++) {
		struct series *f = fs->v[i];

		switch (f->kind) {
		case SERIES_GAUGE:
			gauge_carry(&f->is.gauge);
			break;
		case SERIES_AGE:
			age_carry(&f->is.age);
			break;
		case SERIES_TOTAL:
		case SERIES_PLAIN:
			total_carry(&f->is.total);
			break;
		}
	}
}

void series_set_lost(const struct series_set *fs, int64_t at_us)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->v[i]->kind == SERIES_TOTAL)
			total_lost(&fs->v[i]->is.total, at_us);
}

void series_set_found(const struct series_set *fs, int64_t at_us, int64_t window_us)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->v[i]->kind == SERIES_TOTAL)
			total_found(&fs->v[i]->is.total, at_us, window_us);
}

static bool make_gauge(struct gauge *g, const struct series_moment *m, struct series_result *out)
{
	bool ok = gauge_summarise(g, m->up, &out->is.gauge);

	out->sketch = g->quantile && !quantile_is_exact(g->quantile);
	out->accuracy = g->quantile ? quantile_accuracy(g->quantile) : 0;
	return ok;
}

static bool make_fact(struct series *f, const struct series_moment *m, struct series_result *out)
{
	*out = (struct series_result){ .metric = f->label->metric,
		.path = f->label->path,
		.kind = f->kind,
		.sum = f->over_qualifiers && !tells_itself(f) };
	switch (f->kind) {
	case SERIES_GAUGE:
		return make_gauge(&f->is.gauge, m, out);
	case SERIES_AGE:
		out->is.age = f->is.age;
		return true;
	case SERIES_TOTAL:
	case SERIES_PLAIN:
		return total_summarise(&f->is.total, m->running,
			m->whole && f->kind == SERIES_TOTAL, m->end_us, &out->is.total);
	}
	return false;
}

bool series_set_results(const struct series_set *fs, const struct series_moment *m,
	struct series_result *out)
{
	for (size_t i = 0; i < fs->n; i++)
		if (!make_fact(fs->v[i], m, &out[i]))
			return false;
	return true;
}
