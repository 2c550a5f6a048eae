/*
 * A closed window as rows, from either source: one row for each queue (and media type), with its
 * series by metric and path, and the statistics of each as numbers. Thresholds, checks, tables and
 * Prometheus text read these; output/rows.h and output/queue_rows.h print rows.
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
extern const char *const stat_names[STAT_NAMES];

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

/* --- a number of a row by name --- */

enum row_field {
	ROW_WINDOW, ROW_START_MS, ROW_END_MS, ROW_PARTIAL, ROW_COVERAGE, ROW_UPDATES,
	ROW_OUTLIER, ROW_STALE, ROW_DUPLICATE, ROW_INVALID, ROW_CLOCK_SKEW, ROW_ACCURACY,
	ROW_LAG_MEAN, ROW_LAG_MAX, ROW_LAG_P50, ROW_LAG_P95, ROW_LAG_P99,
	ROW_UPDATES_PER_SECOND, ROW_FIELDS
};
extern const char *const row_field_names[ROW_FIELDS];	/* `coverage`, `lagMs.max` */

/*
 * `coverage`, `waitTime.avg.max`, `oWaiting.max` (of `count`, which a path may leave out, or of
 * an age's `ageMs`), `oServiceLevel.ratio` (a series that is one number).
 */
struct row_name {
	enum row_field field;	/* ROW_FIELDS: a metric's */
	const char *metric;
	const char *rest;	/* what follows the metric, as one: `avg.max` */
	size_t path_len;	/* of it, before the statistic; 0: none */
	enum row_statistic stat; /* STAT_VALUE: the series has to be one number */
	char *text;		/* what these point into */
};

enum row_flaw {
	ROW_GOOD,
	ROW_NO_METRIC,	/* it is no row field, and nothing stands before its last dot */
	ROW_NO_STAT,	/* *part is no statistic */
	ROW_NO_MEMORY
};

/* part, in name's text: what is wrong. Freed by row_name_free, whatever came out. */
enum row_flaw row_name_parse(struct row_name *name, const char *text,
	const char **part);
/* The same in words that name text, or the part of it; "out of memory" too. */
void row_say_flaw(enum row_flaw flaw, const char *text, const char *part, char *why,
	size_t size);
void row_name_free(struct row_name *name);

/* NaN: it is null, or the row has none. */
double row_value(const struct row_window *r, const struct row *row,
	const struct row_name *name);

/* Whether the number is milliseconds. */
bool row_stat_is_ms(const struct row_series *f, enum row_statistic stat);
bool row_is_ms(const struct row *row, const struct row_name *name);

#endif
