/* Duplicates: a message matches one equal message of the other open socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "window/dedup.h"

#define S 1000000		/* µs */

static struct dedup *both(void)
{
	struct dedup *d = dedup_new();

	assert_non_null(d);
	dedup_open(d, 0, 0);
	dedup_open(d, 1, 0);
	return d;
}

static bool is_duplicate(struct dedup *d, const char *text, size_t len, size_t socket,
	int64_t at_us)
{
	return dedup_is_duplicate(d, text, len, socket, at_us);
}

static bool came(struct dedup *d, const char *text, size_t socket, int64_t at_us)
{
	return is_duplicate(d, text, strlen(text), socket, at_us);
}

TEST(other_sockets_equal_frame_is_a_duplicate)
{
	struct dedup *d = both();

	assert_false(came(d, "{\"a\":1}", 0, 0));
	assert_false(came(d, "{\"a\":2}", 1, 1));
	assert_true(came(d, "{\"a\":1}", 1, 2));
	assert_true(came(d, "{\"a\":2}", 0, 3));
	dedup_free(d);
}

TEST(same_socket_may_repeat_itself)
{
	struct dedup *d = both();

	assert_false(came(d, "x", 0, 0));
	assert_false(came(d, "x", 0, 1));
	assert_true(came(d, "x", 1, 2));
	assert_true(came(d, "x", 1, 3));
	assert_false(came(d, "x", 1, 4));
	dedup_free(d);
}

TEST(one_takes_one_away)
{
	struct dedup *d = both();

	assert_false(came(d, "x", 0, 0));
	assert_true(came(d, "x", 1, 1));
	assert_false(came(d, "x", 1, 2));	/* a change back and forth */
	assert_true(came(d, "x", 0, 3));
	dedup_free(d);
}

TEST(too_far_apart_are_two)
{
	struct dedup *d = both();

	assert_false(came(d, "x", 0, 0));
	assert_true(came(d, "x", 1, DEDUP_US));
	assert_false(came(d, "x", 0, 20 * S));
	assert_false(came(d, "x", 1, 20 * S + DEDUP_US + 1));
	dedup_free(d);
}

TEST(socket_opened_after_the_other_closed_is_no_second)
{
	struct dedup *d = dedup_new();

	dedup_open(d, 0, 0);
	assert_false(came(d, "x", 0, 0));
	dedup_close(d, 0, 0);
	dedup_open(d, 1, 0);
	assert_false(came(d, "x", 1, 1));
	dedup_open(d, 0, 1);		/* another one in the first one's place */
	assert_true(came(d, "x", 0, 2));
	dedup_free(d);
}

TEST(frame_of_a_socket_closed_since_still_counts)
{
	struct dedup *d = both();

	assert_false(came(d, "x", 0, 0));
	dedup_close(d, 0, 0);
	assert_true(came(d, "x", 1, 1));
	assert_false(came(d, "y", 1, 2));
	dedup_open(d, 0, 3);		/* nothing of the one before it is left */
	assert_true(came(d, "y", 0, 4));
	assert_false(came(d, "x", 0, 4));
	dedup_free(d);
}

TEST(frame_of_the_time_before_the_second_opened_counts_for_a_while)
{
	struct dedup *d = dedup_new();

	dedup_open(d, 0, 0);
	assert_false(came(d, "old", 0, 0));
	assert_false(came(d, "x", 0, 4 * S));
	assert_false(came(d, "x", 0, 4 * S));
	assert_false(came(d, "y", 0, 5 * S));
	dedup_open(d, 1, DEDUP_US + 2);
	assert_false(came(d, "old", 1, DEDUP_US + 3));
	assert_true(came(d, "x", 1, DEDUP_US + 3));
	assert_true(came(d, "x", 1, DEDUP_US + 3));
	assert_false(came(d, "x", 1, DEDUP_US + 3));
	assert_true(came(d, "y", 1, 5 * S + DEDUP_US));
	dedup_free(d);
}

/* Alone again: what it brings from then on has to be known when a third one opens. */
TEST(time_alone_between_two_others_is_known)
{
	struct dedup *d = both();

	assert_false(came(d, "x", 1, 0));
	dedup_close(d, 1, 0);
	assert_false(came(d, "y", 0, DEDUP_US - 1));
	assert_true(came(d, "x", 0, DEDUP_US));
	assert_false(came(d, "x", 0, DEDUP_US + 1));
	assert_false(came(d, "z", 0, DEDUP_US + 2));
	dedup_open(d, 1, DEDUP_US + 3);
	assert_true(came(d, "y", 1, DEDUP_US + 4));
	assert_true(came(d, "x", 1, DEDUP_US + 4));
	assert_false(came(d, "x", 1, DEDUP_US + 4));
	assert_true(came(d, "z", 1, DEDUP_US + 4));
	dedup_free(d);
}

TEST(lengths_and_tails_differ)
{
	struct dedup *d = both();

	assert_false(is_duplicate(d, "", 0, 0, 0));
	assert_false(is_duplicate(d, "\0", 1, 1, 0));
	assert_false(came(d, "12345678", 0, 0));
	assert_false(came(d, "123456789", 1, 0));
	assert_true(is_duplicate(d, "", 0, 1, 0));
	dedup_free(d);
}

TEST(memory_is_bounded_and_the_newest_are_known)
{
	struct dedup *d = both();
	char text[32];
	int found = 0;

	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		assert_false(came(d, text, 0, i));
	}
	for (int i = 99000; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		found += came(d, text, 1, 100000);
	}
	assert_true(found > 980);
	dedup_free(d);
}

TEST(memory_of_one_alone_is_bounded_too)
{
	struct dedup *d = dedup_new();
	char text[32];
	int found = 0;

	dedup_open(d, 0, 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		assert_false(came(d, text, 0, i));
	}
	dedup_open(d, 1, 100000);
	for (int i = 99000; i < 100000; i++) {
		snprintf(text, sizeof(text), "frame %d", i);
		found += came(d, text, 1, 100000);
	}
	assert_true(found > 980);
	dedup_free(d);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
