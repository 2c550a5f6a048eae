/* Gauges, over windows worked out by hand. */
#include <math.h>

#include "tests/support/check.h"
#include "window/gauge.h"

#define S 1000000		/* µs */

static struct gauge_summary summarise(struct gauge *g, bool up)
{
	struct gauge_summary s;

	assert_true(gauge_summarise(g, up, &s));
	return s;
}

TEST(gauge__mean_is_weighted_by_time)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	assert_true(gauge_set(&g, 0, true, true, 2));
	assert_true(gauge_set(&g, 4 * S, true, true, 4));
	assert_true(gauge_hold(&g, 10 * S, true));
	s = summarise(&g, true);
	assert_double_equal_exact(s.held.mean, 3.2);
	assert_double_equal_exact(s.held.stddev * s.held.stddev, 0.96);
	assert_double_equal_exact(s.held.p50, 4);
	assert_double_equal_exact(s.held.min, 2);
	assert_double_equal_exact(s.held.max, 4);
	assert_int_equal(s.held.count, 10 * S);
	gauge_free(&g);
}

TEST(gauge__carries_only_its_value_into_the_next_window)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	assert_true(gauge_set(&g, 0, true, true, 9));
	assert_true(gauge_set(&g, 1 * S, true, true, 3));
	g.events = 2;
	assert_true(gauge_hold(&g, 10 * S, true));
	gauge_carry(&g);
	assert_true(gauge_hold(&g, 20 * S, true));
	s = summarise(&g, true);
	assert_int_equal(s.events, 0);
	assert_int_equal(s.held.count, 10 * S);
	assert_double_equal_exact(s.held.max, 3);
	assert_double_equal_exact(s.held.mean, 3);
	gauge_free(&g);
}

TEST(gauge__time_without_a_connection_does_not_count)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	assert_true(gauge_set(&g, 0, true, true, 2));
	assert_true(gauge_hold(&g, 3 * S, true));
	assert_true(gauge_hold(&g, 9 * S, false));
	assert_true(gauge_set(&g, 9 * S, true, true, 8));
	assert_true(gauge_hold(&g, 10 * S, true));
	s = summarise(&g, false);
	assert_int_equal(s.held.count, 4 * S);
	assert_double_equal_exact(s.held.mean, 3.5);
	assert_false(s.known);
	assert_true(summarise(&g, true).known);
	gauge_free(&g);
}

TEST(gauge__value_that_lasted_no_time_was_not_observed)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	assert_true(gauge_set(&g, 5, true, true, 100));
	assert_true(gauge_set(&g, 5, true, true, -0.0));
	s = summarise(&g, true);
	assert_false(s.observed);
	assert_true(s.known && !signbit(s.last));
	assert_true(gauge_set(&g, 4, true, true, 1));	/* no clock goes back */
	assert_true(gauge_hold(&g, 6, true));
	assert_int_equal(summarise(&g, true).held.count, 1);
	gauge_free(&g);
}

TEST(gauge__unknown_is_not_zero)
{
	struct gauge g = { 0 };

	assert_true(gauge_set(&g, 0, true, false, 0));
	assert_true(gauge_hold(&g, 10 * S, true));
	assert_false(summarise(&g, true).known);
	assert_false(summarise(&g, true).observed);
	gauge_free(&g);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
