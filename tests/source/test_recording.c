/* Recordings: what was put is read back, and what people do to them in between. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/recording.h"
#include "tests/support/check.h"
#include "util/buf.h"
#include "util/time.h"

#define T INT64_C(1795485600123456)

static char path[256];

static struct recording *tape_of(const char *bytes, size_t len)
{
	struct recording *t;
	struct err err;
	int fd;

	snprintf(path, sizeof(path), "%s/tape.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(path);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	assert_int_equal(recording_open(&t, path, &err), ST_OK);
	unlink(path);
	return t;
}

static struct recording_entry next(struct recording *t)
{
	struct recording_entry e;
	struct err err;

	assert_int_equal(recording_read(t, &e, &err), ST_OK);
	return e;
}

static void assert_text(const struct recording_entry *e, const char *text)
{
	assert_int_equal(e->text_len, strlen(text));
	assert_memory_equal(e->text, text, strlen(text));
}

TEST(stall__is_read_back_with_its_end)
{
	static const char bad[] =
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"stalled\"}\n"
		"{\"at\":\"2026-11-24T02:00:00Z\",\"state\":\"stalled\","
		"\"until\":\"2026-11-24T01:59:59Z\"}\n";
	struct buf out = { 0 };
	struct recording_entry e;
	struct recording *t;

	recording_entry_put_stall(&out, T, T + 2500001);
	assert_true(buf_str(&out, bad));
	t = tape_of(out.data, out.len);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_STALLED);
	assert_int_equal(e.at_us, T);
	assert_int_equal(e.until_us, T + 2500001);
	for (int i = 0; i < 2; i++) {
		e = next(t);
		assert_int_equal(e.kind, RECORDING_BROKEN);
		assert_string_equal(e.why, "`until` is no later time");
	}
	recording_close(t);
	buf_free(&out);
}

TEST(recording__reads_back_what_was_put)
{
	static const char *const texts[] = {
		"{\"a\":[1,\"}\"]}", "not json", "{\"a\":\n1}", "\"quoted\\u0041\"", "", "{} {}",
		"{\"a\":01}", "tab\tand\x01"
	};
	struct buf out = { 0 };
	struct recording_entry e;
	struct recording *t;

	recording_entry_put_state(&out, T, 3, RECORDING_CONNECTED, NULL);
	recording_entry_put_state(&out, T, 3, RECORDING_CONNECTED, "PT10S");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		recording_entry_put_message(&out, T + (int64_t)i, 1, false, texts[i],
			strlen(texts[i]));
	recording_entry_put_message(&out, T, 0, true, "bin", 3);
	recording_entry_put_state(&out, T, 3, RECORDING_LOST, "PT10S");
	recording_entry_put_end(&out, T + 9);
	t = tape_of(out.data, out.len);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_CONNECTED);
	assert_int_equal(e.stream, 3);
	assert_null(e.text);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_CONNECTED);
	assert_text(&e, "PT10S");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		e = next(t);
		assert_int_equal(e.kind, RECORDING_FRAME);
		assert_int_equal(e.at_us, T + (int64_t)i);
		assert_int_equal(e.stream, 1);
		assert_text(&e, texts[i]);
	}
	e = next(t);
	assert_int_equal(e.kind, RECORDING_BINARY);
	assert_int_equal(next(t).kind, RECORDING_LOST);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_END_STATE);
	assert_int_equal(e.at_us, T + 9);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_EOF);
	assert_false(e.torn);
	recording_close(t);
	buf_free(&out);
}

TEST(run__is_read_back)
{
	static const char *const ids[] = { "00000001-0000-4000-8000-000000000001",
		"00000002-0000-4000-8000-000000000002" };
	struct lines queues = { 0 }, read = { 0 };
	struct buf out = { 0 };
	struct recording_entry e;
	struct recording *t;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		lines_add(&queues, "%s", ids[i]);
	recording_entry_put_run(&out, T, SOURCE_STREAM, &queues, "PT30S");
	recording_entry_put_run(&out, T + 1, SOURCE_NOTIFICATIONS, &(struct lines){ 0 }, NULL);
	t = tape_of(out.data, out.len);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_RUN);
	assert_true(e.at_us == T);
	assert_int_equal(e.source, SOURCE_STREAM);
	assert_string_equal(e.interval, "PT30S");
	recording_entry_queues(&e, &read);
	assert_int_equal(read.n, 2);
	assert_string_equal(read.v[1], ids[1]);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_RUN);
	assert_int_equal(e.source, SOURCE_NOTIFICATIONS);
	assert_string_equal(e.interval, "");
	recording_entry_queues(&e, &read);
	assert_int_equal(read.n, 2);
	recording_close(t);
	lines_free(&queues);
	lines_free(&read);
	buf_free(&out);
}

#define RUN "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"state\":\"run\"," \
	"\"schema\":\"gsqstat-recording/1\",\"source\":\"stream\",\"queues\":[],\"interval\":null}"

/* What a killed run left of its last line stands before the next recording's first. */
TEST(run__behind_a_torn_line_is_read)
{
	static const char text[] = "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"stream\":0,\"fra"
		RUN "\n{\"a\":1}\n";
	struct recording *t = tape_of(text, strlen(text));
	struct recording_entry e = next(t);

	assert_int_equal(e.kind, RECORDING_BROKEN);
	assert_int_equal(e.line, 1);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_RUN);
	assert_int_equal(e.line, 1);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_BARE);
	assert_int_equal(e.line, 2);
	recording_close(t);
}

/* As `gc notifications channels listen` prints them. */
TEST(bare__takes_any_number_of_lines)
{
	static const char text[] = "{\n  \"a\": {\n    \"b\": [\n1,\n{\n}\n]\n  }\n}\n\n"
		"{\"c\": \"}\\\"{\"}{\"d\":\n1}  {\"e\":2}\n"
		"{\n \"at\": \"2026-11-24T02:00:00Z\",\n \"frame\": {}\n}\n";
	static const char *const values[] = {
		"{\n  \"a\": {\n    \"b\": [\n1,\n{\n}\n]\n  }\n}", "{\"c\": \"}\\\"{\"}",
		"{\"d\":\n1}", "{\"e\":2}", "{}"
	};
	static const uint64_t lines[] = { 1, 11, 11, 12, 13 };
	struct recording *t = tape_of(text, strlen(text));

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct recording_entry e = next(t);

		assert_int_equal(e.kind, i < 4 ? RECORDING_BARE : RECORDING_FRAME);
		assert_text(&e, values[i]);
		assert_int_equal(e.line, lines[i]);
	}
	assert_int_equal(next(t).kind, RECORDING_EOF);
	recording_close(t);
}

/* It costs no value but itself, wherever it is torn. */
TEST(bare__that_is_broken_ends_before_the_next)
{
	static const char *const torn[] = {
		"{\n  \"a\": 1,\n", "{\n  \"a\":\n", "{\n  \"a\": [\n", "{\n  \"a\": \"x\n",
		"{\n  \"a\": [1}\n  ]\n}\n", "{\n  ]\n  \"b\": 2\n}\n", "{\"a\":[\n{\"at\":7}\n",
		"{\n  \"a\": 1,\n  x\n", "{\"a\"\n"
	};

	for (size_t i = 0; i < ARRAY_LEN(torn); i++) {
		struct buf text = { 0 };
		struct recording_entry e;
		struct recording *t;
		size_t broken = 0, good = 0;

		buf_printf(&text, "%s{\"good\":1}\n{\n  \"good\": 2\n}\n", torn[i]);
		t = tape_of(text.data, text.len);
		while ((e = next(t)).kind != RECORDING_EOF) {
			broken += e.kind == RECORDING_BROKEN;
			good += e.kind == RECORDING_BARE && memmem(e.text, e.text_len, "good", 4);
		}
		if (good != 2 || broken < 1 || broken > 2 || e.torn)
			fail_msg("%s: %zu broken, %zu good", torn[i], broken, good);
		recording_close(t);
		buf_free(&text);
	}
}

TEST(bare__that_the_input_ends_in_is_torn)
{
	static const char *const ends[] = { "{\n  \"a\": 1,\n", "{\n  \"a\"", "{" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct recording *t = tape_of(ends[i], strlen(ends[i]));
		struct recording_entry e = next(t);

		assert_int_equal(e.kind, RECORDING_EOF);
		assert_true(e.torn);
		recording_close(t);
	}
}

TEST(bare__too_long_is_broken)
{
	const size_t lines = 9 * 1024;
	char row[1025];
	struct buf text = { 0 };
	struct recording *t;

	memset(row, ' ', sizeof(row));
	row[1024] = '\n';
	buf_str(&text, "{\"a\":[\n");
	for (size_t i = 0; i < lines; i++) {
		row[1] = '1';
		row[2] = ',';
		buf_add(&text, row, sizeof(row));
	}
	buf_str(&text, "1]}\n{\"b\":1}\n");
	t = tape_of(text.data, text.len);
	assert_int_equal(next(t).kind, RECORDING_BROKEN);
	assert_int_equal(next(t).kind, RECORDING_BARE);
	assert_int_equal(next(t).kind, RECORDING_EOF);
	recording_close(t);
	buf_free(&text);
}

static struct recording_head peek(const char *text, bool until_source,
	enum recording_entry_kind first)
{
	struct recording *t = tape_of(text, strlen(text));
	struct recording_head head;
	struct err err;

	assert_int_equal(recording_peek(t, until_source, &head, &err), ST_OK);
	assert_int_equal(next(t).kind, first);
	recording_close(t);
	lines_free(&head.queues);
	return head;
}

TEST(peek__finds_the_source_and_takes_nothing)
{
#define AT "{\"at\":\"2026-11-24T02:00:00Z\","
	static const struct {
		const char *text;
		enum recording_entry_kind first;
		enum recording_entry_source source;
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

TEST(line__may_be_rewritten)
{
	static const char text[] = "\xEF\xBB\xBF\r\n"
		" { \"frame\" : {\"x\":1} , \"at\" : \"2026-11-24T02:00:00Z\" }\r\n\n"
		"{\"bare\":1}\n";
	struct recording *t = tape_of(text, strlen(text));
	struct recording_entry e = next(t);

	assert_int_equal(e.kind, RECORDING_FRAME);
	assert_int_equal(e.line, 2);
	assert_text(&e, "{\"x\":1}");
	e = next(t);
	assert_int_equal(e.kind, RECORDING_BARE);
	assert_int_equal(e.line, 4);
	assert_true(e.at_us == NO_TIME);
	recording_close(t);
}

/* As our own writer makes it but for what somebody added at the end. */
TEST(line__may_have_members_behind_the_frame)
{
#define BEFORE "{\"at\":\"2026-11-24T02:00:00.123456Z\",\"stream\":1,\"frame\":"
	static const char text[] =
		BEFORE "{\"a\":{}},\"x\":7}\n" BEFORE "{\"a\":1},\"x\":\"y\"}\n"
		BEFORE "{} }\n" BEFORE "[{}]}\n" BEFORE "7}\n";
	static const char *const frames[] = { "{\"a\":{}}", "{\"a\":1}", "{}", "[{}]", "7" };
	struct recording *t = tape_of(text, strlen(text));

	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct recording_entry e = next(t);

		assert_int_equal(e.kind, RECORDING_FRAME);
		assert_int_equal(e.stream, 1);
		assert_true(e.at_us == T);
		assert_text(&e, frames[i]);
	}
	recording_close(t);
}

TEST(line__that_is_broken_is_told)
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
	struct buf all = { 0 };
	struct recording *t;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		buf_printf(&all, "%s\n", bad[i]);
	buf_add(&all, "{\"a\0\":1}\n", 9);
	t = tape_of(all.data, all.len);
	for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
		struct recording_entry e = next(t);

		if (e.kind != RECORDING_BROKEN)
			fail_msg("line %zu was taken", i + 1);
		assert_non_null(e.why);
	}
	assert_int_equal(next(t).kind, RECORDING_EOF);
	recording_close(t);
	buf_free(&all);
}

TEST(line__last_without_its_end)
{
	struct recording *t = tape_of("{\"a\":1}\n{\"b\":", 14);
	struct recording_entry e;

	assert_int_equal(next(t).kind, RECORDING_BARE);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_EOF);
	assert_true(e.torn);
	recording_close(t);
	t = tape_of("{\"a\":1}", 7);	/* whole all the same */
	assert_int_equal(next(t).kind, RECORDING_BARE);
	assert_false(next(t).torn);
	recording_close(t);
}

TEST(line__too_long_is_skipped)
{
	size_t len = RECORDING_LINE_MAX + 5;
	char *text = malloc(len + 9);
	struct recording *t;

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + len, "\n{\"a\":1}\n", 9);
	t = tape_of(text, len + 9);
	assert_int_equal(next(t).kind, RECORDING_BROKEN);
	assert_int_equal(next(t).kind, RECORDING_BARE);
	assert_int_equal(next(t).kind, RECORDING_EOF);
	recording_close(t);
	free(text);
}

/* Without a writer a FIFO has neither lines nor an end yet; opening it must not wait. */
TEST(fifo__is_waited_for)
{
	struct recording_entry e;
	struct recording *t;
	struct err err;
	int writer;

	snprintf(path, sizeof(path), "%s/tape.fifo.%d",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(20);
	assert_int_equal(recording_open(&t, path, &err), ST_OK);
	alarm(0);
	assert_int_equal(next(t).kind, RECORDING_WAIT);
	writer = open(path, O_WRONLY);
	assert_int_equal(write(writer, "{\"a\":1}\n{\"b", 11), 11);
	assert_int_equal(next(t).kind, RECORDING_BARE);
	assert_int_equal(next(t).kind, RECORDING_WAIT);
	assert_int_equal(write(writer, "\":2}\n", 5), 5);
	e = next(t);
	assert_int_equal(e.kind, RECORDING_BARE);
	assert_text(&e, "{\"b\":2}");
	assert_int_equal(next(t).kind, RECORDING_WAIT);
	close(writer);
	assert_int_equal(next(t).kind, RECORDING_EOF);
	recording_close(t);
	unlink(path);
}

TEST(file__that_cannot_be_read_is_told)
{
	struct recording_entry e;
	struct recording *t;
	struct err err;

	assert_int_equal(recording_open(&t, "/nowhere/at/all", &err), ST_USAGE);
	assert_null(t);
	assert_int_equal(recording_open(&t, "/", &err), ST_OK);
	assert_int_equal(recording_read(t, &e, &err), ST_PROTOCOL);
	recording_close(t);
}

TEST(reject__has_its_members)
{
	struct buf out = { 0 };

	recording_entry_put_reject(&out, T, true, 7, "q", "stale", "{\"a\":1}", 7);
	recording_entry_put_reject(&out, NO_TIME, false, 0, NULL, "not-json", "x\"", 2);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"{\"at\":\"2026-11-24T02:00:00.123456Z\",\"window\":7,\"queueId\":\"q\","
		"\"reason\":\"stale\",\"frame\":{\"a\":1}}\n"
		"{\"at\":null,\"window\":null,\"queueId\":null,\"reason\":\"not-json\","
		"\"text\":\"x\\\"\"}\n");
	buf_free(&out);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
