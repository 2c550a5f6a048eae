/* Waits for descriptors and deadlines: signals, sockets, output, recording, deliveries. */
#ifndef RUN_WAIT_H
#define RUN_WAIT_H

#include "run/run_state.h"
#include "util/base.h"

#define WAIT_MAX_US 1000000	/* the longest wait: a longer pause is a stall, see run_turn */

/* How long the next turn may wait. */
int64_t wait_us(const struct run *run);
/* Waits at most that long, or until a delivery is due, and lets libcurl work. */
enum status wait_for(struct run *run, int64_t us, struct err *err);

#endif
