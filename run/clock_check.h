/*
 * Compares the timestamps of frames with the time at which they came, and warns if most frames of
 * a window do not belong there: then the machine's clock is probably wrong.
 */
#ifndef RUN_CLOCK_CHECK_H
#define RUN_CLOCK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/audit_events.h"

#define CLOCK_CHECK_MAX 255	/* differences kept for the median of a window */

struct clock_check {		/* since the last window; all zero at first */
	size_t n;		/* frames with a timestamp */
	size_t noff;		/* of them: stale, or from the future */
	int64_t off_us[CLOCK_CHECK_MAX];	/* of these: arrival less timestamp */
	bool warned;
};

/* A frame. at_us NO_TIME: it does not count. */
void clock_check_add(struct clock_check *c, int64_t at_us, int64_t timestamp_us, bool stale);

/* The window is over: warns once in a run. */
void clock_check_window(struct clock_check *c, struct audit_events *events, int64_t window,
	bool replay);

#endif
