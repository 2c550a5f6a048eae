#include "run/pipeline_stream.h"

#include "util/time.h"

static struct pipeline_reject frame_reject(const struct stream_event *frame,
	enum audit_events_reject reason, int64_t at_us)
{
	return (struct pipeline_reject){
		.reason = reason,
		.queue_id = frame->kind == STREAM_EVENT_STATISTICS ? frame->queue_id : NULL,
		.detail = reason == REJECT_INVALID ? frame->invalid : NULL,
		.text = frame->text,
		.len = frame->text_len,
		.at_us = at_us
	};
}

static enum status place(struct pipeline *p, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	struct stream_window_place placed;
	struct pipeline_reject r;
	enum verdict verdict = frame->invalid == why_no_memory ? VERDICT_NO_MEMORY
		: stream_windows_place(p->stream_windows, frame, m->socket, m->at_us, &placed);

	audit_events_frame(p->events, verdict == VERDICT_ACCEPTED || verdict == VERDICT_BEYOND);
	if (frame->has_time && verdict != VERDICT_FOREIGN_QUEUE)
		clock_check_add(&p->clock_check, m->at_us, frame->time_us,
			verdict == VERDICT_STALE);
	switch (verdict) {
	case VERDICT_ACCEPTED:
	case VERDICT_BEYOND:
		if (m->at_us != NO_TIME)
			audit_events_lag(p->events, m->at_us - frame->time_us);
		break;
	case VERDICT_INVALID:
	case VERDICT_DUPLICATE:
	case VERDICT_STALE:
	case VERDICT_OUTLIER:
		r = frame_reject(frame, (enum audit_events_reject)verdict, m->at_us);
		r.in_row = placed.in_row;
		r.window = placed.in_row ? placed.window : 0;
		r.queue = placed.queue;
		pipeline_reject(p, &r);
		break;
	case VERDICT_FOREIGN_QUEUE:
		r = frame_reject(frame, REJECT_FOREIGN_QUEUE, m->at_us);
		pipeline_reject(p, &r);
		break;
	case VERDICT_TOO_MANY_QUEUES:
		return err_set(err, ST_PROTOCOL, "the replay holds more than %zu queues; "
			"name the ones to watch", p->conf.stream_windows.queue_max);
	case VERDICT_NO_MEMORY:
		return err_nomem(err);
	}
	return ST_OK;
}

static enum status take_frame(struct pipeline *p, const struct stream_event *frame,
	const struct pipeline_message *m, struct err *err)
{
	static const enum audit_events_reject reasons[] = {
		[STREAM_EVENT_OTHER_EVENT] = REJECT_EVENT_TYPE,
		[STREAM_EVENT_NO_QUEUE] = REJECT_NO_QUEUE,
		[STREAM_EVENT_NOT_JSON] = REJECT_NOT_JSON
	};
	struct pipeline_reject r;
	enum status st;

	if (frame->kind != STREAM_EVENT_STATISTICS) {
		audit_events_frame(p->events, false);
		r = frame_reject(frame, reasons[frame->kind], m->at_us);
		pipeline_reject(p, &r);
		return ST_OK;
	}
	/* in event time the frame before this one may have ended a window */
	st = pipeline_print_before(p, m->at_us, err);
	if (st != ST_OK || pipeline_is_over(p))
		return st;
	return place(p, frame, m, err);
}

enum status pipeline_stream_take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	struct err *err)
{
	struct stream_event frame;
	enum status st = ST_OK;

	stream_events_begin(p->stream_events, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(p)
	       && stream_events_next(p->stream_events, &frame)) {
		if (frame.kind == STREAM_EVENT_NOT_JSON && m->verbatim) {
			audit_events_broken_line(p->events, m->line, "not JSON");
			continue;
		}
		/* a line without `at` is good only if it is such a frame */
		*good = *good || m->at_us != NO_TIME || frame.kind == STREAM_EVENT_STATISTICS;
		st = take_frame(p, &frame, m, err);
	}
	return st;
}
