/*
 * CSV output (-f csv, RFC 4180 with LF): the header, and a line for each series of each row of a
 * closed window. Lines of queue windows have the columns of the stream's, and more after them.
 * Appends to memory; writer.h writes.
 */
#ifndef OUTPUT_CSV_H
#define OUTPUT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

#define CSV_STREAM_HEADER "window,start,end,partial,coverage,queueId,metric,count,last,min,max," \
	"mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"
#define CSV_QUEUE_HEADER CSV_STREAM_HEADER \
	",mediaType,queueName,carried,observedMs,events,total,delta"

/* Both append every row of the window. *header: the header is still to be printed, before the
 * first row; then it is false. False: out of memory. */

/* metric: names by the index that fields carry. */
bool csv_put_stream_window(struct buf *out, bool *header, const struct stream_window *window,
	const char *const *metric);
/* queue_name: by the queue's number, or NULL; each may be NULL. queues_alone: no rows of media
 * types. */
bool csv_put_queue_window(struct buf *out, bool *header, const struct queue_window *window,
	const char *const *queue_name, bool queues_alone);

#endif
