/* The counters of a run, of connections above all. */
#include "tests/support/check.h"
#include "run/totals.h"

#define S INT64_C(1000000)

static struct totals t;

static int none(void **state __attribute__((unused)))
{
	t = TOTALS_NONE;
	return 0;
}

static void happens(enum session_event_kind kind, size_t socket, int64_t at_us)
{
	totals_session(&t, &(struct session_event){ .kind = kind, .socket = socket,
		.at_us = at_us });
}

TEST(down_time__begins_with_a_loss_not_with_the_run)
{
	assert_int_equal(totals_down_us(&t, 9 * S), 0);
	happens(SESSION_CONNECTED, 0, 10 * S);
	assert_int_equal(totals_down_us(&t, 20 * S), 0);
	happens(SESSION_LOST, 0, 20 * S);
	assert_int_equal(totals_down_us(&t, 23 * S), 3 * S);
	happens(SESSION_CONNECTED, 0, 25 * S);
	assert_int_equal(totals_down_us(&t, 60 * S), 5 * S);
	happens(SESSION_LOST, 0, 60 * S);
	assert_int_equal(totals_down_us(&t, 61 * S), 6 * S);
	assert_true(t.connected == 2 && t.lost == 2 && t.reconnects == 1);
}

TEST(down_time__is_none_while_the_other_socket_is_connected)
{
	happens(SESSION_CONNECTED, 0, 10 * S);
	happens(SESSION_CONNECTED, 1, 12 * S);
	happens(SESSION_LOST, 0, 20 * S);
	assert_int_equal(totals_down_us(&t, 30 * S), 0);
	happens(SESSION_CONNECTED, 0, 30 * S);
	happens(SESSION_LOST, 1, 31 * S);
	assert_true(t.reconnects == 0 && t.up == 1);
	happens(SESSION_LOST, 0, 32 * S);
	assert_int_equal(totals_down_us(&t, 33 * S), 1 * S);
}

TEST(attempts__are_counted_since_the_last_connection)
{
	struct session_event retry = { .kind = SESSION_TOKEN_RETRY, .attempt = 1 };

	totals_session(&t, &retry);
	assert_true(t.attempt == 2 && t.failed == 1);
	retry.kind = SESSION_RETRY;	/* the connection counts its own from 1 on */
	totals_session(&t, &retry);
	assert_true(t.attempt == 2 && t.failed == 2 && t.retries == 2);
	happens(SESSION_CONNECTED, 0, S);
	assert_true(t.attempt == 0 && t.failed == 0 && t.retries == 2);
}

TEST(lag__that_is_negative_is_unknown)
{
	assert_int_equal(t.lag_us, NO_TIME);
	totals_lag(&t, 5);
	assert_int_equal(t.lag_us, 5);
	totals_lag(&t, -1);
	assert_int_equal(t.lag_us, NO_TIME);
}

TEST(reasons__have_different_names)
{
	for (size_t i = 0; i < REJECT_KINDS; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(reject_name((enum reject)i),
				reject_name((enum reject)k));
}

int main(void)
{
	each_test(none, NULL);
	return run_all_tests(NULL, NULL);
}
