/*
 * CSV output (-f csv, RFC 4180 with LF): the header, and a line for each series of each row of a
 * closed window. Windows that have media types have more columns, after the others. Appends to
 * memory; writer.h writes.
 */
#ifndef OUTPUT_CSV_H
#define OUTPUT_CSV_H

#include <stdbool.h>

#include "util/buf.h"
#include "window/row.h"

#define CSV_HEADER "window,start,end,partial,coverage,queueId,metric,count,last,min,max," \
	"mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"
#define CSV_MEDIA_HEADER ",mediaType,queueName,carried,observedMs,events,total,delta"

/* Appends every row of the window. *header: the header is still to be printed, before the first
 * row; then it is false. False: out of memory. */
bool csv_put(struct buf *out, bool *header, const struct row_window *w);

#endif
