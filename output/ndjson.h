/*
 * NDJSON output (-f ndjson): the rows of a closed window as JSON objects (schema gsqstat/1), one a
 * line. Rows of the stream and of queue windows have most members in common; the statistics of a
 * series differ. Appends to memory; writer.h writes.
 */
#ifndef OUTPUT_NDJSON_H
#define OUTPUT_NDJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct ndjson_stream {		/* what all rows of a run of the stream have; borrowed */
	enum stream_window_time time;
	const char *interval;		/* NULL: each queue's own (replay without -i) */
	const char *const *metric;	/* names by the index that fields carry */
};

/* Both append every row of the window, each ended by LF. False: out of memory. */

bool ndjson_put_stream_window(struct buf *out, const struct stream_window *window,
	const struct ndjson_stream *stream);
/* queue_name: by the queue's number, or NULL; each may be NULL. queues_alone: no rows of media
 * types. */
bool ndjson_put_queue_window(struct buf *out, const struct queue_window *window,
	const char *const *queue_name, bool queues_alone);

#endif
