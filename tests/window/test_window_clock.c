/* The clock of windows: where they begin, end and are numbered. */
#include "tests/support/check.h"
#include "util/time.h"
#include "window/window_clock.h"

#define S 1000000		/* µs */

static struct window_clock clock_of(bool align, uint32_t count, int64_t from_us)
{
	struct window_clock c = { .length_us = 10 * S, .align = align, .count = count };

	window_clock_begin(&c, from_us);
	c.started = true;
	return c;
}

TEST(floor__rounds_down_before_1970_too)
{
	assert_int_equal(window_clock_floor(1999, 1000), 1000);
	assert_int_equal(window_clock_floor(2000, 1000), 2000);
	assert_int_equal(window_clock_floor(-1, 1000), -1000);
	assert_int_equal(window_clock_floor(-1000, 1000), -1000);
}

TEST(start__is_a_whole_ms_or_a_multiple_of_the_length)
{
	struct window_clock c = clock_of(false, 0, 17 * S + 1999);

	assert_int_equal(c.from_us, 17 * S + 1000);
	assert_false(window_clock_begin(&c, 17 * S + 1000));
	assert_true(window_clock_begin(&c, 17 * S + 2000));
	assert_int_equal(window_clock_span(&c).to_us, 27 * S + 2000);
	c = clock_of(true, 0, 17 * S);
	assert_int_equal(c.from_us, 10 * S);
}

TEST(index__counts_from_the_start)
{
	struct window_clock c = clock_of(true, 0, 100 * S);

	for (int i = 0; i < 3; i++)
		window_clock_next(&c);
	assert_int_equal(c.index, 3);
	assert_int_equal(c.from_us, 130 * S);
	assert_int_equal(window_clock_start_us(&c, 0), 100 * S);
	assert_int_equal(window_clock_start_us(&c, 5), 150 * S);
	assert_int_equal(window_clock_index(&c, 130 * S), 3);
	assert_int_equal(window_clock_index(&c, 130 * S - 1), 2);
	assert_int_equal(window_clock_index(&c, 100 * S - 1), -1);
	assert_int_equal(window_clock_index(&c, 159 * S), 5);
}

TEST(due__is_the_end_of_the_window_until_all_are_printed)
{
	struct window_clock c = clock_of(true, 2, 100 * S);

	c.started = false;
	assert_true(window_clock_due_us(&c) == NO_TIME);
	c.started = true;
	assert_int_equal(window_clock_due_us(&c), 110 * S);
	window_clock_next(&c);
	assert_int_equal(window_clock_due_us(&c), 120 * S);
	assert_int_equal(window_clock_span(&c).from_us, 110 * S);
	assert_false(window_clock_all_printed(&c));
	assert_true(window_clock_is_past_count(&c, 2));
	window_clock_next(&c);
	assert_true(window_clock_all_printed(&c));
	assert_true(window_clock_due_us(&c) == NO_TIME);
	assert_int_equal(window_clock_span(&c).from_us, 120 * S);
}

TEST(partial_window__ends_at_a_whole_ms)
{
	struct window_clock c = clock_of(true, 0, 100 * S);

	assert_int_equal(window_clock_cut_us(&c, 105 * S + 1999), 105 * S + 1000);
	assert_int_equal(window_clock_cut_us(&c, 100 * S), 100 * S + 1000);
	assert_int_equal(window_clock_cut_us(&c, 90 * S), 100 * S + 1000);
	assert_int_equal(window_clock_cut_us(&c, NO_TIME), 100 * S + 1000);
	assert_int_equal(window_clock_cut_us(&c, 110 * S), 110 * S);
	assert_int_equal(window_clock_cut_us(&c, 999 * S), 110 * S);
}

TEST(second_recording__continues_the_numbers)
{
	struct window_clock c = clock_of(true, 0, 100 * S);

	window_clock_next(&c);
	window_clock_restart(&c);
	assert_true(window_clock_due_us(&c) == NO_TIME);
	window_clock_begin(&c, 50 * S);
	c.started = true;
	assert_int_equal(window_clock_index(&c, 50 * S), 1);
	assert_int_equal(window_clock_due_us(&c), 60 * S);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
