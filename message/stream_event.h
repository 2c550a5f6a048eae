/*
 * Reads the frames of a message of the stream. A frame is one event: the statistics of a queue,
 * with a timestamp and numbers. A message may have several frames.
 */
#ifndef MESSAGE_STREAM_EVENT_H
#define MESSAGE_STREAM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/filter.h"
#include "util/text.h"

#define METRIC_MAX 16		/* metrics that a run can decode */
#define FIELD_DEPTH_MAX 4	/* nested keys below the metric */
#define FIELD_MAX 64		/* fields of one queue in one window, so also of one frame */
#define FIELD_NAME_MAX 256	/* bytes of one field's path, with the NUL */

/* A number in a frame. path is for example `avg` or `voice.active`: path_len bytes without a NUL,
 * borrowed until the next frame. */
struct stream_event_leaf {
	uint16_t metric;	/* index into the names given to stream_events_new */
	uint16_t path_len;
	const char *path;
	double value;
};

enum stream_event_kind {
	STREAM_EVENT_STATISTICS,	/* statistics of a queue */
	STREAM_EVENT_OTHER_EVENT,	/* another eventType, or none */
	STREAM_EVENT_NO_QUEUE,		/* its queueId is missing, or not a UUID */
	STREAM_EVENT_NOT_JSON		/* `text` is the rest of the message, which is not JSON */
};

struct stream_event {
	enum stream_event_kind kind;
	const char *text;		/* only this frame; borrowed, part of the message */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* lower case */
	const char *interval;		/* borrowed; NULL: none, or too long */
	const char *invalid;		/* why the frame is invalid; NULL: it is valid */
	int64_t time_us;		/* its timestamp, µs since 1970; 0: none */
	bool has_time;
	size_t nleaf;
	struct stream_event_leaf leaf[FIELD_MAX];	/* numbers of the metrics of -m */
	size_t nfiltered;
	struct stream_event_leaf filtered[FILTERS_MAX];	/* other numbers that filters name */
};

struct stream_events;

/* metric: the names to decode. The first nasked of them come from -m; only these can make a frame
 * invalid. Only filters use the others. Names and filters are borrowed until stream_events_free.
 * NULL: out of memory. */
struct stream_events *stream_events_new(const char *const *metric, size_t nmetric, size_t nasked,
	const struct filter *filter, size_t nfilter);
void stream_events_free(struct stream_events *es);

/* Begins to read a message. It is borrowed until its last frame is read. */
void stream_events_begin(struct stream_events *es, const char *text, size_t len);

/* Reads the next frame, whose pointers are borrowed until the next call. False: there are no
 * more. */
bool stream_events_next(struct stream_events *es, struct stream_event *frame);

#endif
