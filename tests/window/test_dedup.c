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

TEST(equal_frame_of_the_other_connection_is_a_duplicate)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("{\"a\":1}", 0, 0));
	assert_false(is_repeated("{\"a\":2}", 1, 1));
	assert_true(is_repeated("{\"a\":1}", 1, 2));
	assert_true(is_repeated("{\"a\":2}", 0, 3));
}

TEST(equal_frames_of_one_connection_are_not_duplicates)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_false(is_repeated("x", 0, 1));
	assert_true(is_repeated("x", 1, 2));
	assert_true(is_repeated("x", 1, 3));
	assert_false(is_repeated("x", 1, 4));
}

TEST(each_frame_makes_only_one_duplicate)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_true(is_repeated("x", 1, 1));
	assert_false(is_repeated("x", 1, 2));	/* a change back and forth */
	assert_true(is_repeated("x", 0, 3));
}

TEST(equal_frames_more_than_10_s_apart_are_not_duplicates)
{
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 0, 0));
	assert_true(is_repeated("x", 1, DEDUP_US));
	assert_false(is_repeated("x", 0, 20 * S));
	assert_false(is_repeated("x", 1, 20 * S + DEDUP_US + 1));
}

TEST(frame_after_a_reconnect_is_not_a_duplicate)
{
	assert_false(is_repeated("x", 0, 0));
	dedup_close(d, 0, 0);
	dedup_open(d, 1, 0);
	assert_false(is_repeated("x", 1, 1));
	dedup_open(d, 0, 1);		/* another one in the first one's place */
	assert_true(is_repeated("x", 0, 2));
}

TEST(frames_of_a_closed_connection_are_still_compared)
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

TEST(recent_frames_from_before_the_second_connection_are_compared)
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
TEST(frames_between_two_second_connections_are_compared)
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

TEST(frames_of_different_lengths_are_not_equal)
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

TEST(only_the_newest_frames_are_remembered)
{
	assert_newest_known(true);
}

TEST(only_the_newest_frames_of_one_connection_are_remembered)
{
	assert_newest_known(false);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
