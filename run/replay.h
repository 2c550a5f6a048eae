/* --replay: one turn reads lines of the recording, applies them and prints due windows. */
#ifndef RUN_REPLAY_H
#define RUN_REPLAY_H

#include "run/run_state.h"
#include "util/base.h"

enum status replay_turn(struct run *run, struct err *err);
/* Call at the end of the input: prints the windows still open, as fast as the reader takes them. */
enum status replay_end(struct run *run, struct err *err);

/* Too many bytes wait for the reader of rows, or for a reader of --rejects that is still
 * reading. */
bool replay_waits_for_readers(const struct run *run);

#endif
