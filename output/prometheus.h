/*
 * Prometheus output (-f prometheus): a closed window in the text format, version 0.0.4. Each number
 * is a metric of Prometheus, of the type gauge:
 *
 *   gsqstat_METRIC_FIELD_STAT[_seconds]{queue_id,queue_name}   of a queue, in snake_case
 *   gsqstat_media_METRIC_FIELD_STAT[_seconds]{queue_id,queue_name,media}   of a media type
 *   gsqstat_coverage_ratio, gsqstat_updates, gsqstat_lag_STAT_seconds, gsqstat_rejected{,reason},
 *   gsqstat_last_success_timestamp_seconds (the window's end){queue_id,queue_name,source}
 *
 * Series of agents also have a label `status` or `presence`. Milliseconds become seconds. Values
 * that are null are left out.
 */
#ifndef OUTPUT_PROMETHEUS_H
#define OUTPUT_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/row.h"

/* Appends the window. stats: see struct output_conf. Sets *skipped to how many numbers were left
 * out because another number of the row has the same name. False: out of memory. */
bool prometheus_put(struct buf *out, const struct row_window *w, unsigned stats, size_t *skipped);

/* Appends METRIC.FIELD in snake_case, with `_` before each word. Public for tests. */
void prometheus_put_words(struct buf *name, const char *s, size_t len);

#endif
