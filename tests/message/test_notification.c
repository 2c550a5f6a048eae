/* Messages to values: families, order of members, escapes, hostile input. */
#include "message/notification.h"
#include "tests/support/read_notifications.h"
#include "util/buf.h"
#include "util/time.h"

#define Q "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define T_MS INT64_C(1795485600000)	/* 2026-11-24T02:00:00Z */
#define INSTANT "2026-11-24T02:00:00.000Z/2026-11-24T02:00:00.000Z"
#define HALF "2026-11-24T02:00:00.000Z/2026-11-24T02:30:00.000Z"
#define OBSERVED(body) "{\"topicName\":\"v2.analytics.queues." Q ".observations\"," \
	"\"eventBody\":" body "}"
#define VOICE "\"group\":{\"queueId\":\"" Q "\",\"mediaType\":\"voice\"}"
#define METRICS(when, list) OBSERVED("{" VOICE ",\"data\":[{\"interval\":\"" when "\"," \
	"\"metrics\":[" list "]}]}")
#define ACTIVITY(results) "{\"topicName\":\"v2.analytics.queues." Q ".activity\"," \
	"\"eventBody\":{\"group\":{\"queueId\":\"" Q "\"},\"results\":" results "}}"

static enum notification_kind read_one(const char *text)
{
	notifications_begin(ns, text, strlen(text));
	assert_true(notifications_next(ns, &n));
	return n.kind;
}

TEST(observations__of_a_time_have_gauges)
{
	assert_int_equal(read_one(METRICS(INSTANT, "{\"metric\":\"oWaiting\",\"stats\":"
		"{\"count\":3}},{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"IDLE\",\"stats\":"
		"{\"count\":-0.5}}")), NOTIFICATION_EVENT);
	assert_string_equal(n.queue_id, Q);
	assert_int_equal(n.nmedia, 1);
	assert_true(slice_is(n.media[0], "voice"));
	assert_int_equal(n.nvalue, 2);
	check_value(0, "oWaiting", NULL, "count", 3);
	check_value(1, "oOnQueueUsers", "IDLE", "count", -0.5);
	assert_true(slice_is(n.value[1].media, "voice"));
	assert_true(n.value[0].has_interval);
	assert_int_equal(n.value[0].from_ms, T_MS);
	assert_int_equal(n.value[0].to_ms, T_MS);
	assert_int_equal(n.instant_us, T_MS * 1000);
	assert_false(notifications_next(ns, &n));
}

TEST(observations__of_an_interval_have_no_time)
{
	assert_int_equal(read_one(METRICS(HALF, "{\"metric\":\"tWait\",\"stats\":"
		"{\"count\":2,\"sum\":86168,\"min\":11781}}")), NOTIFICATION_EVENT);
	assert_int_equal(n.nvalue, 3);
	check_value(2, "tWait", NULL, "min", 11781);
	assert_int_equal(n.value[2].to_ms - n.value[2].from_ms, 1800000);
	assert_true(n.instant_us == NO_TIME);
}

TEST(members_come_in_any_order)
{
	assert_int_equal(read_one("{\"eventBody\":{\"data\":[{\"metrics\":[{\"stats\":"
		"{\"count\":3},\"qualifier\":\"IDLE\",\"metric\":\"oX\"}],"
		"\"interval\":\"" INSTANT "\"}],"
		"\"group\":{\"mediaType\":\"voice\",\"queueId\":\"" Q "\"}},\"version\":\"2\","
		"\"topicName\":\"V2.Analytics.Queues." Q ".OBSERVATIONS\"}"), NOTIFICATION_EVENT);
	check_value(0, "oX", "IDLE", "count", 3);
	assert_true(slice_is(n.value[0].media, "voice"));
	assert_int_equal(n.value[0].from_ms, T_MS);
}

TEST(escapes_are_decoded)
{
	assert_int_equal(read_one(METRICS(INSTANT, "{\"m\\u0065tric\":\"o\\u0057aiting\","
		"\"st\\u0061ts\":{\"c\\u006Funt\":3,\"\\\"\":4}}")), NOTIFICATION_EVENT);
	check_value(0, "oWaiting", NULL, "count", 3);
	check_value(1, "oWaiting", NULL, "\"", 4);
	assert_int_equal(read_one(METRICS(INSTANT, "{\"metric\":\"o\\u0000\",\"stats\":{}}")),
		NOTIFICATION_INVALID);
}

TEST(activity__has_groups_and_the_longest_wait)
{
	assert_int_equal(read_one(ACTIVITY("[{\"mediaType\":\"voice\",\"data\":["
		"{\"metric\":\"oWaiting\",\"count\":2},{\"metric\":\"oLongestWaiting\",\"count\":1,"
		"\"calculatedMetricValue\":1795485599999}]},{\"mediaType\":\"chat\",\"data\":["
		"{\"calculatedMetricValue\":90000.5,\"metric\":\"oLongestInteracting\"},"
		"{\"metric\":\"oLongestWaiting\"}]}]")), NOTIFICATION_EVENT);
	assert_int_equal(n.nmedia, 2);
	assert_int_equal(n.nvalue, 4);
	check_value(0, "oWaiting", NULL, "count", 2);
	assert_int_equal(n.value[1].kind, VALUE_START);
	assert_int_equal(n.value[1].us, (T_MS - 1) * 1000);
	assert_true(slice_is(n.value[1].stat, "ageMs"));
	assert_int_equal(n.value[2].kind, VALUE_AGE);
	assert_int_equal(n.value[2].us, 90000500);
	assert_true(slice_is(n.value[2].media, "chat"));
	assert_int_equal(n.value[3].kind, VALUE_NOBODY);
}

TEST(timestamp_is_read_exactly)
{
	read_one(ACTIVITY("[{\"data\":[{\"metric\":\"oLongestWaiting\","
		"\"calculatedMetricValue\":1000000000000},{\"metric\":\"oLongestInteracting\","
		"\"calculatedMetricValue\":999999999999}]}]"));
	assert_int_equal(n.value[0].kind, VALUE_START);
	assert_int_equal(n.value[0].us, INT64_C(1000000000000000));
	assert_int_equal(n.value[1].kind, VALUE_AGE);
	assert_int_equal(read_one(ACTIVITY("[{\"data\":[{\"metric\":\"oLongestWaiting\","
		"\"calculatedMetricValue\":1e300}]}]")), NOTIFICATION_INVALID);
	assert_int_equal(read_one(ACTIVITY("[{\"data\":[{\"metric\":\"oLongestWaiting\","
		"\"calculatedMetricValue\":-5}]}]")), NOTIFICATION_EVENT);
	assert_int_equal(n.value[0].kind, VALUE_NOBODY);
}

TEST(value_that_is_not_a_number_is_left_out)
{
	assert_int_equal(read_one(METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"a\":\"7\","
		"\"b\":null,\"c\":[1],\"d\":{\"e\":1},\"g\":true,\"h\":8}}")),
		NOTIFICATION_EVENT);
	assert_int_equal(n.nvalue, 1);
	check_value(0, "oX", NULL, "h", 8);
	assert_int_equal(read_one(METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"f\":-1e999,"
		"\"h\":8}}")), NOTIFICATION_INVALID);
}

TEST(entry_without_a_metric_has_no_values)
{
	assert_int_equal(read_one(METRICS(INSTANT, "{\"stats\":{\"count\":3}},{\"metric\":7,"
		"\"stats\":{\"count\":3}},{\"metric\":\"oX\",\"stats\":{\"count\":4}}")),
		NOTIFICATION_EVENT);
	assert_int_equal(n.nvalue, 1);
	check_value(0, "oX", NULL, "count", 4);
}

TEST(system_topics_are_recognized)
{
	static const struct {
		const char *text;
		enum notification_kind kind;
	} cases[] = {
		{ "{\"topicName\":\"channel.metadata\",\"eventBody\":"
			"{\"message\":\"WebSocket Heartbeat\"}}", NOTIFICATION_HEARTBEAT },
		{ "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":\"pong\"}}",
			NOTIFICATION_PONG },
		{ "{\"eventBody\":{\"message\":\"pong\"},\"topicName\":\"channel.metadata\"}",
			NOTIFICATION_PONG },
		{ "{\"topicName\":\"v2.system.socket_closing\",\"eventBody\":{}}",
			NOTIFICATION_CLOSING },
		{ "{\"topicName\":\"v2.system.no_longer_subscribed.abc\",\"eventBody\":{}}",
			NOTIFICATION_UNSUBSCRIBED },
		{ "{\"topicName\":\"v2.system.token_revoked.abc\"}", NOTIFICATION_REVOKED },
		{ "{\"topicName\":\"v2.users." Q ".presence\",\"eventBody\":{\"a\":1}}",
			NOTIFICATION_OTHER },
		{ "{\"topicName\":\"v2.analytics.queues." Q ".else\",\"eventBody\":{}}",
			NOTIFICATION_OTHER },
		{ "{\"topicName\":\"v2.analytics.queues." Q ".else\",\"eventBody\":7}",
			NOTIFICATION_OTHER },
		{ "{\"topicName\":\"v2.analytics.queues.00000001-0000-4000-8000-00000000000x."
			"activity\",\"eventBody\":7}", NOTIFICATION_OTHER },
		{ "{\"message\":\"pong\"}", NOTIFICATION_OTHER },
		{ "{}", NOTIFICATION_OTHER }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_one(cases[i].text), cases[i].kind);
		assert_int_equal(n.nvalue, 0);
		assert_string_equal(n.queue_id, "");
	}
}

TEST(invalid_event_has_a_reason)
{
	static const char *const cases[] = {
		"[]", "7", "\"text\"",
		"{\"topicName\":\"v2.analytics.queues." Q ".observations\"}",
		OBSERVED("7"), OBSERVED("{\"data\":7}"), OBSERVED("{\"data\":[7]}"),
		OBSERVED("{\"group\":7}"), OBSERVED("{\"group\":{\"queueId\":\"x\"}}"),
		OBSERVED("{\"group\":{\"queueId\":\"" Q2 "\"}}"),
		OBSERVED("{\"data\":[{\"metrics\":[7]}]}"),
		ACTIVITY("7"), ACTIVITY("[7]")
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_one(cases[i]), NOTIFICATION_INVALID);
		assert_non_null(n.why);
	}
}

/* Nobody knows which one holds. */
TEST(duplicate_member_is_invalid)
{
	static const char *const cases[] = {
		METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"count\":5,\"count\":7}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"count\":5,\"count\":null}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"a.b\":3,\"a_b\":4}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"count\":5,\"c\\u006funt\":5}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"count\":5},\"stats\":{}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"metric\":\"oY\",\"stats\":{\"count\":5}}"),
		METRICS(INSTANT, "{\"metric\":\"oX\",\"qualifier\":\"A\",\"qualifier\":\"B\"}"),
		METRICS(INSTANT, "{\"metric\":\"oLongestWaiting\",\"stats\":"
			"{\"calculatedMetricValue\":1,\"calculatedMetricValue\":2}}"),
		OBSERVED("{" VOICE "," VOICE ",\"data\":[]}"),
		OBSERVED("{\"data\":[],\"data\":[]}"),
		OBSERVED("{\"data\":[{\"interval\":\"" HALF "\",\"interval\":\"" INSTANT "\"}]}"),
		OBSERVED("{\"data\":[{\"metrics\":[],\"metrics\":[]}]}"),
		OBSERVED("{\"group\":{\"mediaType\":\"a\",\"mediaType\":\"b\"}}"),
		OBSERVED("{\"group\":{\"queueId\":\"" Q "\",\"queueId\":\"" Q "\"}}"),
		ACTIVITY("[],\"results\":[]"),
		ACTIVITY("[{\"mediaType\":\"a\",\"mediaType\":\"b\"}]"),
		ACTIVITY("[{\"data\":[],\"data\":[]}]"),
		ACTIVITY("[{\"data\":[{\"metric\":\"oX\",\"count\":1,\"count\":2}]}]"),
		"{\"topicName\":\"channel.metadata\",\"topicName\":\"x\",\"eventBody\":{}}",
		("{\"topicName\":\"v2.analytics.queues." Q ".observations\",\"eventBody\":{},"
			"\"eventBody\":{}}"),
		("{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":\"pong\","
			"\"message\":\"x\"}}")
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (read_one(cases[i]) != NOTIFICATION_INVALID)
			fail_msg("%s is valid", cases[i]);
	/* nobody reads it; two objects; two metrics */
	assert_int_equal(read_one(METRICS(INSTANT, "{\"x\":1,\"x\":2,\"metric\":\"oX\",\"stats\":"
		"{\"count\":1}},{\"metric\":\"oY\",\"stats\":{\"count\":1}}")), NOTIFICATION_EVENT);
	assert_int_equal(n.nvalue, 2);
}

/* A total runs on within its interval; one of which nobody knows the interval is lost. */
TEST(total_without_a_readable_interval_is_invalid)
{
	static const char *const when[] = { "", "\"interval\":null,", "\"interval\":\"x\"," };
	static const struct {
		const char *metric;
		bool total;
	} cases[] = {
		{ "nOffered", true }, { "tWait", true }, { "oServiceLevel", true },
		{ "oServiceTarget", true }, { "oMediaCount", true }, { "oWaiting", false },
		{ "oOnQueueUsers", false }, { "oLongestWaiting", false }
	};
	struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(when); i++) {
		buf_clear(&text);
		assert_true(buf_printf(&text, OBSERVED("{\"data\":[{%s\"metrics\":[{\"metric\":"
			"\"%s\",\"stats\":{\"count\":1}}]}]}"), when[i % 3], cases[i / 3].metric)
			&& buf_char(&text, '\0'));
		assert_int_equal(read_one(text.data),
			cases[i / 3].total ? NOTIFICATION_INVALID : NOTIFICATION_EVENT);
	}
	buf_free(&text);
	assert_int_equal(read_one(ACTIVITY("[{\"data\":[{\"metric\":\"oWaiting\",\"count\":1}]}]")),
		NOTIFICATION_EVENT);
}

TEST(names_have_a_limit)
{
	struct buf text = { 0 };

	for (int len = NOTIFICATION_NAME_MAX; len <= NOTIFICATION_NAME_MAX + 1; len++) {
		buf_clear(&text);
		assert_true(buf_printf(&text, METRICS(INSTANT, "{\"metric\":\"%0*d\",\"stats\":"
			"{\"count\":1}}"), len, 0) && buf_char(&text, '\0'));
		assert_int_equal(read_one(text.data),
			len <= NOTIFICATION_NAME_MAX ? NOTIFICATION_EVENT : NOTIFICATION_INVALID);
	}
	buf_free(&text);
}

TEST(values_have_a_limit)
{
	struct buf text = { 0 };

	for (int count = NOTIFICATION_VALUES_MAX; count <= NOTIFICATION_VALUES_MAX + 1; count++) {
		buf_clear(&text);
		buf_str(&text, "{\"topicName\":\"v2.analytics.queues." Q ".observations\","
			"\"eventBody\":{\"data\":[{\"metrics\":[{\"metric\":\"o\",\"stats\":{");
		for (int i = 0; i < count; i++)
			buf_printf(&text, "%s\"s%d\":1", i % 1000 ? ","
				: i ? "}},{\"metric\":\"o\",\"stats\":{" : "", i);
		assert_true(buf_str(&text, "}}]}]}}") && buf_char(&text, '\0'));
		assert_int_equal(read_one(text.data),
			count <= NOTIFICATION_VALUES_MAX ? NOTIFICATION_EVENT
							 : NOTIFICATION_INVALID);
	}
	buf_free(&text);
}

TEST(text_with_several_values_has_several_events)
{
	const char *text = METRICS(INSTANT, "{\"metric\":\"oX\",\"stats\":{\"count\":1}}") " \n"
		ACTIVITY("[]") " {\"topicName\":";

	notifications_begin(ns, text, strlen(text));
	assert_true(notifications_next(ns, &n) && n.kind == NOTIFICATION_EVENT);
	assert_ptr_equal(n.text, text);
	assert_int_equal(n.text[n.text_len - 1], '}');
	assert_true(notifications_next(ns, &n) && n.kind == NOTIFICATION_EVENT);
	assert_int_equal(n.nvalue, 0);
	assert_true(notifications_next(ns, &n) && n.kind == NOTIFICATION_NOT_JSON);
	assert_false(notifications_next(ns, &n));
}

/* Exactly as long as the text, so that a sanitizer sees a read past its end. */
TEST(text_cut_off_anywhere_is_not_json)
{
	const char *whole = METRICS(INSTANT, "{\"metric\":\"o\\u0057\",\"stats\":{\"count\":3}}");

	for (size_t len = 1; len < strlen(whole); len++) {
		char *text = malloc(len);

		assert_non_null(text);
		memcpy(text, whole, len);
		notifications_begin(ns, text, len);
		assert_true(notifications_next(ns, &n));
		assert_int_equal(n.kind, NOTIFICATION_NOT_JSON);
		assert_false(notifications_next(ns, &n));
		free(text);
	}
}

int main(void)
{
	return run_all_tests(make_reader, free_reader);
}
