/*
 * What an answer to the observation query changes: the values that it tells, the zeros that it
 * leaves out, and how far a resync differs from what was known.
 */
#include "window/queue_state.h"

#include "util/base.h"
#include "util/time.h"
#include "window/observation_query.h"
#include "window/state_values.h"

/* Whether somebody else has waited longest. A duration is as inexact as the answer's way. */
static bool is_other_wait(const struct state_value *p, const struct notification_value *v,
	int64_t at_us)
{
	bool waits = v->kind != VALUE_NOBODY;
	int64_t us;

	if (!p->now.known || !waits || !p->now.waiting)
		return p->now.known && waits != p->now.waiting;
	us = (v->kind == VALUE_AGE ? at_us - v->us : v->us) - p->now.start_us;
	return v->kind == VALUE_AGE ? us < -QUEUE_STATE_QUIET_US || us > QUEUE_STATE_QUIET_US
				    : us != 0;
}

/* Whether the value is another one than was known, or than the zero that was never told. */
static bool is_other(const struct queue_states *w, const struct state_value *p,
	const struct notification_value *v, int64_t at_us)
{
	const struct queue_state *q = p->group->queue;

	if (state_value_kind(&p->term->name) == SERIES_AGE)
		return is_other_wait(p, v, at_us);
	if (!p->now.known)
		return q->whole.known && w->asked & observation_query_bit(p->term->name.metric)
			&& v->number != 0;
	return p->now.value != v->number;
}

/* An answer's value, which no event since the question has told. */
static bool set_answered(struct queue_states *w, struct state_value *p,
	const struct notification_value *v, int64_t asked_us, int64_t at_us)
{
	if (w->resync) {
		if (p->own && p->told_us < asked_us - QUEUE_STATE_QUIET_US
			&& is_other(w, p, v, at_us)) {
			w->differences += !p->differs;
			p->differs = true;
		}
		series_confirm(p->own);
		series_confirm(p->sum);
		series_confirm(p->total);
	}
	return state_value_set(w, p, v, at_us);
}

bool queue_states_answer(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, int64_t asked_us, int64_t at_us, bool *full)
{
	struct state_value *p =
		state_value_is_gauge(v) ? state_value_make(w, g, v, false, at_us, full) : NULL;

	if (p)
		p->answer = w->answer;
	if (p && p->told_us < asked_us)
		return set_answered(w, p, v, asked_us, at_us);
	return !w->failed;
}

void queue_states_begin_answer(struct queue_states *w, uint32_t asked, bool resync)
{
	w->answer++;
	w->asked = asked;
	w->resync = resync;
}

bool queue_states_resync_over(struct queue_states *w, int64_t at_us, uint64_t *differences)
{
	if (w->resync_us == NO_TIME || at_us - QUEUE_STATE_QUIET_US <= w->resync_us)
		return false;
	*differences = w->differences;
	w->differences = 0;
	w->resync_us = NO_TIME;
	for (size_t i = 0; i < w->nslot; i++)
		if (w->part[i])
			w->part[i]->differs = false;
	return true;
}

void queue_states_answered(struct queue_states *w, struct queue_state *q, bool spoilt)
{
	q->answer = w->answer;
	if (spoilt)
		q->spoilt = w->answer;
}

/* Whether the answer told of the number for a media type: then the queue's own stays as it is,
 * for 0 would win over their sum. */
static bool is_told_by_media(const struct queue_states *w, const struct state_value *p)
{
	const struct queue_state *q = p->group->queue;

	for (size_t i = 1; !p->group->media && i < q->ngroup; i++) {
		const struct state_value *other = state_value_find(w, q->group[i], &p->term->name);

		if (other && other->answer == w->answer)
			return true;
	}
	return false;
}

/* Nobody is left, so nobody waits. */
static bool set_zero(struct queue_states *w, struct state_value *p, int64_t asked_us, int64_t at_us)
{
	const struct notification_value zero = { .kind = VALUE_NUMBER };
	struct state_value *age = p->other;

	if (p->told_us >= asked_us)
		return true;
	if (age && age->answer != w->answer && age->told_us < asked_us) {
		age->now.known = true;
		age->now.waiting = false;
	}
	return set_answered(w, p, &zero, asked_us, at_us)
		&& (!age || state_value_refresh(w, age, at_us));
}

/* The agents' states that the service leaves out where nobody is in them. */
static bool fill_statuses(struct queue_states *w, struct queue_state *q, int64_t asked_us,
	int64_t at_us)
{
	/* as many of them as the metric has */
	static const struct {
		const char *metric;
		size_t n;
	} filled[] = { { "oOnQueueUsers", 4 }, { "oUserRoutingStatuses", 5 } };
	static const char *const status[] = {
		"IDLE", "INTERACTING", "COMMUNICATING", "NOT_RESPONDING", "OFF_QUEUE"
	};
	bool ok = true, full = false;

	for (size_t m = 0; m < ARRAY_LEN(filled); m++) {
		struct notification_value v = { .metric = slice_of(filled[m].metric),
			.stat = slice_of("count") };

		if (!(w->asked & observation_query_bit(v.metric)))
			continue;
		for (size_t i = 0; ok && i < filled[m].n; i++) {
			struct state_value *p;

			v.qualifier = slice_of(status[i]);
			p = state_value_make(w, q->group[0], &v, false, at_us, &full);
			ok = !w->failed;
			if (p && p->answer != w->answer)
				ok = set_zero(w, p, asked_us, at_us);
		}
	}
	return ok;
}

static bool is_whole(const struct queue_states *w, const struct queue_state *q)
{
	return q->answer == w->answer && q->spoilt != w->answer;
}

bool queue_states_end_answer(struct queue_states *w, bool whole, int64_t asked_us, int64_t at_us)
{
	bool ok = true;

	if (w->resync)
		w->resync_us = at_us;
	if (!whole)
		return true;

	for (size_t i = 0; ok && i < w->nslot; i++) {
		struct state_value *p = w->part[i];

		if (p && is_whole(w, p->group->queue) && p->answer != w->answer
		    && state_value_kind(&p->term->name) == SERIES_GAUGE
		    && w->asked & observation_query_bit(p->term->name.metric)
		    && !is_told_by_media(w, p))
			ok = set_zero(w, p, asked_us, at_us);
	}
	for (size_t i = 0; ok && i < w->nqueue; i++)
		if (is_whole(w, &w->queue[i]))
			ok = fill_statuses(w, &w->queue[i], asked_us, at_us)
				&& queue_states_set_whole(w, &w->queue[i], true, at_us);
	return ok;
}
