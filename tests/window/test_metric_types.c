/* The three kinds of a metric, over windows worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/check.h"
#include "window/metric_types.h"

#define S 1000000		/* µs */
#define HALF_MS 1800000

/* --- gauge --- */

static struct gauge_summary summarise(struct gauge *g, bool up)
{
	struct gauge_summary s;

	assert_true(gauge_summarise(g, up, &s));
	return s;
}

static void gauge__weighs_by_time(void **state)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	(void)state;
	assert_true(gauge_set(&g, 0, true, true, 2));
	assert_true(gauge_set(&g, 4 * S, true, true, 4));
	assert_true(gauge_hold(&g, 10 * S, true));
	s = summarise(&g, true);
	assert_double_equal_exact(s.mean, 3.2);
	assert_double_equal_exact(s.stddev * s.stddev, 0.96);
	assert_double_equal_exact(s.p50, 4);
	assert_double_equal_exact(s.min, 2);
	assert_double_equal_exact(s.max, 4);
	assert_int_equal(s.observed_us, 10 * S);
	gauge_free(&g);
}

static void gauge__carries_its_value_alone(void **state)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	(void)state;
	assert_true(gauge_set(&g, 0, true, true, 9));
	assert_true(gauge_set(&g, 1 * S, true, true, 3));
	g.events = 2;
	assert_true(gauge_hold(&g, 10 * S, true));
	gauge_carry(&g);
	assert_true(gauge_hold(&g, 20 * S, true));
	s = summarise(&g, true);
	assert_int_equal(s.events, 0);
	assert_int_equal(s.observed_us, 10 * S);
	assert_double_equal_exact(s.max, 3);
	assert_double_equal_exact(s.mean, 3);
	gauge_free(&g);
}

static void gauge__time_without_the_stream_weighs_nothing(void **state)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	(void)state;
	assert_true(gauge_set(&g, 0, true, true, 2));
	assert_true(gauge_hold(&g, 3 * S, true));
	assert_true(gauge_hold(&g, 9 * S, false));
	assert_true(gauge_set(&g, 9 * S, true, true, 8));
	assert_true(gauge_hold(&g, 10 * S, true));
	s = summarise(&g, false);
	assert_int_equal(s.observed_us, 4 * S);
	assert_double_equal_exact(s.mean, 3.5);
	assert_false(s.known);
	assert_true(summarise(&g, true).known);
	gauge_free(&g);
}

static void gauge__value_of_no_time_was_not_observed(void **state)
{
	struct gauge g = { 0 };
	struct gauge_summary s;

	(void)state;
	assert_true(gauge_set(&g, 5, true, true, 100));
	assert_true(gauge_set(&g, 5, true, true, -0.0));
	s = summarise(&g, true);
	assert_false(s.observed);
	assert_true(s.known && !signbit(s.last));
	assert_true(gauge_set(&g, 4, true, true, 1));	/* no clock goes back */
	assert_true(gauge_hold(&g, 6, true));
	assert_int_equal(summarise(&g, true).observed_us, 1);
	gauge_free(&g);
}

static void gauge__unknown_is_not_zero(void **state)
{
	struct gauge g = { 0 };

	(void)state;
	assert_true(gauge_set(&g, 0, true, false, 0));
	assert_true(gauge_hold(&g, 10 * S, true));
	assert_false(summarise(&g, true).known);
	assert_false(summarise(&g, true).observed);
	gauge_free(&g);
}

/* --- age --- */

static void age__grows_until_nobody_waits(void **state)
{
	struct age a = { 0 };

	(void)state;
	age_set(&a, 10 * S, true, true, 4 * S);
	age_set(&a, 12 * S, true, false, 0);
	assert_true(a.has_last && a.last_us == 8 * S);
	age_hold(&a, 20 * S, true);
	assert_false(a.has_last);
	assert_true(a.has_most);
	assert_int_equal(a.most_us, 8 * S);
	age_carry(&a);
	age_hold(&a, 30 * S, true);
	assert_false(a.has_most);
}

static void age__start_in_the_future_is_no_negative_age(void **state)
{
	struct age a = { 0 };

	(void)state;
	age_set(&a, 0, true, true, 5 * S);
	age_hold(&a, 3 * S, true);
	assert_true(a.has_last);
	assert_int_equal(a.last_us, 0);
	age_hold(&a, 6 * S, true);
	assert_int_equal(a.last_us, 1 * S);
}

static void age__stream_down_is_unknown(void **state)
{
	struct age a = { 0 };

	(void)state;
	age_set(&a, 0, true, true, -S);
	age_hold(&a, 2 * S, true);
	age_hold(&a, 5 * S, false);
	assert_false(a.has_last);
	assert_int_equal(a.most_us, 3 * S);
}

/* --- total --- */

static struct total_interval half(int n)
{
	return (struct total_interval){ n * (int64_t)HALF_MS, (n + 1) * (int64_t)HALF_MS };
}

static struct total_summary at_end(const struct total *t, int running, bool whole)
{
	struct total_summary s;

	assert_true(total_summarise(t, half(running), whole,
		half(running).to_ms * 1000, &s));
	return s;
}

static void total__delta_needs_an_earlier_value(void **state)
{
	struct total t = { 0 };
	struct total_summary s;

	(void)state;
	total_set(&t, half(1), 40, false);
	s = at_end(&t, 1, false);
	assert_true(s.has_total && !s.has_delta);
	assert_double_equal_exact(s.total, 40);
	total_carry(&t);
	s = at_end(&t, 1, false);
	assert_true(s.has_delta && s.delta == 0);
	total_set(&t, half(1), 43, false);
	total_set(&t, half(1), 45, false);	/* replaced, never added up */
	s = at_end(&t, 1, false);
	assert_true(s.has_delta && s.delta == 5 && s.total == 45);
}

static void total__seen_from_its_beginning_began_with_0(void **state)
{
	struct total t = { 0 };

	(void)state;
	assert_true(at_end(&t, 1, true).has_total);
	assert_double_equal_exact(at_end(&t, 1, true).total, 0);
	assert_false(at_end(&t, 1, false).has_total);
	total_set(&t, half(1), 7, true);
	assert_true(at_end(&t, 1, true).has_delta);
	assert_double_equal_exact(at_end(&t, 1, true).delta, 7);
}

static void total__increase_is_over_all_intervals_touched(void **state)
{
	struct total t = { 0 };
	struct total_summary s;

	(void)state;
	total_set(&t, half(1), 10, false);
	total_carry(&t);
	total_set(&t, half(2), 4, true);
	total_set(&t, half(1), 12, false);	/* a late revision of the one before */
	s = at_end(&t, 2, true);
	assert_true(s.has_delta);
	assert_double_equal_exact(s.delta, 6);
	assert_double_equal_exact(s.total, 4);
}

static void total__end_of_a_half_hour_while_down_hides_the_increase(void **state)
{
	struct total t = { 0 };

	(void)state;
	total_set(&t, half(1), 10, true);
	total_carry(&t);
	total_lost(&t, half(1).from_ms * 1000 + 5);
	total_found(&t, half(1).to_ms * 1000 - 1, 0);
	assert_true(at_end(&t, 1, false).has_delta);
	total_lost(&t, half(1).to_ms * 1000 - 1);
	assert_false(at_end(&t, 1, false).has_delta);
	total_found(&t, half(1).to_ms * 1000, 0);
	assert_false(at_end(&t, 1, false).has_delta);
	total_carry(&t);
	assert_true(at_end(&t, 2, false).has_delta);
}

static void total__increase_that_no_double_holds_is_unknown(void **state)
{
	struct total t = { 0 };

	(void)state;
	total_set(&t, half(1), -1.7e308, false);
	total_carry(&t);
	total_set(&t, half(1), 1.7e308, false);
	assert_false(at_end(&t, 1, false).has_delta);
}

static void total__fifth_interval_back_counts_but_takes_no_revision(void **state)
{
	struct total t = { 0 };

	(void)state;
	for (int i = 1; i <= 6; i++)
		total_set(&t, half(i), i, true);
	assert_int_equal(t.n, TOTAL_INTERVALS);
	total_set(&t, half(1), 99, true);
	assert_double_equal_exact(at_end(&t, 6, true).delta, 1 + 2 + 3 + 4 + 5 + 6);
	total_carry(&t);
	assert_double_equal_exact(at_end(&t, 6, true).delta, 0);
}

static void interval__goes_on_by_the_clock(void **state)
{
	(void)state;
	assert_int_equal(total_interval_at(half(3), half(3).to_ms * 1000).from_ms, half(3).from_ms);
	assert_int_equal(total_interval_at(half(3), half(3).to_ms * 1000 + 1).from_ms,
		half(4).from_ms);
	assert_int_equal(total_interval_at(half(3), half(9).to_ms * 1000).from_ms, half(9).from_ms);
	assert_int_equal(total_interval_at(half(3), 0).from_ms, half(3).from_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gauge__weighs_by_time),
		cmocka_unit_test(gauge__carries_its_value_alone),
		cmocka_unit_test(gauge__time_without_the_stream_weighs_nothing),
		cmocka_unit_test(gauge__value_of_no_time_was_not_observed),
		cmocka_unit_test(gauge__unknown_is_not_zero),
		cmocka_unit_test(age__grows_until_nobody_waits),
		cmocka_unit_test(age__start_in_the_future_is_no_negative_age),
		cmocka_unit_test(age__stream_down_is_unknown),
		cmocka_unit_test(total__delta_needs_an_earlier_value),
		cmocka_unit_test(total__seen_from_its_beginning_began_with_0),
		cmocka_unit_test(total__increase_is_over_all_intervals_touched),
		cmocka_unit_test(total__end_of_a_half_hour_while_down_hides_the_increase),
		cmocka_unit_test(total__increase_that_no_double_holds_is_unknown),
		cmocka_unit_test(total__fifth_interval_back_counts_but_takes_no_revision),
		cmocka_unit_test(interval__goes_on_by_the_clock)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
