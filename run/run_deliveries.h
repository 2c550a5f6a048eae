/* The deliveries of --callback during a run, and how long they may take at its end. */
#ifndef RUN_RUN_DELIVERIES_H
#define RUN_RUN_DELIVERIES_H

#include "run/run_state.h"
#include "util/base.h"

/* Call once a turn. Does nothing without --callback. */
void run_deliveries_step(struct run *run);

/* No more windows follow. Limits the time of all deliveries together to --retry-for; with
 * --retry-for 0, to --callback-timeout; after a signal, to half a second. */
void run_deliveries_begin_end(struct run *run, enum status st);
/* Waits for all deliveries. A signal shortens the time to half a second, another one ends it;
 * signal is one that has come already, or 0. If there was a signal, returns its status. */
enum status run_deliveries_finish(struct run *run, int signal, struct err *err);
/* Returns st, but ST_CALLBACK instead of ST_OK if a window was not delivered. */
enum status run_deliveries_status(const struct run *run, enum status st, struct err *err);

#endif
