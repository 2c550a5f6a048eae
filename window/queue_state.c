#include "window/queue_state.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/prefetch.h"
#include "util/text.h"
#include "util/time.h"
#include "window/observation_query.h"
#include "window/state_values.h"

#define PATH_MAX_BYTES (2 * NOTIFICATION_NAME_MAX + 2)
#define NOT_WANTED SIZE_MAX

struct presence {
	char *id, *name;
};

static const char *const longest[][2] = {
	{ "oLongestWaiting", "oWaiting" }, { "oLongestInteracting", "oInteracting" }
};

/* --- what is wanted ------------------------------------------------------------------ */

/* The place of the first of -m's patterns that fits; NOT_WANTED: none does. */
static size_t order_of(const struct queue_states *w, struct slice metric)
{
	for (size_t i = 0; i < w->npattern; i++)
		if (text_matches(w->pattern[i], metric.s, metric.len))
			return i;
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

static const struct queue_state_verdict *judge(struct queue_states *w, struct slice metric)
{
	struct queue_state_verdict *v = &w->verdict[metric.len > sizeof(v->name)
			? QUEUE_STATE_VERDICTS
			: text_hash(0, metric.s, metric.len) % QUEUE_STATE_VERDICTS];

	if (v->judged && v->len == metric.len && memcmp(v->name, metric.s, metric.len) == 0)
		return v;
	v->order = order_of(w, metric);
	v->needed = is_needed(metric);
	v->judged = metric.len <= sizeof(v->name);
	if (v->judged) {
		v->len = (uint8_t)metric.len;
		memcpy(v->name, metric.s, metric.len);
	}
	return v;
}

/* --- queues and groups --------------------------------------------------------------- */

struct queue_state *queue_states_queue(const struct queue_states *w, const char *id)
{
	size_t number = queue_index_find(&w->roster, id);

	return number == QUEUE_INDEX_NONE || w->queue[number].refused ? NULL : &w->queue[number];
}

/* Tells apart the usual media types, and the one without. */
static uint8_t tag_of(struct slice media)
{
	return media.len ? (uint8_t)(media.len << 4 ^ (size_t)*media.s) : !media.s;
}

struct queue_state_group *queue_states_group(const struct queue_state *q, struct slice media)
{
	uint8_t tag = tag_of(media);

	for (size_t i = 0; i < q->ngroup; i++)
		if (q->tag[i] == tag && slice_same(media,
		    (struct slice){ q->group[i]->media, q->group[i]->media_len }))
			return q->group[i];
	return NULL;
}

static struct queue_state_group *group_new(struct queue_state *q, struct slice media)
{
	struct queue_state_group *g = calloc(1, sizeof(*g));
	char *text;

	if (!g)
		return NULL;
	g->queue = q;
	if (!media.s)
		return g;
	text = media.len < sizeof(g->media_text) ? g->media_text : calloc(1, media.len + 1);
	if (!text) {
		free(g);
		return NULL;
	}
	g->media = memcpy(text, media.s, media.len);
	g->media_len = media.len;
	return g;
}

static void group_free(struct queue_state_group *g)
{
	series_set_free(&g->figures);
	sample_free(&g->tally.lag_us);
	if (g->media != g->media_text)
		free((char *)g->media);
	free(g);
}

/* Without a media type first, then by name. */
static int compare_media(const struct queue_state_group *a, const struct queue_state_group *b)
{
	if (!a->media || !b->media)
		return !!a->media - !!b->media;
	return strcmp(a->media, b->media);
}

struct queue_state_group *queue_states_make_group(struct queue_states *w, struct queue_state *q,
	struct slice media, bool *full)
{
	struct queue_state_group *g = queue_states_group(q, media);
	size_t at;

	if (g)
		return g;
	if (q->ngroup == ARRAY_LEN(q->group)) {
		*full = true;
		return NULL;
	}
	g = group_new(q, media);
	if (!g) {
		w->failed = true;
		return NULL;
	}
	for (at = q->ngroup; at > 0 && compare_media(q->group[at - 1], g) > 0; at--) {
		q->group[at] = q->group[at - 1];
		q->tag[at] = q->tag[at - 1];
	}
	q->group[at] = g;
	q->tag[at] = tag_of(media);
	q->ngroup++;
	return g;
}

/* --- parts --------------------------------------------------------------------------- */

static struct metric_name name_of(const struct notification_value *v, bool total)
{
	return (struct metric_name){ v->metric, v->qualifier, v->stat, total };
}

static size_t part_slot(const struct queue_states *w, const struct queue_state_group *g,
	const struct metric_name_entry *t)
{
	uint64_t h = (uintptr_t)g * 0x9E3779B97F4A7C15u ^ (uintptr_t)t;

	return (size_t)(h * 0x9E3779B97F4A7C15u >> 32) & (w->nslot - 1);
}

struct state_value *state_value_find(const struct queue_states *w,
	const struct queue_state_group *g, const struct metric_name *name)
{
	const struct metric_name_entry *t = *metric_names_place(&w->terms, name);

	if (!t)
		return NULL;
	for (size_t i = part_slot(w, g, t); w->part[i]; i = (i + 1) & (w->nslot - 1))
		if (w->part[i]->group == g && w->part[i]->term == t)
			return w->part[i];
	return NULL;
}

static void part_place(struct queue_states *w, struct state_value *p)
{
	size_t i = part_slot(w, p->group, p->term);

	while (w->part[i])
		i = (i + 1) & (w->nslot - 1);
	w->part[i] = p;
}

static bool parts_grow(struct queue_states *w)
{
	struct state_value **old = w->part;
	size_t nold = w->nslot, n = nold ? 2 * nold : 1024;

	if (2 * (w->npart + 1) <= nold)
		return true;
	w->part = calloc(n, sizeof(struct state_value *));
	if (!w->part) {
		w->part = old;
		return false;
	}
	w->nslot = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			part_place(w, old[i]);
	free(old);
	return true;
}

static struct state_value *part_new(struct queue_state_group *g, struct metric_name_entry *t)
{
	struct state_value *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->group = g;
	p->term = t;
	p->told_us = INT64_MIN;
	return p;
}

/* The other of an age and the gauge that says whether anybody waits at all. */
static void part_pair(const struct queue_states *w, struct state_value *p)
{
	static const char *const stat[] = { "ageMs", "count" };
	const struct metric_name *name = &p->term->name;

	for (size_t i = 0; i < ARRAY_LEN(longest); i++)
		for (size_t side = 0; side < 2; side++) {
			struct metric_name other = { .metric = slice_of(longest[i][!side]),
				.stat = slice_of(stat[!side]) };

			if (name->total || name->qualifier.s
			    || !slice_is(name->metric, longest[i][side])
			    || !slice_is(name->stat, stat[side]))
				continue;
			p->other = state_value_find(w, p->group, &other);
			if (!p->other)
				continue;
			p->other->other = p;
			if (side)
				p->other->now.beside = &p->now;
			else
				p->now.beside = &p->other->now;
		}
}

/* --- the figures that a part feeds ---------------------------------------------------- */

static struct slice presence_name(const struct queue_states *w, struct slice id)
{
	for (size_t i = 0; id.s && i < w->npresence; i++)
		if (slice_is(id, w->presence[i].id))
			return slice_of(w->presence[i].name);
	return id;
}

/* The label of the name as of now, made where there is none; NULL: no memory. */
static const struct series_label *label_of(struct queue_states *w, struct metric_name_entry *t)
{
	struct slice qualifier = presence_name(w, t->name.qualifier);
	struct series_label **label = &t->label[qualifier.s != t->name.qualifier.s];

	if (!*label)
		*label = metric_name_entry_label(judge(w, t->name.metric)->order, t->name.metric,
			qualifier, t->name.stat);
	return *label;
}

static struct series_set *sums_of(const struct state_value *p)
{
	return &p->group->queue->group[0]->figures;
}

enum series_kind state_value_kind(const struct metric_name *name)
{
	if (slice_is(name->stat, "ageMs"))
		return SERIES_AGE;
	if (!name->total)
		return SERIES_GAUGE;
	return slice_is(name->stat, "count") || slice_is(name->stat, "sum") ? SERIES_TOTAL
		: SERIES_PLAIN;
}

/* --- sums over qualifiers ------------------------------------------------------------ */

static const char *const counted[] = {
	"oOnQueueUsers", "oUserRoutingStatuses", "oOffQueueUsers", "oUserPresences"
};

/* Whether the part counts in its metric's number of agents. */
static bool is_counted(const struct metric_name *name)
{
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (slice_is(name->metric, counted[i]))
			return !name->total && name->qualifier.len && slice_is(name->stat, "count");
	return false;
}

/* The label METRIC count; there are few such terms, and they stay. NULL: no memory. */
static const struct series_label *total_label(struct queue_states *w, struct slice metric)
{
	struct metric_name name = { .metric = metric, .stat = slice_of("count") };
	struct metric_name_entry **place;

	if (!metric_names_grow(&w->terms))
		return NULL;
	place = metric_names_place(&w->terms, &name);
	if (!*place) {
		*place = metric_name_entry_new(&name);
		w->terms.n += *place != NULL;
	}
	return *place ? label_of(w, *place) : NULL;
}

/* How long the stream was up and seen until at_us, since the run began. */
int64_t queue_states_seen_us(const struct queue_states *w, int64_t at_us)
{
	return w->up_total_us + (w->up && at_us > w->seen_since_us ? at_us - w->seen_since_us : 0);
}

/* For how long the window has had no agent or conversation of whom the service says nothing. */
static int64_t zero_us(const struct queue_states *w, const struct queue_state *q,
	struct slice metric, int64_t at_us)
{
	int64_t from_us = q->whole_up_us > w->window_up_us ? q->whole_up_us : w->window_up_us;

	return q->whole.known && w->asked & observation_query_bit(metric)
		? queue_states_seen_us(w, at_us) - from_us : 0;
}

/* Adds the part to its number of agents. */
static bool total_link(struct queue_states *w, struct state_value *p, int64_t at_us, bool *full)
{
	const struct metric_name *name = &p->term->name;
	const struct queue_state *q = p->group->queue;
	const struct series_label *label = total_label(w, name->metric);
	struct series *f =
		label ? series_set_make(&p->group->figures, label, SERIES_GAUGE, full) : NULL;
	bool fresh = f && series_is_new(f);

	if (!f || !series_sum_over(f, &q->whole)
	    || (fresh && !series_add_zero(f, zero_us(w, q, name->metric, at_us)))
	    || !series_add(f, &p->now, true))
		return false;
	p->total = f;
	return true;
}

/* Adds the part to a figure, which was 0 for so long if it is new. */
static bool part_feed(const struct state_value *p, struct series *f, int64_t zero_for_us,
	bool summed)
{
	return (!zero_for_us || !series_is_new(f) || series_add_zero(f, zero_for_us))
		&& series_add(f, &p->now, summed);
}

/* Links a part to the figures that it is a part of. A gauge that is told of first at at_us was
 * 0 since the snapshot that has left it out. */
static bool part_link(struct queue_states *w, struct state_value *p, int64_t at_us, bool *full)
{
	const struct metric_name *name = &p->term->name;
	enum series_kind kind = state_value_kind(name);
	int64_t us = kind == SERIES_GAUGE ? zero_us(w, p->group->queue, name->metric, at_us) : 0;
	const struct series_label *label;

	*full = false;
	if (judge(w, name->metric)->order == NOT_WANTED)
		return true;
	label = label_of(w, p->term);
	p->own = label ? series_set_make(&p->group->figures, label, kind, full) : NULL;
	if (!p->own || !part_feed(p, p->own, us, false))
		return false;
	if (is_counted(name) && !total_link(w, p, at_us, full))
		return false;
	if (!p->group->media || (kind != SERIES_AGE
	    && (kind != SERIES_GAUGE || !slice_is(name->stat, "count"))))
		return true;
	p->sum = series_set_make(sums_of(p), label, kind, full);
	return p->sum && part_feed(p, p->sum, us, true);
}

static void part_unlink(struct state_value *p)
{
	if (p->own)
		series_set_drop(&p->group->figures, p->own, &p->now);
	if (p->sum)
		series_set_drop(sums_of(p), p->sum, &p->now);
	if (p->total)
		series_set_drop(&p->group->figures, p->total, &p->now);
	p->own = p->sum = p->total = NULL;
}

static struct state_value *part_add(struct queue_states *w, struct queue_state_group *g,
	const struct metric_name *name, int64_t at_us, bool *full)
{
	/* the term of the sum comes first, or it would take the place of the part's own */
	bool room = (!is_counted(name) || total_label(w, name->metric))
		&& metric_names_grow(&w->terms) && parts_grow(w),
	     no_room = false;
	struct metric_name_entry **place = room ? metric_names_place(&w->terms, name) : NULL,
				 *t = NULL;
	struct state_value *p = NULL;

	if (place)
		t = *place ? *place : metric_name_entry_new(name);
	if (t)
		p = part_new(g, t);
	if (!p || !part_link(w, p, at_us, &no_room)) {
		w->failed = w->failed || !no_room;
		*full = *full || no_room;
		if (p)
			part_unlink(p);
		free(p);
		if (place && !*place)
			metric_name_entry_free(t);
		return NULL;
	}
	w->terms.n += !*place;
	*place = t;
	part_place(w, p);
	w->npart++;
	part_pair(w, p);
	return p;
}

/* The usual part, if the value is of it. */
static struct state_value *part_guess(const struct queue_state_group *g,
	const struct metric_name *name)
{
	struct state_value *p = NULL;

	if (name->total && g->nth < QUEUE_STATE_TOTALS)
		p = g->total[g->nth];
	else if (!name->total && g->nth < QUEUE_STATE_GAUGES)
		p = g->gauge[g->nth].part;
	return p && metric_name_is(p->term, name) ? p : NULL;
}

static void part_note(struct queue_state_group *g, struct state_value *p)
{
	if (p->term->name.total && g->nth < QUEUE_STATE_TOTALS)
		g->total[g->nth] = p;
	else if (!p->term->name.total && g->nth < QUEUE_STATE_GAUGES)
		g->gauge[g->nth] = (struct queue_state_usual){ p, p->own, p->sum };
	g->nth++;
}

/* The part of a value, made where there is none. NULL: nobody needs it, no room (*full), or
 * no memory (w->failed). Most messages of a group tell of the same in the same order. */
struct state_value *state_value_make(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, bool total, int64_t at_us, bool *full)
{
	struct metric_name name = name_of(v, total);
	struct state_value *p = part_guess(g, &name);

	if (!p) {
		const struct queue_state_verdict *verdict = judge(w, v->metric);

		if (verdict->order == NOT_WANTED && (total || !verdict->needed))
			return NULL;
		p = state_value_find(w, g, &name);
		if (!p)
			p = part_add(w, g, &name, at_us, full);
		if (!p)
			return NULL;
	}
	part_note(g, p);
	return p;
}

void queue_states_expect_queue(const struct queue_state *q)
{
	prefetch_for_write(q, offsetof(struct queue_state, group[4]));	/* few have more */
}

void queue_states_expect(const struct queue_state_group *g)
{
	prefetch_for_write(&g->tally, offsetof(struct queue_state_tally, lag_us));
	for (size_t i = 0; i < QUEUE_STATE_GAUGES && g->gauge[i].part; i++) {
		const struct queue_state_usual *u = &g->gauge[i];

		prefetch_for_write(u->part, sizeof(*u->part) + PREFETCH_LINE);
		prefetch_for_write(u->own, SERIES_HEAD);
		prefetch_for_write(u->sum, SERIES_HEAD);
	}
}

/* A part has changed: so have its figures. */
bool state_value_refresh(const struct queue_states *w, const struct state_value *p, int64_t at_us)
{
	return series_refresh(p->own, &p->now, at_us, w->up)
		&& series_refresh(p->sum, &p->now, at_us, w->up)
		&& series_refresh(p->total, &p->now, at_us, w->up);
}

/* --- presences ----------------------------------------------------------------------- */

/* Figure and part under a new name: what the figure has counted goes with it, unless another
 * one has that name; then the part is told of there from at_us on. */
static bool rename_figure(const struct queue_states *w, struct series_set *fs, struct series **f,
	const struct state_value *p, const struct series_label *label, int64_t at_us)
{
	struct series *to;

	if (!*f)
		return true;
	to = series_set_rename(fs, *f, label);
	if (to == *f || series_kind(to) != series_kind(*f))
		return true;
	if (!series_set_move(fs, *f, to, &p->now))
		return false;
	*f = to;
	return series_refresh(to, &p->now, at_us, w->up);
}

/* Parts that came before their presence had a name. */
static bool rename_parts(struct queue_states *w, struct slice id, int64_t at_us)
{
	for (size_t i = 0; i < w->nslot; i++) {
		struct state_value *p = w->part[i];
		const struct series_label *label;

		if (!p || !slice_same(p->term->name.qualifier, id))
			continue;
		label = label_of(w, p->term);
		if (!label || !rename_figure(w, &p->group->figures, &p->own, p, label, at_us)
		    || !rename_figure(w, sums_of(p), &p->sum, p, label, at_us))
			return false;
	}
	return true;
}

bool queue_states_presence(struct queue_states *w, struct slice id, struct slice name,
	int64_t at_us)
{
	struct presence *p;

	for (size_t i = 0; i < w->npresence; i++)
		if (slice_is(id, w->presence[i].id))
			return true;
	if (id.len > NOTIFICATION_NAME_MAX || name.len > NOTIFICATION_NAME_MAX
		|| w->npresence == SERIES_MAX)
		return true;
	if (w->npresence == w->cappresence) {
		size_t cap = w->cappresence ? 2 * w->cappresence : 16;

		p = reallocarray(w->presence, cap, sizeof(*p));
		if (!p)
			return false;
		w->presence = p;
		w->cappresence = cap;
	}
	p = &w->presence[w->npresence];
	*p = (struct presence){ slice_dup(id), slice_dup(name) };
	if (!p->id || !p->name) {
		free(p->id);
		free(p->name);
		return false;
	}
	w->npresence++;
	return rename_parts(w, id, at_us);
}

/* --- lags ---------------------------------------------------------------------------- */

static bool settle_lags(struct queue_state_tally *t)
{
	bool ok = true;

	for (size_t i = 0; ok && i < t->nlag; i++)
		ok = sample_add(&t->lag_us, t->lag_waiting_us[i]);
	t->nlag = 0;
	return ok;
}

bool queue_states_has_metric(const struct queue_states *w, const char *pattern)
{
	for (size_t i = 0; i < w->terms.nslot; i++) {
		const struct metric_name_entry *t = w->terms.slot[i];

		if (t && text_matches(pattern, t->name.metric.s, t->name.metric.len))
			return true;
	}
	return false;
}

bool queue_states_lag(struct queue_state_group *g, int64_t lag_us)
{
	struct queue_state_tally *t = &g->tally;

	if (t->nlag == QUEUE_STATE_LAGS && !settle_lags(t))
		return false;
	t->lag_waiting_us[t->nlag++] = (double)lag_us;
	return true;
}

/* --- values -------------------------------------------------------------------------- */

enum worth { WORTH_NOTHING, WORTH_GAUGE, WORTH_TOTAL };

/* n*, t* and oServiceLevel run on within a half hour and mean nothing without one; all else
 * is what its interval says. */
static enum worth worth_of(const struct notification_value *v)
{
	bool spans = v->has_interval && v->from_ms < v->to_ms;

	if (v->kind != VALUE_NUMBER)
		return WORTH_GAUGE;
	if (spans)
		return WORTH_TOTAL;
	return v->metric.len && (v->metric.s[0] == 'n' || v->metric.s[0] == 't'
		|| slice_is(v->metric, "oServiceLevel")) ? WORTH_NOTHING : WORTH_GAUGE;
}

bool state_value_is_gauge(const struct notification_value *v)
{
	return worth_of(v) == WORTH_GAUGE;
}

/* The newest half hour that the group was told of. */
static void note_running(struct queue_state_group *g, struct total_interval when)
{
	if (!g->has_running || when.from_ms > g->running.from_ms
	    || (when.from_ms == g->running.from_ms && when.to_ms > g->running.to_ms))
		g->running = when;
	g->has_running = true;
}

static void take_total(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, int64_t at_us, bool *full)
{
	struct total_interval when = { v->from_ms, v->to_ms };
	struct state_value *p = state_value_make(w, g, v, true, at_us, full);

	note_running(g, when);
	if (p)
		series_total(p->own, when, v->number,
			queue_states_has_been_up_since(w, v->from_ms * US_PER_MS));
}

/* The part now has the value; a duration counts from the arrival. */
bool state_value_set(const struct queue_states *w, struct state_value *p,
	const struct notification_value *v, int64_t at_us)
{
	bool nobody = p->now.known && p->now.value == 0;

	p->now.known = true;
	p->now.value = v->number;
	p->now.waiting = v->kind == VALUE_START || v->kind == VALUE_AGE;
	p->now.start_us = v->kind == VALUE_AGE ? at_us - v->us : v->us;
	/* an age depends on whether its gauge says that nobody waits */
	return state_value_refresh(w, p, at_us)
		&& (!p->other || nobody == (v->number == 0)
			|| state_value_refresh(w, p->other, at_us));
}

/* An event came right after the answer that differed: they have crossed each other. */
static void explain(struct queue_states *w, struct state_value *p, int64_t at_us)
{
	p->differs = false;
	if (w->resync_us != NO_TIME && at_us - w->resync_us <= QUEUE_STATE_QUIET_US)
		w->differences--;
}

bool queue_states_tell(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, uint64_t frame, int64_t at_us, bool *full)
{
	enum worth worth = worth_of(v);
	struct state_value *p;

	if (g->frame != frame)
		g->nth = 0;
	g->frame = frame;
	if (worth == WORTH_TOTAL)
		take_total(w, g, v, at_us, full);
	p = worth == WORTH_GAUGE ? state_value_make(w, g, v, false, at_us, full) : NULL;
	if (!p)
		return !w->failed;
	p->told_us = at_us;
	if (p->differs)
		explain(w, p, at_us);
	series_count(p->own, frame);
	series_count(p->sum, frame);
	series_count(p->total, frame);
	return state_value_set(w, p, v, at_us);
}

/*
 * With nobody waiting the longest wait is over, unless the same message brings another: the
 * next one to wait is not taken for somebody who has waited since the day before.
 */
bool queue_states_end_waits(struct queue_states *w, const struct notification *n,
	const struct queue_state *q, int64_t asked_us, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];
		struct metric_name name = name_of(v, false);
		const struct queue_state_group *g;
		struct state_value *p;
		bool brought = false;

		if (v->kind != VALUE_NUMBER || v->number != 0 || !judge(w, v->metric)->needed)
			continue;
		g = queue_states_group(q, v->media);
		p = g ? state_value_find(w, g, &name) : NULL;
		if (!p || !p->other || p->told_us >= asked_us || p->other->told_us >= asked_us)
			continue;
		for (size_t k = 0; k < n->nvalue; k++)
			brought = brought || (n->value[k].kind != VALUE_NUMBER
				&& slice_same(n->value[k].metric, p->other->term->name.metric)
				&& slice_same(n->value[k].media, v->media));
		if (brought)
			continue;
		p->other->now.known = true;
		p->other->now.waiting = false;
		ok = ok && state_value_refresh(w, p->other, at_us);
	}
	return ok;
}

/* --- the stream ---------------------------------------------------------------------- */

bool queue_states_set_whole(const struct queue_states *w, struct queue_state *q, bool known,
	int64_t at_us)
{
	bool ok = true;

	if (!q->whole.known)
		q->whole_up_us = queue_states_seen_us(w, at_us);
	q->whole.known = known;
	for (size_t g = 0; g < q->ngroup; g++)
		for (size_t i = 0; ok && i < q->group[g]->figures.n; i++)
			ok = series_refresh(q->group[g]->figures.v[i], &q->whole, at_us, w->up);
	return ok;
}

bool queue_states_hold(const struct queue_states *w, int64_t at_us)
{
	bool ok = true;

	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			struct queue_state_group *group = w->queue[q].group[g];

			ok = settle_lags(&group->tally) && ok;
			ok = series_set_hold(&group->figures, at_us, w->up) && ok;
		}
	return ok;
}

void queue_states_carry(struct queue_states *w, int64_t at_us)
{
	w->window_up_us = queue_states_seen_us(w, at_us);
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			struct queue_state_group *group = w->queue[q].group[g];

			sample_free(&group->tally.lag_us);
			group->tally = (struct queue_state_tally){ 0 };
			series_set_carry(&group->figures);
		}
}

bool queue_states_set_up(struct queue_states *w, bool up, int64_t at_us, int64_t window_us)
{
	bool ok;

	if (up == w->up)
		return true;
	ok = queue_states_hold(w, at_us);
	w->up_total_us = queue_states_seen_us(w, at_us);
	w->up = up;
	if (up)
		w->up_since_us = w->seen_since_us = at_us;
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			if (up)
				series_set_found(&w->queue[q].group[g]->figures, at_us, window_us);
			else
				series_set_lost(&w->queue[q].group[g]->figures, at_us);
		}
	return ok;
}

bool queue_states_pause(struct queue_states *w, int64_t at_us)
{
	bool ok = queue_states_hold(w, at_us);

	w->up_total_us = queue_states_seen_us(w, at_us);
	w->up = false;
	return ok;
}

bool queue_states_resume(struct queue_states *w, int64_t at_us)
{
	bool ok = queue_states_hold(w, at_us);

	w->up = true;
	w->seen_since_us = at_us;
	return ok;
}

bool queue_states_has_been_up_since(const struct queue_states *w, int64_t from_us)
{
	return w->up && w->up_since_us <= from_us;
}

bool queue_states_forget(struct queue_states *w, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < w->nslot; i++)
		if (w->part[i])
			w->part[i]->now.known = w->part[i]->now.waiting = false;
	for (size_t i = 0; i < w->nslot; i++)
		if (w->part[i])
			ok = state_value_refresh(w, w->part[i], at_us) && ok;
	for (size_t i = 0; i < w->nqueue; i++)
		ok = queue_states_set_whole(w, &w->queue[i], false, at_us) && ok;
	return ok;
}

/* --- life ---------------------------------------------------------------------------- */

static struct queue_state *queue_add(struct queue_states *w, const char *id)
{
	struct queue_state *q = &w->queue[w->nqueue];

	q->group[0] = group_new(q, slice_of(NULL));
	if (!q->group[0] || !queue_index_add(&w->roster, id)) {
		if (q->group[0])
			group_free(q->group[0]);
		q->group[0] = NULL;
		w->failed = true;
		return NULL;
	}
	q->tag[0] = tag_of(slice_of(NULL));
	q->ngroup = 1;
	w->nqueue++;
	return q;
}

struct queue_state *queue_states_watch(struct queue_states *w, const char *id)
{
	size_t number = queue_index_find(&w->roster, id);

	if (number == QUEUE_INDEX_NONE)
		return w->nqueue < w->room ? queue_add(w, id) : NULL;
	w->queue[number].refused = false;
	return &w->queue[number];
}

bool queue_states_init(struct queue_states *w, const char *const *queue, size_t nqueue, size_t room,
	const char *const *pattern, size_t npattern)
{
	*w = (struct queue_states){ .pattern = pattern, .npattern = npattern, .resync_us = NO_TIME,
		.room = room > nqueue ? room : nqueue };
	w->queue = calloc(w->room ? w->room : 1, sizeof(*w->queue));
	if (!w->queue || !metric_names_grow(&w->terms) || !parts_grow(w))
		return false;
	for (size_t i = 0; i < nqueue; i++)
		if (!queue_add(w, queue[i]))
			return false;
	return true;
}

void queue_states_free(struct queue_states *w)
{
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++)
			group_free(w->queue[q].group[g]);
	for (size_t i = 0; i < w->nslot; i++)
		free(w->part[i]);
	metric_names_free(&w->terms);
	for (size_t i = 0; i < w->npresence; i++) {
		free(w->presence[i].id);
		free(w->presence[i].name);
	}
	free(w->presence);
	queue_index_free(&w->roster);
	free(w->queue);
	free(w->part);
	*w = (struct queue_states){ 0 };
}
