/* The CSV header and the rows of a window, byte for byte: columns in their order, quoting. */
#include "output/output.h"
#include "tests/support/made_windows.h"

/* --- stream windows ------------------------------------------------------------------- */

/* What one run has printed so far: with and without a header. */
static void *with_header, *bare;

static void *state_new(bool header)
{
	return output_csv.new(&(struct output_conf){ .header = header });
}

static int make_states(void **state)
{
	(void)state;
	with_header = state_new(true);
	bare = state_new(false);
	return with_header && bare ? 0 : -1;
}

static int free_states(void **state)
{
	output_csv.free(with_header);
	output_csv.free(bare);
	return drop_made(state);
}

static const char *render(void *state)
{
	buf_clear(&text);
	assert_true(output_csv.put(state, &made, &text));
	buf_char(&text, '\0');
	assert_false(text.failed);
	return text.data;
}

#define CSV_HEAD "window,start,end,partial,coverage,queueId,metric,count,last,min,max,mean," \
	"stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"
#define CSV_WHEN "7,2026-11-24T02:00:00.000Z,2026-11-24T02:00:30.000Z,"
#define CSV_MS "1795485600000,1795485630000\n"

TEST(stream__has_a_row_for_each_field)
{
	make(true, 30000);
	made.partial = true;
	row_window_add(&made, &(struct row){ .queue_id = Q1, .coverage = 0.9999, .updates = 1,
		.rejected = { [VERDICT_OUTLIER] = 1, [VERDICT_STALE] = 2, [VERDICT_DUPLICATE] = 3,
			[VERDICT_INVALID] = 4 } });
	add_values("state", "voice.active", 1.5, 1);
	add_values("waitTime", "avg", -3, 1);
	row_window_add(&made, &(struct row){ .queue_id = Q2, .coverage = NAN });
	assert_string_equal(render(with_header), CSV_HEAD "\n"
		CSV_WHEN "true,0.9999," Q1 ",state.voice.active,1,1.5,1.5,1.5,1.5,0,1.5,1.5,1.5,"
		"1.5,1,1,2,3,4," CSV_MS
		CSV_WHEN "true,0.9999," Q1 ",waitTime.avg,1,-3,-3,-3,-3,0,-3,-3,-3,-3,1,1,2,3,4,"
		CSV_MS
		CSV_WHEN "true,," Q2 ",,,,,,,,,,,,0,0,0,0,0," CSV_MS);
}

static size_t count_of(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

TEST(stream__header_is_printed_once_with_all_columns)
{
	const char *first;

	make(true, 30000);
	assert_string_equal(render(with_header), "");	/* no row yet, so no header */
	make_stream_row();
	first = render(with_header);
	assert_memory_equal(first, CSV_HEAD "\n", strlen(CSV_HEAD "\n"));
	first += strlen(CSV_HEAD "\n");
	assert_int_equal(count_of(first, ','), count_of(CSV_HEAD, ','));
	assert_int_equal(count_of(first, '\n'), 1);
	assert_null(strstr(render(with_header), "metric"));
	assert_null(strstr(render(bare), "metric"));
}

TEST(stream__has_a_column_for_names_that_the_first_row_knows)
{
	static const char last[] = "," CSV_MS;

	make_stream_row();
	made.members |= 1u << ROW_QUEUE_NAME;
	row_window_add(&made, &(struct row){ .queue_id = Q2, .queue_name = "Say \"b\", c" });
	assert_non_null(strstr(render(with_header), "endMs,queueName\n"));
	assert_non_null(strstr(text.data, ",1795485630000,\"Say \"\"b\"\", c\"\n"));
	made.members &= ~(1u << ROW_QUEUE_NAME);
	assert_null(strstr(render(bare), "Say"));
	made.members |= 1u << ROW_QUEUE_NAME;	/* too late for a column */
	assert_null(strstr(render(bare), "Say"));
	assert_string_equal(text.data + text.len - sizeof(last), last);
}

TEST(stream__names_are_quoted_if_necessary)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "a b", ",state.a b," }, { "a,b", ",\"state.a,b\"," },
		{ "\"", ",\"state.\"\"\"," }, { "a\nb", ",\"state.a\xEF\xBF\xBD" "b\"," },
		{ "a\rb", ",\"state.a\xEF\xBF\xBD" "b\"," }, { "\xC3\xA9", ",state.\xC3\xA9," }
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make_stream_row();
		add_values("state", cases[i].path, 1, 1);
		if (!strstr(render(with_header), cases[i].text))
			fail_msg("%s: no %s in %s", cases[i].path, cases[i].text, text.data);
	}
}

/* --- queue windows -------------------------------------------------------------------- */

#define SPAN "7,2026-11-24T02:00:00.000Z,2026-11-24T02:00:10.000Z,false,0.75," Q1 ","

/* Adds series to the row. */
typedef void add_series(void);

static void check(bool header, struct row row, add_series *add, const char *want)
{
	void *state = state_new(header);

	assert_non_null(state);
	row.queue_id = Q1;
	row.coverage = 0.75;
	make(false, 10000);
	row_window_add(&made, &row);
	if (add)
		add();
	assert_string_equal(render(state), want);
	output_csv.free(state);
}

#define COUNTS ",5,0,0,1,2,1795485600000,1795485610000,"
#define NOTHING ",0,0,0,0,0,1795485600000,1795485610000,,,,,,,\n"
#define HEADER CSV_HEAD ",mediaType,queueName,carried,observedMs,events,total,delta\n"

TEST(queue__has_rows_of_each_kind)
{
	check(true, (struct row){ .media = "voice", .queue_name = "Sales, EU", .updates = 5,
			.rejected = { [VERDICT_DUPLICATE] = 1, [VERDICT_INVALID] = 2 } },
		add_every_kind,
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

TEST(queue__unknown_values_are_empty)
{
	check(false, (struct row){ .updates = 0 }, add_nothing_known,
		SPAN "oLongestWaiting.ageMs,,,,,,,,,," NOTHING
		SPAN "tWait.max,,,,,,,,,," NOTHING
		SPAN "tWait.sum,,,,,,,,,," NOTHING);
}

TEST(queue__without_series_has_a_row_with_all_columns)
{
	check(true, (struct row){ .updates = 0 }, NULL, HEADER SPAN ",,,,,,,,,," NOTHING);
}

TEST(queue__header_is_printed_once)
{
	make(false, 1000);
	row_window_add(&made, &(struct row){ .queue_id = Q1 });
	assert_memory_equal(render(with_header), HEADER, strlen(HEADER));
	assert_null(strstr(render(with_header), "metric"));
}

int main(void)
{
	each_test(make_states, free_states);
	return run_all_tests(NULL, NULL);
}
