/*
 * One run: opens its files and its input, does turns until all windows are printed, and ends. A
 * turn waits, takes what the input has received, and prints the windows that are over. The clock is
 * read once a turn, so that all of a turn happens at the same time.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>

#include "cli/options.h"
#include "run/run_clock.h"
#include "util/base.h"

struct run;

/* Borrows set, made and clock. signal_fd comes from signals_open(). Pass *run to run_close() also
 * after a failure; the caller then prints the text in err, because no audit line has it. */
enum status run_open(struct run **run, const struct options *set, struct options_made *made,
	const struct run_clock *clock, int signal_fd, struct err *err);

/* Does one turn. If it does not return ST_OK, the run must end with that status. */
enum status run_turn(struct run *run, struct err *err);
bool run_is_over(const struct run *run);	/* no turn should follow */

/* Ends and frees a run that stopped with st: see end.h. Returns the exit status. */
enum status run_close(struct run *run, enum status st, struct err *err);

#endif
