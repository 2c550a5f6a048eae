/*
 * A closed window as rows: one row for each queue (and media type), with its series by metric and
 * path, and the statistics of each as numbers. Each source's windows are made into it when they
 * close; whatever is printed, sent, checked or audited of a window is read from here alone.
 */
#ifndef WINDOW_ROW_H
#define WINDOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/sample.h"
#include "window/verdict.h"

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
	bool sum;			/* over qualifiers that have series of their own */
	double stat[STATS];		/* NaN: null, or the kind has none such; a bool is 0 or 1 */
};

enum row_lag { LAG_MEAN, LAG_MAX, LAG_P50, LAG_P95, LAG_P99, LAG_STATS };
extern const char *const row_lag_names[LAG_STATS];

struct row {
	size_t queue;			/* the queue's number, the same in every window */
	const char *queue_id;
	const char *queue_name;		/* NULL: not known */
	const char *media;		/* NULL: the queue's own row */
	const char *interval;		/* that the service's numbers are of; NULL: not known */
	double coverage;		/* NaN: null */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	bool sketch;			/* not all quantiles are exact */
	double accuracy;		/* of the least accurate quantile */
	double lag_ms[LAG_STATS];	/* NaN: null */
	double updates_per_second;
	const struct row_series *series;	/* in the row's order */
	size_t nseries;
};

struct row_window {		/* all zero at first; borrowed until its source's next change */
	const char *source;		/* `stream` or `notifications`, as --source has it */
	bool has_interval;		/* its rows have the member `interval` */
	/* Its rows have a media type and the queue's name; series may be gauges, ages and totals,
	 * for which CSV has columns of its own. */
	bool has_media;
	bool event_time;		/* frames are in the window of their timestamp, not of their
					   arrival */
	int64_t index, start_ms, end_ms;
	bool partial;
	double coverage;		/* of all rows; NaN: null */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	double lag_mean_us;		/* NaN: null */
	struct row *row;
	size_t nrow, caprow;
	struct row_series *series;	/* of all rows */
	size_t nseries, capseries;
	struct exact_sum lag_us;	/* until row_window_end */
	uint64_t nlag;
};

void row_window_free(struct row_window *r);

/* How many queues have rows. */
size_t row_window_queues(const struct row_window *r);
/* Frames that were counted in rows or rejected. */
uint64_t row_window_frames(const struct row_window *r);
double row_window_updates_per_second(const struct row_window *r);

/* Makes `out` (all zero at first) the same without rows of media types. It shares all but the rows
 * with r, so use it no longer than r. False: out of memory. */
bool row_window_of_queues(const struct row_window *r, struct row_window *out);

/* Whether series of the kind have that statistic. */
bool row_kind_has(enum row_kind kind, enum row_statistic stat);
/* Whether that statistic of the series is in milliseconds. */
bool row_stat_is_ms(const struct row_series *series, enum row_statistic stat);

/* --- for those who make it --- */

/* Empties it and makes room for so many rows and series, all in all; the caller sets the members
 * from `source` to `coverage` then. False, as below: out of memory. */
bool row_window_begin(struct row_window *r, size_t nrow, size_t nseries);
/* Adds a row with the numbers of `from` up to clock_skew; then come its series, then its lag. */
void row_window_add(struct row_window *r, const struct row *from);
/* A series of the row that was added last; all its statistics are NaN. */
struct row_series *row_window_add_series(struct row_window *r, const char *metric, const char *path,
	enum row_kind kind);
/* Sets the statistics from min to p99. */
void row_series_set(struct row_series *series, const struct sample_summary *s);
bool row_window_add_sample(struct row_window *r, const char *metric, const char *path,
	const struct sample *sample);
bool row_window_set_lag(struct row_window *r, const struct sample *lag_us);
/* Quantiles of the row that was added last are as accurate as that. */
void row_window_accuracy(struct row_window *r, bool exact, double accuracy);
bool row_window_end(struct row_window *r);

#endif
