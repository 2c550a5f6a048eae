/*
 * The pipeline of the stream: a message has one or more frames, and each frame is placed in a
 * window by its timestamp or its arrival.
 */
#include "message/metric_types.h"
#include "message/stream_event.h"
#include "run/pipeline_state.h"
#include "util/text.h"
#include "util/time.h"
#include "window/stream_window.h"

struct stream_pipeline {
	struct pipeline base;	/* must be first */
	struct stream_events *events;
	struct stream_windows *windows;
	bool has_frame;			/* a valid one */
	bool has_field[FILTERS_MAX];	/* of that rule of --outlier: a valid frame had it */
};

static struct stream_pipeline *stream_of(struct pipeline *p)
{
	return (struct stream_pipeline *)p;
}

static struct stream_windows *windows_of(const struct pipeline *p)
{
	return ((const struct stream_pipeline *)p)->windows;
}

static enum status open_source(struct pipeline *p, struct err *err)
{
	struct stream_pipeline *sp = stream_of(p);
	const struct pipeline_conf *conf = &p->conf;

	sp->events = stream_events_new(conf->metric, conf->nmetric, conf->nasked,
		conf->stream_windows.outlier, conf->stream_windows.noutlier);
	return sp->events ? stream_windows_new(&sp->windows, &conf->stream_windows, err)
		: err_nomem(err);
}

static void close_source(struct pipeline *p)
{
	stream_windows_free(windows_of(p));
	stream_events_free(stream_of(p)->events);
}

static bool has_failed(const struct pipeline *p)
{
	return stream_windows_failed(windows_of(p));
}

/* --- fields of --outlier --------------------------------------------------------------- */

static bool has_field(const struct filter *f, const struct stream_event_leaf *leaf, size_t n)
{
	for (; n > 0; leaf++, n--)
		if (filter_names(f, leaf->metric, leaf->path, leaf->path_len))
			return true;
	return false;
}

/* Notes which fields of the rules that the user gave exist. */
static void note_fields(struct pipeline *p, const struct stream_event *frame)
{
	const struct stream_windows_conf *conf = &p->conf.stream_windows;
	struct stream_pipeline *sp = stream_of(p);

	if (p->conf.default_outlier || frame->invalid)
		return;
	sp->has_frame = true;
	for (size_t i = 0; i < conf->noutlier; i++)
		sp->has_field[i] = sp->has_field[i]
			|| has_field(&conf->outlier[i], frame->leaf, frame->nleaf)
			|| has_field(&conf->outlier[i], frame->filtered, frame->nfiltered);
}

/* The documented numbers of a metric, of which some may be missing in all frames of a run. */
static size_t known_fields(const char *metric, const char *const **field)
{
	const struct metric_doc *doc;
	size_t i = 0, n = 0;

	do
		doc = metric_types_doc(i++);
	while (strcmp(doc->name.s, metric) != 0);
	*field = doc->fields;
	while (n < ARRAY_LEN(doc->fields) && doc->fields[n] && strcmp(doc->fields[n], "FIELD") != 0)
		n++;
	return n;
}

/* The stream may send any field. Without a warning a misspelt one would look like a rule that never
 * held. */
static void check_fields(struct pipeline *p)
{
	const struct filter *f = p->conf.stream_windows.outlier;

	for (size_t i = 0; stream_of(p)->has_frame && i < p->conf.stream_windows.noutlier; i++) {
		const char *metric = p->conf.metric[f[i].metric], *near, *const *field;
		const size_t n = known_fields(metric, &field);
		bool known = stream_of(p)->has_field[i];

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(field[k], f[i].path) == 0;
		if (known)
			continue;
		near = text_nearest_word(f[i].path, field, n);
		audit_events_doubt(p->events, "--outlier: no frame had %s.%.100s, so this rule "
			"dropped none%s%s%s", metric, f[i].path, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
	}
}

/* --- messages ------------------------------------------------------------------------ */

static struct pipeline_reject frame_reject(const struct stream_event *frame, int64_t at_us)
{
	return (struct pipeline_reject){
		.queue_id = frame->kind == STREAM_EVENT_STATISTICS ? frame->queue_id : NULL,
		.text = frame->text,
		.len = frame->text_len,
		.at_us = at_us
	};
}

static enum status place(struct pipeline *p, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_reject r = frame_reject(frame, m->at_us);
	enum verdict verdict = frame->invalid == why_no_memory ? VERDICT_NO_MEMORY
		: stream_windows_place(windows_of(p), frame, m->socket, m->at_us, &r.place);
	bool accepted = verdict == VERDICT_ACCEPTED || verdict == VERDICT_BEYOND;

	if (verdict == VERDICT_OTHER_SHARD)
		return ST_OK;
	totals_frame(p->totals, accepted);
	note_fields(p, frame);
	if (frame->has_time && verdict != VERDICT_FOREIGN_QUEUE)
		clock_check_add(&p->clock_check, m->at_us, frame->time_us,
			verdict == VERDICT_STALE);
	if (accepted && m->at_us != NO_TIME)
		totals_lag(p->totals, m->at_us - frame->time_us);
	r.detail = verdict == VERDICT_INVALID ? frame->invalid : NULL;
	return pipeline_verdict(p, verdict, &r, err);
}

static enum status take_frame(struct pipeline *p, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	static const enum reject reasons[] = {
		[STREAM_EVENT_OTHER_EVENT] = REJECT_EVENT_TYPE,
		[STREAM_EVENT_NO_QUEUE] = REJECT_NO_QUEUE,
		[STREAM_EVENT_NOT_JSON] = REJECT_NOT_JSON
	};
	struct pipeline_reject r;
	enum status st;

	if (frame->kind != STREAM_EVENT_STATISTICS) {
		totals_frame(p->totals, false);
		r = frame_reject(frame, m->at_us);
		r.reason = reasons[frame->kind];
		pipeline_reject(p, &r);
		return ST_OK;
	}
	/* in event time the timestamp of the previous frame may have ended a window */
	st = pipeline_print_before(p, m->at_us, err);
	if (st != ST_OK || pipeline_is_over(p))
		return st;
	return place(p, frame, m, err);
}

static enum status take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	enum notification_kind *control, struct err *err)
{
	struct stream_events *events = stream_of(p)->events;
	struct stream_event frame;
	enum status st = ST_OK;

	(void)control;	/* the stream sends no messages about the connection */
	stream_events_begin(events, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(p)
	       && stream_events_next(events, &frame)) {
		if (frame.kind == STREAM_EVENT_NOT_JSON && m->verbatim) {
			audit_events_broken_line(p->events, m->line, "not JSON");
			continue;
		}
		/* a line without `at` counts as readable only if it is a frame of statistics */
		*good = *good || m->at_us != NO_TIME || frame.kind == STREAM_EVENT_STATISTICS;
		st = take_frame(p, &frame, m, err);
	}
	return st;
}

/* --- sockets, queues, recordings ------------------------------------------------------- */

static void start(struct pipeline *p, int64_t at_us)
{
	stream_windows_start(windows_of(p), at_us);
}

/* Whether a connection starts window 0. In event time on replay, the first frame does. */
static bool starts_connected(const struct pipeline *p)
{
	return !p->clock.started
		&& !(p->conf.replay && p->conf.stream_windows.time == TIME_EVENT);
}

static bool socket_changes(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us)
{
	if (state != SOCKET_CONNECTED)
		return stream_windows_lost(windows_of(p), socket, at_us);
	if (starts_connected(p)) {
		at_us = window_clock_floor(at_us, US_PER_MS);	/* coverage counts from there */
		start(p, at_us);
	}
	stream_windows_connected(windows_of(p), socket, at_us);
	return true;
}

static bool stalled(struct pipeline *p, int64_t from_us, int64_t until_us)
{
	return stream_windows_stalled(windows_of(p), from_us, until_us);
}

static enum status restart(struct pipeline *p, struct err *err)
{
	(void)err;
	stream_windows_restart(windows_of(p));
	return ST_OK;
}

static bool watch(struct pipeline *p, const char *queue_id)
{
	return stream_windows_watch(windows_of(p), queue_id);
}

static void set_interval(struct pipeline *p, const char *text, size_t len)
{
	stream_windows_interval(windows_of(p), text, len);
}

/* --- windows ------------------------------------------------------------------------- */

static const struct row_window *due(struct pipeline *p, int64_t at_us)
{
	return stream_windows_due(windows_of(p), at_us);
}

static const struct row_window *rest(struct pipeline *p, int64_t at_us, bool cut)
{
	return stream_windows_rest(windows_of(p), at_us, cut);
}

static int64_t due_us(const struct pipeline *p)
{
	return stream_windows_due_us(windows_of(p));
}

const struct pipeline_source pipeline_stream = {
	.size = sizeof(struct stream_pipeline),
	.open = open_source,
	.close = close_source,
	.failed = has_failed,
	.take = take,
	.socket = socket_changes,
	.stalled = stalled,
	.restart = restart,
	.watch = watch,
	.start = start,
	.set_interval = set_interval,
	.due = due,
	.rest = rest,
	.due_us = due_us,
	.check_names = check_fields
};
