/*
 * A closed window and its rows. There is a row for each queue, and for notifications also for each
 * media type of a queue. A row has series, by metric and path, and each series has statistics. The
 * windows of both sources become this when they close; all outputs, checks and audit events read
 * nothing else.
 */
#ifndef WINDOW_ROW_H
#define WINDOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/sample.h"
#include "util/buf.h"
#include "util/shard.h"
#include "window/row_labels.h"
#include "window/verdict.h"

/* The statistics of a series, in the order in which rows have them. */
enum row_statistic {
	STAT_COUNT, STAT_LAST, STAT_MIN, STAT_MAX, STAT_MEAN, STAT_STDDEV, STAT_P50, STAT_P90,
	STAT_P95, STAT_P99, STAT_CARRIED, STAT_OBSERVED_MS, STAT_EVENTS, STAT_TOTAL, STAT_DELTA,
	STAT_NAMES,
	STAT_VALUE = STAT_NAMES,	/* the only number of a ROW_PLAIN series; it has no name */
	STATS
};
extern const char *const row_stat_names[STAT_NAMES];

enum row_kind {
	ROW_SAMPLE,		/* a number of the stream */
	ROW_GAUGE, ROW_AGE, ROW_TOTAL,	/* see gauge.h, age.h, total.h */
	ROW_PLAIN		/* a total that is one number, without the increase in the window */
};

struct row_series {
	const char *metric, *path;	/* `waitTime` and `avg`, `oUserRoutingStatuses` and
					   `IDLE.count` */
	enum row_kind kind;
	bool sum;			/* over qualifiers, which the row has as series too */
	double stat[STATS];		/* NaN: null, or the kind does not have it; a bool is 0
					   or 1 */
	size_t sketch;			/* see row_window_sketch */
};

enum row_lag { LAG_MEAN, LAG_MAX, LAG_P50, LAG_P95, LAG_P99, LAG_STATS };
extern const char *const row_lag_names[LAG_STATS];

/* The words that select rows of media types: these two, and the media types of the API. */
enum { MEDIA_NONE, MEDIA_ALL, MEDIA_TYPES, MEDIA_WORDS = MEDIA_TYPES + 11 };
extern const char *const row_media_words[MEDIA_WORDS];

struct row {
	/* The queue's number. In all windows of a run, rows with the same number and media type are
	 * about the same. */
	size_t queue;
	const char *queue_id;		/* for these four, see row_members */
	const char *queue_name;		/* NULL: not known */
	const char *media;		/* its media type; NULL: the row of the whole queue */
	const char *interval;		/* that the stream's numbers cover; NULL: not known */
	const struct row_labels *labels;	/* of the user; NULL: none */
	double coverage;		/* NaN: null */
	int64_t connected_us;		/* of the window; NO_TIME: not known */
	int64_t since_us;		/* when the last complete snapshot of the queue came;
					   NO_TIME: none did */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	/* Those of the window that row_window_add found. Rows of --merge may end earlier than other
	 * rows of their window. */
	int64_t end_ms;
	bool partial;
	size_t lag_sketch;		/* see row_window_sketch */
	bool sketch;			/* some quantiles are not exact */
	double accuracy;		/* of the least accurate quantile */
	double lag_ms[LAG_STATS];	/* NaN: null */
	double updates_per_second;
	const struct row_series *series;	/* in the row's order */
	size_t nseries;
};

/* The members that say what a row is about, in the order in which outputs print them. Each is a
 * text of struct row. */
enum row_member { ROW_QUEUE_ID, ROW_INTERVAL, ROW_QUEUE_NAME, ROW_MEDIA, ROW_MEMBERS };

extern const struct row_member_info {
	const char *name;	/* in NDJSON and CSV */
	const char *label;	/* in Prometheus and InfluxDB; NULL: it is not a label */
	/* If a row does not have it, NDJSON leaves it out, and Prometheus has an empty label. Else
	 * NDJSON has null, and Prometheus no label. */
	bool optional;
	size_t at;		/* its offset in struct row */
} row_members[ROW_MEMBERS];

const char *row_text(const struct row *row, enum row_member member);	/* NULL: none */

struct row_window {		/* start with all zero; text is borrowed from its source */
	const char *source;		/* `stream` or `notifications`, as --source has it */
	unsigned members;		/* that its rows can have: bits by enum row_member */
	bool has_labels;		/* its rows can have labels */
	bool has_gauges;		/* its series are gauges, ages and totals, for which CSV has
					   more columns */
	bool has_sketch;		/* rows have sketches, see --sketch */
	struct shard shard;		/* of the run, see --shard; n 0: none */
	bool event_time;		/* frames count in the window of their timestamp, not of
					   their arrival */
	int64_t index, start_ms, end_ms;
	bool partial;
	double coverage;		/* mean of all rows; NaN: null */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	double lag_mean_us;		/* NaN: null */
	/* The same window with all its rows, if some media types were left out; else NULL. */
	const struct row_window *whole;
	struct row *row;
	size_t nrow, caprow;
	struct row_series *series;	/* of all rows */
	size_t nseries, capseries;
	struct exact_sum lag_us;	/* only until row_window_end */
	uint64_t nlag;
	struct buf sketches;		/* texts, each with a NUL behind it */
	const char *sketch_text;	/* those of `sketches`, or of `whole` */
};

void row_window_free(struct row_window *r);

/* The number of queues that have rows. */
size_t row_window_queues(const struct row_window *r);
/* The number of frames that the rows count, accepted or rejected. */
uint64_t row_window_frames(const struct row_window *r);
double row_window_updates_per_second(const struct row_window *r);
bool row_window_has(const struct row_window *r, enum row_member member);

/* The text of a sketch, as stats/sketch.h writes it. NULL: at is 0, so there is none. */
const char *row_window_sketch(const struct row_window *r, size_t at);

/* Copies r to `out` (all zero before the first call): the rows of queues, and those of media types
 * whose words are in the set; bit i stands for row_media_words[i]. `out` shares everything but the
 * rows with r, so do not use it longer than r. False: out of memory. */
bool row_window_with_media(const struct row_window *r, unsigned words, struct row_window *out);

/* For texts that people read: what tells the queue from others, which is its ID, and what people
 * know it by, which is its name, or else its ID. */
const char *row_id(const struct row *row);
const char *row_title(const struct row *row);
/* The series of the row; NULL: it does not have it. */
const struct row_series *row_find(const struct row *row, enum row_kind kind, const char *metric,
	const char *path);
/* Whether series of this kind have the statistic. */
bool row_kind_has(enum row_kind kind, enum row_statistic stat);
/* Whether the statistic of the series is a time in milliseconds. */
bool row_stat_is_ms(const struct row_series *series, enum row_statistic stat);

/* --- for the modules that make rows; false: out of memory --- */

/* Empties r and makes room for nrow rows with nseries series in total. The caller then sets the
 * members from `source` to `partial`, adds the rows and sets `coverage`. */
bool row_window_begin(struct row_window *r, size_t nrow, size_t nseries);
/* Appends a row, for which row_window_begin has made room, and adds its counts to those of the
 * window. The members of `from` are set up to clock_skew and zero after it. The caller then adds
 * the series of the row, and then its lag. */
void row_window_add(struct row_window *r, const struct row *from);
/* Adds a series, with all statistics NaN, to the last row. */
struct row_series *row_window_add_series(struct row_window *r, const char *metric, const char *path,
	enum row_kind kind);
/* Sets the statistics from min to p99. */
void row_series_set(struct row_series *series, const struct sample_summary *s);
/* Gives the last series the sketch of its values; does nothing unless r->has_sketch. sample: NULL
 * if the kind of the series has none. by_time: its weights are µs. arrival_us: when the last value
 * came; NO_TIME: not known. */
bool row_window_add_sketch(struct row_window *r, const struct sample *sample, bool by_time,
	int64_t arrival_us);
/* Adds a series of kind ROW_SAMPLE to the last row, with its statistics and its sketch. */
bool row_window_add_sample(struct row_window *r, const char *metric, const char *path,
	const struct sample *sample, int64_t arrival_us);
/* Sets the lag of the last row, and counts it in the mean of the window. */
bool row_window_set_lag(struct row_window *r, const struct sample *lag_us);
/* Notes the accuracy of some quantiles of the last row. */
void row_window_accuracy(struct row_window *r, bool exact, double accuracy);
/* Call it after the last row: computes the mean lag of the window. */
bool row_window_end(struct row_window *r);

#endif
