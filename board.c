#include "board.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "echo.h"

#define US_PER_MS 1000
#define MEDIA_MAX 32		/* media types of a queue */
#define FACTS_MAX 512		/* figures of a row */
#define PATH_MAX_BYTES (2 * NOTICE_NAME_MAX + 2)
#define NOT_WANTED SIZE_MAX

struct part;

/* A figure of a group's rows, over one part or, summed over media, several. */
struct figure {
	char *metric, *path;
	size_t order;			/* of the pattern that wants it */
	enum fact_kind kind;
	struct gauge gauge;
	struct age age;
	struct total total;		/* of TOTAL and PLAIN */
	struct part **part;
	size_t npart, cappart;
	uint64_t frame;			/* the last that counted in gauge.events */
};

/* A queue's rows of one media type. */
struct group {
	struct queue *queue;
	char *media;			/* NULL: the one without */
	struct figure **figure;		/* in the order of the row */
	size_t nfigure, capfigure;
	bool has_running;
	struct interval running;	/* the newest half hour told of */
	/* of the window */
	uint64_t updates, duplicates, invalid, clock_skew;
	struct sample lag_us;
};

/* What the service tells one number of: a gauge's value now, or since when somebody waits. */
struct part {
	struct group *group;
	char *metric, *qualifier, *stat;	/* qualifier NULL: none */
	bool known, waiting;		/* waiting: of an age, else nobody does */
	double value;
	int64_t start_us;
	int64_t told_us;		/* by the last event; INT64_MIN: by none */
	struct part *other;		/* oWaiting of an oLongestWaiting, and back */
	struct figure *own, *sum;	/* NULL: nobody wants it */
};

struct queue {
	char id[UUID_LEN + 1];
	bool refused;
	struct group *group[1 + MEDIA_MAX];	/* [0] without a media type, then by name */
	size_t ngroup;
};

struct presence {
	char *id, *name;
};

struct board {
	struct board_conf conf;
	struct queue *queue;
	struct part **part;		/* open addressing, a power of two */
	size_t npart, nslot;
	struct presence *presence;
	size_t npresence, cappresence;
	enum socket_state socket[BOARD_SOCKETS];
	struct echo *echo;
	bool up, failed, started;
	bool borrowed;			/* a window is out, what it held still stands here */
	int64_t up_since_us;
	int64_t open_since_us;		/* since when any socket is; INT64_MAX: none is */
	uint64_t frame;
	int64_t base_us, length_us, index;
	struct cover cover;
	struct board_window closed;	/* what the caller has borrowed, and its memory */
	struct board_row *row;
	size_t caprow;
	struct fact *fact;
	size_t nfact, capfact;
};

static const char *const longest[][2] = {
	{ "oLongestWaiting", "oWaiting" }, { "oLongestInteracting", "oInteracting" }
};

static struct slice slice_of(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

static bool slice_equals(struct slice a, const char *s)
{
	return s ? slice_is(a, s) : !a.s;
}

static char *slice_dup(struct slice s)
{
	return strndup(s.s, s.len);
}

static int64_t window_us(const struct board *b)
{
	return b->base_us + b->index * b->length_us;
}

static struct span window_span(const struct board *b)
{
	return (struct span){ window_us(b), window_us(b) + b->length_us };
}

/* --- what is wanted ------------------------------------------------------------------ */

/* The place of the first of -m's patterns that fits; NOT_WANTED: none does. */
static size_t order_of(const struct board *b, struct slice metric)
{
	for (size_t i = 0; i < b->conf.npattern; i++) {
		const char *p = b->conf.pattern[i];
		size_t len = strlen(p);

		if (len && p[len - 1] == '*' ? metric.len >= len - 1
		    && memcmp(metric.s, p, len - 1) == 0 : slice_is(metric, p))
			return i;
	}
	return NOT_WANTED;
}

/* An age needs to know whether anybody waits. */
static bool is_needed(struct slice metric)
{
	for (size_t i = 0; i < ARRAY_LEN(longest); i++)
		if (slice_is(metric, longest[i][1]))
			return true;
	return false;
}

/* --- queues and groups --------------------------------------------------------------- */

static struct queue *queue_find(const struct board *b, const char *id)
{
	for (size_t i = 0; i < b->conf.nqueue; i++)
		if (memcmp(b->queue[i].id, id, UUID_LEN) == 0)
			return b->queue[i].refused ? NULL : &b->queue[i];
	return NULL;
}

static struct group *group_find(const struct queue *q, struct slice media)
{
	for (size_t i = 0; i < q->ngroup; i++)
		if (slice_equals(media, q->group[i]->media))
			return q->group[i];
	return NULL;
}

static struct group *group_new(struct queue *q, struct slice media)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->queue = q;
	g->media = media.s ? slice_dup(media) : NULL;
	if (media.s && !g->media) {
		free(g);
		return NULL;
	}
	return g;
}

/* The group, made where there is none; NULL: no memory, or no room (*full). */
static struct group *group_make(struct queue *q, struct slice media, bool *full)
{
	struct group *g = group_find(q, media);
	size_t at;

	*full = !g && q->ngroup == ARRAY_LEN(q->group);
	if (g || *full)
		return g;
	g = group_new(q, media);
	if (!g)
		return NULL;
	for (at = q->ngroup; at > 1 && strcmp(q->group[at - 1]->media, g->media) > 0; at--)
		q->group[at] = q->group[at - 1];
	q->group[at] = g;
	q->ngroup++;
	return g;
}

/* --- figures ------------------------------------------------------------------------- */

static void figure_free(struct figure *f)
{
	gauge_free(&f->gauge);
	free(f->metric);
	free(f->path);
	free(f->part);
	free(f);
}

static int figure_order(const struct figure *f, size_t order, const char *metric,
	const char *path)
{
	int by_name;

	if (f->order != order)
		return f->order < order ? -1 : 1;
	by_name = strcmp(f->metric, metric);
	return by_name ? by_name : strcmp(f->path, path);
}

/* QUALIFIER.STAT, or STAT; a dot of theirs as `_`. */
static void make_path(char out[PATH_MAX_BYTES], const char *qualifier, const char *stat)
{
	const char *piece[] = { qualifier, stat };
	size_t n = 0;

	for (size_t i = qualifier ? 0 : 1; i < 2; i++) {
		if (n)
			out[n++] = '.';
		for (const char *s = piece[i]; *s; s++)
			out[n++] = *s == '.' ? '_' : *s;
	}
	out[n] = '\0';
}

static struct figure *figure_new(size_t order, const char *metric, const char *path,
	enum fact_kind kind)
{
	struct figure *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->order = order;
	f->kind = kind;
	f->metric = strdup(metric);
	f->path = strdup(path);
	if (f->metric && f->path)
		return f;
	figure_free(f);
	return NULL;
}

static bool group_grow(struct group *g)
{
	size_t cap = g->capfigure ? 2 * g->capfigure : 16;
	struct figure **figure;

	if (g->nfigure < g->capfigure)
		return true;
	figure = reallocarray(g->figure, cap, sizeof(struct figure *));
	if (!figure)
		return false;
	g->figure = figure;
	g->capfigure = cap;
	return true;
}

/* The figure of a row, made where there is none; NULL: no memory, or no room (*full), which
 * a figure of another kind under the name takes too. */
static struct figure *figure_make(struct group *g, size_t order, const char *metric,
	const char *path, enum fact_kind kind, bool *full)
{
	size_t at = 0;
	struct figure *f;

	*full = false;
	while (at < g->nfigure && figure_order(g->figure[at], order, metric, path) < 0)
		at++;
	if (at < g->nfigure && figure_order(g->figure[at], order, metric, path) == 0) {
		f = g->figure[at];
		*full = f->kind != kind;
		return *full ? NULL : f;
	}
	*full = g->nfigure == FACTS_MAX;
	if (*full || !group_grow(g))
		return NULL;
	f = figure_new(order, metric, path, kind);
	if (!f)
		return NULL;
	memmove(&g->figure[at + 1], &g->figure[at], (g->nfigure - at) * sizeof(struct figure *));
	g->figure[at] = f;
	g->nfigure++;
	return f;
}

static void figure_remove(struct group *g, struct figure *f)
{
	size_t at = 0;

	while (g->figure[at] != f)
		at++;
	memmove(&g->figure[at], &g->figure[at + 1],
		(--g->nfigure - at) * sizeof(struct figure *));
	figure_free(f);
}

static bool figure_add_part(struct figure *f, struct part *p)
{
	if (f->npart == f->cappart) {
		size_t cap = f->cappart ? 2 * f->cappart : 2;
		struct part **part = reallocarray(f->part, cap, sizeof(struct part *));

		if (!part)
			return false;
		f->part = part;
		f->cappart = cap;
	}
	f->part[f->npart++] = p;
	return true;
}

static void figure_drop_part(struct figure *f, const struct part *p)
{
	size_t at = 0;

	while (f->part[at] != p)
		at++;
	f->part[at] = f->part[--f->npart];
}

/* --- what holds now ------------------------------------------------------------------ */

/* What a group without a media type tells itself wins over the sum over media. */
static bool part_counts(const struct figure *f, const struct part *p)
{
	if (!p->group->media)
		return true;
	for (size_t i = 0; i < f->npart; i++)
		if (!f->part[i]->group->media)
			return false;
	return true;
}

/* One process out of several: unknown while a part is. */
static bool set_gauge(const struct board *b, struct figure *f, int64_t at_us)
{
	bool known = f->npart > 0;
	double sum = 0;

	for (size_t i = 0; i < f->npart; i++)
		if (part_counts(f, f->part[i])) {
			known = known && f->part[i]->known;
			sum += f->part[i]->value;
		}
	return gauge_set(&f->gauge, at_us, b->up, known, sum);
}

/* Whether the gauge beside an age says so, whatever the age does. */
static bool nobody_waits(const struct part *p)
{
	return p->other && p->other->known && p->other->value == 0;
}

/* Over media: who has waited longest of all; unknown while one is. */
static void set_age(const struct board *b, struct figure *f, int64_t at_us)
{
	bool known = true, waiting = false;
	int64_t start_us = INT64_MAX;

	for (size_t i = 0; i < f->npart; i++) {
		const struct part *p = f->part[i];

		if (!part_counts(f, p))
			continue;
		known = known && (p->known || nobody_waits(p));
		if (!p->waiting || nobody_waits(p))
			continue;
		waiting = true;
		if (p->start_us < start_us)
			start_us = p->start_us;
	}
	age_set(&f->age, at_us, b->up, known && waiting, start_us);
}

static bool refresh_figure(const struct board *b, struct figure *f, int64_t at_us)
{
	if (f && f->kind == FACT_GAUGE)
		return set_gauge(b, f, at_us);
	if (f && f->kind == FACT_AGE)
		set_age(b, f, at_us);
	return true;
}

/* A part has changed: so have its figures, and those of the age that depends on it. */
static bool refresh(const struct board *b, const struct part *p, int64_t at_us)
{
	bool ok = refresh_figure(b, p->own, at_us) && refresh_figure(b, p->sum, at_us);

	if (p->other)
		ok = ok && refresh_figure(b, p->other->own, at_us)
			&& refresh_figure(b, p->other->sum, at_us);
	return ok;
}

/* Counts what held up to at_us in every figure. */
static bool hold_all(const struct board *b, int64_t at_us)
{
	bool ok = true;

	for (size_t q = 0; q < b->conf.nqueue; q++)
		for (size_t g = 0; g < b->queue[q].ngroup; g++)
			for (size_t i = 0; i < b->queue[q].group[g]->nfigure; i++) {
				struct figure *f = b->queue[q].group[g]->figure[i];

				if (f->kind == FACT_GAUGE)
					ok = gauge_hold(&f->gauge, at_us, b->up) && ok;
				else if (f->kind == FACT_AGE)
					age_hold(&f->age, at_us, b->up);
			}
	return ok;
}

/* What only the last window held goes, what holds on is carried into the next. */
static void carry(struct board *b)
{
	for (size_t q = 0; q < b->conf.nqueue; q++)
		for (size_t k = 0; k < b->queue[q].ngroup; k++) {
			struct group *g = b->queue[q].group[k];

			g->updates = g->duplicates = g->invalid = g->clock_skew = 0;
			sample_free(&g->lag_us);
			for (size_t i = 0; i < g->nfigure; i++) {
				gauge_carry(&g->figure[i]->gauge);
				age_carry(&g->figure[i]->age);
				total_carry(&g->figure[i]->total);
			}
		}
	b->borrowed = false;
}

/* Before anything changes: the window that the caller had borrowed is done with. */
static void settle(struct board *b)
{
	if (b->borrowed)
		carry(b);
}

/* --- parts --------------------------------------------------------------------------- */

static uint64_t hash_slice(uint64_t h, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.s[i]) * 1099511628211u;
	return (h ^ 0x100) * 1099511628211u;
}

static size_t part_slot(const struct board *b, const struct group *g, struct slice metric,
	struct slice qualifier, struct slice stat)
{
	uint64_t h = hash_slice(hash_slice(hash_slice((uintptr_t)g, metric), qualifier), stat);

	return (size_t)(h ^ h >> 32) & (b->nslot - 1);
}

static struct part *part_find(const struct board *b, const struct group *g,
	struct slice metric, struct slice qualifier, struct slice stat)
{
	for (size_t i = part_slot(b, g, metric, qualifier, stat); b->part[i];
	     i = (i + 1) & (b->nslot - 1)) {
		struct part *p = b->part[i];

		if (p->group == g && slice_equals(metric, p->metric)
		    && slice_equals(qualifier, p->qualifier) && slice_equals(stat, p->stat))
			return p;
	}
	return NULL;
}

static void part_place(struct board *b, struct part *p)
{
	size_t i = part_slot(b, p->group, slice_of(p->metric), slice_of(p->qualifier),
		slice_of(p->stat));

	while (b->part[i])
		i = (i + 1) & (b->nslot - 1);
	b->part[i] = p;
}

static bool parts_grow(struct board *b)
{
	struct part **old = b->part;
	size_t nold = b->nslot, n = nold ? 2 * nold : 1024;

	if (2 * (b->npart + 1) <= nold)
		return true;
	b->part = calloc(n, sizeof(struct part *));
	if (!b->part) {
		b->part = old;
		return false;
	}
	b->nslot = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			part_place(b, old[i]);
	free(old);
	return true;
}

static void part_free(struct part *p)
{
	if (!p)
		return;
	free(p->metric);
	free(p->qualifier);
	free(p->stat);
	free(p);
}

/* The other of an age and the gauge that says whether anybody waits at all. */
static void part_pair(const struct board *b, struct part *p)
{
	for (size_t i = 0; i < ARRAY_LEN(longest); i++)
		for (size_t side = 0; side < 2; side++) {
			if (strcmp(p->metric, longest[i][side]) != 0 || p->qualifier
			    || strcmp(p->stat, side ? "count" : "ageMs") != 0)
				continue;
			p->other = part_find(b, p->group, slice_of(longest[i][!side]),
				slice_of(NULL), slice_of(side ? "ageMs" : "count"));
			if (p->other)
				p->other->other = p;
		}
}

static const char *presence_name(const struct board *b, const char *id)
{
	for (size_t i = 0; id && i < b->npresence; i++)
		if (strcmp(b->presence[i].id, id) == 0)
			return b->presence[i].name;
	return id;
}

/* Links a part to the figures that it is a part of. */
static bool part_link(const struct board *b, struct part *p, bool *full)
{
	size_t order = order_of(b, slice_of(p->metric));
	bool is_age = strcmp(p->stat, "ageMs") == 0;
	enum fact_kind kind = is_age ? FACT_AGE : FACT_GAUGE;
	char path[PATH_MAX_BYTES];

	*full = false;
	if (order == NOT_WANTED)
		return true;
	make_path(path, presence_name(b, p->qualifier), p->stat);
	p->own = figure_make(p->group, order, p->metric, path, kind, full);
	if (!p->own || !figure_add_part(p->own, p))
		return false;
	if (!p->group->media || (!is_age && strcmp(p->stat, "count") != 0))
		return true;
	p->sum = figure_make(p->group->queue->group[0], order, p->metric, path, kind, full);
	return p->sum && figure_add_part(p->sum, p);
}

static void part_unlink(struct part *p)
{
	struct figure **figure[] = { &p->own, &p->sum };
	struct group *group[] = { p->group, p->group->queue->group[0] };

	for (size_t i = 0; i < 2; i++) {
		if (!*figure[i])
			continue;
		figure_drop_part(*figure[i], p);
		if (!(*figure[i])->npart)
			figure_remove(group[i], *figure[i]);
		*figure[i] = NULL;
	}
}

static struct part *part_new(struct group *g, const struct value *v)
{
	struct part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->group = g;
	p->told_us = INT64_MIN;
	p->metric = slice_dup(v->metric);
	p->qualifier = v->qualifier.s ? slice_dup(v->qualifier) : NULL;
	p->stat = slice_dup(v->stat);
	if (p->metric && p->stat && (p->qualifier || !v->qualifier.s))
		return p;
	part_free(p);
	return NULL;
}

/* The part of a value, made where there is none. NULL: nobody needs it, no room (*full), or
 * no memory (b->failed). */
static struct part *part_make(struct board *b, struct group *g, const struct value *v, bool *full)
{
	struct part *p = part_find(b, g, v->metric, v->qualifier, v->stat);

	*full = false;
	if (p)
		return p;
	if (order_of(b, v->metric) == NOT_WANTED && !is_needed(v->metric))
		return NULL;
	p = parts_grow(b) ? part_new(g, v) : NULL;
	if (!p || !part_link(b, p, full)) {
		b->failed = b->failed || !*full;
		if (p)
			part_unlink(p);
		part_free(p);
		return NULL;
	}
	part_place(b, p);
	b->npart++;
	part_pair(b, p);
	return p;
}

/* --- values -------------------------------------------------------------------------- */

enum worth { WORTH_NOTHING, WORTH_GAUGE, WORTH_TOTAL };

/* n*, t* and oServiceLevel run on within a half hour and mean nothing without one; all else
 * is what its interval says. */
static enum worth worth_of(const struct value *v)
{
	bool spans = v->has_interval && v->from_ms < v->to_ms;

	if (v->kind != VALUE_NUMBER)
		return WORTH_GAUGE;
	if (spans)
		return WORTH_TOTAL;
	return v->metric.len && (v->metric.s[0] == 'n' || v->metric.s[0] == 't'
		|| slice_is(v->metric, "oServiceLevel")) ? WORTH_NOTHING : WORTH_GAUGE;
}

static bool has_been_up_since(const struct board *b, int64_t from_us)
{
	return b->up && b->up_since_us <= from_us;
}

static void take_total(struct board *b, struct group *g, const struct value *v, bool *full)
{
	struct interval when = { v->from_ms, v->to_ms };
	bool grows = slice_is(v->stat, "count") || slice_is(v->stat, "sum");
	size_t order = order_of(b, v->metric);
	char metric[NOTICE_NAME_MAX + 1], qualifier[NOTICE_NAME_MAX + 1];
	char stat[NOTICE_NAME_MAX + 1], path[PATH_MAX_BYTES];
	struct figure *f;

	if (!g->has_running || when.from_ms > g->running.from_ms
	    || (when.from_ms == g->running.from_ms && when.to_ms > g->running.to_ms))
		g->running = when;
	g->has_running = true;
	if (order == NOT_WANTED)
		return;
	memcpy(metric, v->metric.s, v->metric.len);
	metric[v->metric.len] = '\0';
	memcpy(stat, v->stat.s, v->stat.len);
	stat[v->stat.len] = '\0';
	if (v->qualifier.s)
		memcpy(qualifier, v->qualifier.s, v->qualifier.len);
	qualifier[v->qualifier.len] = '\0';
	make_path(path, v->qualifier.s ? presence_name(b, qualifier) : NULL, stat);
	f = figure_make(g, order, metric, path, grows ? FACT_TOTAL : FACT_PLAIN, full);
	if (f)
		total_set(&f->total, when, v->number,
			has_been_up_since(b, v->from_ms * US_PER_MS));
	else
		b->failed = b->failed || !*full;
}

static void count_event(struct board *b, struct figure *f)
{
	if (f && f->frame != b->frame)
		f->gauge.events++;
	if (f)
		f->frame = b->frame;
}

/* The part now has the value; a duration counts from the arrival. */
static bool set_part(const struct board *b, struct part *p, const struct value *v, int64_t at_us)
{
	p->known = true;
	p->value = v->number;
	p->waiting = v->kind == VALUE_START || v->kind == VALUE_AGE;
	p->start_us = v->kind == VALUE_AGE ? at_us - v->us : v->us;
	return refresh(b, p, at_us);
}

/*
 * With nobody waiting the longest wait is over, unless the same message brings another: the
 * next one to wait is not taken for somebody who has waited since the day before.
 */
static bool end_waits(const struct board *b, const struct notice *n, const struct queue *q,
	int64_t asked_us, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < n->nvalue; i++) {
		const struct value *v = &n->value[i];
		const struct group *g = group_find(q, v->media);
		struct part *p = g ? part_find(b, g, v->metric, v->qualifier, v->stat) : NULL;
		bool brought = false;

		if (!p || !p->other || v->kind != VALUE_NUMBER || v->number != 0
		    || p->told_us >= asked_us || p->other->told_us >= asked_us)
			continue;
		for (size_t k = 0; k < n->nvalue; k++)
			brought = brought || (n->value[k].kind != VALUE_NUMBER
				&& slice_equals(n->value[k].metric, p->other->metric)
				&& slice_equals(n->value[k].media, g->media));
		if (brought)
			continue;
		p->other->known = true;
		p->other->waiting = false;
		ok = ok && refresh(b, p->other, at_us);
	}
	return ok;
}

/* --- events -------------------------------------------------------------------------- */

static enum board_fate take_invalid(struct queue *q)
{
	q->group[0]->invalid++;
	return BOARD_INVALID;
}

static void take_duplicate(const struct notice *n, const struct queue *q)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		struct group *g = group_find(q, n->media[i]);

		if (g)
			g->duplicates++;
	}
}

/* The event counts in each group that it speaks of. */
static bool take_groups(const struct notice *n, struct queue *q, int64_t at_us, bool *full)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		bool no_room;
		struct group *g = group_make(q, n->media[i], &no_room);

		*full = *full || no_room;
		if (!g && !no_room)
			return false;
		if (!g)
			continue;
		g->updates++;
		if (n->instant_us == NO_TIME)
			continue;
		if (n->instant_us > at_us)
			g->clock_skew++;
		else if (!sample_add(&g->lag_us, (double)(at_us - n->instant_us)))
			return false;
	}
	return true;
}

static bool take_value(struct board *b, struct group *g, const struct value *v, int64_t at_us,
	bool *full)
{
	enum worth worth = worth_of(v);
	struct part *p;

	if (worth == WORTH_TOTAL)
		take_total(b, g, v, full);
	if (v->kind == VALUE_START && v->us > at_us)
		g->clock_skew++;
	p = worth == WORTH_GAUGE ? part_make(b, g, v, full) : NULL;
	if (!p)
		return !b->failed;
	p->told_us = at_us;
	count_event(b, p->own);
	count_event(b, p->sum);
	return set_part(b, p, v, at_us);
}

enum board_fate board_take(struct board *b, const struct notice *n, size_t socket,
	int64_t at_us, int64_t *window)
{
	struct queue *q = n->queue_id[0] ? queue_find(b, n->queue_id) : NULL;
	bool full = false, ok;

	settle(b);
	*window = b->index;
	if (!q)
		return n->kind == NOTICE_INVALID && !n->queue_id[0] ? BOARD_INVALID
			: BOARD_FOREIGN_QUEUE;
	if (n->kind == NOTICE_INVALID)
		return take_invalid(q);
	if (echo_is_duplicate(b->echo, n->text, n->text_len, socket, at_us)) {
		take_duplicate(n, q);
		return BOARD_DUPLICATE;
	}
	b->frame++;
	ok = take_groups(n, q, at_us, &full);
	for (size_t i = 0; ok && i < n->nvalue; i++) {
		struct group *g = group_find(q, n->value[i].media);
		bool no_room = false;

		ok = !g || take_value(b, g, &n->value[i], at_us, &no_room);
		full = full || no_room;
	}
	ok = ok && end_waits(b, n, q, INT64_MAX, at_us);
	if (!ok || b->failed) {
		b->failed = true;
		return BOARD_NO_MEMORY;
	}
	return full ? take_invalid(q) : BOARD_ACCEPTED;
}

/* --- the first value ----------------------------------------------------------------- */

bool board_snapshot_begin(struct board *b, int64_t asked_us)
{
	return b->open_since_us <= asked_us;
}

enum board_fate board_snapshot_take(struct board *b, const struct notice *n,
	int64_t asked_us, int64_t at_us)
{
	struct queue *q = n->queue_id[0] ? queue_find(b, n->queue_id) : NULL;
	bool full = false, ok = true;

	settle(b);
	if (!q)
		return BOARD_FOREIGN_QUEUE;
	if (n->kind != NOTICE_EVENT)
		return BOARD_INVALID;
	for (size_t i = 0; i < n->nmedia; i++)
		if (!group_make(q, n->media[i], &full) && !full)
			ok = false;
	for (size_t i = 0; ok && i < n->nvalue; i++) {
		struct group *g = group_find(q, n->value[i].media);
		struct part *p = g && worth_of(&n->value[i]) == WORTH_GAUGE
			? part_make(b, g, &n->value[i], &full) : NULL;

		if (p && p->told_us < asked_us)
			ok = set_part(b, p, &n->value[i], at_us);
	}
	ok = ok && end_waits(b, n, q, asked_us, at_us);
	if (!ok || b->failed) {
		b->failed = true;
		return BOARD_NO_MEMORY;
	}
	return full ? BOARD_INVALID : BOARD_ACCEPTED;
}

/* Parts that came before their presence had a name move to the figure of that name. */
static bool rename_parts(struct board *b, const char *id)
{
	bool full;

	for (size_t i = 0; i < b->nslot; i++) {
		struct part *p = b->part[i];

		if (!p || !p->qualifier || strcmp(p->qualifier, id) != 0)
			continue;
		part_unlink(p);
		if (!part_link(b, p, &full) && !full)
			return false;
	}
	return true;
}

bool board_presence(struct board *b, struct slice id, struct slice name)
{
	struct presence *p;

	settle(b);
	for (size_t i = 0; i < b->npresence; i++)
		if (slice_equals(id, b->presence[i].id))
			return true;
	if (id.len > NOTICE_NAME_MAX || name.len > NOTICE_NAME_MAX || b->npresence == FACTS_MAX)
		return true;
	if (b->npresence == b->cappresence) {
		size_t cap = b->cappresence ? 2 * b->cappresence : 16;

		p = reallocarray(b->presence, cap, sizeof(*p));
		if (!p)
			return false;
		b->presence = p;
		b->cappresence = cap;
	}
	p = &b->presence[b->npresence];
	*p = (struct presence){ slice_dup(id), slice_dup(name) };
	b->npresence++;
	return p->id && p->name && rename_parts(b, p->id);
}

/* --- the stream ---------------------------------------------------------------------- */

static bool any_socket(const struct board *b, enum socket_state least)
{
	for (size_t i = 0; i < BOARD_SOCKETS; i++)
		if (b->socket[i] >= least)
			return true;
	return false;
}

/* Totals have to know of half hours that end while the stream is down. */
static void mark_totals(const struct board *b, int64_t at_us)
{
	for (size_t q = 0; q < b->conf.nqueue; q++)
		for (size_t g = 0; g < b->queue[q].ngroup; g++)
			for (size_t i = 0; i < b->queue[q].group[g]->nfigure; i++) {
				struct figure *f = b->queue[q].group[g]->figure[i];

				if (f->kind != FACT_TOTAL)
					continue;
				if (b->up)
					total_found(&f->total, at_us, window_us(b));
				else
					total_lost(&f->total, at_us);
			}
}

static bool set_up(struct board *b, bool up, int64_t at_us)
{
	bool ok;

	if (up == b->up)
		return true;
	ok = hold_all(b, at_us);
	b->up = up;
	mark_totals(b, at_us);
	if (!up)
		return cover_down(&b->cover, at_us, window_span(b)) && ok;
	b->up_since_us = at_us;
	cover_up(&b->cover, at_us);
	return ok;
}

/* Nothing is known any more: what changed meanwhile nobody will tell. */
static bool forget(struct board *b, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < b->nslot; i++)
		if (b->part[i])
			b->part[i]->known = b->part[i]->waiting = false;
	for (size_t i = 0; i < b->nslot; i++)
		if (b->part[i])
			ok = refresh(b, b->part[i], at_us) && ok;
	return ok;
}

bool board_socket(struct board *b, size_t socket, enum socket_state state, int64_t at_us)
{
	bool was_open = any_socket(b, SOCKET_SILENT), ok;

	settle(b);
	if (state == SOCKET_CONNECTED && b->socket[socket] == SOCKET_LOST)
		echo_open(b->echo, socket);
	if (state == SOCKET_LOST)
		echo_close(b->echo, socket);
	b->socket[socket] = state;
	ok = set_up(b, any_socket(b, SOCKET_CONNECTED), at_us);
	if (!any_socket(b, SOCKET_SILENT)) {
		b->open_since_us = INT64_MAX;
		ok = forget(b, at_us) && ok;
	} else if (!was_open) {
		b->open_since_us = at_us;
	}
	b->failed = b->failed || !ok;
	return ok;
}

/* --- windows ------------------------------------------------------------------------- */

void board_start(struct board *b, int64_t at_us)
{
	int64_t unit = b->conf.align ? b->length_us : US_PER_MS;

	if (b->started)
		return;
	b->started = true;
	b->base_us = at_us / unit * unit;
	/* what came before is known, and counted nowhere */
	b->failed = !hold_all(b, b->base_us) || b->failed;
	carry(b);
	cover_advance(&b->cover, window_span(b));
}

bool board_has_started(const struct board *b)
{
	return b->started;
}

static bool make_fact(const struct board *b, const struct group *g, const struct figure *f,
	int64_t end_us, struct fact *out)
{
	struct interval running;
	bool whole;

	*out = (struct fact){ .metric = f->metric, .path = f->path, .kind = f->kind };
	switch (f->kind) {
	case FACT_GAUGE:
		out->sketch = f->gauge.quantile && !quantile_is_exact(f->gauge.quantile);
		out->accuracy = f->gauge.quantile ? quantile_accuracy(f->gauge.quantile) : 0;
		return gauge_summarise(&f->gauge, b->up, &out->is.gauge);
	case FACT_AGE:
		out->is.age = f->age;
		return true;
	case FACT_TOTAL:
	case FACT_PLAIN:
		running = interval_at(g->running, end_us);
		whole = f->kind == FACT_TOTAL
			&& has_been_up_since(b, running.from_ms * US_PER_MS);
		return total_summarise(&f->total, running, whole, end_us, &out->is.total);
	}
	return false;
}

static bool reserve(struct board *b)
{
	size_t rows = 0, facts = 0;

	for (size_t q = 0; q < b->conf.nqueue; q++)
		for (size_t g = 0; g < b->queue[q].ngroup; g++) {
			rows++;
			facts += b->queue[q].group[g]->nfigure;
		}
	if (rows > b->caprow) {
		struct board_row *row = reallocarray(b->row, rows, sizeof(*row));

		if (!row)
			return false;
		b->row = row;
		b->caprow = rows;
	}
	if (facts > b->capfact) {
		struct fact *fact = reallocarray(b->fact, facts, sizeof(*fact));

		if (!fact)
			return false;
		b->fact = fact;
		b->capfact = facts;
	}
	return true;
}

static bool make_row(struct board *b, const struct queue *q, const struct group *g,
	int64_t end_us, struct board_row *row)
{
	*row = (struct board_row){
		.queue = (size_t)(q - b->queue),
		.queue_id = q->id,
		.media = g->media,
		.updates = g->updates,
		.duplicates = g->duplicates,
		.invalid = g->invalid,
		.clock_skew = g->clock_skew,
		.lag_us = g->lag_us,
		.fact = b->fact + b->nfact,
		.nfact = g->nfigure
	};
	for (size_t i = 0; i < g->nfigure; i++)
		if (!make_fact(b, g, g->figure[i], end_us, &b->fact[b->nfact++]))
			return false;
	return true;
}

/* The sums over all rows, for the audit line. */
static bool window_totals(struct board_window *w)
{
	struct exact lag = { 0 };
	uint64_t lags = 0;
	bool ok = true;

	w->lag_mean_us = NAN;
	for (size_t i = 0; ok && i < w->nrow; i++) {
		w->updates += w->row[i].updates;
		w->duplicates += w->row[i].duplicates;
		w->invalid += w->row[i].invalid;
		ok = exact_merge(&lag, &w->row[i].lag_us.sum);
		lags += w->row[i].lag_us.count;
	}
	if (ok && lags)
		ok = exact_moments(&lag, NULL, lags, 1, &w->lag_mean_us, NULL);
	exact_free(&lag);
	return ok;
}

static const struct board_window *close_window(struct board *b, int64_t end_us, bool partial)
{
	struct span span = { window_us(b), end_us };
	struct board_window *w = &b->closed;
	bool ok;

	settle(b);
	ok = hold_all(b, end_us) && reserve(b);
	*w = (struct board_window){
		.index = b->index,
		.start_ms = span.from_us / US_PER_MS,
		.end_ms = end_us / US_PER_MS,
		.partial = partial,
		.coverage_e4 = (int)(cover_us(&b->cover, span) * 10000 / (end_us - span.from_us)),
		.row = b->row
	};
	b->nfact = 0;
	for (size_t q = 0; ok && q < b->conf.nqueue; q++)
		for (size_t g = 0; ok && !b->queue[q].refused && g < b->queue[q].ngroup; g++)
			ok = make_row(b, &b->queue[q], b->queue[q].group[g], end_us,
				&b->row[w->nrow++]);
	if (!ok || !window_totals(w)) {
		b->failed = true;
		return NULL;
	}
	b->borrowed = true;
	b->index++;
	cover_advance(&b->cover, window_span(b));
	return w;
}

bool board_all_printed(const struct board *b)
{
	return b->conf.count && b->index >= (int64_t)b->conf.count;
}

int64_t board_due_us(const struct board *b)
{
	return b->started && !board_all_printed(b) ? window_span(b).to_us : NO_TIME;
}

const struct board_window *board_due(struct board *b, int64_t now_us)
{
	if (b->failed || board_due_us(b) == NO_TIME || board_due_us(b) > now_us)
		return NULL;
	return close_window(b, window_span(b).to_us, false);
}

const struct board_window *board_rest(struct board *b, int64_t at_us, bool cut)
{
	struct span span = window_span(b);
	int64_t end_us = at_us / US_PER_MS * US_PER_MS;

	if (b->failed || board_due_us(b) == NO_TIME || at_us < span.from_us
	    || (b->conf.replay && at_us == span.from_us))
		return NULL;
	if (b->conf.replay) {
		/* beyond the input nothing is known */
		for (size_t i = 0; i < BOARD_SOCKETS; i++)
			if (b->socket[i] != SOCKET_LOST)
				board_socket(b, i, SOCKET_LOST, at_us);
		return close_window(b, span.to_us, cut || at_us < span.to_us);
	}
	if (end_us < span.from_us + US_PER_MS)
		end_us = span.from_us + US_PER_MS;
	return close_window(b, end_us < span.to_us ? end_us : span.to_us, true);
}

int64_t board_printed(const struct board *b)
{
	return b->index;
}

int64_t board_printed_end_us(const struct board *b)
{
	return b->started && b->index > 0 ? window_us(b) : NO_TIME;
}

bool board_failed(const struct board *b)
{
	return b->failed;
}

/* --- life ---------------------------------------------------------------------------- */

enum status board_new(struct board **out, const struct board_conf *conf, struct err *err)
{
	struct board *b = calloc(1, sizeof(*b));

	*out = b;
	if (!b)
		return err_nomem(err);
	b->conf = *conf;
	b->length_us = conf->length_ms * US_PER_MS;
	b->open_since_us = INT64_MAX;
	b->echo = echo_new();
	b->queue = calloc(conf->nqueue ? conf->nqueue : 1, sizeof(*b->queue));
	if (!b->echo || !b->queue || !parts_grow(b))
		goto fail;
	for (size_t i = 0; i < conf->nqueue; i++) {
		struct queue *q = &b->queue[i];

		memcpy(q->id, conf->queue[i], UUID_LEN);
		q->group[0] = group_new(q, slice_of(NULL));
		if (!q->group[0])
			goto fail;
		q->ngroup = 1;
	}
	return ST_OK;
fail:
	board_free(b);
	*out = NULL;
	return err_nomem(err);
}

static void group_free(struct group *g)
{
	for (size_t i = 0; i < g->nfigure; i++)
		figure_free(g->figure[i]);
	free(g->figure);
	sample_free(&g->lag_us);
	free(g->media);
	free(g);
}

void board_free(struct board *b)
{
	if (!b)
		return;
	for (size_t q = 0; b->queue && q < b->conf.nqueue; q++)
		for (size_t g = 0; g < b->queue[q].ngroup; g++)
			group_free(b->queue[q].group[g]);
	for (size_t i = 0; i < b->nslot; i++)
		part_free(b->part[i]);
	for (size_t i = 0; i < b->npresence; i++) {
		free(b->presence[i].id);
		free(b->presence[i].name);
	}
	free(b->presence);
	free(b->queue);
	free(b->part);
	cover_free(&b->cover);
	echo_free(b->echo);
	free(b->row);
	free(b->fact);
	free(b);
}

void board_refuse(struct board *b, const char *queue_id)
{
	struct queue *q = queue_find(b, queue_id);

	if (q)
		q->refused = true;
}

size_t board_queues(const struct board *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->conf.nqueue; i++)
		n += !b->queue[i].refused;
	return n;
}
