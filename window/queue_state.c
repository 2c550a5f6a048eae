#include "window/queue_state.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "window/state_values.h"

#define PATH_MAX_BYTES (2 * NOTICE_NAME_MAX + 2)
#define NOT_WANTED SIZE_MAX

struct presence {
	char *id, *name;
};

static const char *const longest[][2] = {
	{ "oLongestWaiting", "oWaiting" }, { "oLongestInteracting", "oInteracting" }
};

static char *slice_dup(struct slice s)
{
	return strndup(s.s, s.len);
}

/* --- what is wanted ------------------------------------------------------------------ */

/* The place of the first of -m's patterns that fits; NOT_WANTED: none does. */
static size_t order_of(const struct wall *w, struct slice metric)
{
	for (size_t i = 0; i < w->npattern; i++)
		if (text_fits(w->pattern[i], metric.s, metric.len))
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

static const struct verdict *judge(struct wall *w, struct slice metric)
{
	struct verdict *v = &w->verdict[metric.len > sizeof(v->name) ? WALL_VERDICTS
		: text_hash(0, metric.s, metric.len) % WALL_VERDICTS];

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

struct queue *wall_queue(const struct wall *w, const char *id)
{
	size_t number = roster_find(&w->roster, id);

	return number == ROSTER_NONE || w->queue[number].refused ? NULL : &w->queue[number];
}

/* Tells apart the usual media types, and the one without. */
static uint8_t tag_of(struct slice media)
{
	return media.len ? (uint8_t)(media.len << 4 ^ (size_t)*media.s) : !media.s;
}

struct group *wall_group(const struct queue *q, struct slice media)
{
	uint8_t tag = tag_of(media);

	for (size_t i = 0; i < q->ngroup; i++)
		if (q->tag[i] == tag && slice_same(media,
		    (struct slice){ q->group[i]->media, q->group[i]->media_len }))
			return q->group[i];
	return NULL;
}

static struct group *group_new(struct queue *q, struct slice media)
{
	struct group *g = calloc(1, sizeof(*g));
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

static void group_free(struct group *g)
{
	figures_free(&g->figures);
	sample_free(&g->tally.lag_us);
	if (g->media != g->media_text)
		free((char *)g->media);
	free(g);
}

/* Without a media type first, then by name. */
static int compare_media(const struct group *a, const struct group *b)
{
	if (!a->media || !b->media)
		return !!a->media - !!b->media;
	return strcmp(a->media, b->media);
}

struct group *wall_make_group(struct wall *w, struct queue *q, struct slice media, bool *full)
{
	struct group *g = wall_group(q, media);
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

static struct name name_of(const struct value *v, bool total)
{
	return (struct name){ v->metric, v->qualifier, v->stat, total };
}

static size_t part_slot(const struct wall *w, const struct group *g, const struct term *t)
{
	uint64_t h = (uintptr_t)g * 0x9E3779B97F4A7C15u ^ (uintptr_t)t;

	return (size_t)(h * 0x9E3779B97F4A7C15u >> 32) & (w->nslot - 1);
}

struct part *part_find(const struct wall *w, const struct group *g,
	const struct name *name)
{
	const struct term *t = *terms_place(&w->terms, name);

	if (!t)
		return NULL;
	for (size_t i = part_slot(w, g, t); w->part[i]; i = (i + 1) & (w->nslot - 1))
		if (w->part[i]->group == g && w->part[i]->term == t)
			return w->part[i];
	return NULL;
}

static void part_place(struct wall *w, struct part *p)
{
	size_t i = part_slot(w, p->group, p->term);

	while (w->part[i])
		i = (i + 1) & (w->nslot - 1);
	w->part[i] = p;
}

static bool parts_grow(struct wall *w)
{
	struct part **old = w->part;
	size_t nold = w->nslot, n = nold ? 2 * nold : 1024;

	if (2 * (w->npart + 1) <= nold)
		return true;
	w->part = calloc(n, sizeof(struct part *));
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

static struct part *part_new(struct group *g, struct term *t)
{
	struct part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->group = g;
	p->term = t;
	p->told_us = INT64_MIN;
	return p;
}

/* The other of an age and the gauge that says whether anybody waits at all. */
static void part_pair(const struct wall *w, struct part *p)
{
	static const char *const stat[] = { "ageMs", "count" };
	const struct name *name = &p->term->name;

	for (size_t i = 0; i < ARRAY_LEN(longest); i++)
		for (size_t side = 0; side < 2; side++) {
			struct name other = { .metric = slice_of(longest[i][!side]),
				.stat = slice_of(stat[!side]) };

			if (name->total || name->qualifier.s
			    || !slice_is(name->metric, longest[i][side])
			    || !slice_is(name->stat, stat[side]))
				continue;
			p->other = part_find(w, p->group, &other);
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

static struct slice presence_name(const struct wall *w, struct slice id)
{
	for (size_t i = 0; id.s && i < w->npresence; i++)
		if (slice_is(id, w->presence[i].id))
			return slice_of(w->presence[i].name);
	return id;
}

/* The label of the name as of now, made where there is none; NULL: no memory. */
static const struct label *label_of(struct wall *w, struct term *t)
{
	struct slice qualifier = presence_name(w, t->name.qualifier);
	struct label **label = &t->label[qualifier.s != t->name.qualifier.s];

	if (!*label)
		*label = term_label(judge(w, t->name.metric)->order, t->name.metric, qualifier,
			t->name.stat);
	return *label;
}

static struct figures *sums_of(const struct part *p)
{
	return &p->group->queue->group[0]->figures;
}

enum fact_kind part_kind(const struct name *name)
{
	if (slice_is(name->stat, "ageMs"))
		return FACT_AGE;
	if (!name->total)
		return FACT_GAUGE;
	return slice_is(name->stat, "count") || slice_is(name->stat, "sum") ? FACT_TOTAL
		: FACT_PLAIN;
}

/* --- sums over qualifiers ------------------------------------------------------------ */

static const char *const counted[] = {
	"oOnQueueUsers", "oUserRoutingStatuses", "oOffQueueUsers", "oUserPresences"
};

/* Whether the part counts in its metric's number of agents. */
static bool is_counted(const struct name *name)
{
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (slice_is(name->metric, counted[i]))
			return !name->total && name->qualifier.len && slice_is(name->stat, "count");
	return false;
}

/* The label METRIC count; there are few such terms, and they stay. NULL: no memory. */
static const struct label *total_label(struct wall *w, struct slice metric)
{
	struct name name = { .metric = metric, .stat = slice_of("count") };
	struct term **place;

	if (!terms_grow(&w->terms))
		return NULL;
	place = terms_place(&w->terms, &name);
	if (!*place) {
		*place = term_new(&name);
		w->terms.n += *place != NULL;
	}
	return *place ? label_of(w, *place) : NULL;
}

/* How long the stream was up and seen until at_us, since the run began. */
int64_t wall_seen_us(const struct wall *w, int64_t at_us)
{
	return w->up_total_us + (w->up && at_us > w->seen_since_us ? at_us - w->seen_since_us : 0);
}

/* For how long the window has had no agent or conversation of whom the service says nothing. */
static int64_t zero_us(const struct wall *w, const struct queue *q, struct slice metric,
	int64_t at_us)
{
	int64_t from_us = q->whole_up_us > w->window_up_us ? q->whole_up_us : w->window_up_us;

	return q->whole.known && w->asked & notice_query_bit(metric)
		? wall_seen_us(w, at_us) - from_us : 0;
}

/* Adds the part to its number of agents. */
static bool total_link(struct wall *w, struct part *p, int64_t at_us, bool *full)
{
	const struct name *name = &p->term->name;
	const struct queue *q = p->group->queue;
	const struct label *label = total_label(w, name->metric);
	struct figure *f = label ? figures_make(&p->group->figures, label, FACT_GAUGE, full) : NULL;
	bool fresh = f && figure_is_new(f);

	if (!f || !figure_sum_over(f, &q->whole)
	    || (fresh && !figure_was_zero(f, zero_us(w, q, name->metric, at_us)))
	    || !figure_add(f, &p->now, true))
		return false;
	p->total = f;
	return true;
}

/* Adds the part to a figure, which was 0 for so long if it is new. */
static bool part_feed(const struct part *p, struct figure *f, int64_t zero_for_us, bool summed)
{
	return (!zero_for_us || !figure_is_new(f) || figure_was_zero(f, zero_for_us))
		&& figure_add(f, &p->now, summed);
}

/* Links a part to the figures that it is a part of. A gauge that is told of first at at_us was
 * 0 since the snapshot that has left it out. */
static bool part_link(struct wall *w, struct part *p, int64_t at_us, bool *full)
{
	const struct name *name = &p->term->name;
	enum fact_kind kind = part_kind(name);
	int64_t us = kind == FACT_GAUGE ? zero_us(w, p->group->queue, name->metric, at_us) : 0;
	const struct label *label;

	*full = false;
	if (judge(w, name->metric)->order == NOT_WANTED)
		return true;
	label = label_of(w, p->term);
	p->own = label ? figures_make(&p->group->figures, label, kind, full) : NULL;
	if (!p->own || !part_feed(p, p->own, us, false))
		return false;
	if (is_counted(name) && !total_link(w, p, at_us, full))
		return false;
	if (!p->group->media || (kind != FACT_AGE
	    && (kind != FACT_GAUGE || !slice_is(name->stat, "count"))))
		return true;
	p->sum = figures_make(sums_of(p), label, kind, full);
	return p->sum && part_feed(p, p->sum, us, true);
}

static void part_unlink(struct part *p)
{
	if (p->own)
		figures_drop(&p->group->figures, p->own, &p->now);
	if (p->sum)
		figures_drop(sums_of(p), p->sum, &p->now);
	if (p->total)
		figures_drop(&p->group->figures, p->total, &p->now);
	p->own = p->sum = p->total = NULL;
}

static struct part *part_add(struct wall *w, struct group *g, const struct name *name,
	int64_t at_us, bool *full)
{
	/* the term of the sum comes first, or it would take the place of the part's own */
	bool room = (!is_counted(name) || total_label(w, name->metric)) && terms_grow(&w->terms)
		&& parts_grow(w), no_room = false;
	struct term **place = room ? terms_place(&w->terms, name) : NULL, *t = NULL;
	struct part *p = NULL;

	if (place)
		t = *place ? *place : term_new(name);
	if (t)
		p = part_new(g, t);
	if (!p || !part_link(w, p, at_us, &no_room)) {
		w->failed = w->failed || !no_room;
		*full = *full || no_room;
		if (p)
			part_unlink(p);
		free(p);
		if (place && !*place)
			term_free(t);
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
static struct part *part_guess(const struct group *g, const struct name *name)
{
	struct part *p = NULL;

	if (name->total && g->nth < WALL_TOTALS)
		p = g->total[g->nth];
	else if (!name->total && g->nth < WALL_GAUGES)
		p = g->gauge[g->nth].part;
	return p && term_is(p->term, name) ? p : NULL;
}

static void part_note(struct group *g, struct part *p)
{
	if (p->term->name.total && g->nth < WALL_TOTALS)
		g->total[g->nth] = p;
	else if (!p->term->name.total && g->nth < WALL_GAUGES)
		g->gauge[g->nth] = (struct usual){ p, p->own, p->sum };
	g->nth++;
}

/* The part of a value, made where there is none. NULL: nobody needs it, no room (*full), or
 * no memory (w->failed). Most messages of a group tell of the same in the same order. */
struct part *part_make(struct wall *w, struct group *g, const struct value *v,
	bool total, int64_t at_us, bool *full)
{
	struct name name = name_of(v, total);
	struct part *p = part_guess(g, &name);

	if (!p) {
		const struct verdict *verdict = judge(w, v->metric);

		if (verdict->order == NOT_WANTED && (total || !verdict->needed))
			return NULL;
		p = part_find(w, g, &name);
		if (!p)
			p = part_add(w, g, &name, at_us, full);
		if (!p)
			return NULL;
	}
	part_note(g, p);
	return p;
}

void wall_expect_queue(const struct queue *q)
{
	mem_fetch(q, offsetof(struct queue, group[4]));	/* few have more */
}

void wall_expect(const struct group *g)
{
	mem_fetch(&g->tally, offsetof(struct tally, lag_us));
	for (size_t i = 0; i < WALL_GAUGES && g->gauge[i].part; i++) {
		const struct usual *u = &g->gauge[i];

		mem_fetch(u->part, sizeof(*u->part) + CACHE_LINE);
		mem_fetch(u->own, FIGURE_HEAD);
		mem_fetch(u->sum, FIGURE_HEAD);
	}
}

/* A part has changed: so have its figures. */
bool part_refresh(const struct wall *w, const struct part *p, int64_t at_us)
{
	return figure_refresh(p->own, &p->now, at_us, w->up)
		&& figure_refresh(p->sum, &p->now, at_us, w->up)
		&& figure_refresh(p->total, &p->now, at_us, w->up);
}

/* --- presences ----------------------------------------------------------------------- */

/* Figure and part under a new name: what the figure has counted goes with it, unless another
 * one has that name; then the part is told of there from at_us on. */
static bool rename_figure(const struct wall *w, struct figures *fs, struct figure **f,
	const struct part *p, const struct label *label, int64_t at_us)
{
	struct figure *to;

	if (!*f)
		return true;
	to = figures_rename(fs, *f, label);
	if (to == *f || figure_kind(to) != figure_kind(*f))
		return true;
	if (!figures_move(fs, *f, to, &p->now))
		return false;
	*f = to;
	return figure_refresh(to, &p->now, at_us, w->up);
}

/* Parts that came before their presence had a name. */
static bool rename_parts(struct wall *w, struct slice id, int64_t at_us)
{
	for (size_t i = 0; i < w->nslot; i++) {
		struct part *p = w->part[i];
		const struct label *label;

		if (!p || !slice_same(p->term->name.qualifier, id))
			continue;
		label = label_of(w, p->term);
		if (!label || !rename_figure(w, &p->group->figures, &p->own, p, label, at_us)
		    || !rename_figure(w, sums_of(p), &p->sum, p, label, at_us))
			return false;
	}
	return true;
}

bool wall_presence(struct wall *w, struct slice id, struct slice name, int64_t at_us)
{
	struct presence *p;

	for (size_t i = 0; i < w->npresence; i++)
		if (slice_is(id, w->presence[i].id))
			return true;
	if (id.len > NOTICE_NAME_MAX || name.len > NOTICE_NAME_MAX || w->npresence == FIGURES_MAX)
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

static bool settle_lags(struct tally *t)
{
	bool ok = true;

	for (size_t i = 0; ok && i < t->nlag; i++)
		ok = sample_add(&t->lag_us, t->lag_waiting_us[i]);
	t->nlag = 0;
	return ok;
}

bool wall_has_metric(const struct wall *w, const char *pattern)
{
	for (size_t i = 0; i < w->terms.nslot; i++) {
		const struct term *t = w->terms.slot[i];

		if (t && text_fits(pattern, t->name.metric.s, t->name.metric.len))
			return true;
	}
	return false;
}

bool wall_lag(struct group *g, int64_t lag_us)
{
	struct tally *t = &g->tally;

	if (t->nlag == WALL_LAGS && !settle_lags(t))
		return false;
	t->lag_waiting_us[t->nlag++] = (double)lag_us;
	return true;
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

bool part_is_gauge(const struct value *v)
{
	return worth_of(v) == WORTH_GAUGE;
}

/* The newest half hour that the group was told of. */
static void note_running(struct group *g, struct interval when)
{
	if (!g->has_running || when.from_ms > g->running.from_ms
	    || (when.from_ms == g->running.from_ms && when.to_ms > g->running.to_ms))
		g->running = when;
	g->has_running = true;
}

static void take_total(struct wall *w, struct group *g, const struct value *v, int64_t at_us,
	bool *full)
{
	struct interval when = { v->from_ms, v->to_ms };
	struct part *p = part_make(w, g, v, true, at_us, full);

	note_running(g, when);
	if (p)
		figure_total(p->own, when, v->number,
			wall_has_been_up_since(w, v->from_ms * US_PER_MS));
}

/* The part now has the value; a duration counts from the arrival. */
bool part_set(const struct wall *w, struct part *p, const struct value *v, int64_t at_us)
{
	bool nobody = p->now.known && p->now.value == 0;

	p->now.known = true;
	p->now.value = v->number;
	p->now.waiting = v->kind == VALUE_START || v->kind == VALUE_AGE;
	p->now.start_us = v->kind == VALUE_AGE ? at_us - v->us : v->us;
	/* an age depends on whether its gauge says that nobody waits */
	return part_refresh(w, p, at_us)
		&& (!p->other || nobody == (v->number == 0) || part_refresh(w, p->other, at_us));
}

/* An event came right after the answer that differed: they have crossed each other. */
static void explain(struct wall *w, struct part *p, int64_t at_us)
{
	p->differs = false;
	if (w->resync_us != NO_TIME && at_us - w->resync_us <= WALL_QUIET_US)
		w->differences--;
}

bool wall_tell(struct wall *w, struct group *g, const struct value *v, uint64_t frame,
	int64_t at_us, bool *full)
{
	enum worth worth = worth_of(v);
	struct part *p;

	if (g->frame != frame)
		g->nth = 0;
	g->frame = frame;
	if (worth == WORTH_TOTAL)
		take_total(w, g, v, at_us, full);
	p = worth == WORTH_GAUGE ? part_make(w, g, v, false, at_us, full) : NULL;
	if (!p)
		return !w->failed;
	p->told_us = at_us;
	if (p->differs)
		explain(w, p, at_us);
	figure_count(p->own, frame);
	figure_count(p->sum, frame);
	figure_count(p->total, frame);
	return part_set(w, p, v, at_us);
}

/*
 * With nobody waiting the longest wait is over, unless the same message brings another: the
 * next one to wait is not taken for somebody who has waited since the day before.
 */
bool wall_end_waits(struct wall *w, const struct notice *n, const struct queue *q,
	int64_t asked_us, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < n->nvalue; i++) {
		const struct value *v = &n->value[i];
		struct name name = name_of(v, false);
		const struct group *g;
		struct part *p;
		bool brought = false;

		if (v->kind != VALUE_NUMBER || v->number != 0 || !judge(w, v->metric)->needed)
			continue;
		g = wall_group(q, v->media);
		p = g ? part_find(w, g, &name) : NULL;
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
		ok = ok && part_refresh(w, p->other, at_us);
	}
	return ok;
}

/* --- the stream ---------------------------------------------------------------------- */

bool wall_set_whole(const struct wall *w, struct queue *q, bool known, int64_t at_us)
{
	bool ok = true;

	if (!q->whole.known)
		q->whole_up_us = wall_seen_us(w, at_us);
	q->whole.known = known;
	for (size_t g = 0; g < q->ngroup; g++)
		for (size_t i = 0; ok && i < q->group[g]->figures.n; i++)
			ok = figure_refresh(q->group[g]->figures.v[i], &q->whole, at_us, w->up);
	return ok;
}

bool wall_hold(const struct wall *w, int64_t at_us)
{
	bool ok = true;

	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			struct group *group = w->queue[q].group[g];

			ok = settle_lags(&group->tally) && ok;
			ok = figures_hold(&group->figures, at_us, w->up) && ok;
		}
	return ok;
}

void wall_carry(struct wall *w, int64_t at_us)
{
	w->window_up_us = wall_seen_us(w, at_us);
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			struct group *group = w->queue[q].group[g];

			sample_free(&group->tally.lag_us);
			group->tally = (struct tally){ 0 };
			figures_carry(&group->figures);
		}
}

bool wall_set_up(struct wall *w, bool up, int64_t at_us, int64_t window_us)
{
	bool ok;

	if (up == w->up)
		return true;
	ok = wall_hold(w, at_us);
	w->up_total_us = wall_seen_us(w, at_us);
	w->up = up;
	if (up)
		w->up_since_us = w->seen_since_us = at_us;
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++) {
			if (up)
				figures_found(&w->queue[q].group[g]->figures, at_us, window_us);
			else
				figures_lost(&w->queue[q].group[g]->figures, at_us);
		}
	return ok;
}

bool wall_pause(struct wall *w, int64_t at_us)
{
	bool ok = wall_hold(w, at_us);

	w->up_total_us = wall_seen_us(w, at_us);
	w->up = false;
	return ok;
}

bool wall_resume(struct wall *w, int64_t at_us)
{
	bool ok = wall_hold(w, at_us);

	w->up = true;
	w->seen_since_us = at_us;
	return ok;
}

bool wall_has_been_up_since(const struct wall *w, int64_t from_us)
{
	return w->up && w->up_since_us <= from_us;
}

bool wall_forget(struct wall *w, int64_t at_us)
{
	bool ok = true;

	for (size_t i = 0; i < w->nslot; i++)
		if (w->part[i])
			w->part[i]->now.known = w->part[i]->now.waiting = false;
	for (size_t i = 0; i < w->nslot; i++)
		if (w->part[i])
			ok = part_refresh(w, w->part[i], at_us) && ok;
	for (size_t i = 0; i < w->nqueue; i++)
		ok = wall_set_whole(w, &w->queue[i], false, at_us) && ok;
	return ok;
}

/* --- life ---------------------------------------------------------------------------- */

static struct queue *queue_add(struct wall *w, const char *id)
{
	struct queue *q = &w->queue[w->nqueue];

	q->group[0] = group_new(q, slice_of(NULL));
	if (!q->group[0] || !roster_add(&w->roster, id)) {
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

struct queue *wall_watch(struct wall *w, const char *id)
{
	size_t number = roster_find(&w->roster, id);

	if (number == ROSTER_NONE)
		return w->nqueue < w->room ? queue_add(w, id) : NULL;
	w->queue[number].refused = false;
	return &w->queue[number];
}

bool wall_init(struct wall *w, const char *const *queue, size_t nqueue, size_t room,
	const char *const *pattern, size_t npattern)
{
	*w = (struct wall){ .pattern = pattern, .npattern = npattern, .resync_us = NO_TIME,
		.room = room > nqueue ? room : nqueue };
	w->queue = calloc(w->room ? w->room : 1, sizeof(*w->queue));
	if (!w->queue || !terms_grow(&w->terms) || !parts_grow(w))
		return false;
	for (size_t i = 0; i < nqueue; i++)
		if (!queue_add(w, queue[i]))
			return false;
	return true;
}

void wall_free(struct wall *w)
{
	for (size_t q = 0; q < w->nqueue; q++)
		for (size_t g = 0; g < w->queue[q].ngroup; g++)
			group_free(w->queue[q].group[g]);
	for (size_t i = 0; i < w->nslot; i++)
		free(w->part[i]);
	terms_free(&w->terms);
	for (size_t i = 0; i < w->npresence; i++) {
		free(w->presence[i].id);
		free(w->presence[i].name);
	}
	free(w->presence);
	roster_free(&w->roster);
	free(w->queue);
	free(w->part);
	*w = (struct wall){ 0 };
}
