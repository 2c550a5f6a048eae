/* The deliveries of --callback during a run, and how long they may take at its end. */
#ifndef RUN_RUN_DELIVERIES_H
#define RUN_RUN_DELIVERIES_H

#include "run/run_state.h"
#include "util/base.h"

/* Call once a turn. Does nothing without --callback. */
void run_deliveries_step(struct run *run);

/* Call when no more windows follow. Together, all deliveries then have the time of --retry-for; if
 * that is 0, the time of --callback-timeout; if st says that a signal ended the run, half a second.
 * ST_READER_LEFT is not a signal. */
void run_deliveries_begin_end(struct run *run, enum status st);
/* Waits until all deliveries are done. signal: one that has already come, or 0. The first signal
 * leaves them half a second, the next one no time. Returns the status of the first signal, or ST_OK
 * if none came. */
enum status run_deliveries_finish(struct run *run, int signal, struct err *err);
/* Returns st, but ST_CALLBACK in place of ST_OK if a delivery was dropped or refused, also one that
 * an earlier run left. One that waits in the spool does not count. */
enum status run_deliveries_status(const struct run *run, enum status st, struct err *err);

#endif
