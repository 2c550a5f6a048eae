/*
 * A closed window as rows, from either source: one row for each queue (and media type), with its
 * series by metric and path, and the statistics of each as numbers. Thresholds, checks, tables and
 * Prometheus text read these; output/ndjson.h and output/csv.h print rows.
 */
#ifndef WINDOW_ROW_H
#define WINDOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window/queue_window.h"
#include "window/stream_window.h"

/* A statistic of a series, by its name in rows. */
enum row_statistic {
	STAT_COUNT, STAT_LAST, STAT_MIN, STAT_MAX, STAT_MEAN, STAT_STDDEV, STAT_P50, STAT_P90,
	STAT_P95, STAT_P99, STAT_CARRIED, STAT_OBSERVED_MS, STAT_EVENTS, STAT_TOTAL, STAT_DELTA,
	STAT_NAMES,
	STAT_VALUE = STAT_NAMES,	/* of a series that is one number: it has no name */
	STATS
};
extern const char *const row_stat_names[STAT_NAMES];

enum row_kind { ROW_SAMPLE, ROW_GAUGE, ROW_AGE, ROW_TOTAL, ROW_PLAIN };

struct row_series {
	const char *metric, *path;	/* `waitTime` and `avg`, `oUserRoutingStatuses` and
					   `IDLE.count` */
	enum row_kind kind;
	double stat[STATS];		/* NaN: null, or the kind has none such; a bool is 0 or 1 */
	bool sum;			/* over qualifiers that have series of their own */
};

enum row_lag { LAG_MEAN, LAG_MAX, LAG_P50, LAG_P95, LAG_P99, LAG_STATS };

struct row {
	size_t queue;			/* the queue's number, the same in every window */
	const char *queue_id;
	const char *queue_name;		/* NULL: not known */
	const char *media;		/* NULL: the queue's own row, all rows of the stream */
	double coverage;		/* NaN: null */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	double accuracy;
	double lag_ms[LAG_STATS];	/* NaN: null */
	double updates_per_second;
	const struct row_series *series;	/* in the row's order */
	size_t nseries;
};

struct row_window {		/* all zero at first; borrowed from what it was taken from */
	int64_t index, start_ms, end_ms;
	bool partial;
	double coverage;		/* NaN: null */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	struct row *row;
	size_t nrow, caprow;
	struct row_series *series;	/* of all rows */
	size_t nseries, capseries;
};

/* In place of what it held. metric: names by the index that fields carry; name: of queues by
 * number, or NULL, each may be NULL. False: out of memory. */
bool row_window_take_stream(struct row_window *r, const struct stream_window *w,
	const char *const *metric);
bool row_window_take_queue(struct row_window *r, const struct queue_window *w,
	const char *const *name);
void row_window_free(struct row_window *r);

/* Whether that statistic of the series is in milliseconds. */
bool row_stat_is_ms(const struct row_series *series, enum row_statistic stat);

#endif
