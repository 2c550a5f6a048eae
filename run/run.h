/*
 * One run from the first file opened to the last line written: the turns of its loop, and
 * its end. Everything that a turn does is measured against one reading of one clock.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "util/base.h"

/*
 * now_us is real time as it was at the start, advanced by a clock that no one sets and that
 * goes on while the machine sleeps; real_us is the wall's, for the `ts` of audit lines.
 */
struct run_clock {
	int64_t (*now_us)(const struct run_clock *clock);
	int64_t (*real_us)(const struct run_clock *clock);
	int64_t real_start_us, boot_start_us;
};

struct run;

/* set and clock are borrowed; signal_fd is a signalfd(2) of SIGINT, SIGTERM, SIGHUP and
 * SIGUSR1. *run goes to run_close after a failure too, NULL or not: it ends what had begun. A
 * failure before run.start is for the caller to print. */
enum status run_open(struct run **run, const struct options *set, const struct run_clock *clock,
	int signal_fd, struct err *err);

/* Waits, takes what came, prints the windows that are over. Not ST_OK: the run is to end. */
enum status run_turn(struct run *run, struct err *err);
bool run_is_over(const struct run *run);	/* every window is printed */

/* Ends it with what st allows: partial windows, the polite close, the file's rename,
 * run.end. Returns the exit status. Frees the run. */
enum status run_close(struct run *run, enum status st, struct err *err);

#endif
