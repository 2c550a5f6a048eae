#include "window/stream_window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "util/time.h"
#include "window/accumulator.h"
#include "window/coverage.h"

#define REPLAY_WINDOWS_AHEAD 10000	/* a timestamp so far ahead of the newest is invalid */
#define INTERVAL_TEXT_MAX 32
#define HIDDEN_MAX 2000000	/* queues of other shards in a recording */

struct stream_queue {
	char interval[INTERVAL_TEXT_MAX];	/* of its first frame; empty: none */
	size_t connection;		/* of its last frame */
	int64_t first_window;		/* it has rows from this window on */
	bool watched;			/* it is in the list of queues, if there is one */
	bool hidden;			/* it belongs to another shard: it has no rows */
	bool has_last, resumed;
	int64_t last_us;		/* timestamp of the last accepted frame */
	int64_t resume_us;		/* of the last one accepted before the stream was lost */
	struct accumulator *open;	/* of open windows that have frames, newest first */
	struct accumulator *closed;	/* of the window that the caller has borrowed, or NULL */
};

struct stream_windows {
	struct stream_windows_conf conf;
	int64_t lateness_us;
	struct window_clock *clock;	/* these two are borrowed from the run */
	struct queue_index *index;
	bool states_known;	/* coverage is known */
	bool failed;
	int64_t newest_us;	/* in event time: the newest accepted timestamp; else NO_TIME */
	size_t nopen;		/* accumulators of open windows */
	struct stream_queue *queue;
	size_t nqueue, capqueue;
	size_t nhidden;			/* of them, queues of other shards */
	struct coverage *coverage;	/* by connection */
	char interval[INTERVAL_TEXT_MAX];	/* of the recording; empty: none */
	struct row_window closed;	/* the caller has borrowed it */
};

static int64_t min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* --- queues ------------------------------------------------------------------------- */

static struct stream_queue *queue_find(const struct stream_windows *w, const char *id)
{
	size_t number = queue_index_find(w->index, id);

	return number == QUEUE_INDEX_NONE ? NULL : &w->queue[number];
}

static struct stream_queue *queue_add(struct stream_windows *w, const char *id,
	int64_t first_window)
{
	struct stream_queue *q;

	if (w->nqueue == w->capqueue) {
		size_t cap = w->capqueue ? 2 * w->capqueue : 64;

		q = reallocarray(w->queue, cap, sizeof(*q));
		if (!q)
			return NULL;
		w->queue = q;
		w->capqueue = cap;
	}
	assert(w->queue);
	if (!queue_index_add(w->index, id))
		return NULL;
	q = &w->queue[w->nqueue++];
	*q = (struct stream_queue){ .first_window = first_window };
	return q;
}

static void queue_clear(struct stream_queue *q)
{
	accumulator_free(q->closed);
	while (q->open) {
		struct accumulator *acc = q->open;

		q->open = acc->older;
		accumulator_free(acc);
	}
}

/* --- open windows -------------------------------------------------------------------- */

/* The link to the accumulator of a window, or to where it belongs. */
static struct accumulator **place_of(struct stream_queue *q, int64_t window)
{
	struct accumulator **at = &q->open;

	while (*at && (*at)->window > window)
		at = &(*at)->older;
	return at;
}

/* The accumulator of a window; NULL: no frame of the queue is counted in it. */
static const struct accumulator *find_accumulator(struct stream_queue *q, int64_t window)
{
	const struct accumulator *acc = *place_of(q, window);

	return acc && acc->window == window ? acc : NULL;
}

/* The same, but makes it if there is none. NULL: out of memory. */
static struct accumulator *make_accumulator(struct stream_windows *w, struct stream_queue *q,
	int64_t window)
{
	struct accumulator **at = place_of(q, window), *acc = *at;

	if (acc && acc->window == window)
		return acc;
	acc = calloc(1, sizeof(*acc));
	if (!acc)
		return NULL;
	acc->window = window;
	acc->older = *at;
	w->nopen++;
	*at = acc;
	return acc;
}

/* --- verdicts on frames ------------------------------------------------------------- */

static bool holds_for_one(const struct filter *filter, const struct stream_event_leaf *leaf,
	size_t n)
{
	for (; n > 0; leaf++, n--)
		if (filter_names(filter, leaf->metric, leaf->path, leaf->path_len)
		    && compare_holds(filter->op, leaf->value, filter->number))
			return true;
	return false;
}

static bool is_outlier(const struct stream_windows *w, const struct stream_event *frame)
{
	for (size_t r = 0; r < w->conf.noutlier; r++)
		if (holds_for_one(&w->conf.outlier[r], frame->leaf, frame->nleaf)
		    || holds_for_one(&w->conf.outlier[r], frame->filtered, frame->nfiltered))
			return true;
	return false;
}

static bool is_duplicate(const struct stream_queue *q, int64_t time_us)
{
	return (q->has_last && time_us == q->last_us)
		|| (q->resumed && time_us <= q->resume_us);
}

/* Whether a timestamp is so far in the future that it must be wrong. In event time it would close
 * all windows up to then. */
static bool is_too_far_ahead(const struct stream_windows *w, int64_t time_us, int64_t arrival_us)
{
	int64_t from;

	if (w->conf.time != TIME_EVENT)
		return false;
	if (!w->conf.replay)
		return time_us > arrival_us + w->lateness_us;
	if (!w->clock->started)
		return false;
	from = w->newest_us == NO_TIME ? w->clock->index
		: window_clock_index(w->clock, w->newest_us);
	return window_clock_index(w->clock, time_us) - from > REPLAY_WINDOWS_AHEAD;
}

/* The number of the window in which the frame belongs. It may be closed already. */
static int64_t own_window(const struct stream_windows *w, const struct stream_event *frame)
{
	int64_t index;

	if (w->conf.time == TIME_ARRIVAL)
		return w->clock->index;
	index = window_clock_index(w->clock, frame->time_us);
	if (index < 0 && !w->conf.replay
	    && window_clock_start_us(w->clock, 0) - frame->time_us <= w->lateness_us)
		return 0;
	return index;
}

static bool is_stale(const struct stream_windows *w, const struct stream_event *frame, int64_t own)
{
	if (w->conf.time == TIME_EVENT)
		return own < w->clock->index;
	return frame->time_us < w->clock->from_us - w->lateness_us;
}

/* Whether a window has begun. In event time, the newest timestamp or the clock of a live run has to
 * have reached it. */
static bool has_begun(const struct stream_windows *w, int64_t index, int64_t arrival_us)
{
	int64_t start_us = window_clock_start_us(w->clock, index);

	return index <= w->clock->index || start_us <= w->newest_us
		|| (!w->conf.replay && start_us <= arrival_us);
}

void stream_windows_start(struct stream_windows *w, int64_t at_us)
{
	if (w->clock->started)
		return;
	window_clock_begin(w->clock, at_us);
	window_clock_start(w->clock);
	for (size_t i = 0; i < w->conf.nconnection; i++)
		coverage_advance(&w->coverage[i], window_clock_span(w->clock));
}

/* Starts window 0 at the first frame if nothing else has started it: in event time, or in a replay
 * by arrival of a recording without state lines. */
static void start_by_frame(struct stream_windows *w, const struct stream_event *frame,
	int64_t arrival_us)
{
	if (w->conf.time == TIME_ARRIVAL)
		stream_windows_start(w, arrival_us);
	else if (!frame->invalid && frame->has_time)
		stream_windows_start(w, frame->time_us);
}

/* The accumulator that counts a frame in a window. NULL: the window is beyond the last one to
 * print, and *verdict is unchanged; or out of memory, and *verdict says so. */
static struct accumulator *count_in(struct stream_windows *w, struct stream_queue *q,
	int64_t index, enum verdict *verdict, struct verdict_place *place)
{
	struct accumulator *acc;

	if (window_clock_is_past_count(w->clock, index))
		return NULL;
	acc = make_accumulator(w, q, index);
	if (!acc) {
		w->failed = true;
		*verdict = VERDICT_NO_MEMORY;
		return NULL;
	}
	q->first_window = min_i64(q->first_window, index);
	*place = (struct verdict_place){ true, index, (size_t)(q - w->queue) };
	return acc;
}

/* Counts a rejected frame in its own window if that is open, else in the oldest one. */
static enum verdict reject(struct stream_windows *w, struct stream_queue *q, enum verdict verdict,
	int64_t own, int64_t arrival_us, struct verdict_place *place)
{
	enum verdict rejected = verdict;
	struct accumulator *acc;

	if (own < w->clock->index || !has_begun(w, own, arrival_us))
		own = w->clock->index;
	acc = count_in(w, q, own, &verdict, place);
	if (acc)
		acc->rejected[rejected]++;
	return verdict;
}

static enum verdict judge(const struct stream_windows *w, const struct stream_queue *q,
	const struct stream_event *frame, int64_t own)
{
	if (is_duplicate(q, frame->time_us))
		return VERDICT_DUPLICATE;
	if (is_stale(w, frame, own))
		return VERDICT_STALE;
	if (is_outlier(w, frame))
		return VERDICT_OUTLIER;
	return VERDICT_ACCEPTED;
}

static enum verdict accept(struct stream_windows *w, struct stream_queue *q,
	const struct stream_event *frame, int64_t own, const int slot[FIELD_MAX],
	int64_t arrival_us, struct verdict_place *place)
{
	enum verdict verdict = VERDICT_BEYOND;
	struct accumulator *acc;

	q->last_us = frame->time_us;
	q->has_last = true;
	if (w->conf.time == TIME_EVENT && frame->time_us > w->newest_us)
		w->newest_us = frame->time_us;
	if (!q->interval[0] && frame->interval && strlen(frame->interval) < INTERVAL_TEXT_MAX)
		memcpy(q->interval, frame->interval, strlen(frame->interval) + 1);
	acc = count_in(w, q, own, &verdict, place);
	if (!acc)
		return verdict;
	if (accumulator_accept(acc, frame, slot, arrival_us))
		return VERDICT_ACCEPTED;
	w->failed = true;
	return VERDICT_NO_MEMORY;
}

/* Whether another shard has the queue. On replay all queues that were not named count as such. */
static bool is_of_other_shard(const struct stream_windows *w, const struct stream_queue *q,
	const char *id)
{
	if (!w->conf.shard.n || !w->conf.replay)
		return false;
	return w->conf.nqueue ? !(q && q->watched) : !shard_has(&w->conf.shard, id);
}

/* Adds the queue of a frame. NULL: *verdict says why it is not added. */
static struct stream_queue *add_new_queue(struct stream_windows *w,
	const struct stream_event *frame, bool invalid, bool hidden, int64_t own,
	enum verdict *verdict)
{
	struct stream_queue *q;

	*verdict = VERDICT_INVALID;
	if (invalid)
		return NULL;
	*verdict = VERDICT_TOO_MANY_QUEUES;
	if (w->nqueue - w->nhidden == w->conf.queue_max || w->nhidden == HIDDEN_MAX)
		return NULL;
	q = queue_add(w, frame->queue_id, own > w->clock->index ? own : w->clock->index);
	*verdict = VERDICT_NO_MEMORY;
	w->nhidden += q && hidden;
	return q;
}

/* Places the frame of a queue, which may be new (q NULL). hidden: it belongs to another shard. */
static enum verdict place_frame(struct stream_windows *w, struct stream_queue *q, bool hidden,
	const struct stream_event *frame, size_t connection, int64_t arrival_us,
	struct verdict_place *place)
{
	int slot[FIELD_MAX];
	enum verdict verdict;
	int64_t own;
	bool no_time, fits;

	start_by_frame(w, frame, arrival_us);
	if (!w->clock->started)	/* the frame has no valid time, and there is no row yet */
		return VERDICT_INVALID;
	no_time = !frame->has_time || is_too_far_ahead(w, frame->time_us, arrival_us);
	own = no_time ? w->clock->index : own_window(w, frame);
	fits = !no_time && !frame->invalid
		&& accumulator_fits(q ? find_accumulator(q, own) : NULL, frame, slot);
	if (!q && !(q = add_new_queue(w, frame, !fits, hidden, own, &verdict)))
		return verdict;
	q->hidden = hidden;
	q->connection = connection;
	if (!fits)
		return reject(w, q, VERDICT_INVALID, own, arrival_us, place);
	verdict = judge(w, q, frame, own);
	if (verdict != VERDICT_ACCEPTED)
		return reject(w, q, verdict, own, arrival_us, place);
	return accept(w, q, frame, own, slot, arrival_us, place);
}

enum verdict stream_windows_place(struct stream_windows *w, const struct stream_event *frame,
	size_t connection, int64_t arrival_us, struct verdict_place *place)
{
	struct stream_queue *q = queue_find(w, frame->queue_id);
	const bool hidden = is_of_other_shard(w, q, frame->queue_id);
	enum verdict verdict;

	*place = (struct verdict_place){ 0 };
	if (!hidden && w->conf.nqueue && !(q && q->watched))
		return VERDICT_FOREIGN_QUEUE;
	verdict = place_frame(w, q, hidden, frame, connection, arrival_us, place);
	if (!hidden || verdict == VERDICT_NO_MEMORY || verdict == VERDICT_TOO_MANY_QUEUES)
		return verdict;
	*place = (struct verdict_place){ 0 };
	return VERDICT_OTHER_SHARD;
}

/* --- states ------------------------------------------------------------------------- */

void stream_windows_interval(struct stream_windows *w, const char *text, size_t len)
{
	if (len >= INTERVAL_TEXT_MAX)
		return;
	memcpy(w->interval, text, len);
	w->interval[len] = '\0';
}

void stream_windows_connected(struct stream_windows *w, size_t connection, int64_t at_us)
{
	struct coverage *c = &w->coverage[connection];

	w->states_known = true;
	if (c->up)
		return;
	coverage_up(c, at_us);
	for (size_t i = 0; c->was_lost && i < w->nqueue; i++) {
		struct stream_queue *q = &w->queue[i];

		if (q->connection == connection && q->has_last) {
			q->resumed = true;
			q->resume_us = q->last_us;
		}
	}
}

bool stream_windows_lost(struct stream_windows *w, size_t connection, int64_t at_us)
{
	struct coverage *c = &w->coverage[connection];

	w->states_known = true;
	if (!c->up)
		return true;
	if (coverage_down(c, at_us, window_clock_span(w->clock)))
		return true;
	w->failed = true;
	return false;
}

bool stream_windows_stalled(struct stream_windows *w, int64_t from_us, int64_t until_us)
{
	struct coverage_span gap = { from_us, until_us }, oldest = window_clock_span(w->clock);

	for (size_t i = 0; i < w->conf.nconnection; i++)
		w->failed = !coverage_skip(&w->coverage[i], gap, oldest) || w->failed;
	return !w->failed;
}

void stream_windows_restart(struct stream_windows *w)
{
	w->states_known = false;
	w->newest_us = NO_TIME;
	w->interval[0] = '\0';
	w->nopen = 0;
	for (size_t i = 0; i < w->nqueue; i++) {
		queue_clear(&w->queue[i]);
		w->queue[i] = (struct stream_queue){ .first_window = INT64_MAX };
	}
	for (size_t i = 0; i < w->conf.nconnection; i++)
		coverage_free(&w->coverage[i]);
}

bool stream_windows_watch(struct stream_windows *w, const char *queue_id)
{
	struct stream_queue *q = queue_find(w, queue_id);

	if (!q)
		q = queue_add(w, queue_id, w->clock->index);
	if (!q) {
		w->failed = true;
		return false;
	}
	q->watched = true;
	q->hidden = false;
	q->first_window = min_i64(q->first_window, w->clock->index);
	return true;
}

/* --- closing ------------------------------------------------------------------------ */

static const char *interval_of(const struct stream_windows *w, const struct stream_queue *q)
{
	return w->conf.interval ? w->conf.interval : w->interval[0] ? w->interval
		: q->interval[0] ? q->interval : NULL;
}

static bool add_row(const struct stream_windows *w, const struct stream_queue *q,
	struct coverage_span span, struct row_window *r)
{
	struct accumulator *acc = q->closed;
	size_t number = (size_t)(q - w->queue);
	int64_t connected_us = coverage_us(&w->coverage[q->connection], span);
	struct row row = {
		.queue = number,
		.queue_id = queue_index_id(w->index, number),
		.queue_name = queue_index_name(w->index, number),
		.labels = w->conf.labels,
		.interval = interval_of(w, q),
		.coverage = coverage_share(w->states_known, connected_us, span),
		.connected_us = w->states_known ? connected_us : NO_TIME,
		.since_us = NO_TIME
	};
	bool ok = true;

	if (acc) {
		row.updates = acc->updates;
		row.clock_skew = acc->clock_skew;
		memcpy(row.rejected, acc->rejected, sizeof(row.rejected));
	}
	row_window_add(r, &row);
	if (!acc)
		return true;
	accumulator_sort(acc);
	for (size_t i = 0; ok && i < acc->nfield; i++)
		ok = row_window_add_sample(r, w->conf.metric[acc->field[i]->metric],
			acc->field[i]->path, &acc->field[i]->sample,
			acc->field[i]->arrival_us);
	return ok && row_window_set_lag(r, &acc->lag_us);
}

static bool begin_rows(const struct stream_windows *w, struct row_window *r)
{
	size_t nseries = 0;

	for (size_t i = 0; i < w->nqueue; i++)
		if (w->queue[i].closed && !w->queue[i].hidden)
			nseries += w->queue[i].closed->nfield;
	return row_window_begin(r, w->nqueue, nseries);
}

static bool add_rows(const struct stream_windows *w, struct coverage_span span,
	struct row_window *r)
{
	int64_t connected_us = 0;

	for (size_t i = 0; i < w->nqueue; i++) {
		const struct stream_queue *q = &w->queue[i];

		if (q->hidden || q->first_window > w->clock->index)
			continue;
		if (!add_row(w, q, span, r))
			return false;
		connected_us += coverage_us(&w->coverage[q->connection], span);
	}
	if (r->nrow)
		r->coverage = coverage_share(w->states_known, connected_us / (int64_t)r->nrow,
			span);
	return row_window_end(r);
}

/* Takes the accumulator of the oldest window, which is to close, out of the open ones. */
static void close_accumulator(struct stream_windows *w, struct stream_queue *q)
{
	struct accumulator **oldest = place_of(q, w->clock->index);

	accumulator_free(q->closed);
	q->closed = *oldest;
	w->nopen -= q->closed != NULL;
	*oldest = NULL;
}

/* Closes the oldest window, which ends at end_us, and returns it. */
static const struct row_window *close_oldest(struct stream_windows *w, int64_t end_us, bool cut)
{
	struct coverage_span span = { w->clock->from_us, end_us };
	struct row_window *r = &w->closed;

	for (size_t i = 0; i < w->nqueue; i++)
		close_accumulator(w, &w->queue[i]);
	if (!begin_rows(w, r))
		goto fail;
	r->source = "stream";
	r->members = 1u << ROW_QUEUE_ID | 1u << ROW_INTERVAL;
	if (queue_index_has_names(w->index))
		r->members |= 1u << ROW_QUEUE_NAME;
	r->has_labels = w->conf.labels != NULL;
	r->has_sketch = w->conf.sketch;
	r->shard = w->conf.shard;
	r->event_time = w->conf.time == TIME_EVENT;
	window_clock_label(w->clock, end_us, cut, r);
	if (!add_rows(w, span, r))
		goto fail;
	window_clock_next(w->clock);
	for (size_t i = 0; i < w->conf.nconnection; i++)
		coverage_advance(&w->coverage[i], window_clock_span(w->clock));
	return r;
fail:
	w->failed = true;
	return NULL;
}

int64_t stream_windows_due_us(const struct stream_windows *w)
{
	int64_t due_us = window_clock_due_us(w->clock);

	if (due_us == NO_TIME || w->conf.time == TIME_ARRIVAL)
		return due_us;
	return w->conf.replay ? NO_TIME : due_us + w->lateness_us;
}

const struct row_window *stream_windows_due(struct stream_windows *w, int64_t now_us)
{
	int64_t end_us = window_clock_due_us(w->clock), due_us = stream_windows_due_us(w);

	if (w->failed || end_us == NO_TIME)
		return NULL;
	if (end_us + w->lateness_us > w->newest_us && (due_us == NO_TIME || due_us > now_us))
		return NULL;
	return close_oldest(w, end_us, false);
}

const struct row_window *stream_windows_rest(struct stream_windows *w, int64_t at_us, bool cut)
{
	int64_t moment = w->newest_us != NO_TIME ? w->newest_us : at_us;
	int64_t latest = moment > at_us ? moment : at_us, start_us = w->clock->from_us;
	/* whether frames or, in a live run, the clock have reached the oldest window */
	bool begun = w->nopen || moment > start_us || (!w->conf.replay && latest >= start_us);

	if (w->failed || window_clock_due_us(w->clock) == NO_TIME || !begun)
		return NULL;
	if (w->conf.replay)	/* no more frames come, even if their timestamps are behind at_us */
		moment = latest;
	return close_oldest(w, window_clock_cut_us(w->clock, moment), cut);
}

bool stream_windows_failed(const struct stream_windows *w)
{
	return w->failed;
}

/* --- new and free ------------------------------------------------------------------- */

enum status stream_windows_new(struct stream_windows **out, const struct stream_windows_conf *conf,
	struct err *err)
{
	struct stream_windows *w = calloc(1, sizeof(*w));

	*out = w;
	if (!w)
		return err_nomem(err);
	w->conf = *conf;
	w->clock = conf->clock;
	w->index = conf->queues;
	w->newest_us = NO_TIME;
	w->lateness_us = conf->lateness_ms * US_PER_MS;
	w->coverage = calloc(conf->nconnection, sizeof(*w->coverage));
	if (!w->coverage)
		goto fail;
	for (size_t i = 0; i < conf->nqueue; i++)
		if (!stream_windows_watch(w, conf->queue[i]))
			goto fail;
	return ST_OK;
fail:
	stream_windows_free(w);
	*out = NULL;
	return err_nomem(err);
}

void stream_windows_free(struct stream_windows *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->nqueue; i++)
		queue_clear(&w->queue[i]);
	for (size_t i = 0; w->coverage && i < w->conf.nconnection; i++)
		coverage_free(&w->coverage[i]);
	free(w->coverage);
	free(w->queue);
	row_window_free(&w->closed);
	free(w);
}
