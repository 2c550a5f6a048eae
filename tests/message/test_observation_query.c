/* Answers of the observation query: results, presences, malformed texts. */
#include "message/observation_query.h"
#include "tests/support/read_notifications.h"

#define Q "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"

TEST(answer__each_result_is_a_notification)
{
	const char *text = "{\"other\":1,\"results\":[{\"data\":[{\"metric\":\"oLongestWaiting\","
		"\"stats\":{\"count\":1,\"calculatedMetricValue\":1795485600000}}],\"group\":"
		"{\"queueId\":\"" Q "\",\"mediaType\":\"voice\"}},{\"group\":{\"queueId\":"
		"\"" Q2 "\"},"
		"\"data\":[{\"metric\":\"oX\",\"qualifier\":\"IDLE\",\"stats\":{\"count\":2}}]},"
		"{\"data\":[]}]}";

	observation_query_begin(ns, text, strlen(text));
	assert_true(observation_query_is_complete(ns));
	assert_true(observation_query_next(ns, &n) && n.kind == NOTIFICATION_EVENT);
	assert_string_equal(n.queue_id, Q);
	assert_int_equal(n.value[0].kind, VALUE_START);
	assert_false(n.value[0].has_interval);
	assert_true(observation_query_next(ns, &n) && n.kind == NOTIFICATION_EVENT);
	assert_string_equal(n.queue_id, Q2);
	check_value(0, "oX", "IDLE", "count", 2);
	assert_int_equal(n.nmedia, 1);
	assert_null(n.media[0].s);
	assert_true(observation_query_next(ns, &n) && n.kind == NOTIFICATION_INVALID);
	assert_false(observation_query_next(ns, &n));
}

TEST(answer__that_is_malformed_is_refused)
{
	static const struct {
		const char *text;
		bool complete;
	} cases[] = {
		{ "{}", true }, { "{\"results\":null}", true }, { "[]", false }, { "", false },
		{ "{\"results\":[", false }, { "{\"results\":[],\"results\":[{}]}", false }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		observation_query_begin(ns, cases[i].text, strlen(cases[i].text));
		assert_int_equal(observation_query_is_complete(ns), cases[i].complete);
		assert_false(observation_query_next(ns, &n));
	}
}

static bool count_presence(void *arg, struct slice id, struct slice name)
{
	int *count = arg;

	assert_true(slice_is(name, "AWAY"));
	assert_true(slice_is(id, *count ? "p2" : "p1"));
	++*count;
	return true;
}

TEST(answer__has_the_names_of_presences)
{
	const char *text = "{\"results\":[],\"systemToOrganizationMappings\":"
		"{\"AWAY\":[\"p1\",7,\"p\\u0032\"],\"BUSY\":7}}";
	int count = 0;

	assert_true(observation_query_presences(ns, text, strlen(text), count_presence, &count));
	assert_int_equal(count, 2);
	assert_true(observation_query_presences(ns, "{}", 2, count_presence, &count));
	assert_int_equal(count, 2);
	text = "{\"systemToOrganizationMappings\":{\"AWAY\":[],\"AWAY\":[]}}";
	assert_false(observation_query_presences(ns, text, strlen(text), count_presence, &count));
	text = "{\"systemToOrganizationMappings\":{},\"systemToOrganizationMappings\":{}}";
	assert_false(observation_query_presences(ns, text, strlen(text), count_presence, &count));
}

int main(void)
{
	return run_all_tests(make_reader, free_reader);
}
