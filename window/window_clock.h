/*
 * The clock of windows: where they begin and end. Windows are contiguous, [start, end), all of the
 * same length, and numbered. The oldest open window is the next one to close. Times are µs since
 * 1970.
 */
#ifndef WINDOW_WINDOW_CLOCK_H
#define WINDOW_WINDOW_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "window/coverage.h"
#include "window/row.h"

struct window_clock {
	int64_t length_us;
	bool align;		/* windows begin at multiples of their length */
	uint32_t count;		/* windows to print; 0: all of the input */
	bool started;		/* see window_clock_start */
	int64_t index;		/* of the oldest open window, and how many are printed so far */
	int64_t from_us;	/* when it begins */
};

/* The multiple of unit_us at or before at_us, also before 1970. */
int64_t window_clock_floor(int64_t at_us, int64_t unit_us);

/* Before the start: lets the oldest open window begin at the whole ms, or the multiple of its
 * length, at or before at_us. False: it begins there already. */
bool window_clock_begin(struct window_clock *c, int64_t at_us);
void window_clock_start(struct window_clock *c);	/* its beginning is final */
void window_clock_next(struct window_clock *c);		/* goes on to the next window */
void window_clock_restart(struct window_clock *c);	/* not started; numbers continue */

struct coverage_span window_clock_span(const struct window_clock *c);	/* the oldest window */
int64_t window_clock_start_us(const struct window_clock *c, int64_t index);
/* The number of the window at at_us; it may be closed already, or below 0. */
int64_t window_clock_index(const struct window_clock *c, int64_t at_us);
/* Whether a window comes after the last one to print. */
bool window_clock_is_past_count(const struct window_clock *c, int64_t index);
bool window_clock_all_printed(const struct window_clock *c);
/* The end of the oldest window; NO_TIME: the clock is not started, or all windows are printed. */
int64_t window_clock_due_us(const struct window_clock *c);
/* The end of the oldest window if the input ends at at_us: a whole ms, and at least one after its
 * beginning. at_us may be NO_TIME. */
int64_t window_clock_cut_us(const struct window_clock *c, int64_t at_us);
/* Sets the number, the times and `partial` in the rows of the oldest window, which ends at end_us.
 * cut: the run was cut short. */
void window_clock_label(const struct window_clock *c, int64_t end_us, bool cut,
	struct row_window *r);

#endif
