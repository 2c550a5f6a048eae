/* A message to frames, strict JSON as text, and doubles that read back. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../json.h"
#include "check.h"

#define ID "00000001-0000-4000-8000-000000000001"
#define HEAD "{\"eventType\":\"routing-statistics-queues\",\"data\":{\"queueId\":\"" ID "\","
#define TIME "\"timestamp\":\"2026-11-24T02:00:10.000Z\""

static const char *const metrics[] = { "state", "waitTime", "agentState" };
static struct frame frame;

/* The first frame of a text, through a decoder that asks for state and waitTime. */
static const struct frame *decode(const char *text)
{
	struct json *js = json_new(metrics, 3, 2);

	json_begin(js, text, strlen(text));
	assert_true(json_next(js, &frame));
	json_free(js);
	return &frame;
}

static const char *invalid(const char *rest)
{
	char text[4096];

	snprintf(text, sizeof(text), HEAD TIME ",%s}}", rest);
	assert_int_equal(decode(text)->kind, FRAME_STATISTICS);
	return frame.invalid;
}

static void frame__has_its_leaves(void **state)
{
	struct json *js = json_new(metrics, 3, 2);
	static const char text[] = HEAD TIME ",\"interval\":\"PT10S\",\"state\":{\"active\":4,"
		"\"voice\":{\"a.b\":2.5,\"none\":null},\"text\":\"x\","
		"\"list\":[1]},\"waitTime\":null,"
		"\"other\":{\"x\":1},\"agentState\":{\"idle\":7}}}";

	(void)state;
	json_begin(js, text, strlen(text));
	assert_true(json_next(js, &frame));
	assert_int_equal(frame.kind, FRAME_STATISTICS);
	assert_null(frame.invalid);
	assert_string_equal(frame.queue_id, ID);
	assert_string_equal(frame.interval, "PT10S");
	assert_int_equal(frame.time_us, 1795485610000000);
	assert_int_equal(frame.nleaf, 3);
	assert_string_equal(frame.leaf[0].path, "active");
	assert_string_equal(frame.leaf[1].path, "voice.a_b");
	assert_double_equal_exact(frame.leaf[1].value, 2.5);
	assert_int_equal(frame.leaf[2].metric, 2);
	assert_false(json_next(js, &frame));
	json_free(js);
}

static void frame__kinds_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(decode("{}")->kind, FRAME_OTHER_EVENT);
	assert_int_equal(decode("[1]")->kind, FRAME_OTHER_EVENT);
	assert_int_equal(decode("{\"eventType\":\"x\"}")->kind, FRAME_OTHER_EVENT);
	assert_int_equal(decode("{\"eventType\":\"routing-statistics-queues\"}")->kind,
		FRAME_NO_QUEUE);
	assert_int_equal(decode("{\"eventType\":\"routing-statistics-queues\",\"data\":"
		"{\"queueId\":\"x\"}}")->kind, FRAME_NO_QUEUE);
	assert_int_equal(decode("")->kind, FRAME_NOT_JSON);
	assert_int_equal(decode("  ")->kind, FRAME_NOT_JSON);
	assert_int_equal(decode("\xEF\xBB\xBF{}")->kind, FRAME_NOT_JSON);
	assert_int_equal(decode("nonsense")->kind, FRAME_NOT_JSON);
	assert_int_equal(decode("{\"a\":")->kind, FRAME_NOT_JSON);
}

static void frame__invalid_says_why(void **state)
{
	char many[2048] = "\"state\":{", long_name[600];
	size_t n = strlen(many);

	(void)state;
	assert_null(invalid("\"state\":{\"a\":1}"));
	assert_non_null(invalid("\"state\":7"));
	assert_non_null(invalid("\"state\":[1]"));
	assert_non_null(invalid("\"state\":{\"a\":1e999}"));
	assert_null(invalid("\"agentState\":7"));	/* nobody asked for it */
	assert_null(invalid("\"state\":{\"a\":{\"b\":{\"c\":{\"d\":1}}}}"));
	assert_non_null(invalid("\"state\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1}}}}}"));
	for (int i = 0; i < 65; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "%s\"f%d\":1", i ? "," : "", i);
	assert_non_null(invalid(strcat(many, "}")));
	snprintf(long_name, sizeof(long_name), "\"state\":{\"%0300d\":1}", 0);
	assert_non_null(invalid(long_name));
	assert_non_null(decode(HEAD "\"timestamp\":7}}")->invalid);
	assert_non_null(decode(HEAD "\"state\":{}}}")->invalid);
}

static void frame__last_of_a_name_wins(void **state)
{
	(void)state;
	assert_null(invalid("\"state\":{\"a\":1,\"b\":2,\"a\":3,\"b.c\":4,\"b_c\":5}"));
	assert_int_equal(frame.nleaf, 3);
	assert_double_equal_exact(frame.leaf[0].value, 3);
	assert_double_equal_exact(frame.leaf[2].value, 5);
}

static void frame__several_values_are_several_frames(void **state)
{
	struct json *js = json_new(metrics, 3, 2);
	static const char text[] = " {\"a\":1}{}\n" HEAD TIME "}} x {}";

	(void)state;
	json_begin(js, text, strlen(text));
	assert_true(json_next(js, &frame));
	assert_int_equal(frame.text_len, 7);
	assert_true(json_next(js, &frame));
	assert_true(json_next(js, &frame));
	assert_int_equal(frame.kind, FRAME_STATISTICS);
	assert_true(json_next(js, &frame));
	assert_int_equal(frame.kind, FRAME_NOT_JSON);
	assert_memory_equal(frame.text, "x {}", 4);
	assert_false(json_next(js, &frame));
	json_free(js);
}

static bool strict(const char *s)
{
	return json_skip(s, s + strlen(s)) == s + strlen(s);
}

static void skip__is_strict(void **state)
{
	static const char *const good[] = {
		"0", "-1.5e+3", "\"\\u00e9\\n\"", "true", "null", "[]", "{}", "[1,[2,{\"a\":[]}]]",
		" {\"a\" : 1 , \"b\" : [ ] }"
	};
	static const char *const bad[] = {
		"", "01", "1.", ".5", "+1", "1e", "-", "tru", "[1,]", "{\"a\":1,}", "{a:1}",
		"[1 2]",
		"\"\\x\"", "\"\\u12g4\"", "\"a", "{\"a\"}", "[", "{", "\"\n\"", "NaN", "[}"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!strict(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (strict(bad[i]))
			fail_msg("%s", bad[i]);
}

static void skip__depth_is_bounded(void **state)
{
	char deep[2000];

	(void)state;
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	assert_null(json_skip(deep, deep + 2000));
	assert_ptr_equal(json_skip(deep + 500, deep + 1500), deep + 1500);
}

static void string__is_harmless_and_reads_back(void **state)
{
	struct buf out = { 0 }, back = { 0 };
	char all[0x80];

	(void)state;
	json_put_string(&out, "a\"\\\n\x01\x7F\xC2\x85\xC3\xA4\xFF", 11);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"\"a\\\"\\\\\\n\\u0001\\u007f\\u0085\xC3\xA4\xEF\xBF\xBD\"");
	buf_clear(&out);
	for (int i = 0; i < 0x80; i++)
		all[i] = (char)i;
	json_put_string(&out, all, sizeof(all));
	assert_true(json_unescape(out.data, out.len, &back));
	assert_int_equal(back.len, sizeof(all));
	assert_memory_equal(back.data, all, sizeof(all));
	buf_clear(&back);
	assert_true(json_unescape("\"\\ud83d\\ude00\\ud83d\"", 20, &back));
	assert_memory_equal(back.data, "\xF0\x9F\x98\x80\xEF\xBF\xBD", 7);
	buf_free(&out);
	buf_free(&back);
}

static void double__reads_back_the_same(void **state)
{
	static const struct {
		double x;
		const char *text;
	} known[] = {
		{ 0, "0" }, { 1200, "1200" }, { -3, "-3" }, { 0.1, "0.1" }, { 1e22, "1e+22" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 9007199254740992, "9007199254740992" },
		{ 0.5, "0.5" }, { DBL_MAX, "1.7976931348623157e+308" }
	};
	char text[DOUBLE_TEXT_MAX];
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		double_format(text, known[i].x);
		assert_string_equal(text, known[i].text);
	}
	for (int i = 0; i < 1000000; i++) {
		double x;
		size_t len;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		memcpy(&x, &seed, sizeof(x));
		if (i % 2)
			x = (double)(seed >> 40) / 1000;	/* and such as occur */
		if (!isfinite(x))
			continue;
		len = double_format(text, x);
		assert_int_equal(len, strlen(text));
		if (strtod(text, NULL) != x)
			fail_msg("%.17g as %s", x, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame__has_its_leaves),
		cmocka_unit_test(frame__kinds_are_told_apart),
		cmocka_unit_test(frame__invalid_says_why),
		cmocka_unit_test(frame__last_of_a_name_wins),
		cmocka_unit_test(frame__several_values_are_several_frames),
		cmocka_unit_test(skip__is_strict),
		cmocka_unit_test(skip__depth_is_bounded),
		cmocka_unit_test(string__is_harmless_and_reads_back),
		cmocka_unit_test(double__reads_back_the_same)
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
