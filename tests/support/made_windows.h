/* A closed window that a test makes up. */
#ifndef MADE_WINDOWS_H
#define MADE_WINDOWS_H

#include <math.h>

#include "tests/support/check.h"
#include "util/buf.h"
#include "window/row.h"

#define Q1 "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define START_MS INT64_C(1795485600000)

static struct row_window made;
static struct buf text;		/* what an output makes of it */

/* A window of the stream, or of notifications, without rows. */
static inline void make(bool stream, int64_t length_ms)
{
	assert_true(row_window_begin(&made, 2, 16));
	made.members = 1u << ROW_QUEUE_ID
		| (stream ? 1u << ROW_INTERVAL : 1u << ROW_QUEUE_NAME | 1u << ROW_MEDIA);
	made.has_gauges = !stream;
	made.index = 7;
	made.start_ms = START_MS;
	made.end_ms = START_MS + length_ms;
}

/* A teardown. */
static inline int drop_made(void **state)
{
	(void)state;
	row_window_free(&made);
	buf_free(&text);
	text = (struct buf){ 0 };
	return 0;
}

/* --- of the stream ------------------------------------------------------------------- */

static const struct row stream_row = { .queue_id = Q1, .interval = "PT10S", .coverage = 1 };

static inline void make_stream_row(void)
{
	make(true, 30000);
	row_window_add(&made, &stream_row);
}

/* A series of the row that was added last: n values, each by 1 more. */
static inline void add_values(const char *metric, const char *path, double first, int n)
{
	struct sample sample = { 0 };

	for (int i = 0; i < n; i++)
		assert_true(sample_add(&sample, first + i));
	assert_true(row_window_add_sample(&made, metric, path, &sample, 0));
	sample_free(&sample);
}

/* --- of the notification service ------------------------------------------------------ */

static inline void add_gauge(const char *metric, const char *path)
{
	static const double values[STATS] = { [STAT_LAST] = 1, [STAT_MIN] = 0, [STAT_MAX] = 4,
		[STAT_MEAN] = 1.5, [STAT_STDDEV] = 0.5, [STAT_P50] = 1, [STAT_P90] = 2,
		[STAT_P95] = 3, [STAT_P99] = 4, [STAT_OBSERVED_MS] = 7500.001, [STAT_EVENTS] = 2 };
	struct row_series *series = row_window_add_series(&made, metric, path, ROW_GAUGE);

	for (enum row_statistic s = STAT_LAST; s <= STAT_EVENTS; s++)
		series->stat[s] = values[s];
}

static inline void add_every_kind(void)
{
	struct row_series *s;

	add_gauge("oWaiting", "count");
	s = row_window_add_series(&made, "oOnQueueUsers", "IDLE.count", ROW_GAUGE);
	s->stat[STAT_CARRIED] = 1;
	s->stat[STAT_OBSERVED_MS] = s->stat[STAT_EVENTS] = 0;
	add_gauge("oOnQueueUsers", "a\"b.count");
	row_window_accuracy(&made, false, 0.01);
	s = row_window_add_series(&made, "oLongestWaiting", "ageMs", ROW_AGE);
	s->stat[STAT_LAST] = 1.5;
	s->stat[STAT_MAX] = 2000;
	s = row_window_add_series(&made, "tWait", "max", ROW_PLAIN);
	s->stat[STAT_VALUE] = 9;
	s = row_window_add_series(&made, "tWait", "sum", ROW_TOTAL);
	s->stat[STAT_TOTAL] = 20;
	s->stat[STAT_DELTA] = 5;
}

static inline void add_nothing_known(void)
{
	row_window_add_series(&made, "oLongestWaiting", "ageMs", ROW_AGE);
	row_window_add_series(&made, "tWait", "max", ROW_PLAIN);
	row_window_add_series(&made, "tWait", "sum", ROW_TOTAL);
}

#endif
