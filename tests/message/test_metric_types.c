/* What each metric is, and which one a misspelt name may mean. */
#include "message/metric_types.h"
#include "message/observation_query.h"
#include "tests/support/check.h"
#include "util/base.h"

static struct metric_type of(const char *name)
{
	return *metric_type_of(slice_of(name));
}

TEST(metric__has_its_kind)
{
	static const struct {
		const char *name;
		enum metric_kind kind;
	} all[] = {
		{ "oWaiting", METRIC_GAUGE }, { "oActiveUsers", METRIC_GAUGE },
		{ "oUserRoutingStatuses", METRIC_GAUGE }, { "oLongestWaiting", METRIC_AGE },
		{ "oServiceLevel", METRIC_TOTAL }, { "oSkillExpressionApplications", METRIC_TOTAL },
		{ "nOffered", METRIC_TOTAL }, { "tWait", METRIC_TOTAL }, { "tNew", METRIC_TOTAL },
		{ "n", METRIC_TOTAL }, { "oWaitin", METRIC_OTHER }, { "oWaitings", METRIC_OTHER },
		{ "o", METRIC_OTHER }, { "oNew", METRIC_OTHER }, { "", METRIC_OTHER },
		{ "waitTime", METRIC_OTHER }
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (of(all[i].name).kind != all[i].kind)
			fail_msg("%s", all[i].name);
	assert_true(of("tWait").is_time && !of("nOffered").is_time && !of("oWaiting").is_time);
}

TEST(metric__has_a_companion_and_a_qualifier)
{
	assert_string_equal(of("oLongestWaiting").beside, "oWaiting");
	assert_string_equal(of("oInteracting").beside, "oLongestInteracting");
	assert_null(of("oAlerting").beside);
	assert_string_equal(of("oOnQueueUsers").qualifier, "status");
	assert_string_equal(of("oUserPresences").qualifier, "presence");
	assert_null(of("oWaiting").qualifier);
}

/* The query gives values as of now, so it has gauges and ages only. */
TEST(metric__of_the_query_is_no_total)
{
	for (size_t i = 0; i < OBSERVATION_QUERY_METRICS; i++) {
		enum metric_kind kind = of(observation_query_metrics[i]).kind;

		assert_true(kind == METRIC_GAUGE || kind == METRIC_AGE);
	}
}

TEST(metric__name_is_known_or_not)
{
	assert_true(metric_types_know("oWaiting") && metric_types_know("tAb*"));
	assert_false(metric_types_know("oWaitin") || metric_types_know("x*"));
	assert_string_equal(metric_types_nearest("oWaitng", false), "oWaiting");
	assert_string_equal(metric_types_nearest("nOfered", false), "nOffered");
	assert_null(metric_types_nearest("somethingElse", false));
	assert_null(metric_types_nearest("waittime", false));
	assert_string_equal(metric_types_nearest("waittime", true), "waitTime");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
