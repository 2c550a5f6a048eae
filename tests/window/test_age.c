/* Ages, over windows worked out by hand. */
#include "tests/support/check.h"
#include "window/age.h"

#define S 1000000		/* µs */

TEST(age__grows_until_nobody_waits)
{
	struct age a = { 0 };

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

TEST(age__with_a_start_in_the_future_is_0)
{
	struct age a = { 0 };

	age_set(&a, 0, true, true, 5 * S);
	age_hold(&a, 3 * S, true);
	assert_true(a.has_last);
	assert_int_equal(a.last_us, 0);
	age_hold(&a, 6 * S, true);
	assert_int_equal(a.last_us, 1 * S);
}

TEST(age__is_unknown_while_disconnected)
{
	struct age a = { 0 };

	age_set(&a, 0, true, true, -S);
	age_hold(&a, 2 * S, true);
	age_hold(&a, 5 * S, false);
	assert_false(a.has_last);
	assert_int_equal(a.most_us, 3 * S);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
