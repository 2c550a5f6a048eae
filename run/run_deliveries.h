/* The deliveries of --callback during a run, and how long they may take at its end. */
#ifndef RUN_RUN_DELIVERIES_H
#define RUN_RUN_DELIVERIES_H

#include "run/run_state.h"
#include "util/base.h"

/* Once a turn. Does nothing without --callback. */
void run_deliveries_step(struct run *run);

/* No more windows will come: all deliveries together have the time of --retry-for, or without
 * retries of one request. After a signal they have half a second. */
void run_deliveries_begin_end(struct run *run, enum status st);
/* Waits for them. signal: the one that came before, or 0; it or a later one cuts their time, a
 * second one ends it. Not ST_OK: a signal did so. */
enum status run_deliveries_finish(struct run *run, int signal, struct err *err);
/* ST_CALLBACK in place of ST_OK if a window was not delivered. */
enum status run_deliveries_status(const struct run *run, enum status st, struct err *err);

#endif
