/* The rows of a window of the wallboard, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/queue_rows.h"

#define Q "00000001-0000-4000-8000-000000000001"
#define START_MS INT64_C(1795485600000)
#define ENVELOPE "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:10.000Z\",\"startMs\":1795485600000,\"endMs\":1795485610000," \
	"\"partial\":false,\"coverage\":0.75,\"time\":\"arrival\",\"queueId\":\"" Q "\","
#define SPAN "7,2026-11-24T02:00:00.000Z,2026-11-24T02:00:10.000Z,false,0.75," Q ","
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

static void check(struct queue_rows panel, struct queue_window_row row, const char *want)
{
	struct queue_window window = { .index = 7, .start_ms = START_MS,
		.end_ms = START_MS + 10000, .coverage_e4 = 7500, .row = &row, .nrow = 1 };
	struct buf out = { 0 };

	row.queue_id = Q;
	assert_true(queue_rows_render(&panel, &window, &out));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void ndjson__every_kind(void **state)
{
	(void)state;
	check((struct queue_rows){ .format = FORMAT_NDJSON },
		(struct queue_window_row){ .media = "voice",
			.updates = 5,
			.duplicates = 1,
			.invalid = 2,
			.clock_skew = 3,
			.result = results,
			.nresult = 6 },
		ENVELOPE
		"\"mediaType\":\"voice\",\"updates\":5,\"rejected\":{\"outlier\":0,"
		"\"stale\":0,\"duplicate\":1,\"invalid\":2},\"clockSkew\":3,"
		"\"quantiles\":\"sketch\",\"accuracy\":0.01,\"metrics\":{"
		"\"oWaiting\":{\"count\":"
		"{\"last\":1,\"min\":0,\"max\":4,\"mean\":1.5,\"stddev\":0.5,"
		"\"p50\":1,\"p90\":2,\"p95\":3,\"p99\":4,\"carried\":false,\"observedMs\":7500.001,"
		"\"events\":2}},"
		"\"oOnQueueUsers\":{\"IDLE\":{\"count\":{\"last\":null,\"min\":null,\"max\":null,"
		"\"mean\":null,\"stddev\":null,\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,"
		"\"carried\":true,\"observedMs\":0,\"events\":0}},"
		"\"a\\\"b\":{\"count\":{\"last\":1,\"min\":0,\"max\":4,\"mean\":1.5,\"stddev\":0.5,"
		"\"p50\":1,\"p90\":2,\"p95\":3,\"p99\":4,\"carried\":false,\"observedMs\":7500.001,"
		"\"events\":2}}},"
		"\"oLongestWaiting\":{\"ageMs\":{\"last\":1.5,\"max\":2000}},"
		"\"tWait\":{\"max\":9,\"sum\":{\"total\":20,\"delta\":5}}},"
		"\"lagMs\":null,\"updatesPerSecond\":0.5}\n");
}

static void ndjson__nothing_known(void **state)
{
	(void)state;
	check((struct queue_rows){ .format = FORMAT_NDJSON },
		(struct queue_window_row){ .result = nothing, .nresult = 3 },
		ENVELOPE "\"mediaType\":null,\"updates\":0,\"rejected\":{\"outlier\":0,\"stale\":0,"
		"\"duplicate\":0,\"invalid\":0},\"clockSkew\":0,\"quantiles\":\"exact\","
		"\"accuracy\":0,\"metrics\":{\"oLongestWaiting\":{\"ageMs\":{\"last\":null,"
		"\"max\":null}},\"tWait\":{\"max\":null,\"sum\":{\"total\":null,\"delta\":null}}},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

static void ndjson__name_and_media_are_quoted(void **state)
{
	static const char *const names[] = { "Sup\"port\n" };

	(void)state;
	check((struct queue_rows){ .format = FORMAT_NDJSON, .name = names },
		(struct queue_window_row){ .media = "a\\b" },
		ENVELOPE "\"queueName\":\"Sup\\\"port\\n\",\"mediaType\":\"a\\\\b\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

#define COUNTS ",5,0,0,1,2,1795485600000,1795485610000,"
#define NOTHING ",0,0,0,0,0,1795485600000,1795485610000,,,,,,,\n"
#define HEADER ROWS_CSV_HEADER ",mediaType,queueName,carried,observedMs,events,total,delta\n"

static void csv__every_kind(void **state)
{
	static const char *const names[] = { "Sales, EU" };

	(void)state;
	check((struct queue_rows){ .format = FORMAT_CSV, .header = true, .name = names },
		(struct queue_window_row){ .media = "voice",
			.updates = 5,
			.duplicates = 1,
			.invalid = 2,
			.result = results,
			.nresult = 6 },
		HEADER SPAN
		"oWaiting.count,,1,0,4,1.5,0.5,1,2,3,4" COUNTS
		"voice,\"Sales, EU\",false,7500.001,2,,\n" SPAN
		"oOnQueueUsers.IDLE.count,,,,,,,,,," COUNTS "voice,\"Sales, EU\",true,0,0,,\n" SPAN
		"\"oOnQueueUsers.a\"\"b.count\",,1,0,4,1.5,0.5,1,2,3,4" COUNTS
		"voice,\"Sales, EU\",false,7500.001,2,,\n" SPAN
		"oLongestWaiting.ageMs,,1.5,,2000,,,,,," COUNTS "voice,\"Sales, EU\",,,,,\n" SPAN
		"tWait.max,,9,,,,,,,," COUNTS "voice,\"Sales, EU\",,,,,\n" SPAN
		"tWait.sum,,,,,,,,,," COUNTS "voice,\"Sales, EU\",,,,20,5\n");
}

static void csv__nothing_known(void **state)
{
	(void)state;
	check((struct queue_rows){ .format = FORMAT_CSV },
		(struct queue_window_row){ .result = nothing, .nresult = 3 },
		SPAN "oLongestWaiting.ageMs,,,,,,,,,," NOTHING
		SPAN "tWait.max,,,,,,,,,," NOTHING
		SPAN "tWait.sum,,,,,,,,,," NOTHING);
}

static void csv__row_without_figures_has_every_column(void **state)
{
	(void)state;
	check((struct queue_rows){ .format = FORMAT_CSV, .header = true },
		(struct queue_window_row){ 0 }, HEADER SPAN ",,,,,,,,,," NOTHING);
}

static void csv__header_comes_once(void **state)
{
	struct queue_rows panel = { .format = FORMAT_CSV, .header = true };
	struct queue_window_row row = { .queue_id = Q };
	struct queue_window window = { .end_ms = 1000, .row = &row, .nrow = 1 };
	struct buf out = { 0 };
	size_t first;

	(void)state;
	assert_true(queue_rows_render(&panel, &window, &out));
	first = out.len;
	assert_true(queue_rows_render(&panel, &window, &out));
	assert_int_equal(out.len - first, first - strlen(HEADER));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ndjson__every_kind),
		cmocka_unit_test(ndjson__nothing_known),
		cmocka_unit_test(ndjson__name_and_media_are_quoted),
		cmocka_unit_test(csv__every_kind),
		cmocka_unit_test(csv__nothing_known),
		cmocka_unit_test(csv__row_without_figures_has_every_column),
		cmocka_unit_test(csv__header_comes_once)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
