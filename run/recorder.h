/* --record: writes what a live run receives, for a later --replay. Does nothing without it. */
#ifndef RUN_RECORDER_H
#define RUN_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/recording_entry.h"
#include "source/session.h"
#include "util/buf.h"
#include "util/lines.h"

struct run;

struct recorder {		/* all zero but run, which is borrowed */
	struct run *run;
	bool begun;		/* the first line is written */
	struct lines secrets;	/* replaced by REDACTED */
	struct buf text;	/* the line being made */
};

void recorder_free(struct recorder *rec);	/* what it owns */

/* False: out of memory. */
bool recorder_secret(struct recorder *rec, const char *text, size_t len);
/* A message, or an answer of the API. Secrets in it are replaced by REDACTED. */
void recorder_message(struct recorder *rec, const struct session_event *event);
void recorder_state(struct recorder *rec, const struct session_event *event,
	enum recording_entry_kind kind);
void recorder_stall(struct recorder *rec, int64_t from_us);	/* until now */
/* The queues' names, as an answer of the API, so that a replay finds the same queues. */
void recorder_names(struct recorder *rec);
/* A refused topic, as the API would have answered it. */
void recorder_refusal(struct recorder *rec, const struct session_event *event);
/* The last line: the recording ends with the last window; if that was cut short, now. */
void recorder_end(struct recorder *rec);

#endif
