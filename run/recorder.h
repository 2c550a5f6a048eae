/* Records what a live run receives, for a later --replay. Does nothing without --record. */
#ifndef RUN_RECORDER_H
#define RUN_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/recording_entry.h"
#include "source/session.h"
#include "util/buf.h"
#include "util/lines.h"
#include "window/queue_index.h"

struct run;

struct recorder {		/* set run, which is borrowed, and the rest to zero */
	struct run *run;
	bool begun;		/* the first line is written */
	struct lines secrets;	/* replaced by REDACTED */
	struct buf text;	/* the line being made */
};

void recorder_free(struct recorder *rec);	/* frees the members, not rec itself */

/* From now on the text is replaced by REDACTED. Returns false if out of memory. */
bool recorder_secret(struct recorder *rec, const char *text, size_t len);
/* Records a message or an answer of the API. */
void recorder_message(struct recorder *rec, const struct session_event *event);
/* Records that a connection was made or lost, or is silent. */
void recorder_state(struct recorder *rec, const struct session_event *event,
	enum recording_entry_kind kind);
/* Records that the process did not run from from_us until now. */
void recorder_stall(struct recorder *rec, int64_t from_us);
/* Records the names that are known, as an answer of the API, so that a replay finds the same
 * queues. */
void recorder_names(struct recorder *rec, const struct queue_index *queues);
/* Records that a topic was refused, as the API would have answered it. */
void recorder_refusal(struct recorder *rec, const struct session_event *event);
/* Writes the last line. Its time is the end of the last window; if that was cut short, now. */
void recorder_end(struct recorder *rec);

#endif
