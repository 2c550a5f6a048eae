/* A message to frames: what is theirs, what is invalid, and what is none. */
#include "message/stream_event.h"
#include "tests/support/check.h"

#define ID "00000001-0000-4000-8000-000000000001"
#define HEAD "{\"eventType\":\"routing-statistics-queues\",\"data\":{\"queueId\":\"" ID "\","
#define TIME "\"timestamp\":\"2026-11-24T02:00:10.000Z\""

static const char *const metrics[] = { "state", "waitTime", "agentState" };
static const struct filter filters[] = {
	{ 2, "idle", COMPARE_GT, 0 }, { 2, "a_b.c", COMPARE_GT, 0 }
};
static struct stream_event frame;

/* It asks for state and waitTime, and of agentState knows what filters name. */
static struct stream_events *decoder;

static int set_up(void **state __attribute__((unused)))
{
	decoder = stream_events_new(metrics, 3, 2, filters, 2);
	return decoder ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	stream_events_free(decoder);
	return 0;
}

/* The first frame of a text. */
static const struct stream_event *decode(const char *text)
{
	stream_events_begin(decoder, text, strlen(text));
	assert_true(stream_events_next(decoder, &frame));
	return &frame;
}

static void assert_path(size_t i, const char *path)
{
	assert_int_equal(frame.leaf[i].path_len, strlen(path));
	assert_memory_equal(frame.leaf[i].path, path, strlen(path));
}

static const char *invalid(const char *rest)
{
	static char text[65536];

	snprintf(text, sizeof(text), HEAD TIME ",%s}}", rest);
	assert_int_equal(decode(text)->kind, STREAM_EVENT_STATISTICS);
	return frame.invalid;
}

TEST(stream_event__has_numbers_of_nested_fields)
{
	static const char text[] = HEAD TIME ",\"interval\":\"PT10S\",\"state\":{\"active\":4,"
		"\"voice\":{\"a.b\":2.5,\"none\":null},\"text\":\"x\","
		"\"list\":[1]},\"waitTime\":null,"
		"\"other\":{\"x\":1},\"agentState\":{\"x\":1,\"idle\":7}}}";

	decode(text);
	assert_int_equal(frame.kind, STREAM_EVENT_STATISTICS);
	assert_null(frame.invalid);
	assert_string_equal(frame.queue_id, ID);
	assert_string_equal(frame.interval, "PT10S");
	assert_int_equal(frame.time_us, 1795485610000000);
	assert_int_equal(frame.nleaf, 2);
	assert_path(0, "active");
	assert_path(1, "voice.a_b");
	assert_double_equal_exact(frame.leaf[1].value, 2.5);
	assert_int_equal(frame.nfiltered, 1);
	assert_int_equal(frame.filtered[0].metric, 2);
	assert_double_equal_exact(frame.filtered[0].value, 7);
	assert_false(stream_events_next(decoder, &frame));
}

TEST(stream_event__kinds_are_distinguished)
{
	assert_int_equal(decode("{}")->kind, STREAM_EVENT_OTHER_EVENT);
	assert_int_equal(decode("[1]")->kind, STREAM_EVENT_OTHER_EVENT);
	assert_int_equal(decode("{\"eventType\":\"x\"}")->kind, STREAM_EVENT_OTHER_EVENT);
	assert_int_equal(decode("{\"eventType\":\"routing-statistics-queues\"}")->kind,
		STREAM_EVENT_NO_QUEUE);
	assert_int_equal(decode("{\"eventType\":\"routing-statistics-queues\",\"data\":"
		"{\"queueId\":\"x\"}}")->kind, STREAM_EVENT_NO_QUEUE);
	assert_int_equal(decode("")->kind, STREAM_EVENT_NOT_JSON);
	assert_int_equal(decode("  ")->kind, STREAM_EVENT_NOT_JSON);
	assert_int_equal(decode("\xEF\xBB\xBF{}")->kind, STREAM_EVENT_NOT_JSON);
	assert_int_equal(decode("nonsense")->kind, STREAM_EVENT_NOT_JSON);
	assert_int_equal(decode("{\"a\":")->kind, STREAM_EVENT_NOT_JSON);
}

TEST(stream_event__that_is_invalid_has_a_reason)
{
	char many[2048] = "\"state\":{", long_name[600];
	size_t n = strlen(many);

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

/* Fields of a metric that only a filter names take no room from those of -m. */
TEST(stream_event__ignores_fields_that_nobody_asked_for)
{
	char text[8192] = "\"agentState\":{";
	size_t n = strlen(text);

	for (int i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"f%d\":1,\"a%d\":{\"d\":1},",
			i, i);
	n += (size_t)snprintf(text + n, sizeof(text) - n,
		"\"idle\":5,\"a.b\":{\"c\":6}},"
		"\"state\":{");
	for (int i = 0; i < FIELD_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"f%d\":1", i ? "," : "", i);
	assert_null(invalid(strcat(text, "}")));
	assert_int_equal(frame.nleaf, FIELD_MAX);
	assert_int_equal(frame.nfiltered, 2);
	assert_double_equal_exact(frame.filtered[0].value, 5);
	assert_double_equal_exact(frame.filtered[1].value, 6);
}

/* Nobody knows which one holds. */
TEST(stream_event__with_a_duplicate_member_is_invalid)
{
	static const char *const cases[] = {
		"\"state\":{\"total\":5,\"total\":7}", "\"state\":{\"total\":5,\"total\":5}",
		"\"state\":{\"a.b\":3,\"a_b\":4}", "\"state\":{\"a_b\":3,\"a\\u002eb\":4}",
		"\"state\":{\"a.b\":3,\"\\u0061.b\":4}", "\"state\":{\"a\":1,\"b\":2,\"a\":null}",
		"\"state\":{\"a\":\"x\",\"a\":1}", "\"state\":{\"a\":{\"b\":1},\"a\":{\"c\":2}}",
		"\"state\":{\"a.b\":{\"c\":1},\"a_b\":2}", "\"state\":{\"x\":{\"a\":1,\"a\":2}}",
		"\"state\":{\"a\\u0001\":1,\"a\\u0085\":2}",
		"\"state\":{\"total\":5},\"state\":{\"total\":7}",
		"\"state\":null,\"state\":{\"total\":7}", "\"timestamp\":\"2026-11-24T02:00:00Z\"",
		"\"queueId\":\"00000001-0000-4000-8000-000000000001\"",
		"\"interval\":\"PT10S\",\"interval\":\"PT30S\"",
		"\"agentState\":{\"idle\":1,\"idle\":5}"	/* a filter reads it */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (!invalid(cases[i]))
			fail_msg("%s is valid", cases[i]);
	assert_null(invalid("\"other\":1,\"other\":2"));	/* nobody reads it */
	assert_null(invalid("\"state\":{\"a.b\":3,\"a-b\":4,\"A.b\":5}"));
	assert_non_null(decode("{\"eventType\":\"x\",\"eventType\":"
		"\"routing-statistics-queues\",\"data\":{\"queueId\":\"" ID "\"," TIME
		"}}")->invalid);
	assert_int_equal(frame.kind, STREAM_EVENT_STATISTICS);
	assert_non_null(decode(HEAD TIME "},\"data\":{}}")->invalid);
}

TEST(stream_event__text_with_several_values_has_several_frames)
{
	static const char text[] = " {\"a\":1}{}\n" HEAD TIME "}} x {}";

	decode(text);
	assert_int_equal(frame.text_len, 7);
	assert_true(stream_events_next(decoder, &frame));
	assert_true(stream_events_next(decoder, &frame));
	assert_int_equal(frame.kind, STREAM_EVENT_STATISTICS);
	assert_true(stream_events_next(decoder, &frame));
	assert_int_equal(frame.kind, STREAM_EVENT_NOT_JSON);
	assert_memory_equal(frame.text, "x {}", 4);
	assert_false(stream_events_next(decoder, &frame));
}

TEST(stream_event__order_and_escapes_do_not_matter)
{
	static const char text[] = "{\"data\":{\"st\\u0061te\":{\"\\u0061ctive\":4,\"b\":1,"
		"\"v\\\\x\":{\"c\\n\":2}},\"queue\\u0049d\":\"" ID "\",\"time\\u0073tamp\":"
		"\"2026-11-24T02:00:10\\u002e000Z\"},\"event\\u0054ype\":\"routing-statistics"
		"\\u002dqueues\",\"more\":7}";

	decode(text);
	assert_int_equal(frame.kind, STREAM_EVENT_STATISTICS);
	assert_null(frame.invalid);
	assert_int_equal(frame.time_us, 1795485610000000);
	assert_int_equal(frame.nleaf, 3);
	assert_path(0, "active");
	assert_path(1, "b");
	assert_path(2, "v\\x.c_");
}

TEST(stream_event__name_has_no_control_characters)
{
	static const char text[] = HEAD TIME ",\"state\":{\"\\u001b[31m\\u0007\":1,\"a\x7F\":2,"
		"\"\\u0000\":{\"\xC2\x9B\":3}}}}";

	decode(text);
	assert_null(frame.invalid);
	assert_int_equal(frame.nleaf, 3);
	assert_path(0, "_[31m_");
	assert_path(1, "a_");
	assert_path(2, "_._");
}

TEST(stream_event__deep_empty_objects_are_ignored)
{
	assert_null(invalid("\"state\":{\"a\":{\"b\":{\"c\":{\"d\":{}}}},"
		"\"x\":{}}"));
	assert_int_equal(frame.nleaf, 0);
	assert_non_null(invalid("\"state\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{}}}}}}"));
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
