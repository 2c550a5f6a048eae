/*
 * Events of the stream: reads a message into frames, each with its queue, timestamp and numbers.
 * The text is read once.
 */
#ifndef MESSAGE_STREAM_EVENT_H
#define MESSAGE_STREAM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/filter.h"
#include "util/text.h"

#define METRIC_MAX 16		/* metrics that a run may decode */
#define FIELD_DEPTH_MAX 4	/* keys below the metric */
#define FIELD_MAX 64		/* fields of one queue and window, so of a frame too */
#define FIELD_NAME_MAX 256	/* bytes of one field's path, with the NUL */

/* A number in a frame. path is `avg` or `voice.active`, path_len bytes without a NUL, and borrowed
 * until the next frame. */
struct stream_event_leaf {
	uint16_t metric;	/* index into the names given to stream_events_new */
	uint16_t path_len;
	const char *path;
	double value;
};

enum stream_event_kind {
	STREAM_EVENT_STATISTICS,	/* of a queue */
	STREAM_EVENT_OTHER_EVENT,	/* another eventType, or none */
	STREAM_EVENT_NO_QUEUE,		/* its queueId is missing, or not a UUID */
	STREAM_EVENT_NOT_JSON		/* text is what could not be read, up to the end */
};

struct stream_event {
	enum stream_event_kind kind;
	const char *text;		/* of this frame alone, within the message; borrowed */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* lower case */
	const char *interval;		/* borrowed; NULL: none, or too long */
	const char *invalid;		/* why the frame is invalid; NULL: it is not */
	int64_t time_us;		/* its timestamp; 0: none */
	bool has_time;
	size_t nleaf;
	struct stream_event_leaf leaf[FIELD_MAX];	/* of the metrics of -m */
	size_t nfiltered;
	struct stream_event_leaf filtered[FILTERS_MAX];	/* of others, which filters name */
};

struct stream_events;

/* metric: the names to decode, borrowed until the end like the filters. The first nasked of them
 * are those of -m, and only these can make a frame invalid; filters need the others. NULL: out of
 * memory. */
struct stream_events *stream_events_new(const char *const *metric, size_t nmetric, size_t nasked,
	const struct filter *filter, size_t nfilter);
void stream_events_free(struct stream_events *es);

/* Begins to read a message (one or several JSON values), which is borrowed until the end. */
void stream_events_begin(struct stream_events *es, const char *text, size_t len);

/* The next frame, whose pointers are borrowed until the next call; false at the end. */
bool stream_events_next(struct stream_events *es, struct stream_event *frame);

#endif
