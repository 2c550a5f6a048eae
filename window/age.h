/*
 * An age: how long the longest wait has lasted, at the end of the window and at most within it.
 * Times are µs of the run's clock; the caller passes them.
 */
#ifndef WINDOW_AGE_H
#define WINDOW_AGE_H

#include <stdbool.h>
#include <stdint.h>

struct age {			/* all zero: nothing is known */
	bool waiting;		/* since start_us; else nobody waits, or it is unknown */
	int64_t start_us;
	int64_t from_us;	/* the time before it is counted */
	bool has_last, has_most;
	int64_t last_us, most_us;
};

/* Counts the wait up to at_us if the stream was up. */
void age_hold(struct age *a, int64_t at_us, bool up);
/* age_hold, then who waits from at_us on. */
void age_set(struct age *a, int64_t at_us, bool up, bool waiting, int64_t start_us);
void age_carry(struct age *a);	/* the next window begins */

#endif
