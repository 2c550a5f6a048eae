/*
 * The end of a run, whatever the reason: partial windows, the polite close of the connection, the
 * output's rename, the last deliveries, warnings, and the exit status.
 */
#ifndef RUN_END_H
#define RUN_END_H

#include "run/run_state.h"
#include "util/base.h"

/* st: why the run ends. Returns the exit status; the text in *err is empty if an audit line has
 * it already. */
enum status end_run(struct run *run, enum status st, struct err *err);

#endif
