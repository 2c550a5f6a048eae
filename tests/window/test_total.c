/* Running totals, over windows worked out by hand. */
#include "tests/support/check.h"
#include "window/total.h"

#define HALF_MS 1800000

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

TEST(total__delta_needs_an_earlier_value)
{
	struct total t = { 0 };
	struct total_summary s;

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

TEST(total__seen_from_its_start_began_with_0)
{
	struct total t = { 0 };

	assert_true(at_end(&t, 1, true).has_total);
	assert_double_equal_exact(at_end(&t, 1, true).total, 0);
	assert_false(at_end(&t, 1, false).has_total);
	total_set(&t, half(1), 7, true);
	assert_true(at_end(&t, 1, true).has_delta);
	assert_double_equal_exact(at_end(&t, 1, true).delta, 7);
}

TEST(total__delta_is_the_sum_over_all_its_half_hours)
{
	struct total t = { 0 };
	struct total_summary s;

	total_set(&t, half(1), 10, false);
	total_carry(&t);
	total_set(&t, half(2), 4, true);
	total_set(&t, half(1), 12, false);	/* a late revision of the one before */
	s = at_end(&t, 2, true);
	assert_true(s.has_delta);
	assert_double_equal_exact(s.delta, 6);
	assert_double_equal_exact(s.total, 4);
}

TEST(total__delta_is_unknown_if_a_half_hour_ended_while_disconnected)
{
	struct total t = { 0 };

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

TEST(total__delta_that_overflows_is_unknown)
{
	struct total t = { 0 };

	total_set(&t, half(1), -1.7e308, false);
	total_carry(&t);
	total_set(&t, half(1), 1.7e308, false);
	assert_false(at_end(&t, 1, false).has_delta);
}

TEST(total__fifth_interval_back_counts_but_cannot_be_revised)
{
	struct total t = { 0 };

	for (int i = 1; i <= 6; i++)
		total_set(&t, half(i), i, true);
	assert_int_equal(t.n, TOTAL_INTERVALS);
	total_set(&t, half(1), 99, true);
	assert_double_equal_exact(at_end(&t, 6, true).delta, 1 + 2 + 3 + 4 + 5 + 6);
	total_carry(&t);
	assert_double_equal_exact(at_end(&t, 6, true).delta, 0);
}

TEST(interval__ends_by_the_clock)
{
	assert_int_equal(total_interval_at(half(3), half(3).to_ms * 1000).from_ms, half(3).from_ms);
	assert_int_equal(total_interval_at(half(3), half(3).to_ms * 1000 + 1).from_ms,
		half(4).from_ms);
	assert_int_equal(total_interval_at(half(3), half(9).to_ms * 1000).from_ms, half(9).from_ms);
	assert_int_equal(total_interval_at(half(3), 0).from_ms, half(3).from_ms);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
