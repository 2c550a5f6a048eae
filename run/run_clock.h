/* The run's clock, and its difference from the system's. */
#ifndef RUN_RUN_CLOCK_H
#define RUN_RUN_CLOCK_H

#include <stdint.h>

/*
 * now_us is the real time of the start, advanced by a clock that nobody sets and that goes on
 * while the machine sleeps. real_us is the system's real time, for the `ts` of audit lines.
 */
struct run_clock {
	int64_t (*now_us)(const struct run_clock *clock);
	int64_t (*real_us)(const struct run_clock *clock);
	int64_t real_start_us, boot_start_us;
};

struct run;

/* Reads both clocks once; all of a turn uses these values. Warns once if the system's clock was
 * set. */
void run_clock_read(struct run *run);

#endif
