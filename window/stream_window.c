#include "window/stream_window.h"

#include "util/time.h"
#include "window/accumulator.h"
#include "window/coverage.h"
#include "window/queue_index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_WINDOWS_AHEAD 10000	/* a timestamp further ahead of the newest is invalid */
#define INTERVAL_TEXT_MAX 32

struct stream_queue {
	char interval[INTERVAL_TEXT_MAX];	/* of its first frame; empty: none */
	size_t stream;
	int64_t first_window;		/* it has rows from this window on */
	bool watched;			/* it is in the list of queues, if there is one */
	bool has_last, resumed;
	int64_t last_us;		/* timestamp of the last accepted frame */
	int64_t resume_us;		/* of the last frame accepted before the stream was lost */
};

/* A window in which something was counted; the others need no memory. */
struct open_window {
	int64_t index;
	struct accumulator **acc;	/* by queue; NULL: nothing came */
	size_t nacc;
};

struct stream_windows {
	struct stream_windows_conf conf;
	int64_t length_us, lateness_us;
	bool started;
	bool states_known;	/* so coverage is known */
	bool failed;
	int64_t base_us;	/* where window 0 begins */
	int64_t oldest;		/* index of the oldest open window: so many are printed */
	bool has_newest;
	int64_t newest_us;	/* newest accepted timestamp: the watermark */
	struct open_window *open;	/* by index, from oldest on */
	size_t nopen, capopen;
	struct queue_index index;	/* the queues' IDs, by number */
	struct stream_queue *queue;
	size_t nqueue, capqueue;
	struct coverage *coverage;	/* by stream */
	int64_t *connected_us;	/* by stream, in the window that is being closed */
	char interval[INTERVAL_TEXT_MAX];	/* of the recording; empty: none */
	struct row_window closed;	/* the caller has borrowed it, and the member below */
	struct open_window closing;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t start_us(const struct stream_windows *w, int64_t index)
{
	return w->base_us + index * w->length_us;
}

static int64_t end_us(const struct stream_windows *w, int64_t index)
{
	return start_us(w, index + 1);
}

static struct coverage_span oldest_span(const struct stream_windows *w)
{
	return (struct coverage_span){ start_us(w, w->oldest), end_us(w, w->oldest) };
}

static int64_t index_of(const struct stream_windows *w, int64_t us)
{
	return floor_div(us - w->base_us, w->length_us);
}

/* --- queues ------------------------------------------------------------------------- */

static struct stream_queue *queue_find(const struct stream_windows *w, const char *id)
{
	size_t number = queue_index_find(&w->index, id);

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
	if (!queue_index_add(&w->index, id))
		return NULL;
	q = &w->queue[w->nqueue++];
	*q = (struct stream_queue){ .first_window = first_window };
	return q;
}

/* --- open windows -------------------------------------------------------------------- */

static void open_free(struct open_window *o)
{
	for (size_t i = 0; i < o->nacc; i++)
		accumulator_free(o->acc[i]);
	free(o->acc);
	memset(o, 0, sizeof(*o));
}

/* The place of a window among the open ones, or where it would be inserted. */
static size_t open_place(const struct stream_windows *w, int64_t index)
{
	size_t at = w->nopen;

	while (at > 0 && w->open[at - 1].index >= index)
		at--;
	return at;
}

static struct accumulator *find_accumulator(const struct stream_windows *w, int64_t index,
	const struct stream_queue *q)
{
	size_t at = open_place(w, index), number = (size_t)(q - w->queue);

	if (at == w->nopen || w->open[at].index != index || number >= w->open[at].nacc)
		return NULL;
	return w->open[at].acc[number];
}

static struct open_window *open_make(struct stream_windows *w, int64_t index)
{
	size_t at = open_place(w, index);

	if (at < w->nopen && w->open[at].index == index)
		return &w->open[at];
	if (w->nopen == w->capopen) {
		size_t cap = w->capopen ? 2 * w->capopen : 8;
		struct open_window *o = reallocarray(w->open, cap, sizeof(*o));

		if (!o)
			return NULL;
		w->open = o;
		w->capopen = cap;
	}
	memmove(&w->open[at + 1], &w->open[at], (w->nopen - at) * sizeof(*w->open));
	w->nopen++;
	w->open[at] = (struct open_window){ .index = index };
	return &w->open[at];
}

/* The accumulator of a queue in a window, made if there is none; NULL: out of memory. */
static struct accumulator *make_accumulator(struct stream_windows *w, int64_t index,
	const struct stream_queue *q)
{
	size_t number = (size_t)(q - w->queue);
	struct open_window *o = open_make(w, index);

	if (!o)
		return NULL;
	if (number >= o->nacc) {
		struct accumulator **acc = reallocarray(o->acc, w->nqueue,
			sizeof(struct accumulator *));

		if (!acc)
			return NULL;
		memset(acc + o->nacc, 0, (w->nqueue - o->nacc) * sizeof(struct accumulator *));
		o->acc = acc;
		o->nacc = w->nqueue;
	}
	if (!o->acc[number])
		o->acc[number] = calloc(1, sizeof(struct accumulator));
	return o->acc[number];
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

/* Whether a timestamp must be wrong: in event time it would open windows without end. */
static bool is_too_far_ahead(const struct stream_windows *w, int64_t time_us, int64_t arrival_us)
{
	int64_t from;

	if (w->conf.time != TIME_EVENT)
		return false;
	if (!w->conf.replay)
		return time_us > arrival_us + w->lateness_us;
	if (!w->started)
		return false;
	from = index_of(w, w->has_newest ? w->newest_us : w->base_us);
	return index_of(w, time_us) - from > REPLAY_WINDOWS_AHEAD;
}

/* The window of the frame's timestamp or arrival; it may be closed already. */
static int64_t own_window(const struct stream_windows *w, const struct stream_event *frame)
{
	int64_t index;

	if (w->conf.time == TIME_ARRIVAL)
		return w->oldest;
	index = index_of(w, frame->time_us);
	if (index < 0 && !w->conf.replay && w->base_us - frame->time_us <= w->lateness_us)
		return 0;
	return index;
}

static bool is_stale(const struct stream_windows *w, const struct stream_event *frame, int64_t own)
{
	if (w->conf.time == TIME_EVENT)
		return own < w->oldest;
	return frame->time_us < start_us(w, w->oldest) - w->lateness_us;
}

/* In event time a window has begun once a timestamp is in it, or the clock of a live run. */
static bool has_begun(const struct stream_windows *w, int64_t index, int64_t arrival_us)
{
	if (index <= w->oldest)
		return true;
	if (w->has_newest && start_us(w, index) <= w->newest_us)
		return true;
	return !w->conf.replay && start_us(w, index) <= arrival_us;
}

static void windows_start(struct stream_windows *w, int64_t at_us)
{
	int64_t unit = w->conf.align ? w->length_us : US_PER_MS;

	w->base_us = floor_div(at_us, unit) * unit - w->oldest * w->length_us;
	w->started = true;
	for (size_t i = 0; i < w->conf.nstream; i++)
		coverage_advance(&w->coverage[i], oldest_span(w));
}

/* The first frame begins window 0 if nothing else did: in a replay by arrival without states, or by
 * event time. */
static void start_by_frame(struct stream_windows *w, const struct stream_event *frame,
	int64_t arrival_us)
{
	if (w->started)
		return;
	if (w->conf.time == TIME_ARRIVAL)
		windows_start(w, arrival_us);
	else if (!frame->invalid && frame->has_time)
		windows_start(w, frame->time_us);
}

static bool is_past_count(const struct stream_windows *w, int64_t index)
{
	return w->conf.count && index >= (int64_t)w->conf.count;
}

/* Counts a rejected frame in its own window if that is open, else in the oldest one. */
static enum verdict reject(struct stream_windows *w, struct stream_queue *q, enum verdict verdict,
	int64_t own, int64_t arrival_us, struct stream_window_place *placed)
{
	struct accumulator *acc;

	if (own < w->oldest || !has_begun(w, own, arrival_us))
		own = w->oldest;
	if (is_past_count(w, own))
		return verdict;
	acc = make_accumulator(w, own, q);
	if (!acc) {
		w->failed = true;
		return VERDICT_NO_MEMORY;
	}
	acc->rejected[verdict]++;
	q->first_window = min_i64(q->first_window, own);
	*placed = (struct stream_window_place){ own, true, (size_t)(q - w->queue) };
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
	int64_t arrival_us, struct stream_window_place *placed)
{
	struct accumulator *acc;

	q->last_us = frame->time_us;
	q->has_last = true;
	if (!w->has_newest || frame->time_us > w->newest_us) {
		w->newest_us = frame->time_us;
		w->has_newest = true;
	}
	if (!q->interval[0] && frame->interval && strlen(frame->interval) < INTERVAL_TEXT_MAX)
		memcpy(q->interval, frame->interval, strlen(frame->interval) + 1);
	if (is_past_count(w, own))
		return VERDICT_BEYOND;
	acc = make_accumulator(w, own, q);
	if (!acc || !accumulator_accept(acc, frame, slot, arrival_us)) {
		w->failed = true;
		return VERDICT_NO_MEMORY;
	}
	q->first_window = min_i64(q->first_window, own);
	*placed = (struct stream_window_place){ own, true, (size_t)(q - w->queue) };
	return VERDICT_ACCEPTED;
}

/* NULL: *verdict says why the queue has no rows. */
static struct stream_queue *add_new_queue(struct stream_windows *w,
	const struct stream_event *frame, bool invalid, int64_t own, enum verdict *verdict)
{
	struct stream_queue *q;

	*verdict = VERDICT_INVALID;
	if (invalid)
		return NULL;
	*verdict = VERDICT_TOO_MANY_QUEUES;
	if (w->nqueue == w->conf.queue_max)
		return NULL;
	q = queue_add(w, frame->queue_id, max_i64(own, w->oldest));
	*verdict = VERDICT_NO_MEMORY;
	return q;
}

enum verdict stream_windows_place(struct stream_windows *w, const struct stream_event *frame,
	size_t stream, int64_t arrival_us, struct stream_window_place *placed)
{
	int slot[FIELD_MAX];
	struct stream_queue *q = queue_find(w, frame->queue_id);
	enum verdict verdict;
	int64_t own;
	bool no_time, fits;

	*placed = (struct stream_window_place){ 0, false, 0 };
	if (w->conf.nqueue && !(q && q->watched))
		return VERDICT_FOREIGN_QUEUE;
	start_by_frame(w, frame, arrival_us);
	if (!w->started)	/* invalid, and no time is known yet: in no row */
		return VERDICT_INVALID;
	no_time = !frame->has_time || is_too_far_ahead(w, frame->time_us, arrival_us);
	own = no_time ? w->oldest : own_window(w, frame);
	fits = !no_time && !frame->invalid
		&& accumulator_fits(q ? find_accumulator(w, own, q) : NULL, frame, slot);
	if (!q && !(q = add_new_queue(w, frame, !fits, own, &verdict)))
		return verdict;
	q->stream = stream;
	if (!fits)
		return reject(w, q, VERDICT_INVALID, own, arrival_us, placed);
	verdict = judge(w, q, frame, own);
	if (verdict != VERDICT_ACCEPTED)
		return reject(w, q, verdict, own, arrival_us, placed);
	return accept(w, q, frame, own, slot, arrival_us, placed);
}

/* --- states ------------------------------------------------------------------------- */

/* What was printed does not change: a state cannot reach back behind it. */
static int64_t not_before_printed(const struct stream_windows *w, int64_t at_us)
{
	return w->started && w->oldest > 0 ? max_i64(at_us, start_us(w, w->oldest)) : at_us;
}

void stream_windows_interval(struct stream_windows *w, const char *text, size_t len)
{
	if (len >= INTERVAL_TEXT_MAX)
		return;
	memcpy(w->interval, text, len);
	w->interval[len] = '\0';
}

void stream_windows_connected(struct stream_windows *w, size_t stream, int64_t at_us)
{
	struct coverage *c = &w->coverage[stream];

	w->states_known = true;
	if (c->up)
		return;
	if (!w->started && !(w->conf.replay && w->conf.time == TIME_EVENT)) {
		at_us = floor_div(at_us, US_PER_MS) * US_PER_MS;
		windows_start(w, at_us);
	}
	coverage_up(c, not_before_printed(w, at_us));
	for (size_t i = 0; c->was_lost && i < w->nqueue; i++) {
		struct stream_queue *q = &w->queue[i];

		if (q->stream == stream && q->has_last) {
			q->resumed = true;
			q->resume_us = q->last_us;
		}
	}
}

bool stream_windows_lost(struct stream_windows *w, size_t stream, int64_t at_us)
{
	struct coverage *c = &w->coverage[stream];

	w->states_known = true;
	if (!c->up)
		return true;
	if (coverage_down(c, not_before_printed(w, at_us), oldest_span(w)))
		return true;
	w->failed = true;
	return false;
}

bool stream_windows_stalled(struct stream_windows *w, int64_t from_us, int64_t until_us)
{
	for (size_t i = 0; i < w->conf.nstream; i++)
		w->failed = !coverage_skip(&w->coverage[i],
				    (struct coverage_span){ from_us, until_us }, oldest_span(w))
			|| w->failed;
	return !w->failed;
}

void stream_windows_restart(struct stream_windows *w)
{
	w->started = w->states_known = w->has_newest = false;
	w->interval[0] = '\0';
	for (size_t i = 0; i < w->nqueue; i++)
		w->queue[i] = (struct stream_queue){ .first_window = INT64_MAX };
	for (size_t i = 0; i < w->conf.nstream; i++)
		coverage_free(&w->coverage[i]);
}

bool stream_windows_watch(struct stream_windows *w, const char *queue_id)
{
	struct stream_queue *q = queue_find(w, queue_id);

	if (!q)
		q = queue_add(w, queue_id, w->oldest);
	if (!q)
		return false;
	q->watched = true;
	q->first_window = min_i64(q->first_window, w->oldest);
	return true;
}

/* --- closing ------------------------------------------------------------------------ */

/* Cut to 1/10000; NaN: not known. */
static double coverage(const struct stream_windows *w, int64_t connected_us, int64_t length_us)
{
	if (!w->states_known)
		return NAN;
	return (double)(connected_us * 10000 / length_us) / 10000;	/* a day at most: fits */
}

static const char *interval_of(const struct stream_windows *w, const struct stream_queue *q)
{
	return w->conf.interval ? w->conf.interval : w->interval[0] ? w->interval
		: q->interval[0] ? q->interval : NULL;
}

/* acc NULL: nothing came. */
static bool add_row(const struct stream_windows *w, const struct stream_queue *q,
	struct accumulator *acc, int64_t length_us, struct row_window *r)
{
	size_t number = (size_t)(q - w->queue);
	struct row row = {
		.queue = number,
		.queue_id = queue_index_id(&w->index, number),
		.interval = interval_of(w, q),
		.coverage = coverage(w, w->connected_us[q->stream], length_us)
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
			acc->field[i]->path, &acc->field[i]->sample);
	return ok && row_window_set_lag(r, &acc->lag_us);
}

static bool begin_rows(const struct stream_windows *w, struct row_window *r)
{
	size_t nseries = 0;

	for (size_t i = 0; i < w->closing.nacc; i++)
		if (w->closing.acc[i])
			nseries += w->closing.acc[i]->nfield;
	return row_window_begin(r, w->nqueue, nseries);
}

static bool add_rows(const struct stream_windows *w, int64_t length_us, struct row_window *r)
{
	const struct open_window *o = &w->closing;
	int64_t connected_us = 0;

	for (size_t i = 0; i < w->nqueue; i++) {
		const struct stream_queue *q = &w->queue[i];

		if (q->first_window > w->oldest)
			continue;
		if (!add_row(w, q, i < o->nacc ? o->acc[i] : NULL, length_us, r))
			return false;
		connected_us += w->connected_us[q->stream];
	}
	if (r->nrow)
		r->coverage = coverage(w, connected_us / (int64_t)r->nrow, length_us);
	return row_window_end(r);
}

/* Hands out the oldest window, ending at end (µs), and goes on to the next. */
static const struct row_window *close_oldest(struct stream_windows *w, int64_t end, bool partial)
{
	struct row_window *r = &w->closed;
	int64_t start = start_us(w, w->oldest);

	open_free(&w->closing);
	if (w->nopen && w->open[0].index == w->oldest) {
		w->closing = w->open[0];
		memmove(&w->open[0], &w->open[1], --w->nopen * sizeof(*w->open));
	}
	for (size_t i = 0; i < w->conf.nstream; i++)
		w->connected_us[i] = coverage_us(&w->coverage[i],
			(struct coverage_span){ start, end });
	if (!begin_rows(w, r))
		goto fail;
	r->source = "stream";
	r->has_interval = true;
	r->event_time = w->conf.time == TIME_EVENT;
	r->index = w->oldest;
	r->start_ms = start / US_PER_MS;
	r->end_ms = end / US_PER_MS;
	r->partial = partial;
	if (!add_rows(w, end - start, r))
		goto fail;
	w->oldest++;
	for (size_t i = 0; i < w->conf.nstream; i++)
		coverage_advance(&w->coverage[i], oldest_span(w));
	return r;
fail:
	w->failed = true;
	return NULL;
}

bool stream_windows_all_printed(const struct stream_windows *w)
{
	return is_past_count(w, w->oldest);
}

static bool is_due(const struct stream_windows *w, int64_t now_us)
{
	int64_t end = end_us(w, w->oldest);

	if (w->conf.time == TIME_ARRIVAL)
		return end <= now_us;
	end += w->lateness_us;
	return (w->has_newest && end <= w->newest_us) || (!w->conf.replay && end <= now_us);
}

const struct row_window *stream_windows_due(struct stream_windows *w, int64_t now_us)
{
	if (!w->started || w->failed || stream_windows_all_printed(w) || !is_due(w, now_us))
		return NULL;
	return close_oldest(w, end_us(w, w->oldest), false);
}

int64_t stream_windows_due_us(const struct stream_windows *w)
{
	if (!w->started || stream_windows_all_printed(w))
		return NO_TIME;
	if (w->conf.time == TIME_ARRIVAL)
		return end_us(w, w->oldest);
	return w->conf.replay ? NO_TIME : end_us(w, w->oldest) + w->lateness_us;
}

/* The newest moment: of the timestamps in event time, else of the clock. */
static int64_t last_moment_us(const struct stream_windows *w, int64_t at_us)
{
	return w->conf.time == TIME_EVENT && w->has_newest ? w->newest_us : at_us;
}

/* Whether the input, or the clock of a live run, has reached the oldest window. */
static bool oldest_has_begun(const struct stream_windows *w, int64_t at_us)
{
	int64_t moment = last_moment_us(w, at_us), start = start_us(w, w->oldest);

	return w->nopen || moment > start || (!w->conf.replay && start <= max_i64(moment, at_us));
}

const struct row_window *stream_windows_rest(struct stream_windows *w, int64_t at_us, bool cut)
{
	int64_t start, end, moment = last_moment_us(w, at_us);

	if (!w->started || w->failed || stream_windows_all_printed(w)
		|| !oldest_has_begun(w, at_us))
		return NULL;
	start = start_us(w, w->oldest);
	if (w->conf.replay)	/* all frames are there, even if their timestamps are behind */
		moment = max_i64(moment, at_us);
	moment = floor_div(max_i64(moment, start), US_PER_MS) * US_PER_MS;
	end = min_i64(end_us(w, w->oldest), max_i64(moment, start + US_PER_MS));
	return close_oldest(w, end, cut || end < end_us(w, w->oldest));
}

int64_t stream_windows_printed(const struct stream_windows *w)
{
	return w->oldest;
}

int64_t stream_windows_printed_end_us(const struct stream_windows *w)
{
	return w->started && w->oldest > 0 ? start_us(w, w->oldest) : NO_TIME;
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
	w->length_us = conf->length_ms * US_PER_MS;
	w->lateness_us = conf->lateness_ms * US_PER_MS;
	w->coverage = calloc(conf->nstream, sizeof(*w->coverage));
	w->connected_us = calloc(conf->nstream, sizeof(*w->connected_us));
	if (!w->coverage || !w->connected_us)
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
	for (size_t i = 0; i < w->nopen; i++)
		open_free(&w->open[i]);
	open_free(&w->closing);
	for (size_t i = 0; w->coverage && i < w->conf.nstream; i++)
		coverage_free(&w->coverage[i]);
	free(w->coverage);
	free(w->connected_us);
	free(w->open);
	free(w->queue);
	queue_index_free(&w->index);
	row_window_free(&w->closed);
	free(w);
}
