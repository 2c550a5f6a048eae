/* The set of all series of one row of notifications, and the values that each combines. */
#include "window/series.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/time.h"

struct series_input {			/* one of the values that a series combines */
	const struct series_value *v;
	bool summed;			/* see series_add */
};

#define FEW_INPUTS 2			/* a power of two */

/* The members that each message needs come first: with hundreds of queues, a series has left the
 * processor's cache when the next message comes. */
struct series {
	uint64_t frame;			/* the last event that was counted */
	struct series_input *input;	/* `few`, or allocated: its capacity is a power of two */
	struct series_input few[FEW_INPUTS];
	uint32_t ninput;
	enum row_kind kind;
	bool over_qualifiers;		/* see series_sum_over */
	int64_t arrival_us;		/* of the last value; NO_TIME: none came */
	const struct series_label *label;	/* borrowed */
	union {				/* only the member of this kind is allocated */
		struct gauge gauge;
		struct age age;
		struct total total;	/* of TOTAL and PLAIN */
	} is;
};

/* --- the set ------------------------------------------------------------------------- */

static void series_free(struct series *s)
{
	if (s->kind == ROW_GAUGE)
		gauge_free(&s->is.gauge);
	if (s->input != s->few)
		free(s->input);
	free(s);
}

void series_set_free(struct series_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		series_free(set->v[i]);
	free(set->v);
	*set = (struct series_set){ 0 };
}

static int compare(const struct series_label *a, const struct series_label *b)
{
	int by_name;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	by_name = strcmp(a->metric, b->metric);
	return by_name ? by_name : strcmp(a->path, b->path);
}

static struct series *series_new(const struct series_label *label, enum row_kind kind)
{
	static const size_t size[] = {
		[ROW_GAUGE] = sizeof(struct gauge),
		[ROW_AGE] = sizeof(struct age),
		[ROW_TOTAL] = sizeof(struct total),
		[ROW_PLAIN] = sizeof(struct total)
	};
	struct series *s = calloc(1, offsetof(struct series, is) + size[kind]);

	if (!s)
		return NULL;
	s->input = s->few;
	s->arrival_us = NO_TIME;
	s->label = label;
	s->kind = kind;
	return s;
}

static bool grow(struct series_set *set)
{
	size_t cap = set->cap ? 2 * set->cap : 16;
	struct series **v;

	if (set->n < set->cap)
		return true;
	v = reallocarray(set->v, cap, sizeof(struct series *));
	if (!v)
		return false;
	set->v = v;
	set->cap = cap;
	return true;
}

/* Whether one path is the beginning of the other. A row cannot have both: the shorter path would be
 * a number and an object. */
static bool is_nested(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (*a == '\0' && *b == '.') || (*a == '.' && *b == '\0');
}

static bool is_taken(const struct series_set *set, const struct series_label *label)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i]->label->metric, label->metric) == 0
		    && is_nested(set->v[i]->label->path, label->path))
			return true;
	return false;
}

static bool is_same_unescaped(const struct series_label *a, const struct series_label *b)
{
	if (!a->unescaped || !b->unescaped)
		return a->unescaped == b->unescaped;
	return strcmp(a->unescaped, b->unescaped) == 0;
}

/* The index of the series with that label, or if there is none (*same is false) of its place. */
static size_t place_of(const struct series_set *set, const struct series_label *label, bool *same)
{
	size_t at = 0;

	while (at < set->n && compare(set->v[at]->label, label) < 0)
		at++;
	*same = at < set->n && compare(set->v[at]->label, label) == 0;
	return at;
}

struct series *series_set_make(struct series_set *set, const struct series_label *label,
	enum row_kind kind, bool *full)
{
	bool same;
	size_t at = place_of(set, label, &same);
	struct series *s;

	if (same) {
		s = set->v[at];
		*full = s->kind != kind || !is_same_unescaped(s->label, label);
		return *full ? NULL : s;
	}
	*full = set->n == SERIES_MAX || is_taken(set, label);
	if (*full || !grow(set))
		return NULL;
	s = series_new(label, kind);
	if (!s)
		return NULL;
	memmove(&set->v[at + 1], &set->v[at], (set->n - at) * sizeof(struct series *));
	set->v[at] = s;
	set->n++;
	return s;
}

struct series *series_set_rename(struct series_set *set, struct series *s,
	const struct series_label *label)
{
	bool same;
	size_t from = 0, to = place_of(set, label, &same);

	if (same)
		return is_same_unescaped(set->v[to]->label, label) ? set->v[to] : s;
	if (is_taken(set, label))
		return s;
	while (set->v[from] != s)
		from++;
	memmove(&set->v[from], &set->v[from + 1], (set->n - from - 1) * sizeof(struct series *));
	to -= to > from;
	memmove(&set->v[to + 1], &set->v[to], (set->n - to - 1) * sizeof(struct series *));
	set->v[to] = s;
	s->label = label;
	return s;
}

enum row_kind series_kind(const struct series *s)
{
	return s->kind;
}

/* The index of the value among the inputs; ninput: it is not one of them. */
static size_t input_of(const struct series *s, const struct series_value *v)
{
	size_t at = 0;

	while (at < s->ninput && s->input[at].v != v)
		at++;
	return at;
}

/* Doubles the room for inputs. */
static bool grow_input(struct series *s)
{
	bool few = s->input == s->few;
	struct series_input *input = reallocarray(few ? NULL : s->input, 2 * s->ninput,
		sizeof(*input));

	if (!input)
		return false;
	if (few)
		memcpy(input, s->few, sizeof(s->few));
	s->input = input;
	return true;
}

bool series_add(struct series *s, const struct series_value *v, bool summed)
{
	uint32_t n = s->ninput;

	/* it may be full (after a drop it is not) */
	if (n >= FEW_INPUTS && (n & (n - 1)) == 0 && !grow_input(s))
		return false;
	s->input[n] = (struct series_input){ v, summed };
	s->ninput++;
	return true;
}

bool series_is_new(const struct series *s)
{
	return s->ninput == 0;
}

bool series_add_zero(struct series *s, int64_t us)
{
	return gauge_add(&s->is.gauge, 0, us);
}

bool series_sum_over(struct series *s, const struct series_value *all)
{
	if (s->over_qualifiers)
		return true;
	s->over_qualifiers = true;
	return series_add(s, all, true);
}

static void remove_series(struct series_set *set, struct series *s)
{
	size_t at = 0;

	while (at < set->n && set->v[at] != s)
		at++;
	if (at == set->n)
		return;
	memmove(&set->v[at], &set->v[at + 1], (--set->n - at) * sizeof(struct series *));
	series_free(s);
}

void series_set_drop(struct series_set *set, struct series *s, const struct series_value *v)
{
	size_t at = input_of(s, v);

	if (at < s->ninput)
		s->input[at] = s->input[--s->ninput];
	if (!s->ninput)
		remove_series(set, s);
}

bool series_set_move(struct series_set *set, struct series *from, struct series *to,
	const struct series_value *v)
{
	if (!series_add(to, v, from->input[input_of(from, v)].summed))
		return false;
	if (from->ninput == 1 && from->kind == ROW_GAUGE) {
		to->is.gauge.confirmed |= from->is.gauge.confirmed;
		/* do not count an event of both series twice; only the last one is known */
		to->is.gauge.events += from->is.gauge.events
			- (from->is.gauge.events && from->frame == to->frame);
		if (to->frame < from->frame)
			to->frame = from->frame;
	}
	series_set_drop(set, from, v);
	return true;
}

/* --- values -------------------------------------------------------------------------- */

/* Whether there is a value that takes precedence over the sum of the others. */
static bool has_own_value(const struct series *s)
{
	for (size_t i = 0; i < s->ninput; i++)
		if (!s->input[i].summed)
			return true;
	return false;
}

/* Sets the gauge to the sum of the values. It is unknown if one of them is, or if it is not
 * finite. */
static bool set_gauge(struct series *s, int64_t at_us, bool up)
{
	bool known = s->ninput > 0, own = has_own_value(s);
	double sum = 0;

	for (size_t i = 0; i < s->ninput; i++)
		if (!own || !s->input[i].summed) {
			known = known && s->input[i].v->known;
			sum += s->input[i].v->value;
		}
	if (!isfinite(sum))
		return gauge_set(&s->is.gauge, at_us, up, false, 0);
	return gauge_set(&s->is.gauge, at_us, up, known, sum);
}

/* Whether the gauge beside an age is 0, so that there is no wait. */
static bool nobody_waits(const struct series_value *age)
{
	return age->beside && age->beside->known && age->beside->value == 0;
}

/* Sets the age to the longest wait of all values. It is unknown if one of them is. */
static void set_age(struct series *s, int64_t at_us, bool up)
{
	bool known = true, waiting = false, own = has_own_value(s);
	int64_t start_us = INT64_MAX;

	for (size_t i = 0; i < s->ninput; i++) {
		const struct series_value *v = s->input[i].v;

		if (own && s->input[i].summed)
			continue;
		known = known && (v->known || nobody_waits(v));
		if (!v->waiting || nobody_waits(v))
			continue;
		waiting = true;
		if (v->start_us < start_us)
			start_us = v->start_us;
	}
	age_set(&s->is.age, at_us, up, known && waiting, start_us);
}

bool series_refresh(struct series *s, const struct series_value *v, int64_t at_us, bool up)
{
	if (!s || input_of(s, v) == s->ninput)
		return true;
	if (v->known)
		s->arrival_us = at_us;
	if (s->kind == ROW_GAUGE)
		return set_gauge(s, at_us, up);
	if (s->kind == ROW_AGE)
		set_age(s, at_us, up);
	return true;
}

void series_count(struct series *s, uint64_t frame)
{
	if (!s || s->frame == frame)
		return;
	s->frame = frame;
	if (s->kind == ROW_GAUGE)
		s->is.gauge.events++;
}

void series_confirm(struct series *s)
{
	if (s && s->kind == ROW_GAUGE)
		s->is.gauge.confirmed = true;
}

void series_total(struct series *s, struct total_interval when, double value, bool whole,
	int64_t at_us)
{
	s->arrival_us = at_us;
	total_set(&s->is.total, when, value, whole);
}

/* --- windows ------------------------------------------------------------------------- */

bool series_set_hold(const struct series_set *set, int64_t at_us, bool up)
{
	bool ok = true;

	for (size_t i = 0; i < set->n; i++) {
		struct series *s = set->v[i];

		if (s->kind == ROW_GAUGE)
			ok = gauge_hold(&s->is.gauge, at_us, up) && ok;
		else if (s->kind == ROW_AGE)
			age_hold(&s->is.age, at_us, up);
	}
	return ok;
}

void series_set_carry(const struct series_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct series *s = set->v[i];

		switch (s->kind) {
		case ROW_GAUGE:
			gauge_carry(&s->is.gauge);
			break;
		case ROW_AGE:
			age_carry(&s->is.age);
			break;
		case ROW_TOTAL:
		case ROW_PLAIN:
			total_carry(&s->is.total);
			break;
		case ROW_SAMPLE:	/* only the stream has these */
			break;
		}
	}
}

void series_set_lost(const struct series_set *set, int64_t at_us)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i]->kind == ROW_TOTAL)
			total_lost(&set->v[i]->is.total, at_us);
}

void series_set_found(const struct series_set *set, int64_t at_us, int64_t window_us)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i]->kind == ROW_TOTAL)
			total_found(&set->v[i]->is.total, at_us, window_us);
}

static double known(bool is_known, double x)
{
	return is_known ? x : NAN;
}

static bool add_gauge(struct row_window *r, struct row_series *series, struct gauge *g, bool up)
{
	struct gauge_summary s;

	if (!gauge_summarise(g, up, &s))
		return false;
	series->stat[STAT_LAST] = known(s.known, s.last);
	series->stat[STAT_CARRIED] = s.carried;
	series->stat[STAT_OBSERVED_MS] = (double)s.held.count / US_PER_MS;
	series->stat[STAT_EVENTS] = (double)s.events;
	if (s.observed) {
		row_series_set(series, &s.held);
		row_window_accuracy(r, sample_is_exact(&g->held), sample_accuracy(&g->held));
	}
	return true;
}

static bool add_total(struct row_series *series, const struct total *total,
	const struct series_moment *m)
{
	bool plain = series->kind == ROW_PLAIN;
	struct total_summary s;

	if (!total_summarise(total, m->running, m->whole && !plain, m->end_us, &s))
		return false;
	series->stat[plain ? STAT_VALUE : STAT_TOTAL] = known(s.has_total, s.total);
	if (!plain)
		series->stat[STAT_DELTA] = known(s.has_delta, s.delta);
	return true;
}

static bool add_numbers(struct series *s, const struct series_moment *m, struct row_window *r)
{
	struct row_series *series = row_window_add_series(r, s->label->metric, s->label->path,
		s->kind);
	const struct age *age = &s->is.age;

	series->sum = s->over_qualifiers && !has_own_value(s);
	switch (s->kind) {
	case ROW_GAUGE:
		return add_gauge(r, series, &s->is.gauge, m->up);
	case ROW_AGE:
		series->stat[STAT_LAST] = known(age->has_last, (double)age->last_us / US_PER_MS);
		series->stat[STAT_MAX] = known(age->has_most, (double)age->most_us / US_PER_MS);
		return true;
	case ROW_TOTAL:
	case ROW_PLAIN:
		return add_total(series, &s->is.total, m);
	case ROW_SAMPLE:	/* only the stream has these */
		break;
	}
	return false;
}

static bool add_to_row(struct series *s, const struct series_moment *m, struct row_window *r)
{
	const bool gauge = s->kind == ROW_GAUGE;

	if (!add_numbers(s, m, r))
		return false;
	return s->kind == ROW_PLAIN
		|| row_window_add_sketch(r, gauge ? &s->is.gauge.held : NULL, gauge,
			s->arrival_us);
}

bool series_set_add_to_row(const struct series_set *set, const struct series_moment *m,
	struct row_window *r)
{
	for (size_t i = 0; i < set->n; i++)
		if (!add_to_row(set->v[i], m, r))
			return false;
	return true;
}
