/* Wanted metrics: the order of patterns, and names that are remembered. */
#include <stdio.h>

#include "tests/support/check.h"
#include "util/base.h"
#include "window/wanted_metrics.h"

static const char *const patterns[] = { "oWaiting", "t*", "tAcd", "*Long" };

static struct wanted_metrics wanted = { .pattern = patterns, .npattern = ARRAY_LEN(patterns) };

static size_t order(const char *metric)
{
	return wanted_metrics_find(&wanted, slice_of(metric))->order;
}

TEST(wanted_metrics__have_the_order_of_the_first_pattern_that_fits)
{
	for (int again = 0; again < 2; again++) {	/* the second time from memory */
		assert_int_equal(order("oWaiting"), 0);
		assert_int_equal(order("tAcd"), 1);
		assert_int_equal(order("t"), 1);
		assert_true(order("oWaitin") == WANTED_METRICS_NONE);
		assert_true(order("oWaitings") == WANTED_METRICS_NONE);
		assert_true(order("") == WANTED_METRICS_NONE);
	}
}

TEST(wanted_metrics__tell_many_names_apart_long_ones_too)
{
	char name[64];

	for (int again = 0; again < 2; again++)
		for (int n = 0; n < 1000; n++) {
			snprintf(name, sizeof(name), "%c%0*d", n % 2 ? 't' : 'n', n % 50 + 4, n);
			assert_true((order(name) == 1) == (n % 2 == 1));
		}
}

TEST(wanted_metrics__know_the_gauges_that_end_a_wait)
{
	static const struct {
		const char *metric;
		bool needed;
	} cases[] = {
		{ "oWaiting", true }, { "oInteracting", true }, { "oLongestWaiting", false },
		{ "oAlerting", false }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(wanted_metrics_find(&wanted, slice_of(cases[i].metric))->needed,
			cases[i].needed);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
