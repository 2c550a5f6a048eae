#include "window/queue_state.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/text.h"
#include "util/time.h"
#include "window/state_snapshot.h"
#include "window/state_value.h"

/* --- queues and groups -------------------------------------------------------------- */

struct queue_state *queue_states_queue(const struct queue_states *qs, const char *id)
{
	size_t number = queue_index_find(qs->index, id);

	return number == QUEUE_INDEX_NONE || qs->queue[number].refused ? NULL : &qs->queue[number];
}

struct queue_state_group *queue_states_group(const struct queue_state *q, struct slice media)
{
	for (size_t i = 0; i < q->ngroup; i++) {
		const struct queue_state_group *g = q->group[i];

		if (slice_same(media, (struct slice){ g->media, g->media_len }))
			return q->group[i];
	}
	return NULL;
}

/* Makes a group, in the list of all groups. NULL: out of memory. */
static struct queue_state_group *group_new(struct queue_states *qs, struct queue_state *q,
	struct slice media)
{
	struct queue_state_group *g = calloc(1, sizeof(*g));
	char *text = NULL;

	if (g)
		text = media.len < sizeof(g->media_text) ? g->media_text
			: calloc(1, media.len + 1);
	if (!text) {
		qs->failed = true;
		free(g);
		return NULL;
	}
	if (media.s)
		g->media = memcpy(text, media.s, media.len);
	g->media_len = media.len;
	g->queue = q;
	g->next = qs->groups;
	qs->groups = g;
	return g;
}

static void group_free(struct queue_state_group *g)
{
	series_set_free(&g->series);
	sample_free(&g->counters.lag_us);
	if (g->media != g->media_text)
		free((char *)g->media);
	free(g);
}

/* Sorts groups by media type. The group without one is the first. */
static int compare_media(const struct queue_state_group *a, const struct queue_state_group *b)
{
	if (!a->media || !b->media)
		return !!a->media - !!b->media;
	return strcmp(a->media, b->media);
}

struct queue_state_group *queue_states_make_group(struct queue_states *qs, struct queue_state *q,
	struct slice media)
{
	struct queue_state_group *g = queue_states_group(q, media);
	size_t at;

	if (g)
		return g;
	if (q->ngroup == ARRAY_LEN(q->group)) {
		qs->full = true;
		return NULL;
	}
	g = group_new(qs, q, media);
	if (!g)
		return NULL;
	for (at = q->ngroup; at > 0 && compare_media(q->group[at - 1], g) > 0; at--)
		q->group[at] = q->group[at - 1];
	q->group[at] = g;
	q->ngroup++;
	return g;
}

/* --- values ------------------------------------------------------------------------- */

void queue_states_begin(struct queue_states *qs, int64_t now_us, int64_t asked_us)
{
	qs->now_us = now_us;
	qs->asked_us = asked_us;
	qs->full = false;
}

/* Notes the half hour if it is the newest one of the group. */
static void note_running(struct queue_state_group *g, struct total_interval when)
{
	if (!g->has_running || when.from_ms > g->running.from_ms
	    || (when.from_ms == g->running.from_ms && when.to_ms > g->running.to_ms))
		g->running = when;
	g->has_running = true;
}

static void take_total(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v)
{
	struct total_interval when = { v->from_ms, v->to_ms };
	struct state_value *sv = state_value_make(qs, g, v, true);

	note_running(g, when);
	if (sv)
		series_total(sv->own, when, v->number,
			queue_states_has_been_up_since(qs, v->from_ms * US_PER_MS), qs->now_us);
}

static void take_gauge(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v)
{
	struct state_value *sv = state_value_make(qs, g, v, false);

	if (!sv)
		return;
	sv->event_us = qs->now_us;
	if (sv->differs)
		state_snapshot_crossed(qs, sv);
	series_count(sv->own, qs->frame);
	series_count(sv->sum, qs->frame);
	series_count(sv->total, qs->frame);
	state_value_set(qs, sv, v);
}

void queue_states_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v)
{
	enum state_value_use use = state_value_use(v);

	if (g->frame != qs->frame)
		g->nth = 0;
	g->frame = qs->frame;
	if (use == STATE_VALUE_TOTAL)
		take_total(qs, g, v);
	else if (use == STATE_VALUE_GAUGE)
		take_gauge(qs, g, v);
}

bool queue_states_has_metric(const struct queue_states *qs, const char *pattern)
{
	for (size_t i = 0; i < qs->names.nslot; i++) {
		const struct metric_name_entry *e = qs->names.slot[i];

		if (e && text_matches(pattern, e->name.metric.s, e->name.metric.len))
			return true;
	}
	return false;
}

/* Whether the message has an age of that metric and media type. */
static bool has_wait(const struct notification *n, struct slice metric, struct slice media)
{
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		if (v->kind != VALUE_NUMBER && slice_same(v->metric, metric)
		    && slice_same(v->media, media))
			return true;
	}
	return false;
}

/*
 * When the gauge of those who wait is 0, the longest wait is over, unless the same message has a
 * new one. If the age were kept, the next wait would seem to have begun long ago.
 */
void queue_states_end_waits(struct queue_states *qs, const struct notification *n,
	const struct queue_state *q)
{
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];
		struct metric_name name = state_value_name(v, false);
		const struct queue_state_group *g;
		struct state_value *sv;

		if (v->kind != VALUE_NUMBER || v->number != 0
		    || !wanted_metrics_ends_wait(v->metric))
			continue;
		g = queue_states_group(q, v->media);
		sv = g ? state_value_find(qs, g, &name) : NULL;
		if (!sv || !sv->other || sv->event_us >= qs->asked_us
		    || sv->other->event_us >= qs->asked_us
		    || has_wait(n, sv->other->entry->name.metric, v->media))
			continue;
		sv->other->now.known = true;
		sv->other->now.waiting = false;
		state_value_refresh(qs, sv->other);
	}
}

/* --- the stream --------------------------------------------------------------------- */

int64_t queue_states_seen_us(const struct queue_states *qs, int64_t at_us)
{
	return qs->up_total_us
		+ (qs->up && at_us > qs->seen_since_us ? at_us - qs->seen_since_us : 0);
}

void queue_states_set_complete(struct queue_states *qs, struct queue_state *q, bool known)
{
	if (!q->complete.known)
		q->complete_up_us = queue_states_seen_us(qs, qs->now_us);
	if (known)
		q->since_us = qs->now_us;
	q->complete.known = known;
	for (size_t g = 0; g < q->ngroup; g++)
		for (size_t i = 0; i < q->group[g]->series.n; i++)
			qs->failed |= !series_refresh(q->group[g]->series.v[i], &q->complete,
				qs->now_us, qs->up);
}

void queue_states_hold(struct queue_states *qs, int64_t at_us)
{
	for (struct queue_state_group *g = qs->groups; g; g = g->next)
		qs->failed |= !series_set_hold(&g->series, at_us, qs->up);
}

void queue_states_carry(struct queue_states *qs, int64_t at_us)
{
	qs->window_up_us = queue_states_seen_us(qs, at_us);
	for (struct queue_state_group *g = qs->groups; g; g = g->next) {
		sample_free(&g->counters.lag_us);
		g->counters = (struct queue_state_counters){ 0 };
		series_set_carry(&g->series);
	}
}

void queue_states_pause(struct queue_states *qs)
{
	queue_states_hold(qs, qs->now_us);
	qs->up_total_us = queue_states_seen_us(qs, qs->now_us);
	qs->up = false;
}

void queue_states_resume(struct queue_states *qs)
{
	queue_states_hold(qs, qs->now_us);
	qs->up = true;
	qs->seen_since_us = qs->now_us;
}

void queue_states_set_up(struct queue_states *qs, bool up, int64_t window_us)
{
	if (up == qs->up)
		return;
	if (up) {
		queue_states_resume(qs);
		qs->up_since_us = qs->now_us;
	} else {
		queue_states_pause(qs);
	}
	for (struct queue_state_group *g = qs->groups; g; g = g->next)
		if (up)
			series_set_found(&g->series, qs->now_us, window_us);
		else
			series_set_lost(&g->series, qs->now_us);
}

bool queue_states_has_been_up_since(const struct queue_states *qs, int64_t from_us)
{
	return qs->up && qs->up_since_us <= from_us;
}

void queue_states_forget(struct queue_states *qs)
{
	for (size_t i = 0; i < qs->nslot; i++)
		if (qs->value[i])
			qs->value[i]->now.known = qs->value[i]->now.waiting = false;
	for (size_t i = 0; i < qs->nslot; i++)
		if (qs->value[i])
			state_value_refresh(qs, qs->value[i]);
	for (size_t i = 0; i < qs->nqueue; i++)
		queue_states_set_complete(qs, &qs->queue[i], false);
}

/* --- the life of queue states ------------------------------------------------------- */

/* Makes the state of the next queue, and adds the queue to the index, unless an earlier recording
 * has. */
static struct queue_state *queue_add(struct queue_states *qs, const char *id)
{
	struct queue_state *q = &qs->queue[qs->nqueue];

	if (!queue_states_make_group(qs, q, slice_of(NULL)))
		return NULL;
	q->since_us = NO_TIME;
	if (qs->nqueue == queue_index_count(qs->index) && !queue_index_add(qs->index, id)) {
		qs->failed = true;
		return NULL;
	}
	qs->nqueue++;
	return q;
}

struct queue_state *queue_states_watch(struct queue_states *qs, const char *id)
{
	size_t number = queue_index_find(qs->index, id);

	if (number == QUEUE_INDEX_NONE)
		return qs->nqueue < qs->room ? queue_add(qs, id) : NULL;
	qs->queue[number].refused = false;
	return &qs->queue[number];
}

bool queue_states_keep_queues(struct queue_states *qs)
{
	for (size_t i = qs->nqueue; i < queue_index_count(qs->index); i++) {
		struct queue_state *q = queue_add(qs, queue_index_id(qs->index, i));

		if (!q)
			return false;
		q->refused = true;
	}
	return true;
}

bool queue_states_init(struct queue_states *qs, struct queue_index *index,
	const char *const *queue, size_t nqueue, size_t room, const char *const *pattern,
	size_t npattern)
{
	*qs = (struct queue_states){ .wanted = { .pattern = pattern, .npattern = npattern },
		.resync_us = NO_TIME,
		.index = index,
		.room = room > nqueue ? room : nqueue };
	qs->queue = calloc(qs->room ? qs->room : 1, sizeof(*qs->queue));
	if (!qs->queue || !state_values_init(qs))
		return false;
	for (size_t i = 0; i < nqueue; i++)
		if (!queue_add(qs, queue[i]))
			return false;
	return true;
}

void queue_states_free(struct queue_states *qs)
{
	while (qs->groups) {
		struct queue_state_group *g = qs->groups;

		qs->groups = g->next;
		group_free(g);
	}
	state_values_free(qs);
	presences_free(&qs->presences);
	free(qs->queue);
	*qs = (struct queue_states){ 0 };
}
