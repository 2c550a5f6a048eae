#include "run/pipeline.h"

#include <stdlib.h>

#include "output/side_file.h"
#include "source/recording.h"
#include "util/buf.h"
#include "util/slice.h"
#include "util/time.h"
#include "util/utf8.h"
#include "window/metric_types.h"
#include "window/notification.h"
#include "window/observation_query.h"
#include "window/stream_event.h"

#define OFF_MAX 255		/* differences kept for the median of a window */
#define AHEAD_MIN_US 1000000	/* a timestamp is not called early by less, see tell_clock */

/* How far the timestamps of what came since the last window closed are from its arrival. */
struct clocks {
	size_t n;		/* frames with a timestamp and an arrival */
	size_t noff;		/* of them: stale, or from the future */
	int64_t off_us[OFF_MAX];	/* arrival less timestamp of the first of those */
	bool told;
};

struct pipeline {
	struct pipeline_conf conf;
	struct sinks *flush;
	struct buf text;	/* lines of --rejects */
	struct clocks clocks;
	bool more;		/* windows are to be printed once the reader has taken some */
	/* the stream's */
	struct stream_events *frames;
	struct stream_windows *windows;
	/* the notification service's */
	struct notifications *notices;
	struct queue_windows *board;
	int64_t clock_us;	/* of bare notifications; NO_TIME: none has told an instant */
};

static void expect(void *board, const char *queue_id, struct slice media)
{
	queue_windows_expect(board, queue_id, media);
}

enum status pipeline_new(struct pipeline **out, const struct pipeline_conf *conf, struct err *err)
{
	struct pipeline *f = calloc(1, sizeof(*f));
	enum status st;

	*out = f;
	if (!f)
		return err_nomem(err);
	f->conf = *conf;
	f->clock_us = NO_TIME;
	f->flush = sinks_new(&conf->flush);
	if (!f->flush)
		return err_nomem(err);
	if (conf->notices) {
		f->notices = notifications_new();
		if (!f->notices)
			return err_nomem(err);
		st = queue_windows_new(&f->board, &conf->board, err);
		if (st == ST_OK)
			notifications_on_group(f->notices, expect, f->board);
		return st;
	}
	f->frames = stream_events_new(conf->metric, conf->nmetric, conf->nasked,
		conf->windows.outlier, conf->windows.noutlier);
	return f->frames ? stream_windows_new(&f->windows, &conf->windows, err) : err_nomem(err);
}

void pipeline_free(struct pipeline *f)
{
	if (!f)
		return;
	stream_windows_free(f->windows);
	stream_events_free(f->frames);
	queue_windows_free(f->board);
	notifications_free(f->notices);
	sinks_free(f->flush);
	buf_free(&f->text);
	free(f);
}

/* --- windows ------------------------------------------------------------------------- */

/* Whether nothing inside ran out of memory. */
static enum status healthy(const struct pipeline *f, enum status st, struct err *err)
{
	bool failed = f->board ? queue_windows_failed(f->board) : stream_windows_failed(f->windows);

	return st == ST_OK && failed ? err_nomem(err) : st;
}

static void count_clock(struct pipeline *f, int64_t at_us, int64_t stamp_us, bool stale)
{
	struct clocks *c = &f->clocks;

	if (at_us == NO_TIME)
		return;
	c->n++;
	if (!stale && stamp_us <= at_us)
		return;
	if (c->noff < OFF_MAX)
		c->off_us[c->noff] = at_us - stamp_us;
	c->noff++;
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Most of a window's frames are not of its time: probably our own clock is wrong. Timestamps
 * a little ahead are no reason to say so, as no two clocks agree to the millisecond. */
static void tell_clock(struct pipeline *f)
{
	struct clocks *c = &f->clocks;
	const size_t n = c->noff < OFF_MAX ? c->noff : OFF_MAX;
	int64_t median;

	if (c->told || !c->noff || c->noff <= c->n / 2)
		return;
	qsort(c->off_us, n, sizeof(c->off_us[0]), by_size);
	median = c->off_us[n / 2];
	if (median < 0 && median > -AHEAD_MIN_US)
		return;
	c->told = true;
	audit_events_doubt(f->conf.flush.report, "%zu of %zu frames in window %lld are %s: their "
		"timestamps are %.3f s %s the clock of %s (median). Is that clock right?",
		c->noff, c->n, (long long)pipeline_printed(f) - 1,
		median < 0 ? "from the future" : "stale",
		(double)(median < 0 ? -median : median) / 1e6, median < 0 ? "ahead of" : "behind",
		f->conf.replay ? "the machine that recorded them" : "this machine");
}

/* The service is asked for any name. One that it has not got would else look like a metric of
 * which nothing was told. */
static void tell_metrics(struct pipeline *f)
{
	const struct queue_windows_conf *conf = &f->conf.board;

	for (size_t i = 0; f->board && i < conf->npattern; i++) {
		const char *name = conf->pattern[i], *near;

		if (metric_types_know(name) || queue_windows_has_metric(f->board, name))
			continue;
		near = metric_types_nearest(name);
		audit_events_doubt(f->conf.flush.report,
			"--metric %.100s: nothing came of it, and it is "
			"no known metric%s%s%s",
			name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
}

static void window_closed(struct pipeline *f)
{
	tell_clock(f);
	f->clocks.n = f->clocks.noff = 0;
	if (pipeline_printed(f) == 1)
		tell_metrics(f);
}

static void tell_outliers(struct pipeline *f)
{
	const uint64_t n = audit_events_totals(f->conf.flush.report)->rejected[REJECT_OUTLIER];

	if (n && f->conf.default_outlier)
		audit_events_doubt(f->conf.flush.report,
			"%llu frame%s left out by the default rule "
			"--outlier '%s'; --outlier none keeps them",
			(unsigned long long)n, n == 1 ? " was" : "s were", f->conf.default_outlier);
}

static bool is_far_ahead(const struct pipeline *f)
{
	return f->conf.ahead && writer_waiting_bytes(f->conf.flush.out) > f->conf.ahead;
}

/* whole: the frame at hand is not to be placed before all of them are closed. */
static enum status print_due(struct pipeline *f, int64_t at_us, bool whole, struct err *err)
{
	const struct queue_window *b;
	const struct stream_window *w;
	enum status st = ST_OK;

	f->more = false;
	while (st == ST_OK && !sinks_ends_run(f->flush)) {
		f->more = !whole && is_far_ahead(f);
		if (f->more)
			break;
		if (f->windows && (w = stream_windows_due(f->windows, at_us)))
			st = sinks_window(f->flush, w, err);
		else if (f->board && (b = queue_windows_due(f->board, at_us)))
			st = sinks_board(f->flush, b, queue_windows_queues(f->board), err);
		else
			break;
		if (st == ST_OK)
			window_closed(f);
	}
	return healthy(f, st, err);
}

/* Once the time is over in which a message may still explain a difference. */
static void tell_resync(struct pipeline *f, int64_t at_us)
{
	uint64_t differences;

	if (f->board && queue_windows_resync_over(f->board, at_us, &differences))
		audit_events_resync(f->conf.flush.report, differences);
}

enum status pipeline_print_due(struct pipeline *f, int64_t at_us, struct err *err)
{
	tell_resync(f, at_us);
	return print_due(f, at_us, false, err);
}

enum status pipeline_print_rest(struct pipeline *f, int64_t at_us, bool cut, struct err *err)
{
	const struct queue_window *b;
	const struct stream_window *w;
	enum status st = ST_OK;

	f->more = false;
	while (st == ST_OK) {
		f->more = is_far_ahead(f);
		if (f->more)
			break;
		if (f->windows && (w = stream_windows_rest(f->windows, at_us, cut)))
			st = sinks_window(f->flush, w, err);
		else if (f->board && (b = queue_windows_rest(f->board, at_us, cut)))
			st = sinks_board(f->flush, b, queue_windows_queues(f->board), err);
		else
			break;
		if (st == ST_OK)
			window_closed(f);
	}
	return healthy(f, st, err);
}

enum status pipeline_end(struct pipeline *f, struct lines *warnings, struct err *err)
{
	if (pipeline_printed(f) > 1)
		tell_metrics(f);
	tell_outliers(f);
	tell_resync(f, INT64_MAX);
	return sinks_end(f->flush, warnings, err);
}

bool pipeline_has_more(const struct pipeline *f)
{
	return f->more;
}

int64_t pipeline_due_us(const struct pipeline *f)
{
	return f->board ? queue_windows_due_us(f->board) : stream_windows_due_us(f->windows);
}

bool pipeline_is_over(const struct pipeline *f)
{
	return sinks_ends_run(f->flush) || pipeline_has_all(f);
}

bool pipeline_has_all(const struct pipeline *f)
{
	return f->board ? queue_windows_all_printed(f->board)
			: stream_windows_all_printed(f->windows);
}

int64_t pipeline_printed(const struct pipeline *f)
{
	return f->board ? queue_windows_printed(f->board) : stream_windows_printed(f->windows);
}

int64_t pipeline_printed_end_us(const struct pipeline *f)
{
	return f->board ? queue_windows_printed_end_us(f->board)
			: stream_windows_printed_end_us(f->windows);
}

/* --- what is no update --------------------------------------------------------------- */

struct reject_at {
	enum audit_events_reject reason;
	const char *queue_id;	/* NULL: none is known */
	bool in_row;
	int64_t window;
	size_t queue;		/* where in_row */
	const char *detail;	/* NULL: none */
	const char *text;
	size_t len;
	int64_t at_us;
};

static void reject(struct pipeline *f, const struct reject_at *r)
{
	audit_events_reject(f->conf.flush.report, r->reason, r->queue_id,
		r->in_row ? r->queue : SIZE_MAX, r->detail);
	if (!f->conf.rejects)
		return;
	buf_clear(&f->text);
	recording_put_reject(&f->text, r->at_us, r->in_row, r->window, r->queue_id,
		audit_events_reject_name(r->reason), r->text, r->len);
	side_file_put(f->conf.rejects, &f->text);
}

static void take_binary(struct pipeline *f, const struct pipeline_message *m)
{
	struct reject_at r = { .reason = REJECT_BINARY, .text = m->text, .len = m->len,
		.at_us = m->at_us };

	audit_events_message(f->conf.flush.report);
	audit_events_frame(f->conf.flush.report, false);
	reject(f, &r);
}

/* --- the stream ---------------------------------------------------------------------- */

static struct reject_at frame_reject(const struct stream_event *frame,
	enum audit_events_reject reason, int64_t at_us)
{
	return (struct reject_at){
		.reason = reason,
		.queue_id = frame->kind == STREAM_EVENT_STATISTICS ? frame->queue_id : NULL,
		.detail = reason == REJECT_INVALID ? frame->invalid : NULL,
		.text = frame->text,
		.len = frame->text_len,
		.at_us = at_us
	};
}

static enum status place(struct pipeline *f, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	struct stream_window_place placed;
	struct reject_at r;
	enum verdict fate = frame->invalid == why_no_memory ? VERDICT_NO_MEMORY
		: stream_windows_place(f->windows, frame, m->socket, m->at_us, &placed);

	audit_events_frame(f->conf.flush.report,
		fate == VERDICT_ACCEPTED || fate == VERDICT_BEYOND);
	if (frame->has_time && fate != VERDICT_FOREIGN_QUEUE)
		count_clock(f, m->at_us, frame->time_us, fate == VERDICT_STALE);
	switch (fate) {
	case VERDICT_ACCEPTED:
	case VERDICT_BEYOND:
		if (m->at_us != NO_TIME)
			audit_events_lag(f->conf.flush.report, m->at_us - frame->time_us);
		break;
	case VERDICT_INVALID:
	case VERDICT_DUPLICATE:
	case VERDICT_STALE:
	case VERDICT_OUTLIER:
		r = frame_reject(frame, (enum audit_events_reject)fate, m->at_us);
		r.in_row = placed.in_row;
		r.window = placed.in_row ? placed.window : 0;
		r.queue = placed.queue;
		reject(f, &r);
		break;
	case VERDICT_FOREIGN_QUEUE:
		r = frame_reject(frame, REJECT_FOREIGN_QUEUE, m->at_us);
		reject(f, &r);
		break;
	case VERDICT_TOO_MANY_QUEUES:
		return err_set(err, ST_PROTOCOL, "the replay holds more than %zu queues; "
			"name the ones to watch", f->conf.windows.queue_max);
	case VERDICT_NO_MEMORY:
		return err_nomem(err);
	}
	return ST_OK;
}

static enum status take_frame(struct pipeline *f, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	static const enum audit_events_reject reasons[] = {
		[STREAM_EVENT_OTHER_EVENT] = REJECT_EVENT_TYPE,
		[STREAM_EVENT_NO_QUEUE] = REJECT_NO_QUEUE,
		[STREAM_EVENT_NOT_JSON] = REJECT_NOT_JSON
	};
	struct reject_at r;
	enum status st;

	if (frame->kind != STREAM_EVENT_STATISTICS) {
		audit_events_frame(f->conf.flush.report, false);
		r = frame_reject(frame, reasons[frame->kind], m->at_us);
		reject(f, &r);
		return ST_OK;
	}
	/* in event time the frame before may have closed a window */
	st = print_due(f, m->at_us, true, err);
	if (st != ST_OK || pipeline_is_over(f))
		return st;
	return place(f, frame, m, err);
}

static enum status take_frames(struct pipeline *f, const struct pipeline_message *m, bool *good,
	struct err *err)
{
	struct stream_event frame;
	enum status st = ST_OK;

	stream_events_begin(f->frames, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(f) && stream_events_next(f->frames, &frame)) {
		if (frame.kind == STREAM_EVENT_NOT_JSON && m->verbatim) {
			audit_events_broken_line(f->conf.flush.report, m->line, "not JSON");
			continue;
		}
		/* any message is a good line of a recording, of bare lines a frame alone */
		*good = *good || m->at_us != NO_TIME || frame.kind == STREAM_EVENT_STATISTICS;
		st = take_frame(f, &frame, m, err);
	}
	return st;
}

/* --- the notification service ---------------------------------------------------------- */

static enum status take_event(struct pipeline *f, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct reject_at r = { .reason = REJECT_INVALID, .detail = n->why, .text = n->text,
		.len = n->text_len, .at_us = m->at_us,
		.queue_id = n->queue_id[0] ? n->queue_id : NULL };
	enum queue_windows_verdict fate = n->why == why_no_memory ? QUEUE_WINDOWS_NO_MEMORY
		: queue_windows_take(f->board, n, m->socket, m->at_us, &r.window);

	audit_events_frame(f->conf.flush.report, fate == QUEUE_WINDOWS_ACCEPTED);
	if (n->instant_us != NO_TIME && fate != QUEUE_WINDOWS_FOREIGN_QUEUE)
		count_clock(f, m->at_us, n->instant_us, false);
	r.in_row = queue_windows_has_started(f->board) && fate != QUEUE_WINDOWS_FOREIGN_QUEUE
		&& r.queue_id;
	r.queue = r.in_row ? queue_windows_queue_number(f->board, r.queue_id) : 0;
	switch (fate) {
	case QUEUE_WINDOWS_ACCEPTED:
		if (n->instant_us != NO_TIME)
			audit_events_lag(f->conf.flush.report, m->at_us - n->instant_us);
		return ST_OK;
	case QUEUE_WINDOWS_NO_MEMORY:
		return err_nomem(err);
	case QUEUE_WINDOWS_TOO_MANY_QUEUES:
		return err_set(err, ST_PROTOCOL, "the replay holds more than %zu queues; "
			"name the ones to watch", f->conf.board.room);
	case QUEUE_WINDOWS_DUPLICATE:
		r.reason = REJECT_DUPLICATE;
		break;
	case QUEUE_WINDOWS_FOREIGN_QUEUE:
		r.reason = REJECT_FOREIGN_QUEUE;
		break;
	case QUEUE_WINDOWS_INVALID:
		break;
	}
	reject(f, &r);
	return ST_OK;
}

static enum status take_notice(struct pipeline *f, const struct notification *n,
	const struct pipeline_message *m, enum pipeline_told *told, struct err *err)
{
	struct reject_at r = { .reason = REJECT_NOT_JSON, .text = n->text, .len = n->text_len,
		.at_us = m->at_us };

	switch (n->kind) {
	case NOTIFICATION_EVENT:
	case NOTIFICATION_INVALID:
		return take_event(f, n, m, err);
	case NOTIFICATION_NOT_JSON:
		audit_events_frame(f->conf.flush.report, false);
		reject(f, &r);
		break;
	case NOTIFICATION_CLOSING:
		*told = PIPELINE_CLOSING;
		break;
	case NOTIFICATION_UNSUBSCRIBED:
		*told = PIPELINE_UNSUBSCRIBED;
		break;
	case NOTIFICATION_REVOKED:
		*told = PIPELINE_REVOKED;
		break;
	case NOTIFICATION_HEARTBEAT:	/* life, which any message is */
	case NOTIFICATION_PONG:
	case NOTIFICATION_OTHER:
		break;
	}
	return ST_OK;
}

/* The first instant of all: for want of any other word the service counts as connected from
 * then on. */
static enum status begin_bare(struct pipeline *f, int64_t at_us, struct err *err)
{
	f->clock_us = at_us;
	queue_windows_untimed(f->board);
	if (!queue_windows_socket(f->board, 0, SOCKET_CONNECTED, at_us))
		return err_nomem(err);
	queue_windows_start(f->board, at_us);
	return ST_OK;
}

/*
 * A notification without the moment when it came, as `gc notifications channels listen` prints
 * them: the clock is the last instant that any has told.
 */
static enum status take_bare(struct pipeline *f, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_message timed = *m;
	struct notification event = *n;
	struct reject_at r = { .reason = REJECT_INVALID, .text = n->text, .len = n->text_len,
		.at_us = NO_TIME, .queue_id = n->queue_id[0] ? n->queue_id : NULL,
		.detail = n->why ? n->why : "no instant was told before it" };
	enum pipeline_told told;
	enum status st = ST_OK;

	if (n->why == why_no_memory)
		return err_nomem(err);
	if (n->kind != NOTIFICATION_EVENT && n->kind != NOTIFICATION_INVALID)
		return take_notice(f, n, m, &told, err);
	if (n->instant_us != NO_TIME && f->clock_us == NO_TIME)
		st = begin_bare(f, n->instant_us, err);
	else if (n->instant_us > f->clock_us)
		f->clock_us = n->instant_us;
	if (st == ST_OK && f->clock_us == NO_TIME) {
		audit_events_frame(f->conf.flush.report, false);
		reject(f, &r);
		return ST_OK;
	}
	/* that clock tells no lag */
	event.instant_us = NO_TIME;
	timed.at_us = f->clock_us;
	if (st == ST_OK)
		st = print_due(f, f->clock_us, true, err);
	return st != ST_OK || pipeline_is_over(f) ? st : take_event(f, &event, &timed, err);
}

static enum status take_notices(struct pipeline *f, const struct pipeline_message *m, bool *good,
	enum pipeline_told *told, struct err *err)
{
	struct notification n;
	enum status st = ST_OK;

	notifications_begin(f->notices, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(f) && notifications_next(f->notices, &n)) {
		if (n.kind == NOTIFICATION_NOT_JSON && m->verbatim) {
			audit_events_broken_line(f->conf.flush.report, m->line, "not JSON");
			continue;
		}
		*good = true;
		st = m->at_us == NO_TIME ? take_bare(f, &n, m, err)
			: take_notice(f, &n, m, told, err);
	}
	return st;
}

static bool put_presence(void *arg, struct slice id, struct slice name)
{
	return queue_windows_presence(arg, id, name);
}

enum status pipeline_snapshot(struct pipeline *f, const struct pipeline_answer *a, bool *good,
	struct err *err)
{
	struct notification n;

	observation_query_begin(f->notices, a->text, a->len);
	*good = observation_query_is_complete(f->notices);
	if (!*good || !queue_windows_snapshot_begin(f->board, a->asked, a->resync, a->asked_us))
		return ST_OK;
	if (!observation_query_presences(f->notices, a->text, a->len, put_presence, f->board))
		*good = false;
	observation_query_begin(f->notices, a->text, a->len);
	while (observation_query_next(f->notices, &n)) {
		for (size_t i = 0; i < n.nvalue; i++)
			if (n.value[i].kind == VALUE_START)
				count_clock(f, a->at_us, n.value[i].us, false);
		if (queue_windows_snapshot_take(f->board, &n, a->asked_us, a->at_us)
			== QUEUE_WINDOWS_INVALID)
			*good = false;
	}
	if (notifications_failed(f->notices))
		return err_nomem(err);
	queue_windows_snapshot_end(f->board, a->asked_us, a->at_us);
	return healthy(f, ST_OK, err);
}

bool pipeline_was_answered(const struct pipeline *f, size_t queue)
{
	return queue_windows_was_answered(f->board, queue);
}

void pipeline_refuse(struct pipeline *f, const char *queue_id)
{
	queue_windows_refuse(f->board, queue_id);
}

void pipeline_interval(struct pipeline *f, const char *text, size_t len)
{
	if (!f->conf.notices)
		stream_windows_interval(f->windows, text, len);
}

void pipeline_start(struct pipeline *f, int64_t at_us)
{
	queue_windows_start(f->board, at_us);
}

/* --- both ----------------------------------------------------------------------------- */

enum status pipeline_socket(struct pipeline *f, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err)
{
	bool ok = true;

	if (f->board)
		ok = queue_windows_socket(f->board, socket, state, at_us);
	else if (state == SOCKET_CONNECTED)
		stream_windows_connected(f->windows, socket, at_us);
	else
		ok = stream_windows_lost(f->windows, socket, at_us);
	if (ok && f->board && f->conf.starts_connected && state == SOCKET_CONNECTED)
		queue_windows_start(f->board, at_us);
	return ok ? ST_OK : err_nomem(err);
}

enum status pipeline_stalled(struct pipeline *f, int64_t from_us, int64_t until_us, struct err *err)
{
	bool ok = f->board ? queue_windows_stalled(f->board, from_us, until_us)
		: stream_windows_stalled(f->windows, from_us, until_us);

	return ok ? ST_OK : err_nomem(err);
}

enum status pipeline_restart(struct pipeline *f, const char *const *queue, size_t n,
	struct err *err)
{
	struct queue_windows_conf *conf = &f->conf.board;
	struct queue_windows *board;
	enum status st;

	if (f->windows) {
		stream_windows_restart(f->windows);
		return ST_OK;
	}
	conf->queue = queue;
	conf->nqueue = n;
	conf->first = queue_windows_printed(f->board);
	st = queue_windows_new(&board, conf, err);
	if (st != ST_OK)
		return st;
	queue_windows_free(f->board);
	f->board = board;
	f->clock_us = NO_TIME;
	notifications_on_group(f->notices, expect, board);
	for (size_t i = 0; i < n; i++)
		queue_windows_refuse(board, queue[i]);
	return ST_OK;
}

bool pipeline_watch(struct pipeline *f, const char *queue_id)
{
	return f->board ? queue_windows_watch(f->board, queue_id)
		: stream_windows_watch(f->windows, queue_id);
}

const char *pipeline_queue_id(const struct pipeline *f, size_t queue)
{
	return f->board ? queue_windows_queue_id(f->board, queue) : NULL;
}

void pipeline_names(struct pipeline *f, const char *const *name)
{
	sinks_names(f->flush, name);
}

int64_t pipeline_clock_us(const struct pipeline *f)
{
	return f->clock_us;
}

enum status pipeline_take(struct pipeline *f, const struct pipeline_message *m, bool *good,
	enum pipeline_told *told, struct err *err)
{
	enum status st;

	*told = PIPELINE_NOTHING;
	*good = !m->verbatim;
	if (m->binary) {
		*good = true;
		take_binary(f, m);
		return ST_OK;
	}
	/* live, the socket has seen to that */
	if (m->line && !utf8_valid(m->text, m->len)) {
		*good = false;
		audit_events_broken_line(f->conf.flush.report, m->line, "not UTF-8");
		return ST_OK;
	}
	st = f->board ? take_notices(f, m, good, told, err) : take_frames(f, m, good, err);
	if (*good)
		audit_events_message(f->conf.flush.report);
	return st;
}
