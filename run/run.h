/*
 * One run: opens its files and its connection, loops over turns, and ends. A turn waits, takes
 * what the source received, and prints the windows that are over. All of a turn uses one reading
 * of one clock.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>

#include "cli/options.h"
#include "run/run_clock.h"
#include "util/base.h"

struct run;

/* set and clock are borrowed; signal_fd is of signals_open(). Pass *run to run_close also after a
 * failure. The caller prints the text of a failure that comes before run.start. */
enum status run_open(struct run **run, const struct options *set, const struct run_clock *clock,
	int signal_fd, struct err *err);

/* Not ST_OK: the run has to end. */
enum status run_turn(struct run *run, struct err *err);
bool run_is_over(const struct run *run);	/* every window is printed */

/* Ends a run that stopped with st: see end.h. Returns the exit status and frees the run. */
enum status run_close(struct run *run, enum status st, struct err *err);

#endif
