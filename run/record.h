/* --record: writes what a live run receives, for a later --replay. Does nothing without it. */
#ifndef RUN_RECORD_H
#define RUN_RECORD_H

#include "run/run_state.h"

/* A message, or an answer of the API. Secrets in it are replaced by REDACTED. */
void record_message(struct run *run, const struct session_event *event);
void record_state(struct run *run, const struct session_event *event,
	enum recording_entry_kind kind);
void record_stall(struct run *run, int64_t from_us);	/* until now */
/* The queues' names, as an answer of the API, so that a replay finds the same queues. */
void record_names(struct run *run);
/* A refused topic, as the API would have answered it. */
void record_refusal(struct run *run, const struct session_event *event);
/* The last line. */
void record_end(struct run *run, int64_t at_us);

#endif
