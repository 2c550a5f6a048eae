/* NDJSON rows of a window, byte for byte: keys in their order, what is absent, quoting. */
#include "output/output.h"
#include "tests/support/made_windows.h"

/* --- stream windows ------------------------------------------------------------------- */

static const char *render(void)
{
	buf_clear(&text);
	assert_true(output_ndjson.put(NULL, &made, &text));
	buf_char(&text, '\0');
	assert_false(text.failed);
	return text.data;
}

#define HEAD "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:30.000Z\",\"startMs\":1795485600000,\"endMs\":1795485630000,"

TEST(stream__empty_row_has_every_key)
{
	make_stream_row();
	assert_string_equal(render(), HEAD
		"\"partial\":false,\"coverage\":1,\"time\":\"arrival\",\"queueId\":\"" Q1 "\","
		"\"interval\":\"PT10S\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

TEST(stream__unknown_is_null_and_each_count_has_its_key)
{
	make(true, 30000);
	made.event_time = true;
	made.partial = true;
	row_window_add(&made, &(struct row){ .queue_id = Q1, .coverage = NAN, .clock_skew = 5,
		.rejected = { [VERDICT_OUTLIER] = 1, [VERDICT_STALE] = 2, [VERDICT_DUPLICATE] = 3,
			[VERDICT_INVALID] = 4 } });
	assert_string_equal(render(), HEAD
		"\"partial\":true,\"coverage\":null,\"time\":\"event\",\"queueId\":\"" Q1 "\","
		"\"interval\":null,\"updates\":0,"
		"\"rejected\":{\"outlier\":1,\"stale\":2,\"duplicate\":3,\"invalid\":4},"
		"\"clockSkew\":5,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

TEST(stream__interval_is_quoted)
{
	make_stream_row();
	made.row[0].interval = "PT1M\"";
	assert_non_null(strstr(render(), "\"interval\":\"PT1M\\\"\","));
}

#define ONE "{\"count\":1,\"last\":1,\"min\":1,\"max\":1,\"mean\":1,\"stddev\":0,\"p50\":1," \
	"\"p90\":1,\"p95\":1,\"p99\":1}"

/* Every way from one path to the next: deeper, beside, up by two, into another metric. */
TEST(stream__fields_nest)
{
	char *at;

	make_stream_row();
	add_values("state", "a", 1, 1);
	add_values("state", "b-", 1, 1);
	add_values("state", "b.c.d", 1, 1);
	add_values("state", "b.c.e", 1, 1);
	add_values("state", "b.cc", 1, 1);
	add_values("state", "bb.c.d.e", 1, 1);
	add_values("waitTime", "bb.c", 1, 1);
	add_values("waitTime", "q\"\\", 1, 1);
	at = strstr(render(), "\"metrics\":");
	assert_non_null(at);
	*strstr(at, ",\"lagMs\"") = '\0';
	assert_string_equal(at, "\"metrics\":{\"state\":{\"a\":" ONE ",\"b-\":" ONE
		",\"b\":{\"c\":{\"d\":" ONE ",\"e\":" ONE "},\"cc\":" ONE
		"},\"bb\":{\"c\":{\"d\":{\"e\":" ONE "}}}},"
		"\"waitTime\":{\"bb\":{\"c\":" ONE "},\"q\\\"\\\\\":" ONE "}}");
}

TEST(stream__lag_is_in_ms)
{
	struct sample lag_us = { 0 };

	make_stream_row();
	assert_true(sample_add(&lag_us, 1001) && sample_add(&lag_us, 0));
	assert_true(row_window_set_lag(&made, &lag_us));
	assert_non_null(strstr(render(), "\"lagMs\":{\"mean\":0.5005,\"max\":1.001,"
		"\"p50\":0,\"p95\":1.001,\"p99\":1.001},"));
	sample_free(&lag_us);
}

TEST(stream__row_has_the_least_exact_quantile)
{
	struct sample lag_us = { 0 };

	make_stream_row();
	add_values("state", "a", 1, 64);
	assert_non_null(strstr(render(), "\"quantiles\":\"exact\",\"accuracy\":0,"));
	add_values("state", "b", 1, 65);
	add_values("state", "c", 1, 1);
	assert_non_null(strstr(render(), "\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	make_stream_row();
	for (int i = 0; i < 65; i++)
		assert_true(sample_add(&lag_us, 1));
	assert_true(row_window_set_lag(&made, &lag_us));
	assert_non_null(strstr(render(), "\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	sample_free(&lag_us);
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

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *row, *rate;

		make(true, cases[i].ms);
		row_window_add(&made, &(struct row){ .queue_id = Q1, .updates = cases[i].updates });
		row = render();
		rate = strstr(row, "\"updatesPerSecond\":");
		assert_non_null(rate);
		rate += strlen("\"updatesPerSecond\":");
		assert_memory_equal(rate, cases[i].text, strlen(cases[i].text));
	}
}

TEST(stream__rows_that_do_not_fit_fail)
{
	text.limit = 300;
	make_stream_row();
	assert_false(output_ndjson.put(NULL, &made, &text));
}

/* --- queue windows -------------------------------------------------------------------- */

#define ENVELOPE "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:10.000Z\",\"startMs\":1795485600000,\"endMs\":1795485610000," \
	"\"partial\":false,\"coverage\":0.75,\"time\":\"arrival\",\"queueId\":\"" Q1 "\","

/* Adds series to the row. */
typedef void add_series(void);

static void check(struct row row, add_series *add, const char *want)
{
	row.queue_id = Q1;
	row.coverage = 0.75;
	make(false, 10000);
	row_window_add(&made, &row);
	if (add)
		add();
	assert_string_equal(render(), want);
}

TEST(queue__has_series_of_every_kind)
{
	check((struct row){ .media = "voice", .updates = 5,
			.rejected = { [VERDICT_DUPLICATE] = 1, [VERDICT_INVALID] = 2 },
			.clock_skew = 3 }, add_every_kind,
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

TEST(queue__unknown_values_are_null)
{
	check((struct row){ .updates = 0 }, add_nothing_known,
		ENVELOPE "\"mediaType\":null,\"updates\":0,\"rejected\":{\"outlier\":0,\"stale\":0,"
		"\"duplicate\":0,\"invalid\":0},\"clockSkew\":0,\"quantiles\":\"exact\","
		"\"accuracy\":0,\"metrics\":{\"oLongestWaiting\":{\"ageMs\":{\"last\":null,"
		"\"max\":null}},\"tWait\":{\"max\":null,\"sum\":{\"total\":null,\"delta\":null}}},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

TEST(queue__name_and_media_are_quoted)
{
	check((struct row){ .queue_name = "Sup\"port\n", .media = "a\\b" }, NULL,
		ENVELOPE "\"queueName\":\"Sup\\\"port\\n\",\"mediaType\":\"a\\\\b\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
}

int main(void)
{
	each_test(NULL, drop_made);
	return run_all_tests(NULL, NULL);
}
