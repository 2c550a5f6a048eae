/* The run's clock, which nobody can set, and its difference from the system's clock. */
#ifndef RUN_RUN_CLOCK_H
#define RUN_RUN_CLOCK_H

#include <stdint.h>

/*
 * now_us is the real time at the start plus what CLOCK_BOOTTIME has counted since; that clock
 * cannot be set, and goes on while the machine sleeps. real_us is the system's clock, for the `ts`
 * of audit lines.
 */
struct run_clock {
	int64_t (*now_us)(const struct run_clock *clock);
	int64_t (*real_us)(const struct run_clock *clock);
	int64_t real_start_us, boot_start_us;
};

struct run;

/* Reads both clocks, once a turn. Warns if the system's clock was set, once in a run. */
void run_clock_read(struct run *run);

#endif
