/* Wanted metrics: the order of patterns, and the gauges that end a wait. */
#include "tests/support/check.h"
#include "util/base.h"
#include "window/wanted_metrics.h"

static const char *const patterns[] = { "oWaiting", "t*", "tAcd", "*Long" };

static size_t order(const char *metric)
{
	static struct wanted_metrics wanted = { .pattern = patterns,
		.npattern = ARRAY_LEN(patterns) };

	return wanted_metrics_order(&wanted, slice_of(metric));
}

TEST(wanted_metrics__have_the_order_of_the_first_pattern_that_fits)
{
	assert_int_equal(order("oWaiting"), 0);
	assert_int_equal(order("tAcd"), 1);
	assert_int_equal(order("t"), 1);
	assert_int_equal(order("oWaiting"), 0);		/* remembered now */
	assert_true(order("oWaitin") == WANTED_METRICS_NONE);
	assert_true(order("oWaitin") == WANTED_METRICS_NONE);
	assert_true(order("oWaitings") == WANTED_METRICS_NONE);
	assert_true(order("") == WANTED_METRICS_NONE);
}

TEST(wanted_metrics__know_the_gauges_that_end_a_wait)
{
	static const struct {
		const char *metric;
		bool ends_wait;
	} cases[] = {
		{ "oWaiting", true }, { "oInteracting", true }, { "oLongestWaiting", false },
		{ "oAlerting", false }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(wanted_metrics_ends_wait(slice_of(cases[i].metric)),
			cases[i].ends_wait);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
