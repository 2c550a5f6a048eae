/*
 * -f prometheus: a closed window in Prometheus' text format, version 0.0.4. All are gauges:
 *
 *   gsqstat_METRIC_FIELD_STAT[_seconds]{queue_id,queue_name,media}   figures, in snake_case
 *   gsqstat_lag_STAT_seconds, gsqstat_updates, gsqstat_coverage_ratio   the same labels
 *   gsqstat_rejected{...,reason}
 *   gsqstat_last_success_timestamp_seconds   the window's end
 *
 * What rows.h calls milliseconds is seconds here. What is null is left out.
 */
#ifndef OUTPUT_PROMETHEUS_H
#define OUTPUT_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/row.h"

/* Appends it; queues_alone: no rows of media types. *skipped: numbers left out because another
 * one of their row has the same name. False: out of memory. */
bool prometheus_put(struct buf *out, const struct row_window *r, bool queues_alone,
	size_t *skipped);

/* METRIC.FIELD as it stands in a name, `_` before each word; for tests. */
void prometheus_put_words(struct buf *name, const char *s, size_t len);

#endif
