/* NDJSON rows of a window, byte for byte: keys in their order, what is absent, quoting. */
#include "output/ndjson.h"
#include "tests/support/check.h"
#include "tests/support/made_windows.h"

/* --- stream windows ------------------------------------------------------------------- */

static const char *render(const struct ndjson_stream *stream, struct buf *text)
{
	buf_clear(text);
	assert_true(ndjson_put_stream_window(text, &made.window, stream));
	buf_char(text, '\0');
	assert_false(text->failed);
	return text->data;
}

#define HEAD "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:30.000Z\",\"startMs\":1795485600000,\"endMs\":1795485630000,"

TEST(stream__empty_row_has_every_key)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	make(1, 30000);
	assert_string_equal(render(&stream, &text), HEAD
		"\"partial\":false,\"coverage\":1,\"time\":\"arrival\",\"queueId\":\"" Q1 "\","
		"\"interval\":\"PT10S\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
	drop(&text);
}

TEST(stream__unknown_is_null_and_each_count_has_its_key)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	make(1, 30000);
	stream.time = TIME_EVENT;
	made.window.partial = true;
	made.row[0].coverage_e4 = -1;
	made.row[0].interval = NULL;
	made.row[0].clock_skew = 5;
	made.row[0].rejected[VERDICT_OUTLIER] = 1;
	made.row[0].rejected[VERDICT_STALE] = 2;
	made.row[0].rejected[VERDICT_DUPLICATE] = 3;
	made.row[0].rejected[VERDICT_INVALID] = 4;
	assert_string_equal(render(&stream, &text), HEAD
		"\"partial\":true,\"coverage\":null,\"time\":\"event\",\"queueId\":\"" Q1 "\","
		"\"interval\":null,\"updates\":0,"
		"\"rejected\":{\"outlier\":1,\"stale\":2,\"duplicate\":3,\"invalid\":4},"
		"\"clockSkew\":5,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
	drop(&text);
}

TEST(stream__interval_of_the_run_wins)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	make(1, 30000);
	made.row[0].interval = "PT1M\"";
	assert_non_null(strstr(render(&stream, &text), "\"interval\":\"PT1M\\\"\","));
	stream.interval = "PT2M";
	assert_non_null(strstr(render(&stream, &text), "\"interval\":\"PT2M\","));
	drop(&text);
}

#define ONE "{\"count\":1,\"last\":1,\"min\":1,\"max\":1,\"mean\":1,\"stddev\":0,\"p50\":1," \
	"\"p90\":1,\"p95\":1,\"p99\":1}"

/* Every way from one path to the next: deeper, beside, up by two, into another metric. */
TEST(stream__fields_nest)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };
	char *at;

	make(1, 30000);
	add_field(0, 0, "a", 1);
	add_field(0, 0, "b-", 1);
	add_field(0, 0, "b.c.d", 1);
	add_field(0, 0, "b.c.e", 1);
	add_field(0, 0, "b.cc", 1);
	add_field(0, 0, "bb.c.d.e", 1);
	add_field(0, 1, "bb.c", 1);
	add_field(0, 1, "q\"\\", 1);
	at = strstr(render(&stream, &text), "\"metrics\":");
	assert_non_null(at);
	*strstr(at, ",\"lagMs\"") = '\0';
	assert_string_equal(at, "\"metrics\":{\"state\":{\"a\":" ONE ",\"b-\":" ONE
		",\"b\":{\"c\":{\"d\":" ONE ",\"e\":" ONE "},\"cc\":" ONE
		"},\"bb\":{\"c\":{\"d\":{\"e\":" ONE "}}}},"
		"\"waitTime\":{\"bb\":{\"c\":" ONE "},\"q\\\"\\\\\":" ONE "}}");
	drop(&text);
}

TEST(stream__lag_is_in_ms)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	make(1, 30000);
	assert_true(sample_add(&made.row[0].lag_us, 1001) && sample_add(&made.row[0].lag_us, 0));
	assert_non_null(strstr(render(&stream, &text), "\"lagMs\":{\"mean\":0.5005,\"max\":1.001,"
		"\"p50\":0,\"p95\":1.001,\"p99\":1.001},"));
	drop(&text);
}

TEST(stream__worst_quantile_is_the_rows)
{
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	make(1, 30000);
	add_field(0, 0, "a", 1);
	add_field(0, 0, "b", 1);
	for (int i = 1; i < 64; i++)
		assert_true(sample_add(&made.field[0][0].sample, i));
	assert_non_null(strstr(render(&stream, &text), "\"quantiles\":\"exact\",\"accuracy\":0,"));
	assert_true(sample_add(&made.field[0][0].sample, 1));
	assert_non_null(strstr(render(&stream, &text),
		"\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	drop(&text);
	make(1, 30000);
	for (int i = 0; i < 65; i++)
		assert_true(sample_add(&made.row[0].lag_us, 1));
	assert_non_null(strstr(render(&stream, &text),
		"\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	drop(&text);
}

/* 0.3 and 0.7 are no doubles: a rate that divides by them is rounded twice. */
TEST(stream__rate_is_rounded_once)
{
	static const struct {
		uint64_t updates;
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 3, 30000, "0.1}" }, { 7, 300, "23.333333333333332}" },
		{ 11, 300, "36.666666666666664}" }, { 1, 1, "1000}" },
		{ 1, 86400000, "1.1574074074074073e-05}" }
	};
	struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *row, *rate;

		make(1, cases[i].ms);
		made.row[0].updates = cases[i].updates;
		row = render(&stream, &text);
		rate = strstr(row, "\"updatesPerSecond\":");
		assert_non_null(rate);
		rate += strlen("\"updatesPerSecond\":");
		assert_memory_equal(rate, cases[i].text, strlen(cases[i].text));
	}
	drop(&text);
}

TEST(stream__rows_that_do_not_fit_fail)
{
	const struct ndjson_stream stream = { .metric = metrics };
	struct buf text = { .limit = 300 };

	make(1, 30000);
	assert_false(ndjson_put_stream_window(&text, &made.window, &stream));
	drop(&text);
}

/* --- queue windows -------------------------------------------------------------------- */

#define ENVELOPE "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:10.000Z\",\"startMs\":1795485600000,\"endMs\":1795485610000," \
	"\"partial\":false,\"coverage\":0.75,\"time\":\"arrival\",\"queueId\":\"" Q1 "\","

static void check(const char *const *name, struct queue_window_row row, const char *want)
{
	struct queue_window window = { .index = 7, .start_ms = START_MS,
		.end_ms = START_MS + 10000, .coverage_e4 = 7500, .row = &row, .nrow = 1 };
	struct buf out = { 0 };

	row.queue_id = Q1;
	assert_true(ndjson_put_queue_window(&out, &window, name, false));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, want);
	buf_free(&out);
}

TEST(queue__every_kind)
{
	check(NULL,
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

TEST(queue__nothing_known)
{
	check(NULL,
		(struct queue_window_row){ .result = nothing, .nresult = 3 },
		ENVELOPE "\"mediaType\":null,\"updates\":0,\"rejected\":{\"outlier\":0,\"stale\":0,"
		"\"duplicate\":0,\"invalid\":0},\"clockSkew\":0,\"quantiles\":\"exact\","
		"\"accuracy\":0,\"metrics\":{\"oLongestWaiting\":{\"ageMs\":{\"last\":null,"
		"\"max\":null}},\"tWait\":{\"max\":null,\"sum\":{\"total\":null,\"delta\":null}}},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

TEST(queue__name_and_media_are_quoted)
{
	static const char *const names[] = { "Sup\"port\n" };

	check(names,
		(struct queue_window_row){ .media = "a\\b" },
		ENVELOPE "\"queueName\":\"Sup\\\"port\\n\",\"mediaType\":\"a\\\\b\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream__empty_row_has_every_key),
		cmocka_unit_test(stream__unknown_is_null_and_each_count_has_its_key),
		cmocka_unit_test(stream__interval_of_the_run_wins),
		cmocka_unit_test(stream__fields_nest),
		cmocka_unit_test(stream__lag_is_in_ms),
		cmocka_unit_test(stream__worst_quantile_is_the_rows),
		cmocka_unit_test(stream__rate_is_rounded_once),
		cmocka_unit_test(stream__rows_that_do_not_fit_fail),
		cmocka_unit_test(queue__every_kind),
		cmocka_unit_test(queue__nothing_known),
		cmocka_unit_test(queue__name_and_media_are_quoted)
	};

	return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
