/* Rows with sketches: what is printed is read, and printed the same; nothing else is read. */
#include "merge/row_reader.h"
#include "output/output.h"
#include "tests/support/made_windows.h"
#include "tests/support/random.h"

static struct row_reader *reader;
static struct merge_row row;

static int setup(void **state)
{
	(void)state;
	reader = row_reader_new();
	return reader ? 0 : -1;
}

static int teardown(void **state)
{
	merge_row_free(&row);
	row_reader_free(reader);
	return drop_made(state);
}


static char site[] = "site", other[] = "b";
static const struct row_labels labels = { { { site, "K\u00F6ln\n" }, { other, "\"" } }, 2 };

static void begin(bool stream)
{
	make(stream, 30000);
	made.has_sketch = true;
}

static void add_lag(int n)
{
	struct sample lag = { 0 };

	for (int i = 0; i < n; i++)
		assert_true(sample_add(&lag, (double)(random_u64() % 100000)));
	assert_true(row_window_set_lag(&made, &lag));
	sample_free(&lag);
}

static void add_random(const char *metric, const char *path, int n)
{
	struct sample sample = { 0 };

	for (int i = 0; i < n; i++)
		assert_true(sample_add(&sample, random_unit() * 1e6 - 300));
	assert_true(row_window_add_sample(&made, metric, path, &sample, n % 2 ? NO_TIME
		: START_MS * US_PER_MS + n));
	sample_free(&sample);
}

static void make_stream(void)
{
	begin(true);
	made.event_time = true;
	row_window_add(&made, &(struct row){ .queue_id = Q1, .queue_name = "K\"\u00F6",
		.coverage = 0.9876, .connected_us = 29629999, .interval = "PT10S",
		.updates = 7, .clock_skew = 3,
		.labels = &labels, .rejected = { 1, 2, 3, 4 } });
	add_random("state", "active", 3);
	add_random("state", "voice.active", 64);
	add_random("state", "voice.waiting", 65);
	add_random("waitTime", "avg", 5000);
	add_lag(70);
}

static void add_held(const char *metric, const char *path, int n)
{
	struct row_series *s = row_window_add_series(&made, metric, path, ROW_GAUGE);
	struct sample held = { 0 };
	struct sample_summary summary;

	for (int i = 0; i < n; i++)
		assert_true(sample_add_time(&held, i * 0.5 - 3, 1 + random_u64() % 100000));
	s->stat[STAT_LAST] = n ? 2 : NAN;
	s->stat[STAT_CARRIED] = n == 0;
	s->stat[STAT_EVENTS] = n;
	s->stat[STAT_OBSERVED_MS] = (double)held.count / 1000;
	if (n) {
		assert_true(sample_summarise(&held, 1, &summary));
		row_series_set(s, &summary);
		row_window_accuracy(&made, sample_is_exact(&held), sample_accuracy(&held));
	}
	assert_true(row_window_add_sketch(&made, &held, true, n ? START_MS * US_PER_MS : NO_TIME));
	sample_free(&held);
}

static void add_two(const char *metric, const char *path, enum row_kind kind, double a, double b)
{
	struct row_series *s = row_window_add_series(&made, metric, path, kind);

	s->stat[kind == ROW_AGE ? STAT_LAST : STAT_TOTAL] = a;
	s->stat[kind == ROW_AGE ? STAT_MAX : STAT_DELTA] = b;
	assert_true(row_window_add_sketch(&made, NULL, false, START_MS * US_PER_MS));
}

static void make_notifications(const char *media)
{
	begin(false);
	made.partial = true;
	row_window_add(&made, &(struct row){ .queue_id = Q2, .queue_name = "", .media = media,
		.coverage = NAN, .connected_us = NO_TIME, .since_us = media ? NO_TIME : 5 });
	add_held("oWaiting", "count", 2);
	add_held("oInteracting", "count", 0);
	add_held("oOnQueueUsers", "IDLE.count", 100);
	add_two("oLongestWaiting", "ageMs", ROW_AGE, NAN, 12.5);
	add_two("nOffered", "count", ROW_TOTAL, 12, NAN);
	row_window_add_series(&made, "oServiceLevel", "ratio", ROW_PLAIN)->stat[STAT_VALUE] = 0.5;
	row_window_add_series(&made, "oServiceLevel", "target", ROW_PLAIN);
}

/* Ends the made window, and prints it. */
static void print_made(void)
{
	assert_true(row_window_end(&made));
	buf_clear(&text);
	assert_true(output_ndjson.put(NULL, &made, &text));
}

static void assert_read_and_printed(void)
{
	struct row_window again = { 0 };
	struct buf copy = { 0 };
	int64_t start_ms;

	print_made();
	assert_null(row_reader_read(reader, text.data, text.len, &row));
	assert_true(row_reader_find_start(text.data, text.len, &start_ms));
	assert_true(start_ms == row.start_ms);
	assert_true(row_window_begin(&again, 1, row.nseries));
	merge_row_describe(&row, &again);
	again.has_sketch = true;
	again.index = 7;
	assert_true(merge_row_put(&row, 0, &again) && row_window_end(&again));
	assert_true(output_ndjson.put(NULL, &again, &copy) && buf_char(&copy, '\0'));
	buf_char(&text, '\0');
	assert_string_equal(copy.data, text.data);
	merge_row_free(&row);
	row_window_free(&again);
	buf_free(&copy);
}

TEST(a_row_of_the_stream_is_printed_as_it_was_read)
{
	make_stream();
	assert_read_and_printed();
	begin(true);
	row_window_add(&made, &(struct row){ .queue_id = Q1, .coverage = 0 });
	assert_read_and_printed();
}

TEST(rows_of_notifications_are_printed_as_they_were_read)
{
	make_notifications(NULL);
	assert_read_and_printed();
	make_notifications("voice");
	assert_read_and_printed();
}

/* The text of the made row, with the first `from` replaced by `to`. */
static void replace(const char *from, const char *to)
{
	struct buf new = { 0 };
	const char *at;

	print_made();
	buf_char(&text, '\0');
	at = strstr(text.data, from);
	assert_non_null(at);
	assert_true(buf_add(&new, text.data, (size_t)(at - text.data)) && buf_str(&new, to)
		&& buf_str(&new, at + strlen(from)));
	buf_free(&text);
	text = new;
}

static const char *read_text(void)
{
	const char *why = row_reader_read(reader, text.data, text.len, &row);

	merge_row_free(&row);
	return why;
}

TEST(what_is_no_row_with_sketches_is_refused)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{ "gsqstat/1", "gsqstat/2", "`schema` is not gsqstat/1" },
		{ "\"schema\"", "\"Schema\"", "`schema` is missing" },
		{ "\"updates\":7", "\"updates\":7,\"updates\":7", "`updates` is there twice" },
		{ "\"updates\":7", "\"updates\":7.5", "`updates` is not a count" },
		{ "\"updates\":7", "\"updates\":-7", "`updates` is not a count" },
		{ "\"updates\":7", "\"updates\":1e300", "`updates` is not a count" },
		{ "\"updates\":7", "\"updates\":1e999", "`updates` is not a finite number" },
		{ "\"updates\":7", "\"updates\":null", "`updates` is not a count" },
		{ "\"partial\":false", "\"partial\":0", "`partial` is neither true nor false" },
		{ "\"time\":\"event\"", "\"time\":\"now\"", "`time` is neither event nor arrival" },
		{ "00000001-0000", "0000000x-0000", "`queueId` is not a queue ID" },
		{ "\"outlier\":", "\"other\":", "`rejected` has an unknown member, or one twice" },
		{ "\"outlier\":4,", "", "`rejected` lacks a member" },
		{ "\"sketch\":{\"v\":1", "\"sketch\":{\"v\":2",
			"`sketch.v` is not 1: another version of gsqstat made the row" },
		{ "\"sketch\":{\"v\":1", "\"other\":{\"v\":1",
			"the row has no sketch: print rows with --sketch" },
		{ "\"connectedUs\":29629999", "\"connectedUs\":99629999",
			"`sketch.connectedUs` is longer than the window" },
		{ "\"sketch\":\"1:", "\"other\":\"1:",
			"`state.active` has an unknown statistic, or one twice" },
		{ "\"sketch\":\"1:", "\"sketch\":\"2:",
			"the sketch of `state` is damaged: its version is not 1" },
		{ "\"sketch\":\"1:A", "\"sketch\":\"1:-",
			"the sketch of `state` is damaged: it is not Base64" },
		{ "\"active\":{\"count\":3", "\"active\":{\"count\":4",
			"`state.active` has a sketch of other values" },
		{ "\"waiting\":{", "\"active\":{", "`state` has a member twice" },
		{ "\"waitTime\":{", "\"state\":{", "`metrics` has a member twice" },
		{ "\"active\"", "\"a.b\"", "`state` has a key that no row has" },
		{ "\"active\"", "\"a\\u0000b\"", "`state` has a key that no row has" },
		{ "\"active\"", "\"\"", "`state` has a key that no row has" },
		{ "\"site\"", "\"__site\"", "`labels` has a label that --label does not take" },
		{ "\"site\":\"", "\"site\":\"\\u0000", "`labels` is not valid text" },
		{ "\"endMs\":", "\"endMs\":0,\"was\":", "`endMs` is out of range" },
		{ "\"interval\"", "\"was\"", "`mediaType` shows notifications, and `interval` the "
			"stream; the row must have one of them" },
		{ "\"lagMs\":{", "\"lagMs\":null,\"was\":{",
			"`lagMs` and its sketch do not belong together" },
		{ "}\n", "}}\n", "it is not a whole JSON object" },
		{ "{\"schema\"", "[\"schema\"", "it is not a whole JSON object" }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *why;

		make_stream();
		replace(cases[i].from, cases[i].to);
		why = read_text();
		assert_non_null(why);
		assert_string_equal(why, cases[i].why);
	}
}

TEST(a_shard_is_a_number_below_the_number_of_shards)
{
	static const struct {
		const char *shard;
		uint32_t number, of;	/* of 0: refused */
	} cases[] = {
		{ "0/1", 0, 1 }, { "9999/10000", 9999, 10000 }, { "1/1", 0, 0 }, { "0/0", 0, 0 },
		{ "0/10001", 0, 0 }, { "4294967296/4294967297", 0, 0 }, { "1", 0, 0 },
		{ "1/", 0, 0 }, { "/2", 0, 0 }, { "-1/2", 0, 0 }, { "+1/2", 0, 0 },
		{ " 1/2", 0, 0 }, { "1/2 ", 0, 0 }, { "1/2/3", 0, 0 }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char member[64];
		const char *why;

		make_stream();
		snprintf(member, sizeof(member), "\"shard\":\"%s\",\"partial\":", cases[i].shard);
		replace("\"partial\":", member);
		why = row_reader_read(reader, text.data, text.len, &row);
		if (cases[i].of) {
			assert_null(why);
			assert_int_equal(row.shard, cases[i].number);
			assert_int_equal(row.shards, cases[i].of);
		} else {
			assert_string_equal(why, "`shard` is not a shard K/N");
		}
		merge_row_free(&row);
	}
}

TEST(a_cut_row_is_refused_at_any_byte)
{
	make_notifications(NULL);
	print_made();
	for (size_t len = 0; len < text.len - 1; len++) {
		assert_non_null(row_reader_read(reader, text.data, len, &row));
		merge_row_free(&row);
	}
}

/* As jq -S prints it, and with escapes that another program may write. */
TEST(members_may_be_in_any_order_and_unknown_ones_are_ignored)
{
	make_stream();
	replace("{\"schema\":\"gsqstat/1\",", "{\"host\":{\"a\":[1]},");
	text.len -= 2;
	buf_str(&text, ",\"schema\":\"gsqstat\\/1\"}\n");
	assert_null(read_text());
}

int main(void)
{
	each_test(setup, teardown);
	return run_all_tests(NULL, NULL);
}
