/* Waits until something can be read or written, or a deadline has come: signals, sockets, output,
 * recordings, deliveries. */
#ifndef RUN_WAIT_H
#define RUN_WAIT_H

#include "run/run_state.h"
#include "util/base.h"

#define WAIT_MAX_US 1000000	/* below the time that counts as a stall, see run.c */

/* How long the next turn may wait. */
int64_t wait_us(const struct run *run);
/* Waits at most us, not beyond the deadline of a delivery, and lets libcurl work. */
enum status wait_for(struct run *run, int64_t us, struct err *err);

#endif
