/* What the notification service's API answers, well formed and hostile, and what it is asked. */
#include "source/channel_api.h"
#include "tests/support/check.h"

#define ID "00000001-0000-4000-8000-000000000001"
#define ID2 "00000002-0000-4000-8000-000000000002"
#define TOPIC "v2.analytics.queues." ID "."

static char *id, *uri;

/* A copy whose end the sanitizer guards. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

static const char *channel(const char *text, bool plain)
{
	char *copy = exact(text, strlen(text));
	const char *why;

	free(id);
	free(uri);
	why = channel_api_parse_channel(copy, strlen(text), plain, &id, &uri);
	free(copy);
	if (why) {
		assert_null(id);
		assert_null(uri);
	}
	return why;
}

static const char *channel_uri(const char *given, bool plain)
{
	char text[4096];

	snprintf(text, sizeof(text), "{\"id\":\"a\",\"connectUri\":\"%s\"}", given);
	return channel(text, plain);
}

TEST(channel__has_an_id_and_a_uri)
{
	assert_null(channel(" {\"x\":[{}],\"connectUri\":\"wss:\\/\\/h\\/channels\\/a\","
		"\"id\":\"streaming-0-a_b.c~\",\"expires\":null}", false));
	assert_string_equal(id, "streaming-0-a_b.c~");
	assert_string_equal(uri, "wss://h/channels/a");
}

TEST(channel__that_is_malformed_is_refused)
{
	static const char *const bad[] = {
		"", " ", "[]", "null", "\"x\"", "{", "{\"id\":\"a\"", "{}", "{\"id\":\"a\"}",
		"{\"connectUri\":\"wss://h/\"}", "{\"id\":7,\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a\",\"connectUri\":[\"wss://h/\"]}",
		"{\"id\":\"\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a/b\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a?b\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a%2fb\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a\\u0000b\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a\\nb\",\"connectUri\":\"wss://h/\"}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/\\r\\nX: y\"}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/ x\"}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/\xc3\xa4\"}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/\\ud800\"}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/\",", "{\"id\":\"a\" \"connectUri\":1}",
		"{\"id\":\"a\",\"connectUri\":\"wss://h/"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!channel(bad[i], true))
			fail_msg("taken: %s", bad[i]);
}

TEST(channel__that_is_cut_off_anywhere_is_refused)
{
	static const char whole[] = "{\"id\":\"a\\u0062\",\"connectUri\":\"wss://h/\"}";

	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		char *copy = exact(whole, n);

		assert_non_null(channel_api_parse_channel(copy, n, true, &id, &uri));
		free(copy);
	}
}

TEST(connect_uri__is_wss_or_loopback)
{
	static const char *const no[] = {
		"http://localhost/", "https://h/", "WSS", "", "//h/", "ws://example.org/",
		"ws://localhost.example.org/", "ws://127.0.0.1.example.org/",
		"ws://localhost@example.org/", "ws://localhost:80@example.org/",
		"ws://[::1]@example.org/", "ws://[::1].example.org/", "ws://[::1",
		"ws://[::2]/", "ws://128.0.0.1/", "ws://127.1x/", "ws:///localhost", "ws://"
	};
	static const char *const yes[] = {
		"ws://localhost/c", "ws://LOCALHOST:8080/c", "ws://127.0.0.1:1/c", "ws://127.9.9.9",
		"ws://[::1]:80/c", "ws://[::1]/c", "ws://localhost?x"
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!channel_uri(no[i], true))
			fail_msg("taken: %s", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (channel_uri(yes[i], true))
			fail_msg("not taken: %s", yes[i]);
		assert_non_null(channel_uri(yes[i], false));
	}
	assert_null(channel_uri("wss://example.org/", false));
}

/* What is longer than an event's text would be a secret only in part. */
TEST(connect_uri__has_a_length_limit)
{
	char long_uri[2048];

	snprintf(long_uri, sizeof(long_uri), "wss://h/%0750d", 0);
	assert_null(channel_uri(long_uri, false));
	snprintf(long_uri, sizeof(long_uri), "wss://h/%0800d", 0);
	assert_non_null(channel_uri(long_uri, false));
}

/* --- topics ---------------------------------------------------------------------------- */

static char told[4096];

static bool on_refused(void *arg, const struct channel_api_refusal *r)
{
	size_t used = strlen(told);

	(void)arg;
	snprintf(told + used, sizeof(told) - used, "%s %c %s|", r->queue_id,
		r->observations ? 'o' : 'a', r->reason);
	return true;
}

static const char *topics(const char *text)
{
	char *copy = exact(text, strlen(text));
	const char *why;

	told[0] = '\0';
	why = channel_api_parse_topics(copy, strlen(text), on_refused, NULL);
	free(copy);
	return why;
}

TEST(topics__that_were_refused_are_reported)
{
	assert_null(topics("{\"entities\":["
		"{\"id\":\"" TOPIC "observations\",\"state\":\"Permitted\"},"
		"{\"id\":\"" TOPIC "activity\",\"state\":\"Rejected\",\"rejectionReason\":\"no\","
		"\"missingPermissions\":[\"a:b:c\",7,\"d:e:f\"]},"
		"{\"state\":\"Rejected\",\"id\":\"V2.Analytics.Queues." ID2 ".OBSERVATIONS\"}]}"));
	assert_string_equal(told, ID " a no; missing permissions: a:b:c, d:e:f|" ID2 " o |");
}

TEST(topics__of_other_kinds_are_ignored)
{
	assert_null(topics("{\"entities\":[7,null,\"x\",[],{},{\"id\":7,\"state\":\"Rejected\"},"
		"{\"id\":{\"a\":[1]},\"state\":\"Rejected\"},"
		"{\"id\":\"\",\"state\":\"Rejected\"},{\"id\":null,\"state\":\"Rejected\"},"
		"{\"id\":\"v2.analytics.queues.x.observations\",\"state\":\"Rejected\"},"
		"{\"id\":\"" TOPIC "\",\"state\":\"Rejected\"},"
		"{\"id\":\"" TOPIC "other\",\"state\":\"Rejected\"},"
		"{\"id\":\"v2.users.x\",\"state\":\"Rejected\"},"
		"{\"id\":\"" TOPIC "observations\",\"state\":null},"
		"{\"id\":\"" TOPIC "observations\"}]}"));
	assert_string_equal(told, "");
}

TEST(topics__that_are_not_a_list_are_malformed)
{
	static const char *const bad[] = { "", "[]", "{}", "{\"entities\":{}}",
		"{\"entities\":null}", "{\"entities\":[", "{\"entities\":[]", "{\"entities\":[,]}",
		"{\"entities\":[{\"id\":\"" TOPIC "observations\",\"state\":\"Rejected\"}",
		"{\"entities\":[{\"id\":\"" TOPIC "activity\",\"state\":\"Rejected\","
		"\"rejectionReason\":\"a\\u0000b\"}]}",
		"{\"entities\":[],\"entities\":[]}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!topics(bad[i]))
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(told, "");
	}
	assert_null(topics("{\"entities\":[]}"));
}

TEST(reason__is_one_line_with_a_limit)
{
	struct buf text = { 0 };

	buf_str(&text, "{\"entities\":[{\"id\":\"" TOPIC "observations\",\"state\":\"x\","
		"\"rejectionReason\":\"ab\\nc\\u001b[2J\",\"missingPermissions\":[");
	for (int i = 0; i < 300; i++)
		buf_printf(&text, "%s\"p:q:%d\"", i ? "," : "", i);
	buf_str(&text, "]}]}");
	assert_true(buf_char(&text, '\0'));
	assert_null(topics(text.data));
	buf_free(&text);
	assert_non_null(strstr(told, " o a"));
	assert_true(strlen(told) < 700);
	assert_null(strpbrk(told, "\n\033"));
}

static bool refuse_all(void *arg, const struct channel_api_refusal *r)
{
	(void)arg;
	(void)r;
	return false;
}

TEST(topics__stop_if_the_caller_is_out_of_memory)
{
	static const char text[] = "{\"entities\":[{\"id\":\"" TOPIC "observations\","
		"\"state\":\"Rejected\"}]}";

	assert_string_equal(channel_api_parse_topics(text, strlen(text), refuse_all, NULL),
		"out of memory");
}

/* --- what is asked --------------------------------------------------------------------- */

static const char *const queues[] = { ID, ID2 };

TEST(put_topics__has_both_families)
{
	struct buf out = { 0 };

	assert_true(channel_api_put_topics(&out, queues, 1));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, "[{\"id\":\"" TOPIC "observations\"},"
		"{\"id\":\"" TOPIC "activity\"}]");
	buf_free(&out);
}

TEST(put_refusal__can_be_read_back)
{
	struct buf out = { 0 };

	assert_true(channel_api_put_refusal(&out, ID, "not \"yours\", cut", 11));
	assert_true(buf_char(&out, '\0'));
	assert_null(topics(out.data));
	assert_string_equal(told, ID " o not \"yours\"|");
	buf_free(&out);
}

/* A reason of any length that a live run tells of is in the replay of its recording too. */
TEST(put_refusal__can_be_read_back_with_the_longest_reason)
{
	struct buf live = { 0 }, recorded = { 0 };
	char first[sizeof(told)];

	for (int len = 480; len <= 520; len++) {
		const char *reason;

		buf_clear(&live);
		buf_printf(&live, "{\"entities\":[{\"id\":\"" TOPIC "observations\",\"state\":"
			"\"x\",\"rejectionReason\":\"%0*d\",\"missingPermissions\":[\"a:b:c\"]}]}",
			len, 0);
		assert_true(buf_char(&live, '\0'));
		assert_null(topics(live.data));
		snprintf(first, sizeof(first), "%s", told);
		first[strlen(first) - 1] = '\0';
		reason = strstr(first, " o ") + 3;
		assert_true(strlen(reason) <= 512);
		buf_clear(&recorded);
		assert_true(channel_api_put_refusal(&recorded, ID, reason, strlen(reason)));
		assert_true(buf_char(&recorded, '\0'));
		assert_null(topics(recorded.data));
		assert_memory_equal(told, first, strlen(first));
	}
	buf_free(&live);
	buf_free(&recorded);
}

static bool asks(const char *pattern, const char *metrics)
{
	struct buf out = { 0 };
	bool any,
		ok = channel_api_put_query(&out, queues, 2, &pattern, 1, &any)
		&& buf_char(&out, '\0');

	assert_true(ok);
	assert_non_null(strstr(out.data, "\"value\":\"" ID "\"},{"));
	ok = strstr(out.data, metrics) && any == (strcmp(metrics, "\"metrics\":[]") != 0);
	buf_free(&out);
	return ok;
}

TEST(put_query__has_the_metrics_of_the_patterns)
{
	assert_true(asks("oWaiting", "\"metrics\":[\"oWaiting\"]"));
	assert_true(asks("oLongestW*", "\"metrics\":[\"oLongestWaiting\",\"oWaiting\"]"));
	assert_true(asks("oLongestInteracting",
		"\"metrics\":[\"oInteracting\",\"oLongestInteracting\"]"));
	assert_true(asks("t*", "\"metrics\":[]"));
	assert_true(asks("oServiceLevel", "\"metrics\":[]"));
	assert_true(asks("", "\"metrics\":[]"));
	assert_true(asks("*", "\"metrics\":[\"oActiveUsers\",\"oAlerting\","));
}

TEST(query__has_only_gauges)
{
	assert_true(channel_api_query_has("oWaiting"));
	assert_true(channel_api_query_has("oLongest*"));
	assert_true(channel_api_query_has("*"));
	assert_false(channel_api_query_has("oWait"));
	assert_false(channel_api_query_has("oServiceLevel"));
	assert_false(channel_api_query_has("t*"));
	assert_false(channel_api_query_has(""));
}

TEST(answer__must_be_exactly_one_object)
{
	static const char *const good[] = { "{}", " \n{\"a\":[1,{}]}\r\n\t " };
	static const char *const bad[] = { "", " ", "[]", "null", "7", "{", "{}}", "{} {}", "x{}",
		"{\"a\":}", "<html>{}</html>" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!channel_api_is_object(good[i], strlen(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (channel_api_is_object(bad[i], strlen(bad[i])))
			fail_msg("%s", bad[i]);
	assert_false(channel_api_is_object("{}\0", 3));
}

int main(void)
{
	int failures = run_all_tests(NULL, NULL);

	free(id);
	free(uri);
	return failures;
}
