/*
 * Compares the timestamps of frames with their arrival. Warns if most frames of a window are stale
 * or from the future, because then the machine's clock is probably wrong.
 */
#ifndef RUN_CLOCK_CHECK_H
#define RUN_CLOCK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/audit_events.h"

#define CLOCK_CHECK_MAX 255	/* differences kept for the median of a window */

/* Counts of the current window. Must be all zero at first. */
struct clock_check {
	size_t n;		/* frames with a timestamp */
	size_t noff;		/* those of them that are stale or from the future */
	int64_t off_us[CLOCK_CHECK_MAX];	/* arrival minus timestamp of these */
	bool warned;
};

/* Counts a frame. at_us: its arrival (NO_TIME: the frame is ignored); timestamp_us: its own time.
 * It is off if it is stale, or if its timestamp is later than its arrival. */
void clock_check_add(struct clock_check *c, int64_t at_us, int64_t timestamp_us, bool stale);

/* Call at the end of each window. Writes at most one warning in a run. */
void clock_check_window(struct clock_check *c, struct audit_events *events, int64_t window,
	bool replay);

#endif
