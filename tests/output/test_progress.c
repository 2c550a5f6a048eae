/* The progress line's text: what it says, and what it leaves out where there is no room. */
#include "output/progress.h"
#include "tests/support/check.h"
#include "util/time.h"

#define S 1000000LL

static void says(const struct progress_state *state, size_t columns, const char *wanted)
{
	struct buf out = { 0 };

	progress_put(&out, state, columns);
	buf_char(&out, '\0');
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

TEST(text__has_the_time_that_is_left)
{
	struct progress_state s = { .window_left_us = 12 * S, .run_left_us = 12 * S, .windows = 1,
		.frames = 340, .lag_us = 34000, .connection = "connected" };

	says(&s, 80, "0:12 left  340 frames  lag 34ms  connected");
	s.windows = 5;
	s.window = 1;
	s.run_left_us = 3702 * S;
	says(&s, 80, "window 2/5  0:12 left  run 1:01:42 left  340 frames  lag 34ms  connected");
	/* a part of a second is one: 0:00 is the end */
	s.window_left_us = 1;
	s.run_left_us = -1;
	says(&s, 80, "window 2/5  0:01 left  run 0:00 left  340 frames  lag 34ms  connected");
}

TEST(text__leaves_out_unknown_values)
{
	struct progress_state s = { .window_left_us = NO_TIME, .run_left_us = NO_TIME,
		.windows = 1, .lag_us = NO_TIME, .connection = "connecting" };

	says(&s, 80, "0 frames  connecting");
	s.windows = 0;
	says(&s, 80, "window 1  0 frames  connecting");
	s.attempt = 3;
	says(&s, 80, "window 1  0 frames  connecting  attempt 3");
}

TEST(text__leaves_out_whole_parts_if_narrow)
{
	struct progress_state s = { .window_left_us = 12 * S, .run_left_us = 99 * S, .windows = 5,
		.frames = 340, .lag_us = 34000, .connection = "connected" };

	says(&s, 60, "window 1/5  0:12 left  run 1:39 left  340 frames  lag 34ms");
	says(&s, 30, "window 1/5  0:12 left");
	says(&s, 9, "0:12 left");
	says(&s, 8, "lag 34ms");
	says(&s, 0, "");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
