/*
 * Ends a run, for whatever reason: prints windows that are still open as partial, closes the
 * connection politely, renames the output, waits for deliveries, writes the last warnings and
 * run.end, and decides the exit status.
 */
#ifndef RUN_END_H
#define RUN_END_H

#include "run/run_state.h"
#include "util/base.h"

/* st is why the run ends. Returns the exit status. Empties the text in *err if the caller need not
 * print it, because an audit line has it. */
enum status end_run(struct run *run, enum status st, struct err *err);

#endif
