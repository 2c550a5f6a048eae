/*
 * One message of the stream to frames, that is to queue, timestamp and numbers, in one pass
 * over its text. Knows the frames' names and limits, no windows and no transport.
 */
#ifndef WINDOW_STREAM_EVENT_H
#define WINDOW_STREAM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"
#include "window/filter.h"

#define METRIC_MAX 16		/* metrics that a run may decode */
#define FIELD_DEPTH_MAX 4	/* keys below the metric */
#define FIELD_MAX 64		/* fields of one queue and window, so of a frame too */
#define FIELD_NAME_MAX 256	/* bytes of one field's path, with the NUL */

/* A number in a frame: path is `avg` or `voice.active`, path_len bytes without a NUL, borrowed
 * until the next frame. */
struct stream_event_leaf {
	uint16_t metric;	/* index into the names given to stream_events_new */
	uint16_t path_len;
	const char *path;
	double value;
};

enum stream_event_kind {
	STREAM_EVENT_STATISTICS,	/* belongs to a queue */
	STREAM_EVENT_OTHER_EVENT,	/* another eventType, or none */
	STREAM_EVENT_NO_QUEUE,		/* no queueId that is a UUID */
	STREAM_EVENT_NOT_JSON		/* text holds what could not be read; nothing after it is */
};

struct stream_event {
	enum stream_event_kind kind;
	const char *text;		/* this value's own bytes within the message, borrowed */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* lower case */
	const char *interval;		/* borrowed; NULL: none, or none that fits */
	const char *invalid;		/* why the frame is invalid, NULL: it is not */
	int64_t time_us;		/* its timestamp; 0 where there is none */
	bool has_time;
	size_t nleaf;
	struct stream_event_leaf leaf[FIELD_MAX];	/* of metrics that were asked for */
	size_t nruled;
	struct stream_event_leaf ruled[FILTERS_MAX];	/* of others: what a rule names */
};

struct stream_events;

/* metric: names to decode, borrowed for good as the rules are; the first nasked of them were
 * asked for, only these can make a frame invalid: the rest serve rules. NULL: no memory. */
struct stream_events *stream_events_new(const char *const *metric, size_t nmetric, size_t nasked,
	const struct filter *rule, size_t nrule);
void stream_events_free(struct stream_events *fs);

/* Begins on one text message (one or several JSON values); text is borrowed until done. */
void stream_events_begin(struct stream_events *fs, const char *text, size_t len);

/* The next frame of it, false at the end. *frame is filled in place, its pointers are
 * borrowed until the next call. */
bool stream_events_next(struct stream_events *fs, struct stream_event *frame);

#endif
