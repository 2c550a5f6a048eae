#include "window/state_snapshot.h"

#include "message/observation_query.h"
#include "util/base.h"
#include "util/slice.h"
#include "util/time.h"
#include "window/state_value.h"

static bool is_asked(const struct queue_states *qs, struct slice metric)
{
	return qs->snapshot_metrics & observation_query_bit(metric);
}

/* Whether the snapshot has another longest wait. A duration may be off by the time that the answer
 * took. */
static bool is_other_wait(const struct queue_states *qs, const struct state_value *sv,
	const struct notification_value *v)
{
	bool waits = v->kind != VALUE_NOBODY;
	int64_t us;

	if (!sv->now.known || !waits || !sv->now.waiting)
		return sv->now.known && waits != sv->now.waiting;
	us = (v->kind == VALUE_AGE ? qs->now_us - v->us : v->us) - sv->now.start_us;
	return v->kind == VALUE_AGE ? us < -STATE_SNAPSHOT_QUIET_US || us > STATE_SNAPSHOT_QUIET_US
				    : us != 0;
}

/* Whether the value of the snapshot differs from the known one. A gauge that the last snapshot left
 * out is known to be 0. */
static bool is_other(const struct queue_states *qs, const struct state_value *sv,
	const struct notification_value *v)
{
	const struct queue_state *q = sv->group->queue;

	if (state_value_kind(&sv->entry->name) == ROW_AGE)
		return is_other_wait(qs, sv, v);
	if (!sv->now.known)
		return q->complete.known && is_asked(qs, sv->entry->name.metric) && v->number != 0;
	return sv->now.value != v->number;
}

/* Sets a value of the snapshot, which is newer than the last event of the value. */
static void set_value(struct queue_states *qs, struct state_value *sv,
	const struct notification_value *v)
{
	if (qs->is_resync) {
		if (sv->own && sv->event_us < qs->asked_us - STATE_SNAPSHOT_QUIET_US
		    && is_other(qs, sv, v)) {
			qs->differences += !sv->differs;
			sv->differs = true;
		}
		series_confirm(sv->own);
		series_confirm(sv->sum);
		series_confirm(sv->total);
	}
	state_value_set(qs, sv, v);
}

void state_snapshot_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v)
{
	struct state_value *sv = NULL;

	if (state_value_use(v) == STATE_VALUE_GAUGE)
		sv = state_value_make(qs, g, v, false);
	if (!sv)
		return;
	sv->snapshot = qs->snapshot;
	if (sv->event_us < qs->asked_us)
		set_value(qs, sv, v);
}

void state_snapshot_begin(struct queue_states *qs, uint32_t asked, bool resync)
{
	qs->snapshot++;
	qs->snapshot_metrics = asked;
	qs->is_resync = resync;
}

void state_snapshot_crossed(struct queue_states *qs, struct state_value *sv)
{
	sv->differs = false;
	if (qs->resync_us != NO_TIME && qs->now_us - qs->resync_us <= STATE_SNAPSHOT_QUIET_US)
		qs->differences--;
}

bool state_snapshot_resync_over(struct queue_states *qs, int64_t at_us, uint64_t *differences)
{
	if (qs->resync_us == NO_TIME || at_us - STATE_SNAPSHOT_QUIET_US <= qs->resync_us)
		return false;
	*differences = qs->differences;
	qs->differences = 0;
	qs->resync_us = NO_TIME;
	for (size_t i = 0; i < qs->nslot; i++)
		if (qs->value[i])
			qs->value[i]->differs = false;
	return true;
}

void state_snapshot_queue(struct queue_states *qs, struct queue_state *q, bool damaged)
{
	q->snapshot = qs->snapshot;
	if (damaged)
		q->damaged = qs->snapshot;
}

/* Whether the snapshot has the value by media type. Then the value without a media type may not be
 * set to 0, because it would take precedence over the sum of the media types. */
static bool has_media_value(const struct queue_states *qs, const struct state_value *sv)
{
	const struct queue_state *q = sv->group->queue;

	for (size_t i = 1; !sv->group->media && i < q->ngroup; i++) {
		const struct state_value *other = state_value_find(qs, q->group[i],
			&sv->entry->name);

		if (other && other->snapshot == qs->snapshot)
			return true;
	}
	return false;
}

/* Sets a gauge to 0 that the snapshot leaves out. If it counts those who wait, nobody waits. */
static void set_zero(struct queue_states *qs, struct state_value *sv)
{
	const struct notification_value zero = { .kind = VALUE_NUMBER };
	struct state_value *age = sv->other;

	if (sv->event_us >= qs->asked_us)
		return;
	if (age && age->snapshot != qs->snapshot && age->event_us < qs->asked_us) {
		age->now.known = true;
		age->now.waiting = false;
	}
	set_value(qs, sv, &zero);
	if (age)
		state_value_refresh(qs, age);
}

/* Sets to 0 the statuses of agents that the snapshot leaves out because no agent has them. */
static void fill_statuses(struct queue_states *qs, struct queue_state *q)
{
	/* n: the metric has the first n statuses */
	static const struct {
		const char *metric;
		size_t n;
	} filled[] = { { "oOnQueueUsers", 4 }, { "oUserRoutingStatuses", 5 } };
	static const char *const status[] = {
		"IDLE", "INTERACTING", "COMMUNICATING", "NOT_RESPONDING", "OFF_QUEUE"
	};

	for (size_t m = 0; m < ARRAY_LEN(filled); m++) {
		struct notification_value v = { .metric = slice_of(filled[m].metric),
			.stat = slice_of("count") };

		for (size_t i = 0; is_asked(qs, v.metric) && i < filled[m].n; i++) {
			struct state_value *sv;

			v.qualifier = slice_of(status[i]);
			sv = state_value_make(qs, q->group[0], &v, false);
			if (sv && sv->snapshot != qs->snapshot)
				set_zero(qs, sv);
		}
	}
}

static bool is_complete(const struct queue_states *qs, const struct queue_state *q)
{
	return q->snapshot == qs->snapshot && q->damaged != qs->snapshot;
}

void state_snapshot_end(struct queue_states *qs, bool complete)
{
	if (qs->is_resync)
		qs->resync_us = qs->now_us;
	if (!complete)
		return;
	for (size_t i = 0; i < qs->nslot; i++) {
		struct state_value *sv = qs->value[i];

		if (sv && is_complete(qs, sv->group->queue) && sv->snapshot != qs->snapshot
		    && state_value_kind(&sv->entry->name) == ROW_GAUGE
		    && is_asked(qs, sv->entry->name.metric)
		    && !has_media_value(qs, sv))
			set_zero(qs, sv);
	}
	for (size_t i = 0; i < qs->nqueue; i++)
		if (is_complete(qs, &qs->queue[i])) {
			fill_statuses(qs, &qs->queue[i]);
			queue_states_set_complete(qs, &qs->queue[i], true);
		}
}
