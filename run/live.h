/* Live input: a turn takes what the source received and prints the windows that are over. */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include "run/run_state.h"
#include "util/base.h"

enum status live_turn(struct run *run, struct err *err);
/* Prints the windows that are over. */
enum status live_windows(struct run *run, struct err *err);
/* The process did not run from from_us until now. */
enum status live_stalled(struct run *run, int64_t from_us, struct err *err);

/* Queues are still being looked up by name, so there is no source yet. */
bool live_looks_up(const struct run *run);

/* While the source closes: reports that it has closed, and drops all other events. */
void live_take_closing(struct run *run);

#endif
