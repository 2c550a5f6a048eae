/* A window's rows, byte for byte: keys and columns in their order, what is absent, quoting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/rows.h"
#include "util/base.h"

#define Q1 "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define START_MS INT64_C(1795485600000)
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

static void make(size_t nrow, int64_t length_ms)
{
	memset(&made, 0, sizeof(made));
	for (size_t i = 0; i < nrow; i++)
		made.row[i] = (struct stream_window_row){ .queue_id = i ? Q2 : Q1,
			.interval = "PT10S",
			.coverage_e4 = 10000 };
	made.window = (struct stream_window){ .index = 7, .start_ms = START_MS,
		.end_ms = START_MS + length_ms, .row = made.row, .nrow = nrow };
}

static void add_field(size_t row, size_t metric, const char *path, double x)
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

static void drop(struct buf *text)
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

static struct rows rows_of(enum rows_format format)
{
	return (struct rows){ .conf = { .format = format, .header = true,
		.time = TIME_ARRIVAL, .metric = metrics } };
}

static const char *render(struct rows *rows, struct buf *text)
{
	buf_clear(text);
	assert_true(rows_render(rows, &made.window, text));
	buf_char(text, '\0');
	assert_false(text->failed);
	return text->data;
}

#define HEAD "{\"schema\":\"gsqstat/1\",\"window\":7,\"start\":\"2026-11-24T02:00:00.000Z\"," \
	"\"end\":\"2026-11-24T02:00:30.000Z\",\"startMs\":1795485600000,\"endMs\":1795485630000,"

static void ndjson__empty_row_has_every_key(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	make(1, 30000);
	assert_string_equal(render(&rows, &text), HEAD
		"\"partial\":false,\"coverage\":1,\"time\":\"arrival\",\"queueId\":\"" Q1 "\","
		"\"interval\":\"PT10S\",\"updates\":0,"
		"\"rejected\":{\"outlier\":0,\"stale\":0,\"duplicate\":0,\"invalid\":0},"
		"\"clockSkew\":0,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
	drop(&text);
}

static void ndjson__unknown_is_null_and_each_count_has_its_key(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	make(1, 30000);
	rows.conf.time = TIME_EVENT;
	made.window.partial = true;
	made.row[0].coverage_e4 = -1;
	made.row[0].interval = NULL;
	made.row[0].clock_skew = 5;
	made.row[0].rejected[VERDICT_OUTLIER] = 1;
	made.row[0].rejected[VERDICT_STALE] = 2;
	made.row[0].rejected[VERDICT_DUPLICATE] = 3;
	made.row[0].rejected[VERDICT_INVALID] = 4;
	assert_string_equal(render(&rows, &text), HEAD
		"\"partial\":true,\"coverage\":null,\"time\":\"event\",\"queueId\":\"" Q1 "\","
		"\"interval\":null,\"updates\":0,"
		"\"rejected\":{\"outlier\":1,\"stale\":2,\"duplicate\":3,\"invalid\":4},"
		"\"clockSkew\":5,\"quantiles\":\"exact\",\"accuracy\":0,\"metrics\":{},"
		"\"lagMs\":null,\"updatesPerSecond\":0}\n");
	drop(&text);
}

static void ndjson__interval_of_the_run_wins(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	make(1, 30000);
	made.row[0].interval = "PT1M\"";
	assert_non_null(strstr(render(&rows, &text), "\"interval\":\"PT1M\\\"\","));
	rows.conf.interval = "PT2M";
	assert_non_null(strstr(render(&rows, &text), "\"interval\":\"PT2M\","));
	drop(&text);
}

#define ONE "{\"count\":1,\"last\":1,\"min\":1,\"max\":1,\"mean\":1,\"stddev\":0,\"p50\":1," \
	"\"p90\":1,\"p95\":1,\"p99\":1}"

/* Every way from one path to the next: deeper, beside, up by two, into another metric. */
static void ndjson__fields_nest(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };
	char *at;

	(void)state;
	make(1, 30000);
	add_field(0, 0, "a", 1);
	add_field(0, 0, "b-", 1);
	add_field(0, 0, "b.c.d", 1);
	add_field(0, 0, "b.c.e", 1);
	add_field(0, 0, "b.cc", 1);
	add_field(0, 0, "bb.c.d.e", 1);
	add_field(0, 1, "bb.c", 1);
	add_field(0, 1, "q\"\\", 1);
	at = strstr(render(&rows, &text), "\"metrics\":");
	assert_non_null(at);
	*strstr(at, ",\"lagMs\"") = '\0';
	assert_string_equal(at, "\"metrics\":{\"state\":{\"a\":" ONE ",\"b-\":" ONE
		",\"b\":{\"c\":{\"d\":" ONE ",\"e\":" ONE "},\"cc\":" ONE
		"},\"bb\":{\"c\":{\"d\":{\"e\":" ONE "}}}},"
		"\"waitTime\":{\"bb\":{\"c\":" ONE "},\"q\\\"\\\\\":" ONE "}}");
	drop(&text);
}

static void ndjson__lag_is_in_ms(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	make(1, 30000);
	assert_true(sample_add(&made.row[0].lag_us, 1001) && sample_add(&made.row[0].lag_us, 0));
	assert_non_null(strstr(render(&rows, &text), "\"lagMs\":{\"mean\":0.5005,\"max\":1.001,"
		"\"p50\":0,\"p95\":1.001,\"p99\":1.001},"));
	drop(&text);
}

static void ndjson__worst_quantile_is_the_rows(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	make(1, 30000);
	add_field(0, 0, "a", 1);
	add_field(0, 0, "b", 1);
	for (int i = 1; i < 64; i++)
		assert_true(sample_add(&made.field[0][0].sample, i));
	assert_non_null(strstr(render(&rows, &text), "\"quantiles\":\"exact\",\"accuracy\":0,"));
	assert_true(sample_add(&made.field[0][0].sample, 1));
	assert_non_null(strstr(render(&rows, &text),
		"\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	drop(&text);
	make(1, 30000);
	for (int i = 0; i < 65; i++)
		assert_true(sample_add(&made.row[0].lag_us, 1));
	assert_non_null(strstr(render(&rows, &text),
		"\"quantiles\":\"sketch\",\"accuracy\":0.01,"));
	drop(&text);
}

/* 0.3 and 0.7 are no doubles: a rate that divides by them is rounded twice. */
static void ndjson__rate_is_rounded_once(void **state)
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
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *row, *rate;

		make(1, cases[i].ms);
		made.row[0].updates = cases[i].updates;
		row = render(&rows, &text);
		rate = strstr(row, "\"updatesPerSecond\":");
		assert_non_null(rate);
		rate += strlen("\"updatesPerSecond\":");
		assert_memory_equal(rate, cases[i].text, strlen(cases[i].text));
	}
	drop(&text);
}

#define CSV_HEAD "window,start,end,partial,coverage,queueId,metric,count,last,min,max,mean," \
	"stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs\n"
#define CSV_WHEN "7,2026-11-24T02:00:00.000Z,2026-11-24T02:00:30.000Z,"
#define CSV_MS "1795485600000,1795485630000\n"

static void csv__rows_are_a_field_each(void **state)
{
	struct rows rows = rows_of(FORMAT_CSV);
	struct buf text = { 0 };

	(void)state;
	make(2, 30000);
	add_field(0, 0, "voice.active", 1.5);
	add_field(0, 1, "avg", -3);
	made.row[0].coverage_e4 = 9999;
	made.row[0].rejected[VERDICT_OUTLIER] = 1;
	made.row[0].rejected[VERDICT_STALE] = 2;
	made.row[0].rejected[VERDICT_DUPLICATE] = 3;
	made.row[0].rejected[VERDICT_INVALID] = 4;
	made.row[1].coverage_e4 = -1;
	made.window.partial = true;
	assert_string_equal(render(&rows, &text), CSV_HEAD
		CSV_WHEN "true,0.9999," Q1 ",state.voice.active,1,1.5,1.5,1.5,1.5,0,1.5,1.5,1.5,"
		"1.5,1,1,2,3,4," CSV_MS
		CSV_WHEN "true,0.9999," Q1 ",waitTime.avg,1,-3,-3,-3,-3,0,-3,-3,-3,-3,1,1,2,3,4,"
		CSV_MS
		CSV_WHEN "true,," Q2 ",,,,,,,,,,,,0,0,0,0,0," CSV_MS);
	drop(&text);
}

static size_t count_of(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void csv__header_is_once_and_has_each_rows_columns(void **state)
{
	struct rows rows = rows_of(FORMAT_CSV), bare = rows;
	struct buf text = { 0 };
	const char *first;

	(void)state;
	make(0, 30000);
	assert_string_equal(render(&rows, &text), "");	/* no row yet, so no header */
	make(1, 30000);
	first = render(&rows, &text);
	assert_memory_equal(first, CSV_HEAD, strlen(CSV_HEAD));
	first += strlen(CSV_HEAD);
	assert_int_equal(count_of(first, ','), count_of(CSV_HEAD, ','));
	assert_int_equal(count_of(first, '\n'), 1);
	assert_null(strstr(render(&rows, &text), "metric"));
	bare.conf.header = false;
	assert_null(strstr(render(&bare, &text), "metric"));
	drop(&text);
}

static void csv__names_are_quoted_where_they_must(void **state)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "a b", ",state.a b," }, { "a,b", ",\"state.a,b\"," },
		{ "\"", ",\"state.\"\"\"," }, { "a\nb", ",\"state.a\xEF\xBF\xBD" "b\"," },
		{ "a\rb", ",\"state.a\xEF\xBF\xBD" "b\"," }, { "\xC3\xA9", ",state.\xC3\xA9," }
	};
	struct rows rows = rows_of(FORMAT_CSV);
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make(1, 30000);
		add_field(0, 0, cases[i].path, 1);
		if (!strstr(render(&rows, &text), cases[i].text))
			fail_msg("%s: no %s in %s", cases[i].path, cases[i].text, text.data);
		drop(&text);
	}
}

static void rows__that_do_not_fit_fail(void **state)
{
	struct rows rows = rows_of(FORMAT_NDJSON);
	struct buf text = { .limit = 300 };

	(void)state;
	make(1, 30000);
	assert_false(rows_render(&rows, &made.window, &text));
	drop(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ndjson__empty_row_has_every_key),
		cmocka_unit_test(ndjson__unknown_is_null_and_each_count_has_its_key),
		cmocka_unit_test(ndjson__interval_of_the_run_wins),
		cmocka_unit_test(ndjson__fields_nest),
		cmocka_unit_test(ndjson__lag_is_in_ms),
		cmocka_unit_test(ndjson__worst_quantile_is_the_rows),
		cmocka_unit_test(ndjson__rate_is_rounded_once),
		cmocka_unit_test(csv__rows_are_a_field_each),
		cmocka_unit_test(csv__header_is_once_and_has_each_rows_columns),
		cmocka_unit_test(csv__names_are_quoted_where_they_must),
		cmocka_unit_test(rows__that_do_not_fit_fail)
	};

	return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
