/* Duplicates: a message matches one equal message of the other open socket. */
#include "tests/support/check.h"
#include "window/dedup.h"

#define S 1000000		/* µs */

static struct dedup *d;

/* Socket 0 is open. */
static int set_up(void **state __attribute__((unused)))
{
	d = dedup_new();
	if (d)
		dedup_open(d, 0, 0);
	return d ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	dedup_free(d);
	return 0;
}

static bool is_repeated(const char *text, size_t socket, int64_t at_us)
{
	return dedup_is_duplicate(d, text, strlen(text), socket, at_us);
}

TEST(other_sockets_equal_frame_is_a_duplicate)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("{\"a\":1}", 0, 0));
	assert_false(is_repeated("{\"a\":2}", 1, 1));
	assert_true(is_repeated("{\"a\":1}", 1, 2));
	assert_true(is_repeated("{\"a\":2}", 0, 3));
}

TEST(same_socket_may_repeat_itself)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_false(is_repeated("x", 0, 1));
	assert_true(is_repeated("x", 1, 2));
	assert_true(is_repeated("x", 1, 3));
	assert_false(is_repeated("x", 1, 4));
}

TEST(one_takes_one_away)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_true(is_repeated("x", 1, 1));
	assert_false(is_repeated("x", 1, 2));	/* a change back and forth */
	assert_true(is_repeated("x", 0, 3));
}

TEST(too_far_apart_are_two)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_true(is_repeated("x", 1, DEDUP_US));
	assert_false(is_repeated("x", 0, 20 * S));
	assert_false(is_repeated("x", 1, 20 * S + DEDUP_US + 1));
}

TEST(socket_opened_after_the_other_closed_is_no_second)
{
	assert_false(is_repeated("x", 0, 0));
	dedup_close(d, 0, 0);
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 1, 1));
	dedup_open(d, 0, 1);		/* another one in the first one's place */
	assert_true(is_repeated("x", 0, 2));
}

TEST(frame_of_a_socket_closed_since_still_counts)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	dedup_close(d, 0, 0);
	assert_true(is_repeated("x", 1, 1));
	assert_false(is_repeated("y", 1, 2));
	dedup_open(d, 0, 3);		/* nothing of the one before it is left */
	assert_true(is_repeated("y", 0, 4));
	assert_false(is_repeated("x", 0, 4));
}

TEST(frame_of_the_time_before_the_second_opened_counts_for_a_while)
{
	assert_false(is_repeated("old", 0, 0));
	assert_false(is_repeated("x", 0, 4 * S));
	assert_false(is_repeated("x", 0, 4 * S));
	assert_false(is_repeated("y", 0, 5 * S));
	dedup_open(d, 1, DEDUP_US + 2);
	assert_false(is_repeated("old", 1, DEDUP_US + 3));
	assert_true(is_repeated("x", 1, DEDUP_US + 3));
	assert_true(is_repeated("x", 1, DEDUP_US + 3));
	assert_false(is_repeated("x", 1, DEDUP_US + 3));
	assert_true(is_repeated("y", 1, 5 * S + DEDUP_US));
}

/* Alone again: what it brings from then on has to be known when a third one opens. */
TEST(time_alone_between_two_others_is_known)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 1, 0));
	dedup_close(d, 1, 0);
	assert_false(is_repeated("y", 0, DEDUP_US - 1));
	assert_true(is_repeated("x", 0, DEDUP_US));
	assert_false(is_repeated("x", 0, DEDUP_US + 1));
	assert_false(is_repeated("z", 0, DEDUP_US + 2));
	dedup_open(d, 1, DEDUP_US + 3);
	assert_true(is_repeated("y", 1, DEDUP_US + 4));
	assert_true(is_repeated("x", 1, DEDUP_US + 4));
	assert_false(is_repeated("x", 1, DEDUP_US + 4));
	assert_true(is_repeated("z", 1, DEDUP_US + 4));
}

TEST(lengths_and_tails_differ)
{
	dedup_open(d, 1, 0);
	assert_false(dedup_is_duplicate(d, "", 0, 0, 0));
	assert_false(dedup_is_duplicate(d, "\0", 1, 1, 0));
	assert_false(is_repeated("12345678", 0, 0));
	assert_false(is_repeated("123456789", 1, 0));
	assert_true(dedup_is_duplicate(d, "", 0, 1, 0));
}

static void assert_newest_known(bool both_open)
{
	char text[32];
	int found = 0;

	if (both_open)
		dedup_open(d, 1, 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		assert_false(is_repeated(text, 0, i));
	}
	if (!both_open)
		dedup_open(d, 1, 100000);
	for (int i = 99000; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		found += is_repeated(text, 1, 100000);
	}
	assert_true(found > 980);
}

TEST(memory_is_bounded_and_the_newest_are_known)
{
	assert_newest_known(true);
}

TEST(memory_of_one_alone_is_bounded_too)
{
	assert_newest_known(false);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
