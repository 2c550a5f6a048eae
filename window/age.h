/*
 * An age has two values in a window: how long the longest wait had lasted at its end, and the
 * maximum during the window. The caller passes all times, in µs of the clock of the run.
 */
#ifndef WINDOW_AGE_H
#define WINDOW_AGE_H

#include <stdbool.h>
#include <stdint.h>

struct age {			/* start with all zero: nothing is known */
	bool waiting;		/* false: nobody waits, or it is not known */
	int64_t start_us;	/* when the longest wait began */
	int64_t from_us;	/* the wait is counted up to this time */
	bool has_last, has_most;	/* last_us and most_us are valid */
	int64_t last_us, most_us;
};

/* Counts the wait up to at_us; `up`: the source was connected until then. If not, the wait is
 * unknown. */
void age_hold(struct age *a, int64_t at_us, bool up);
/* Does age_hold, then sets whether somebody waits from at_us on, and since when. */
void age_set(struct age *a, int64_t at_us, bool up, bool waiting, int64_t start_us);
void age_carry(struct age *a);	/* begins the next window */

#endif
