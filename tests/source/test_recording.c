/* Recordings: what was put is read back, and what people do to them in between. */
#include "source/recording.h"
#include "tests/support/tempdir.h"
#include "util/buf.h"
#include "util/time.h"

#define T INT64_C(1795485600123456)

static struct recording *recording;
static struct recording_entry entry;	/* what was read last */
static struct buf out;			/* a recording that a test writes */
static struct err err;

static int tear_down(void **state)
{
	recording_close(recording);
	recording = NULL;
	buf_free(&out);
	return workdir_leave(state);
}

static void read_from(const char *bytes, size_t len)
{
	recording_close(recording);
	put_file("recording", bytes, len, 0600);
	assert_int_equal(recording_open(&recording, "recording", "--replay", &err), ST_OK);
}

static void read_text(const char *text)
{
	read_from(text, strlen(text));
}

static enum recording_entry_kind next(void)
{
	assert_int_equal(recording_read(recording, &entry, &err), ST_OK);
	return entry.kind;
}

static void assert_text(const char *text)
{
	assert_int_equal(entry.text_len, strlen(text));
	assert_memory_equal(entry.text, text, strlen(text));
}

/* Reads an entry, which is of that kind with that text. */
static void assert_next(enum recording_entry_kind kind, const char *text)
{
	assert_int_equal(next(), kind);
	assert_text(text);
}

static void assert_next_at(enum recording_entry_kind kind, uint64_t line)
{
	assert_int_equal(next(), kind);
	assert_int_equal(entry.line, line);
}

TEST(stall__is_written_and_read)
{
	static const char bad[] =
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"stalled\"}\n"
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"stalled\","
		"\"until\":\"2026-11-24T01:59:59Z\"}\n";

	recording_entry_put_stall(&out, T, T + 2500001);
	assert_true(buf_str(&out, bad));
	read_from(out.data, out.len);
	assert_int_equal(next(), RECORDING_STALLED);
	assert_int_equal(entry.at_us, T);
	assert_int_equal(entry.until_us, T + 2500001);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(next(), RECORDING_BROKEN);
		assert_string_equal(entry.why, "`until` is not a time at or after `at`");
	}
}

TEST(recording__is_written_and_read)
{
	static const char *const texts[] = {
		"{\"a\":[1,\"}\"]}", "not json", "{\"a\":\n1}", "\"quoted\\u0041\"", "", "{} {}",
		"{\"a\":01}", "tab\tand\x01"
	};

	recording_entry_put_state(&out, T, 3, RECORDING_CONNECTED, NULL);
	recording_entry_put_state(&out, T, 3, RECORDING_CONNECTED, "PT10S");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		recording_entry_put_message(&out, T + (int64_t)i, 1, false, texts[i],
			strlen(texts[i]));
	recording_entry_put_message(&out, T, 0, true, "bin", 3);
	recording_entry_put_state(&out, T, 3, RECORDING_LOST, "PT10S");
	recording_entry_put_end(&out, T + 9);
	read_from(out.data, out.len);
	assert_int_equal(next(), RECORDING_CONNECTED);
	assert_int_equal(entry.stream, 3);
	assert_null(entry.text);
	assert_next(RECORDING_CONNECTED, "PT10S");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(next(), RECORDING_FRAME);
		assert_int_equal(entry.at_us, T + (int64_t)i);
		assert_int_equal(entry.stream, 1);
		assert_text(texts[i]);
	}
	assert_int_equal(next(), RECORDING_BINARY);
	assert_int_equal(next(), RECORDING_LOST);
	assert_int_equal(next(), RECORDING_END_STATE);
	assert_int_equal(entry.at_us, T + 9);
	assert_int_equal(next(), RECORDING_EOF);
	assert_false(entry.torn);
}

TEST(run_line__is_written_and_read)
{
	static const char *const ids[] = { "00000001-0000-4000-8000-000000000001",
		"00000002-0000-4000-8000-000000000002" };
	struct lines queues = { 0 }, read = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		lines_add(&queues, "%s", ids[i]);
	recording_entry_put_run(&out, T, SOURCE_STREAM, &queues, "PT30S");
	recording_entry_put_run(&out, T + 1, SOURCE_NOTIFICATIONS, &(struct lines){ 0 }, NULL);
	read_from(out.data, out.len);
	assert_int_equal(next(), RECORDING_RUN);
	assert_true(entry.at_us == T);
	assert_int_equal(entry.source, SOURCE_STREAM);
	assert_string_equal(entry.interval, "PT30S");
	recording_entry_queues(&entry, &read);
	assert_int_equal(read.n, 2);
	assert_string_equal(read.v[1], ids[1]);
	assert_int_equal(next(), RECORDING_RUN);
	assert_int_equal(entry.source, SOURCE_NOTIFICATIONS);
	assert_string_equal(entry.interval, "");
	recording_entry_queues(&entry, &read);
	assert_int_equal(read.n, 2);
	lines_free(&queues);
	lines_free(&read);
}

#define RUN "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"state\":\"run\"," \
	"\"schema\":\"gsqstat-recording/1\",\"source\":\"stream\",\"queues\":[],\"interval\":null}"

/* What a killed run left of its last line stands before the next recording's first. */
TEST(run_line__after_a_torn_line_is_read)
{
	static const char text[] = "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"stream\":0,\"fra"
		RUN "\n{\"a\":1}\n";

	read_text(text);
	assert_next_at(RECORDING_BROKEN, 1);
	assert_next_at(RECORDING_RUN, 1);
	assert_next_at(RECORDING_BARE, 2);
}

/* As `gc notifications channels listen` prints them. */
TEST(bare_frames__may_be_spread_over_lines)
{
	static const char text[] = "{\n  \"a\": {\n    \"b\": [\n1,\n{\n}\n]\n  }\n}\n\n"
		"{\"c\": \"}\\\"{\"}{\"d\":\n1}  {\"e\":2}\n"
		"{\n \"at\": \"2026-11-24T02:00:00Z\",\n \"frame\": {}\n}\n";
	static const char *const values[] = {
		"{\n  \"a\": {\n    \"b\": [\n1,\n{\n}\n]\n  }\n}", "{\"c\": \"}\\\"{\"}",
		"{\"d\":\n1}", "{\"e\":2}", "{}"
	};
	static const uint64_t lines[] = { 1, 11, 11, 12, 13 };

	read_text(text);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_next(i < 4 ? RECORDING_BARE : RECORDING_FRAME, values[i]);
		assert_int_equal(entry.line, lines[i]);
	}
	assert_int_equal(next(), RECORDING_EOF);
}

/* It costs no value but itself, wherever it is torn. */
TEST(bare_frame__that_is_broken_does_not_affect_the_next)
{
	static const char *const torn[] = {
		"{\n  \"a\": 1,\n", "{\n  \"a\":\n", "{\n  \"a\": [\n", "{\n  \"a\": \"x\n",
		"{\n  \"a\": [1}\n  ]\n}\n", "{\n  ]\n  \"b\": 2\n}\n", "{\"a\":[\n{\"at\":7}\n",
		"{\n  \"a\": 1,\n  x\n", "{\"a\"\n"
	};

	for (size_t i = 0; i < ARRAY_LEN(torn); i++) {
		size_t broken = 0, good = 0;

		buf_clear(&out);
		buf_printf(&out, "%s{\"good\":1}\n{\n  \"good\": 2\n}\n", torn[i]);
		read_from(out.data, out.len);
		while (next() != RECORDING_EOF) {
			broken += entry.kind == RECORDING_BROKEN;
			good += entry.kind == RECORDING_BARE
				&& memmem(entry.text, entry.text_len, "good", 4);
		}
		if (good != 2 || broken < 1 || broken > 2 || entry.torn)
			fail_msg("%s: %zu broken, %zu good", torn[i], broken, good);
	}
}

TEST(bare_frame__unfinished_at_the_end_is_torn)
{
	static const char *const ends[] = { "{\n  \"a\": 1,\n", "{\n  \"a\"", "{" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		read_text(ends[i]);
		assert_int_equal(next(), RECORDING_EOF);
		assert_true(entry.torn);
	}
}

TEST(bare_frame__that_is_too_long_is_broken)
{
	const size_t lines = 9 * 1024;
	char row[1025];

	memset(row, ' ', sizeof(row));
	row[1024] = '\n';
	buf_str(&out, "{\"a\":[\n");
	for (size_t i = 0; i < lines; i++) {
		row[1] = '1';
		row[2] = ',';
		buf_add(&out, row, sizeof(row));
	}
	buf_str(&out, "1]}\n{\"b\":1}\n");
	read_from(out.data, out.len);
	assert_int_equal(next(), RECORDING_BROKEN);
	assert_int_equal(next(), RECORDING_BARE);
	assert_int_equal(next(), RECORDING_EOF);
}

static struct recording_head peek(const char *text, bool until_source,
	enum recording_entry_kind first)
{
	struct recording_head head;

	read_text(text);
	assert_int_equal(recording_peek(recording, until_source, &head, &err), ST_OK);
	assert_int_equal(next(), first);
	lines_free(&head.queues);
	return head;
}

TEST(peek__finds_the_source_and_leaves_all_lines)
{
#define AT "{\"at\":\"2026-11-24T02:00:00Z\","
	static const struct {
		const char *text;
		enum recording_entry_kind first;
		enum source_kind source;
	} of[] = { { RUN "\n", RECORDING_RUN, SOURCE_STREAM },
		{ "{\"topicName\":\"x\"}", RECORDING_BARE, SOURCE_NOTIFICATIONS },
		{ "{\n\"version\":2,\n\"topicName\":\"x\"\n}\n", RECORDING_BARE,
			SOURCE_NOTIFICATIONS },
		{ "{\"eventType\":\"x\"}\n", RECORDING_BARE, SOURCE_STREAM },
		{ AT "\"state\":\"connected\"}\nx\n" AT "\"frame\":{\"eventType\":1}}\n",
			RECORDING_CONNECTED, SOURCE_STREAM },
		{ AT "\"state\":\"connected\",\"interval\":\"PT10S\"}\n", RECORDING_CONNECTED,
			SOURCE_STREAM },
		{ AT "\"answer\":\"queues\",\"frame\":{}}\n", RECORDING_ANSWER,
			SOURCE_NOTIFICATIONS },
		{ AT "\"text\":\"{\"}\n" AT "\"state\":\"end\"}\n", RECORDING_FRAME,
			SOURCE_UNKNOWN },
		{ "", RECORDING_EOF, SOURCE_UNKNOWN } };

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		assert_int_equal(peek(of[i].text, true, of[i].first).source, of[i].source);
	assert_int_equal(peek("x\n{\"eventType\":1}\n", false, RECORDING_BROKEN).source,
		SOURCE_UNKNOWN);
}

TEST(line__may_be_reformatted)
{
	static const char text[] = "\xEF\xBB\xBF\r\n"
		" { \"frame\" : {\"x\":1} , \"at\" : \"2026-11-24T02:00:00Z\" }\r\n\n"
		"{\"bare\":1}\n";

	read_text(text);
	assert_next_at(RECORDING_FRAME, 2);
	assert_text("{\"x\":1}");
	assert_next_at(RECORDING_BARE, 4);
	assert_true(entry.at_us == NO_TIME);
}

/* As our own writer makes it but for what somebody added at the end. */
TEST(line__may_have_unknown_members_after_the_frame)
{
#define BEFORE "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"stream\":1,\"frame\":"
	static const char text[] =
		BEFORE "{\"a\":{}},\"x\":7}\n" BEFORE "{\"a\":1},\"x\":\"y\"}\n"
		BEFORE "{} }\n" BEFORE "[{}]}\n" BEFORE "7}\n";
	static const char *const frames[] = { "{\"a\":{}}", "{\"a\":1}", "{}", "[{}]", "7" };

	read_text(text);
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		assert_int_equal(next(), RECORDING_FRAME);
		assert_int_equal(entry.stream, 1);
		assert_true(entry.at_us == T);
		assert_text(frames[i]);
	}
}

TEST(line__that_is_broken_is_reported)
{
	static const char *const bad[] = {
		"x", "[1]", "{\"at\":\"never\",\"frame\":{}}", "{\"at\":\"2026-11-24T02:00:00Z\"}",
		"{\"at\":7,\"frame\":{}}", "{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"odd\"}",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"stream\":10,\"frame\":{}}",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"text\":7}",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"frame\":{}} x",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"run\"}",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"run\",\"source\":\"stream\","
			"\"schema\":\"gsqstat-recording/2\"}",
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"run\",\"source\":\"x\","
			"\"schema\":\"gsqstat-recording/1\"}"
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		buf_printf(&out, "%s\n", bad[i]);
	buf_add(&out, "{\"a\0\":1}\n", 9);
	read_from(out.data, out.len);
	for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
		if (next() != RECORDING_BROKEN)
			fail_msg("line %zu was taken", i + 1);
		assert_non_null(entry.why);
	}
	assert_int_equal(next(), RECORDING_EOF);
}

TEST(last_line__needs_no_newline)
{
	read_from("{\"a\":1}\n{\"b\":", 14);
	assert_int_equal(next(), RECORDING_BARE);
	assert_int_equal(next(), RECORDING_EOF);
	assert_true(entry.torn);
	read_from("{\"a\":1}", 7);	/* whole all the same */
	assert_int_equal(next(), RECORDING_BARE);
	assert_int_equal(next(), RECORDING_EOF);
	assert_false(entry.torn);
}

TEST(line__that_is_too_long_is_skipped)
{
	size_t len = RECORDING_LINE_MAX + 5;
	char *text = malloc(len + 9);

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + len, "\n{\"a\":1}\n", 9);
	read_from(text, len + 9);
	assert_int_equal(next(), RECORDING_BROKEN);
	assert_int_equal(next(), RECORDING_BARE);
	assert_int_equal(next(), RECORDING_EOF);
	free(text);
}

/* Without a writer a FIFO has neither lines nor an end yet; opening it must not wait. */
TEST(fifo__is_opened_and_read_without_blocking)
{
	int writer;

	assert_int_equal(mkfifo("fifo", 0600), 0);
	alarm(20);
	assert_int_equal(recording_open(&recording, "fifo", "--replay", &err), ST_OK);
	alarm(0);
	assert_int_equal(next(), RECORDING_WAIT);
	writer = open("fifo", O_WRONLY);
	assert_int_equal(write(writer, "{\"a\":1}\n{\"b", 11), 11);
	assert_int_equal(next(), RECORDING_BARE);
	assert_int_equal(next(), RECORDING_WAIT);
	assert_int_equal(write(writer, "\":2}\n", 5), 5);
	assert_next(RECORDING_BARE, "{\"b\":2}");
	assert_int_equal(next(), RECORDING_WAIT);
	close(writer);
	assert_int_equal(next(), RECORDING_EOF);
}

TEST(file__that_cannot_be_read_is_an_error)
{
	assert_int_equal(recording_open(&recording, "/nowhere/at/all", "--replay", &err), ST_USAGE);
	assert_null(recording);
	assert_int_equal(recording_open(&recording, "/", "--replay", &err), ST_OK);
	assert_int_equal(recording_read(recording, &entry, &err), ST_PROTOCOL);
}

TEST(rejects_line__has_all_members)
{
	recording_entry_put_reject(&out, T, true, 7, "q", "stale", "{\"a\":1}", 7);
	recording_entry_put_reject(&out, NO_TIME, false, 0, NULL, "not-json", "x\"", 2);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"{\"at\":\"2026-11-24T02:00:00.123456Z\",\"window\":7,\"queueId\":\"q\","
		"\"reason\":\"stale\",\"frame\":{\"a\":1}}\n"
		"{\"at\":null,\"window\":null,\"queueId\":null,\"reason\":\"not-json\","
		"\"text\":\"x\\\"\"}\n");
}

int main(void)
{
	each_test(workdir_enter, tear_down);
	return run_all_tests(NULL, NULL);
}
