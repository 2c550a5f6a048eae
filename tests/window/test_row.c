/* Rows of a closed window of either source: every number, found by its name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/check.h"
#include "util/base.h"
#include "window/row_name.h"

#define Q1 "11111111-1111-4111-8111-111111111111"

static struct row_window window;

static double value(size_t row, const char *path)
{
	struct row_name name;
	const char *part;
	double x;

	assert_int_equal(row_name_parse(&name, path, &part), ROW_NAME_GOOD);
	assert_true(row < window.nrow);
	x = row_name_value(&window, &window.row[row], &name);
	row_name_free(&name);
	return x;
}

static bool is_ms(size_t row, const char *path)
{
	struct row_name name;
	const char *part;
	bool ms;

	assert_int_equal(row_name_parse(&name, path, &part), ROW_NAME_GOOD);
	ms = row_name_is_ms(&window.row[row], &name);
	row_name_free(&name);
	return ms;
}

TEST(stream_window)
{
	static const char *const metric[] = { "state", "waitTime" };
	struct accumulator_field avg = { .metric = 1, .path = "voice.avg", .path_len = 9 };
	const struct accumulator_field *const fields[] = { &avg };
	struct stream_window_row row = { .queue = 7, .queue_id = Q1, .updates = 3, .clock_skew = 2,
		.rejected = { [VERDICT_INVALID] = 1, [VERDICT_DUPLICATE] = 2, [VERDICT_STALE] = 3,
			[VERDICT_OUTLIER] = 4 },
		.field = fields, .nfield = 1, .coverage_e4 = 2500 };
	struct stream_window w = { .index = 5, .start_ms = 1000, .end_ms = 3000, .partial = true,
		.row = &row, .nrow = 1, .updates = 3, .coverage_e4 = -1 };

	for (int i = 1; i <= 4; i++)
		assert_true(sample_add(&avg.sample, i));
	for (int i = 0; i <= 100; i++)	/* past 64: a sketch */
		assert_true(sample_add(&row.lag_us, i * 1000));
	assert_true(row_window_take_stream(&window, &w, metric));
	assert_true(isnan(window.coverage));
	assert_int_equal(window.row[0].queue, 7);
	assert_double_equal_exact(value(0, "window"), 5);
	assert_double_equal_exact(value(0, "startMs"), 1000);
	assert_double_equal_exact(value(0, "endMs"), 3000);
	assert_double_equal_exact(value(0, "partial"), 1);
	assert_double_equal_exact(value(0, "coverage"), 0.25);
	assert_double_equal_exact(value(0, "updates"), 3);
	assert_double_equal_exact(value(0, "rejected.invalid"), 1);
	assert_double_equal_exact(value(0, "rejected.duplicate"), 2);
	assert_double_equal_exact(value(0, "rejected.stale"), 3);
	assert_double_equal_exact(value(0, "rejected.outlier"), 4);
	assert_double_equal_exact(value(0, "clockSkew"), 2);
	assert_double_equal_exact(value(0, "updatesPerSecond"), 1.5);
	assert_double_equal_exact(value(0, "lagMs.mean"), 50);
	assert_double_equal_exact(value(0, "lagMs.max"), 100);
	assert_true(value(0, "accuracy") > 0);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.count"), 4);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.last"), 4);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.min"), 1);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.mean"), 2.5);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.p50"), 2);
	assert_double_equal_exact(value(0, "waitTime.voice.avg.p99"), 4);
	assert_true(isnan(value(0, "waitTime.voice.avg.delta")));
	assert_true(isnan(value(0, "waitTime.avg.max")));
	assert_true(isnan(value(0, "state.voice.avg.max")));
	assert_true(is_ms(0, "waitTime.voice.avg.p95"));
	assert_true(is_ms(0, "lagMs.mean"));
	assert_true(is_ms(0, "lagMs.p99"));
	assert_true(is_ms(0, "startMs"));
	assert_true(is_ms(0, "endMs"));
	assert_false(is_ms(0, "waitTime.voice.avg.count"));
	assert_false(is_ms(0, "state.voice.avg.max"));
	assert_false(is_ms(0, "accuracy"));
	assert_false(is_ms(0, "updatesPerSecond"));
	sample_free(&avg.sample);
	sample_free(&row.lag_us);
}

TEST(queue_window)
{
	static const char *const name[] = { NULL, "Support" };
	const struct series_result results[] = {
		{ "oWaiting", "count", SERIES_GAUGE, .is.gauge = { .known = true, .last = 3,
			.observed = true, .min = 1, .max = 5, .mean = 2.5, .stddev = 0.5, .p50 = 2,
			.p90 = 4, .p95 = 4.5, .p99 = 5, .observed_us = 1500, .events = 2 },
			.accuracy = 0.01 },
		{ "oInteracting", "count", SERIES_GAUGE, .is.gauge = { .carried = true } },
		{ "oLongestWaiting", "ageMs", SERIES_AGE, .is.age = { .has_last = true,
			.last_us = 2500, .has_most = true, .most_us = 9000 } },
		{ "tWait", "count", SERIES_TOTAL, .is.total = { true, false, 8, 0 } },
		{ "tWait", "sum", SERIES_TOTAL, .is.total = { true, false, 5000, 0 } },
		{ "tWait", "max", SERIES_PLAIN, .is.total = { true, false, 77, 0 } },
		{ "oServiceLevel", "ratio", SERIES_PLAIN, .is.total = { true, false, 0.75, 0 } },
	};
	struct queue_window_row rows[] = {
		{ .queue = 1, .queue_id = Q1, .updates = 4, .duplicates = 1, .invalid = 2,
			.result = results, .nresult = ARRAY_LEN(results) },
		{ .queue = 1, .queue_id = Q1, .media = "voice", .result = results, .nresult = 1 },
	};
	struct queue_window w = { .index = 1, .start_ms = 0, .end_ms = 1000, .row = rows,
		.nrow = 2, .coverage_e4 = 10000 };

	assert_true(row_window_take_queue(&window, &w, name));
	assert_int_equal(window.nrow, 2);
	assert_string_equal(window.row[0].queue_name, "Support");
	assert_null(window.row[0].media);
	assert_string_equal(window.row[1].media, "voice");
	assert_double_equal_exact(value(0, "coverage"), 1);
	assert_double_equal_exact(value(0, "rejected.duplicate"), 1);
	assert_double_equal_exact(value(0, "rejected.invalid"), 2);
	assert_double_equal_exact(value(0, "accuracy"), 0.01);
	assert_true(isnan(value(0, "lagMs.max")));
	assert_double_equal_exact(value(0, "oWaiting.max"), 5);
	assert_double_equal_exact(value(0, "oWaiting.count.max"), 5);
	assert_double_equal_exact(value(1, "oWaiting.p95"), 4.5);
	assert_double_equal_exact(value(0, "oWaiting.carried"), 0);
	assert_double_equal_exact(value(0, "oWaiting.observedMs"), 1.5);
	assert_double_equal_exact(value(0, "oWaiting.events"), 2);
	assert_double_equal_exact(value(0, "oInteracting.carried"), 1);
	assert_true(isnan(value(0, "oInteracting.last")));
	assert_true(isnan(value(0, "oInteracting.max")));
	assert_double_equal_exact(value(0, "oLongestWaiting.last"), 2.5);
	assert_double_equal_exact(value(0, "oLongestWaiting.ageMs.max"), 9);
	assert_double_equal_exact(value(0, "tWait.total"), 8);
	assert_true(isnan(value(0, "tWait.delta")));
	assert_double_equal_exact(value(0, "tWait.max"), 77);	/* a number of its own */
	assert_double_equal_exact(value(0, "oServiceLevel.ratio"), 0.75);
	assert_true(isnan(value(0, "oServiceLevel.target")));
	assert_true(isnan(value(1, "tWait.total")));
	assert_true(is_ms(0, "oLongestWaiting.last"));
	assert_true(is_ms(0, "tWait.max"));
	assert_true(is_ms(0, "tWait.sum.total"));
	assert_true(is_ms(0, "oWaiting.observedMs"));
	assert_false(is_ms(0, "tWait.total"));
	assert_false(is_ms(0, "oWaiting.max"));
	assert_false(is_ms(0, "oServiceLevel.ratio"));
}

static int done(void **state __attribute__((unused)))
{
	row_window_free(&window);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_window),
		cmocka_unit_test(queue_window)
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
