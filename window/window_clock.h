/*
 * Where windows begin and end: they are contiguous, [start, end), of one length, and numbered. The
 * oldest open window is the next to close. Times are µs since 1970.
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
	bool started;		/* the caller sets it once from_us is final */
	int64_t index;		/* the oldest open window: so many are printed */
	int64_t from_us;	/* where it begins */
};

/* The multiple of unit_us at or before at_us, also before 1970. */
int64_t window_clock_floor(int64_t at_us, int64_t unit_us);

/* The oldest window is the one at at_us: it begins at the whole ms, or the multiple of its length,
 * at or before that. False: it did already. */
bool window_clock_begin(struct window_clock *c, int64_t at_us);
void window_clock_next(struct window_clock *c);		/* the oldest window is printed */
void window_clock_restart(struct window_clock *c);	/* numbers go on, but it is not started */

struct coverage_span window_clock_span(const struct window_clock *c);	/* the oldest window */
int64_t window_clock_start_us(const struct window_clock *c, int64_t index);
int64_t window_clock_index(const struct window_clock *c, int64_t at_us);	/* may be printed */
bool window_clock_is_past_count(const struct window_clock *c, int64_t index);
bool window_clock_all_printed(const struct window_clock *c);	/* all of `count` */
/* The end of the oldest window; NO_TIME: it is not started, or all are printed. */
int64_t window_clock_due_us(const struct window_clock *c);
/* The end of the oldest window if nothing comes after at_us: whole ms, and at least one. */
int64_t window_clock_cut_us(const struct window_clock *c, int64_t at_us);
/* Sets the number, the times and `partial` of the oldest window's rows; it ends at end_us. cut: the
 * run was cut short. */
void window_clock_label(const struct window_clock *c, int64_t end_us, bool cut,
	struct row_window *r);

#endif
