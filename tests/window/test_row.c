/* Rows of a closed window of either source: every number, found by its name. */
#include <math.h>

#include "tests/support/check.h"
#include "util/time.h"
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

struct number {
	size_t row;
	const char *path;
	double value;		/* NAN: there is none */
};

static void check_numbers(const struct number *n, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double x = value(n[i].row, n[i].path);

		if (!(isnan(n[i].value) ? isnan(x) : x == n[i].value))
			fail_msg("%s of row %zu is %.17g, not %.17g", n[i].path, n[i].row, x,
				n[i].value);
	}
}

struct unit {
	size_t row;
	const char *path;
	bool is_ms;
};

static void check_units(const struct unit *u, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_ms(u[i].row, u[i].path) != u[i].is_ms)
			fail_msg("%s of row %zu: in ms or not", u[i].path, u[i].row);
}

TEST(row_of_a_stream_window)
{
	static const struct number numbers[] = {
		{ 0, "window", 5 }, { 0, "startMs", 1000 }, { 0, "endMs", 3000 },
		{ 0, "partial", 1 }, { 0, "coverage", 0.25 }, { 0, "updates", 3 },
		{ 0, "rejected.invalid", 1 }, { 0, "rejected.duplicate", 2 },
		{ 0, "rejected.stale", 3 }, { 0, "rejected.outlier", 4 }, { 0, "clockSkew", 2 },
		{ 0, "updatesPerSecond", 1.5 }, { 0, "lagMs.mean", 50 }, { 0, "lagMs.max", 100 },
		{ 0, "waitTime.voice.avg.count", 4 }, { 0, "waitTime.voice.avg.last", 4 },
		{ 0, "waitTime.voice.avg.min", 1 }, { 0, "waitTime.voice.avg.mean", 2.5 },
		{ 0, "waitTime.voice.avg.p50", 2 }, { 0, "waitTime.voice.avg.p99", 4 },
		{ 0, "waitTime.voice.avg.delta", NAN }, { 0, "waitTime.avg.max", NAN },
		{ 0, "state.voice.avg.max", NAN }
	};
	static const struct unit units[] = {
		{ 0, "waitTime.voice.avg.p95", true }, { 0, "lagMs.mean", true },
		{ 0, "lagMs.p99", true }, { 0, "startMs", true }, { 0, "endMs", true },
		{ 0, "waitTime.voice.avg.count", false }, { 0, "state.voice.avg.max", false },
		{ 0, "accuracy", false }, { 0, "updatesPerSecond", false }
	};
	struct sample avg = { 0 }, lag_us = { 0 };

	for (int i = 1; i <= 4; i++)
		assert_true(sample_add(&avg, i));
	for (int i = 0; i <= 100; i++)	/* past 64: a sketch */
		assert_true(sample_add(&lag_us, i * 1000));
	assert_true(row_window_begin(&window, 1, 1));
	window.index = 5;
	window.start_ms = 1000;
	window.end_ms = 3000;
	window.partial = true;
	row_window_add(&window, &(struct row){ .queue = 7, .queue_id = Q1, .updates = 3,
		.clock_skew = 2, .coverage = 0.25,
		.rejected = { [VERDICT_INVALID] = 1, [VERDICT_DUPLICATE] = 2, [VERDICT_STALE] = 3,
			[VERDICT_OUTLIER] = 4 } });
	assert_true(row_window_add_sample(&window, "waitTime", "voice.avg", &avg, NO_TIME)
		&& row_window_set_lag(&window, &lag_us) && row_window_end(&window));
	assert_true(isnan(window.coverage));
	assert_int_equal(window.updates, 3);
	assert_int_equal(row_window_frames(&window), 13);
	assert_double_equal_exact(row_window_updates_per_second(&window), 1.5);
	assert_double_equal_exact(window.lag_mean_us, 50000);
	assert_true(window.row[0].sketch);
	assert_int_equal(window.row[0].queue, 7);
	check_numbers(numbers, ARRAY_LEN(numbers));
	check_units(units, ARRAY_LEN(units));
	assert_true(value(0, "accuracy") > 0);
	sample_free(&avg);
	sample_free(&lag_us);
}

TEST(rows_of_a_queue_window)
{
	static const struct number numbers[] = {
		{ 0, "coverage", 1 }, { 0, "rejected.duplicate", 1 },
		{ 0, "rejected.invalid", 2 }, { 0, "accuracy", 0.01 }, { 0, "lagMs.max", NAN },
		{ 0, "oWaiting.max", 5 }, { 0, "oWaiting.count.max", 5 },
		{ 1, "oWaiting.p95", 4.5 }, { 0, "oWaiting.carried", 0 },
		{ 0, "oWaiting.observedMs", 1.5 }, { 0, "oWaiting.events", 2 },
		{ 0, "oInteracting.carried", 1 }, { 0, "oInteracting.last", NAN },
		{ 0, "oInteracting.max", NAN }, { 0, "oLongestWaiting.last", 2.5 },
		{ 0, "oLongestWaiting.ageMs.max", 9 }, { 0, "tWait.total", 8 },
		{ 0, "tWait.delta", NAN }, { 0, "tWait.max", 77 },	/* a number of its own */
		{ 0, "oServiceLevel.ratio", 0.75 }, { 0, "oServiceLevel.target", NAN },
		{ 1, "tWait.total", NAN }
	};
	static const struct unit units[] = {
		{ 0, "oLongestWaiting.last", true }, { 0, "tWait.max", true },
		{ 0, "tWait.sum.total", true }, { 0, "oWaiting.observedMs", true },
		{ 0, "tWait.total", false }, { 0, "oWaiting.max", false },
		{ 0, "oServiceLevel.ratio", false }
	};
	static const struct {
		const char *metric, *path;
		enum row_kind kind;
		struct {
			enum row_statistic stat;
			double value;
		} v[12];
	} made[] = {
		{ "oWaiting", "count", ROW_GAUGE, { { STAT_LAST, 3 }, { STAT_MIN, 1 },
			{ STAT_MAX, 5 }, { STAT_MEAN, 2.5 }, { STAT_STDDEV, 0.5 }, { STAT_P50, 2 },
			{ STAT_P90, 4 }, { STAT_P95, 4.5 }, { STAT_P99, 5 },
			{ STAT_OBSERVED_MS, 1.5 }, { STAT_EVENTS, 2 }, { STAT_CARRIED, 0 } } },
		{ "oInteracting", "count", ROW_GAUGE, { { STAT_CARRIED, 1 } } },
		{ "oLongestWaiting", "ageMs", ROW_AGE, { { STAT_LAST, 2.5 }, { STAT_MAX, 9 } } },
		{ "tWait", "count", ROW_TOTAL, { { STAT_TOTAL, 8 } } },
		{ "tWait", "sum", ROW_TOTAL, { { STAT_TOTAL, 5000 } } },
		{ "tWait", "max", ROW_PLAIN, { { STAT_VALUE, 77 } } },
		{ "oServiceLevel", "ratio", ROW_PLAIN, { { STAT_VALUE, 0.75 } } }
	};
	struct row row = { .queue = 1, .queue_id = Q1, .queue_name = "Support", .updates = 4,
		.coverage = 1, .rejected = { [VERDICT_DUPLICATE] = 1, [VERDICT_INVALID] = 2 } };

	assert_true(row_window_begin(&window, 2, ARRAY_LEN(made) + 1));
	window.end_ms = 1000;
	for (size_t i = 0; i <= ARRAY_LEN(made); i++) {
		size_t k = i % ARRAY_LEN(made);
		struct row_series *series;

		if (k == 0)
			row_window_add(&window, &row);
		series = row_window_add_series(&window, made[k].metric, made[k].path, made[k].kind);
		for (size_t n = 0; n < 12 && (n == 0 || made[k].v[n].stat != STAT_COUNT); n++)
			series->stat[made[k].v[n].stat] = made[k].v[n].value;
		if (k == 0)
			row_window_accuracy(&window, true, 0.01);
		row.media = "voice";
	}
	assert_true(row_window_end(&window));
	assert_true(isnan(window.lag_mean_us));
	assert_int_equal(row_window_queues(&window), 1);
	assert_int_equal(window.nrow, 2);
	assert_string_equal(window.row[0].queue_name, "Support");
	assert_null(window.row[0].media);
	assert_string_equal(window.row[1].media, "voice");
	check_numbers(numbers, ARRAY_LEN(numbers));
	check_units(units, ARRAY_LEN(units));
}

static int done(void **state __attribute__((unused)))
{
	row_window_free(&window);
	return 0;
}

int main(void)
{
	return run_all_tests(NULL, done);
}
