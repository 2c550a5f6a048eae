#include "window/queue_window.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/time.h"
#include "window/coverage.h"
#include "window/dedup.h"
#include "window/queue_state.h"
#include "window/state_snapshot.h"
#include "window/state_value.h"

struct queue_windows {
	struct queue_windows_conf conf;
	struct queue_states states;
	enum queue_window_socket socket[QUEUE_WINDOW_SOCKETS];
	struct dedup *dedup;
	bool damaged;			/* the present snapshot has a result of an unknown queue */
	bool coverage_unknown;
	int64_t open_since_us;		/* since when any socket is open; INT64_MAX: none is */
	struct window_clock *clock;	/* borrowed from the run */
	bool stalled;			/* the run sees nothing until stalled_until_us */
	int64_t stalled_until_us;
	struct coverage coverage;
	struct row_window closed;	/* the last closed window, which the caller has borrowed */
};

/* Before the start: moves the beginning of window 0 to at_us. Values that came before are known,
 * but no row counts them. */
static void move_beginning(struct queue_windows *qw, int64_t at_us)
{
	if (!window_clock_begin(qw->clock, at_us))
		return;
	at_us = qw->clock->from_us;
	queue_states_hold(&qw->states, at_us);
	queue_states_carry(&qw->states, at_us);
	coverage_advance(&qw->coverage, window_clock_span(qw->clock));
	if (qw->states.now_us < at_us)
		qw->states.now_us = at_us;
}

static bool any_socket(const struct queue_windows *qw, enum queue_window_socket least)
{
	for (size_t i = 0; i < QUEUE_WINDOW_SOCKETS; i++)
		if (qw->socket[i] >= least)
			return true;
	return false;
}

static void lose_coverage(struct queue_windows *qw, int64_t at_us)
{
	qw->states.failed |= !coverage_down(&qw->coverage, at_us, window_clock_span(qw->clock));
}

/* Ends a stall. */
static void resume(struct queue_windows *qw)
{
	int64_t at_us = qw->stalled_until_us;

	qw->stalled = false;
	queue_states_begin(&qw->states, at_us, INT64_MAX);
	if (!any_socket(qw, SOCKET_CONNECTED)) {
		lose_coverage(qw, at_us);
		return;
	}
	if (!qw->coverage.up)
		coverage_up(&qw->coverage, at_us);
	queue_states_resume(&qw->states);
}

/*
 * Call it before a change at at_us. Returns the time at which the change counts: at_us, but not
 * after the end of the present window, because callers close a window before they pass on what came
 * at its end or later. asked_us: see struct queue_states.
 */
static int64_t begin_change(struct queue_windows *qw, int64_t at_us, int64_t asked_us)
{
	if (qw->stalled && at_us >= qw->stalled_until_us)
		resume(qw);
	if (!qw->clock->started)
		move_beginning(qw, at_us);
	else if (at_us > window_clock_span(qw->clock).to_us)
		at_us = window_clock_span(qw->clock).to_us;
	queue_states_begin(&qw->states, at_us, asked_us);
	return at_us;
}

/* The same for a change that may not be before the last one, because the time up to that is already
 * counted. */
static int64_t begin_later_change(struct queue_windows *qw, int64_t at_us)
{
	int64_t last_us = qw->states.now_us;

	return begin_change(qw, at_us > last_us ? at_us : last_us, INT64_MAX);
}

/* --- events -------------------------------------------------------------------------- */

static enum verdict take_invalid(struct queue_state *q)
{
	q->group[0]->counters.invalid++;
	return VERDICT_INVALID;
}

static void take_duplicate(const struct notification *n, const struct queue_state *q)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		struct queue_state_group *g = queue_states_group(q, n->media[i]);

		if (g)
			g->counters.duplicates++;
	}
}

/* Counts the event, and its lag, in each of its groups. */
static void take_groups(struct queue_windows *qw, const struct notification *n,
	struct queue_state *q)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		struct queue_state_group *g = queue_states_make_group(&qw->states, q, n->media[i]);

		if (!g)
			continue;
		g->counters.updates++;
		if (n->instant_us == NO_TIME)
			continue;
		if (n->instant_us > qw->states.now_us)
			g->counters.clock_skew++;
		else
			qw->states.failed |= !sample_add(&g->counters.lag_us,
				(double)(qw->states.now_us - n->instant_us));
	}
}

/* Passes the values of an event or a snapshot's result to `take`. */
typedef void take_value(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v);
static void take_values(struct queue_states *qs, const struct notification *n,
	const struct queue_state *q, take_value *take)
{
	struct queue_state_group *g = NULL;

	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		if (i == 0 || v->media.s != v[-1].media.s)
			g = queue_states_group(q, v->media);
		if (!g)
			continue;
		if (v->kind == VALUE_START && v->us > qs->now_us)
			g->counters.clock_skew++;
		take(qs, g, v);
	}
	queue_states_end_waits(qs, n, q);
}

/* Whether another shard has the queue. On replay all queues that were not named count as such. */
static bool is_of_other_shard(const struct queue_windows *qw, const char *id)
{
	return qw->conf.shard.n && qw->conf.replay
		&& (!qw->conf.any || !shard_has(&qw->conf.shard, id));
}

/* The queue with that ID; NULL: none, or refused. Adds a new queue that has an event, if the run
 * takes any queue. */
static struct queue_state *find_or_add(struct queue_windows *qw, const char *id,
	enum notification_kind kind)
{
	struct queue_state *q = id[0] ? queue_states_queue(&qw->states, id) : NULL;

	if (q || !qw->conf.any || !id[0] || is_of_other_shard(qw, id) || kind != NOTIFICATION_EVENT
	    || queue_index_find(qw->states.index, id) != QUEUE_INDEX_NONE)
		return q;
	return queue_states_watch(&qw->states, id);
}

/* Whether an interval begins further in the future than its length. No clock is so wrong. Such an
 * interval would remain the newest one, and later values would be ignored as those of older
 * ones. */
static bool is_from_the_future(const struct notification *n, int64_t at_us)
{
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		if (v->has_interval && v->from_ms < v->to_ms
		    && v->from_ms - at_us / US_PER_MS > v->to_ms - v->from_ms)
			return true;
	}
	return false;
}

enum verdict queue_windows_take(struct queue_windows *qw, const struct notification *n,
	size_t socket, int64_t at_us, struct verdict_place *place)
{
	struct queue_states *qs = &qw->states;
	struct queue_state *q = find_or_add(qw, n->queue_id, n->kind);

	at_us = begin_change(qw, at_us, INT64_MAX);
	*place = (struct verdict_place){ q && qw->clock->started, qw->clock->index,
		q ? (size_t)(q - qs->queue) : 0 };
	if (qs->failed)
		return VERDICT_NO_MEMORY;
	if (!q && qw->conf.any && qs->nqueue == qs->room && n->queue_id[0]
	    && !is_of_other_shard(qw, n->queue_id))
		return VERDICT_TOO_MANY_QUEUES;
	if (!q && n->kind == NOTIFICATION_INVALID && !n->queue_id[0])
		return VERDICT_INVALID;
	if (!q)
		return is_of_other_shard(qw, n->queue_id) ? VERDICT_OTHER_SHARD
			: VERDICT_FOREIGN_QUEUE;
	if (n->kind == NOTIFICATION_INVALID || is_from_the_future(n, at_us))
		return take_invalid(q);
	if (dedup_is_duplicate(qw->dedup, n->text, n->text_len, socket, at_us)) {
		take_duplicate(n, q);
		return VERDICT_DUPLICATE;
	}
	qs->frame++;
	take_groups(qw, n, q);
	take_values(qs, n, q, queue_states_take);
	if (qs->failed)
		return VERDICT_NO_MEMORY;
	return qs->full ? take_invalid(q) : VERDICT_ACCEPTED;
}

/* --- snapshots ----------------------------------------------------------------------- */

bool queue_windows_snapshot_begin(struct queue_windows *qw, const uint32_t *asked, bool resync,
	int64_t asked_us)
{
	if (qw->open_since_us > asked_us)
		return false;
	state_snapshot_begin(&qw->states, asked ? *asked : qw->conf.asked, resync);
	qw->damaged = false;
	return true;
}

enum verdict queue_windows_snapshot_take(struct queue_windows *qw,
	const struct notification *n, int64_t asked_us, int64_t at_us)
{
	struct queue_states *qs = &qw->states;
	struct queue_state *q = find_or_add(qw, n->queue_id, n->kind);
	bool good = n->kind == NOTIFICATION_EVENT;

	begin_change(qw, at_us, asked_us);
	if (!q && n->kind == NOTIFICATION_INVALID && !n->queue_id[0]) {
		qw->damaged = true;	/* it may be of any queue */
		return VERDICT_INVALID;
	}
	if (!q)
		return VERDICT_FOREIGN_QUEUE;
	q->answered = true;
	for (size_t i = 0; good && i < n->nmedia; i++)
		queue_states_make_group(qs, q, n->media[i]);
	if (good)
		take_values(qs, n, q, state_snapshot_take);
	good = good && !qs->full && !n->incomplete;
	state_snapshot_queue(qs, q, !good);
	return qs->failed ? VERDICT_NO_MEMORY : good ? VERDICT_ACCEPTED : VERDICT_INVALID;
}

void queue_windows_snapshot_end(struct queue_windows *qw, int64_t asked_us, int64_t at_us)
{
	begin_change(qw, at_us, asked_us);
	state_snapshot_end(&qw->states, !qw->damaged);
}

bool queue_windows_resync_over(struct queue_windows *qw, int64_t at_us, uint64_t *differences)
{
	return state_snapshot_resync_over(&qw->states, at_us, differences);
}

bool queue_windows_presence(struct queue_windows *qw, struct slice id, struct slice name)
{
	state_values_presence(&qw->states, id, name);
	return !qw->states.failed;
}

/* --- the stream ---------------------------------------------------------------------- */

static void set_up(struct queue_windows *qw, bool up, int64_t at_us)
{
	if (up == qw->states.up || qw->stalled)
		return;
	queue_states_set_up(&qw->states, up, qw->clock->from_us);
	if (up)
		coverage_up(&qw->coverage, at_us);
	else
		lose_coverage(qw, at_us);
}

bool queue_windows_socket(struct queue_windows *qw, size_t socket, enum queue_window_socket state,
	int64_t at_us)
{
	bool was_open = any_socket(qw, SOCKET_SILENT);

	at_us = begin_later_change(qw, at_us);
	if (state == SOCKET_CONNECTED && qw->socket[socket] == SOCKET_LOST)
		dedup_open(qw->dedup, socket, at_us);
	if (state == SOCKET_LOST)
		dedup_close(qw->dedup, socket, at_us);
	qw->socket[socket] = state;
	set_up(qw, any_socket(qw, SOCKET_CONNECTED), at_us);
	if (!any_socket(qw, SOCKET_SILENT)) {
		qw->open_since_us = INT64_MAX;
		queue_states_forget(&qw->states);
	} else if (!was_open) {
		qw->open_since_us = at_us;
	}
	return !qw->states.failed;
}

bool queue_windows_stalled(struct queue_windows *qw, int64_t from_us, int64_t until_us)
{
	struct queue_states *qs = &qw->states;
	struct coverage_span gap = { begin_later_change(qw, from_us), until_us };

	if ((!qs->up && !qw->stalled) || gap.from_us >= gap.to_us)
		return !qs->failed;
	qs->failed |= !coverage_skip(&qw->coverage, gap, window_clock_span(qw->clock));
	queue_states_pause(qs);
	if (!qw->stalled || gap.to_us > qw->stalled_until_us)
		qw->stalled_until_us = gap.to_us;
	qw->stalled = true;
	return !qs->failed;
}

/* --- windows ------------------------------------------------------------------------- */

void queue_windows_start(struct queue_windows *qw, int64_t at_us)
{
	if (qw->clock->started)
		return;
	move_beginning(qw, at_us);
	window_clock_start(qw->clock);
}

void queue_windows_coverage_unknown(struct queue_windows *qw)
{
	qw->coverage_unknown = true;
}

static bool begin_rows(const struct queue_windows *qw, struct row_window *r)
{
	size_t rows = 0, series = 0;

	for (const struct queue_state_group *g = qw->states.groups; g; g = g->next) {
		rows++;
		series += g->series.n;
	}
	return row_window_begin(r, rows, series);
}

static bool add_row(const struct queue_windows *qw, const struct queue_state *q,
	const struct queue_state_group *g, int64_t connected_us, int64_t end_us,
	struct row_window *r)
{
	size_t number = (size_t)(q - qw->states.queue);
	struct series_moment m = { .end_us = end_us, .up = qw->states.up };

	/* without a half hour the group has no totals */
	if (g->has_running)
		m.running = total_interval_at(g->running, end_us);
	m.whole = queue_states_has_been_up_since(&qw->states, m.running.from_ms * US_PER_MS);
	row_window_add(r, &(struct row){
		.queue = number,
		.queue_id = queue_index_id(qw->states.index, number),
		.queue_name = queue_index_name(qw->states.index, number),
		.media = g->media,
		.labels = qw->conf.labels,
		.coverage = r->coverage,
		.connected_us = connected_us,
		.since_us = q->since_us,
		.updates = g->counters.updates,
		.rejected = { [VERDICT_DUPLICATE] = g->counters.duplicates,
			[VERDICT_INVALID] = g->counters.invalid },
		.clock_skew = g->counters.clock_skew
	});
	return series_set_add_to_row(&g->series, &m, r)
		&& row_window_set_lag(r, &g->counters.lag_us);
}

static bool add_rows(const struct queue_windows *qw, int64_t end_us, struct row_window *r)
{
	struct coverage_span span = { qw->clock->from_us, end_us };
	int64_t connected_us = coverage_us(&qw->coverage, span);

	r->coverage = coverage_share(!qw->coverage_unknown, connected_us, span);
	if (qw->coverage_unknown)
		connected_us = NO_TIME;
	for (size_t i = 0; i < qw->states.nqueue; i++) {
		const struct queue_state *q = &qw->states.queue[i];

		for (size_t g = 0; !q->refused && g < q->ngroup; g++)
			if (!add_row(qw, q, q->group[g], connected_us, end_us, r))
				return false;
	}
	return true;
}

static const struct row_window *close_window(struct queue_windows *qw, int64_t end_us, bool cut)
{
	struct row_window *r = &qw->closed;

	if (qw->stalled && end_us > qw->stalled_until_us)
		resume(qw);
	queue_states_begin(&qw->states, end_us, INT64_MAX);
	queue_states_hold(&qw->states, end_us);
	if (qw->states.failed || !begin_rows(qw, r))
		goto fail;
	r->source = "notifications";
	r->members = 1u << ROW_QUEUE_ID | 1u << ROW_QUEUE_NAME | 1u << ROW_MEDIA;
	r->has_gauges = true;
	r->has_labels = qw->conf.labels != NULL;
	r->has_sketch = qw->conf.sketch;
	r->shard = qw->conf.shard;
	window_clock_label(qw->clock, end_us, cut, r);
	if (!add_rows(qw, end_us, r) || !row_window_end(r))
		goto fail;
	window_clock_next(qw->clock);
	queue_states_carry(&qw->states, qw->clock->from_us);
	coverage_advance(&qw->coverage, window_clock_span(qw->clock));
	return r;
fail:
	qw->states.failed = true;
	return NULL;
}

const struct row_window *queue_windows_due(struct queue_windows *qw, int64_t now_us)
{
	int64_t due_us = window_clock_due_us(qw->clock);

	if (qw->states.failed || due_us == NO_TIME || due_us > now_us)
		return NULL;
	return close_window(qw, due_us, false);
}

const struct row_window *queue_windows_rest(struct queue_windows *qw, int64_t at_us, bool cut)
{
	if (qw->states.failed || window_clock_due_us(qw->clock) == NO_TIME
	    || at_us < qw->clock->from_us
	    || (qw->conf.replay && at_us == qw->clock->from_us))
		return NULL;
	if (window_clock_floor(at_us, US_PER_MS) < qw->states.now_us)
		at_us += US_PER_MS;	/* values were observed up to now_us */
	return close_window(qw, window_clock_cut_us(qw->clock, at_us), cut);
}

bool queue_windows_failed(const struct queue_windows *qw)
{
	return qw->states.failed;
}

/* --- life ---------------------------------------------------------------------------- */

enum status queue_windows_new(struct queue_windows **out, const struct queue_windows_conf *conf,
	struct err *err)
{
	struct queue_windows *qw = calloc(1, sizeof(*qw));

	*out = qw;
	if (!qw)
		return err_nomem(err);
	qw->conf = *conf;
	qw->clock = conf->clock;
	qw->open_since_us = INT64_MAX;
	qw->dedup = dedup_new();
	if (queue_states_init(&qw->states, conf->queues, conf->queue, conf->nqueue, conf->room,
	    conf->pattern, conf->npattern) && qw->dedup)
		return ST_OK;
	queue_windows_free(qw);
	*out = NULL;
	return err_nomem(err);
}

void queue_windows_free(struct queue_windows *qw)
{
	if (!qw)
		return;
	queue_states_free(&qw->states);
	coverage_free(&qw->coverage);
	dedup_free(qw->dedup);
	row_window_free(&qw->closed);
	free(qw);
}

enum status queue_windows_restart(struct queue_windows **qw, struct err *err)
{
	struct queue_windows_conf conf = (*qw)->conf;
	struct queue_windows *next;
	enum status st;

	conf.nqueue = 0;
	conf.room = (*qw)->states.room;
	st = queue_windows_new(&next, &conf, err);
	if (st != ST_OK)
		return st;
	if (!queue_states_keep_queues(&next->states)) {
		queue_windows_free(next);
		return err_nomem(err);
	}
	queue_windows_free(*qw);
	*qw = next;
	return ST_OK;
}

void queue_windows_refuse(struct queue_windows *qw, const char *queue_id)
{
	struct queue_state *q = queue_states_queue(&qw->states, queue_id);

	if (q)
		q->refused = true;
}

bool queue_windows_has_metric(const struct queue_windows *qw, const char *pattern)
{
	return queue_states_has_metric(&qw->states, pattern);
}

bool queue_windows_watch(struct queue_windows *qw, const char *queue_id)
{
	return queue_states_watch(&qw->states, queue_id) != NULL;
}

bool queue_windows_was_answered(const struct queue_windows *qw, size_t queue)
{
	return qw->states.queue[queue].answered;
}
