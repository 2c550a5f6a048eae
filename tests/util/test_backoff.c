/* When to try again, on a clock and with random numbers that the test holds. */
#include "tests/support/check.h"
#include "util/backoff.h"

#define S INT64_C(1000000)
#define MOST UINT32_MAX

static struct backoff start(int64_t for_us)
{
	struct backoff r;

	backoff_init(&r, for_us, 0, 0);
	return r;
}

/* The wait, -1: time is up. */
static int64_t next(struct backoff *r, int64_t now, uint32_t random, int64_t retry_after)
{
	int64_t at;

	return backoff_next(r, now, random, retry_after, &at) == BACKOFF_LATER ? at - now : -1;
}

TEST(backoff__doubles_up_to_its_limit)
{
	static const int64_t most[] = { 250000, 500000, S, 2 * S, 4 * S, 8 * S, 16 * S, 30 * S,
		30 * S };
	struct backoff r = start(3600 * S);

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++)
		assert_int_equal(next(&r, 0, MOST, -1), most[i] - 1 - most[i] / (INT64_C(1) << 32));
}

TEST(backoff__has_full_jitter)
{
	struct backoff r = start(3600 * S);

	assert_int_equal(next(&r, 0, 0, -1), 0);
	assert_int_equal(next(&r, 0, 1u << 31, -1), 250000);
}

TEST(backoff__starts_again_after_a_minute)
{
	struct backoff r = start(3600 * S);

	for (int i = 0; i < 5; i++)
		next(&r, 0, MOST, -1);
	backoff_connected(&r, 0);
	backoff_lost(&r, 60 * S - 1, true);
	assert_int_equal(r.attempt, 5);
	backoff_connected(&r, 100 * S);
	backoff_lost(&r, 160 * S, true);
	assert_int_equal(r.attempt, 0);
}

TEST(retry_after__wins_over_the_backoff)
{
	struct backoff r = start(60 * S);

	assert_int_equal(next(&r, 0, MOST, 7 * S), 7 * S);
	assert_int_equal(next(&r, 50 * S, MOST, 10 * S), -1);	/* longer than is left */
}

/* Retry-After: 0, or a date of the past: not a request a millisecond. */
TEST(retry_after__of_0_does_not_replace_the_backoff)
{
	struct backoff r = start(60 * S), none = start(60 * S);

	for (int i = 0; i < 10; i++)
		assert_int_equal(next(&r, 0, MOST, 0), next(&none, 0, MOST, -1));
	assert_int_equal(next(&r, 50 * S, MOST, 0), 10 * S);	/* cut to the end */
}

TEST(retry_for__ends_and_starts_again_at_a_loss)
{
	struct backoff r = start(2 * S);

	assert_int_equal(next(&r, 1990000, MOST, -1), 10000);	/* cut to the end */
	assert_int_equal(next(&r, 2 * S, 0, -1), -1);
	backoff_connected(&r, 2 * S);
	backoff_lost(&r, 100 * S, true);
	assert_int_equal(next(&r, 101 * S, 0, -1), 0);
	assert_int_equal(next(&r, 102 * S, 0, -1), -1);
}

TEST(retry_for__before_the_first_window_includes_losses)
{
	struct backoff r = start(20 * S);

	backoff_connected(&r, 5 * S);
	backoff_lost(&r, 10 * S, false);
	assert_int_equal(next(&r, 19 * S, 0, -1), 0);
	assert_int_equal(next(&r, 20 * S, 0, -1), -1);
}

TEST(retry_for__of_0_means_one_attempt)
{
	struct backoff r = start(0);

	assert_int_equal(backoff_attempt_end_us(&r, 5, 15 * S), 15 * S + 5);
	assert_int_equal(next(&r, 5, 0, -1), -1);
}

TEST(attempt__ends_with_retry_for)
{
	struct backoff r = start(20 * S);

	assert_int_equal(backoff_attempt_end_us(&r, 0, 15 * S), 15 * S);
	assert_int_equal(backoff_attempt_end_us(&r, 10 * S, 15 * S), 20 * S);
}

TEST(protocol_error__is_retried_once_a_minute)
{
	struct backoff r = start(60 * S);

	assert_false(backoff_breach(&r));
	backoff_connected(&r, 0);
	backoff_lost(&r, 60 * S, true);
	assert_false(backoff_breach(&r));
	backoff_connected(&r, 70 * S);
	backoff_lost(&r, 129 * S, true);
	assert_true(backoff_breach(&r));
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
