/*
 * The state of a pipeline, for pipeline.c and its two kinds of input, pipeline_stream.c and
 * pipeline_notifications.c. No other file includes this.
 */
#ifndef RUN_PIPELINE_STATE_H
#define RUN_PIPELINE_STATE_H

#include "run/clock_check.h"
#include "run/pipeline.h"
#include "util/base.h"
#include "util/buf.h"
#include "window/notification.h"
#include "window/stream_event.h"

struct pipeline {
	struct pipeline_conf conf;
	struct sinks *sinks;
	struct audit_events *events;
	struct buf text;	/* a line of --rejects */
	struct clock_check clock_check;
	bool has_more;		/* windows wait until the reader has taken some */
	/* stream */
	struct stream_events *stream_events;
	struct stream_windows *stream_windows;
	/* notifications */
	struct notifications *notifications;
	struct queue_windows *queue_windows;
	int64_t clock_us;	/* newest timestamp of those without `at`; NO_TIME: none yet */
};

/* A frame that changes no value. */
struct pipeline_reject {
	enum audit_events_reject reason;
	const char *queue_id;	/* NULL: unknown */
	bool in_row;		/* a row counts it: of this window and queue number */
	int64_t window;
	size_t queue;
	const char *detail;	/* NULL: none */
	const char *text;
	size_t len;
	int64_t at_us;
};
void pipeline_reject(struct pipeline *p, const struct pipeline_reject *r);

/* Prints all windows that are over, however many rows wait: for a frame that comes after them. */
enum status pipeline_print_before(struct pipeline *p, int64_t at_us, struct err *err);

/* ST_OUTPUT in place of ST_OK if a window ran out of memory. */
enum status pipeline_check_memory(const struct pipeline *p, enum status st, struct err *err);

#endif
