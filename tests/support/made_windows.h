/* Closed windows that a test makes up, and what is in them. */
#ifndef MADE_WINDOWS_H
#define MADE_WINDOWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/buf.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

#define Q1 "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define START_MS INT64_C(1795485600000)

/* --- of the stream ------------------------------------------------------------------- */

#define ROWS_MAX 2
#define FIELDS_MAX 8

static const char *const metrics[] = { "state", "waitTime" };

/* A window whose rows and fields the test lists; freed by `drop`. */
static struct {
	struct stream_window window;
	struct stream_window_row row[ROWS_MAX];
	struct accumulator_field field[ROWS_MAX][FIELDS_MAX];
	const struct accumulator_field *list[ROWS_MAX][FIELDS_MAX];
	size_t nfield[ROWS_MAX];
} made;

static inline void make(size_t nrow, int64_t length_ms)
{
	memset(&made, 0, sizeof(made));
	for (size_t i = 0; i < nrow; i++)
		made.row[i] = (struct stream_window_row){ .queue_id = i ? Q2 : Q1,
			.interval = "PT10S",
			.coverage_e4 = 10000 };
	made.window = (struct stream_window){ .index = 7, .start_ms = START_MS,
		.end_ms = START_MS + length_ms, .row = made.row, .nrow = nrow };
}

static inline void add_field(size_t row, size_t metric, const char *path, double x)
{
	size_t n = made.nfield[row]++;
	struct accumulator_field *f = &made.field[row][n];

	*f = (struct accumulator_field){ .metric = metric,
		.path = strdup(path),
		.path_len = strlen(path) };
	assert_non_null(f->path);
	assert_true(sample_add(&f->sample, x));
	made.list[row][n] = f;
	made.row[row].field = made.list[row];
	made.row[row].nfield = n + 1;
	made.row[row].updates = 1;
}

static inline void drop(struct buf *text)
{
	for (size_t r = 0; r < ROWS_MAX; r++) {
		sample_free(&made.row[r].lag_us);
		for (size_t i = 0; i < made.nfield[r]; i++) {
			sample_free(&made.field[r][i].sample);
			free(made.field[r][i].path);
		}
	}
	buf_free(text);
}

/* --- of the notification service ------------------------------------------------------ */

#define GAUGE { .known = true, .last = 1, .observed = true, .min = 0, .max = 4, .mean = 1.5, \
	.stddev = 0.5, .p50 = 1, .p90 = 2, .p95 = 3, .p99 = 4, .observed_us = 7500001, .events = 2 }

static const struct series_result results[] = {
	{ .metric = "oWaiting", .path = "count", .kind = SERIES_GAUGE, .is.gauge = GAUGE },
	{ .metric = "oOnQueueUsers", .path = "IDLE.count", .kind = SERIES_GAUGE,
		.is.gauge = { .carried = true } },
	{ .metric = "oOnQueueUsers", .path = "a\"b.count", .kind = SERIES_GAUGE,
		.is.gauge = GAUGE, .sketch = true, .accuracy = 0.01 },
	{ .metric = "oLongestWaiting", .path = "ageMs", .kind = SERIES_AGE, .is.age = {
		.has_last = true, .last_us = 1500, .has_most = true, .most_us = 2000000 } },
	{ .metric = "tWait", .path = "max", .kind = SERIES_PLAIN,
		.is.total = { .has_total = true, .total = 9 } },
	{ .metric = "tWait", .path = "sum", .kind = SERIES_TOTAL,
		.is.total = { .has_total = true, .total = 20, .has_delta = true, .delta = 5 } }
};
static const struct series_result nothing[] = {
	{ .metric = "oLongestWaiting", .path = "ageMs", .kind = SERIES_AGE },
	{ .metric = "tWait", .path = "max", .kind = SERIES_PLAIN },
	{ .metric = "tWait", .path = "sum", .kind = SERIES_TOTAL }
};

#endif
