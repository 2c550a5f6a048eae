/*
 * The counters of a run. The modules that see something count it here; audit events, the progress
 * line and messages about the end of a run read it.
 */
#ifndef RUN_TOTALS_H
#define RUN_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "source/session.h"
#include "util/time.h"
#include "window/verdict.h"

/* Why a frame was rejected. Rows have counts of the first four reasons. */
enum reject {
	REJECT_INVALID = VERDICT_INVALID,
	REJECT_DUPLICATE = VERDICT_DUPLICATE,
	REJECT_STALE = VERDICT_STALE,
	REJECT_OUTLIER = VERDICT_OUTLIER,
	REJECT_NOT_JSON,
	REJECT_BINARY,
	REJECT_EVENT_TYPE,
	REJECT_NO_QUEUE,
	REJECT_FOREIGN_QUEUE,
	REJECT_KINDS
};
const char *reject_name(enum reject reason);	/* as in audit lines and --rejects */

struct totals {			/* start with TOTALS_NONE */
	uint64_t messages, frames, updates;
	int64_t lag_us;			/* from the timestamp of the last frame that was counted in
					   a row to its arrival; NO_TIME: unknown */
	uint64_t rejected[REJECT_KINDS];
	uint64_t windows, rows;
	uint64_t resyncs, resyncs_failed, differences;	/* differences: see
							   audit_events_resync */
	int64_t stalled_us;		/* how long the process did not run, see run.c */
	/* counted by totals_session */
	uint64_t connected, lost, retries, tokens;
	uint64_t reconnects;		/* after a time without a connection */
	unsigned attempt;		/* to get a token or a connection, now; 0: the first */
	unsigned failed;		/* attempts since the last connection */
	unsigned up;			/* bits by socket: it is connected */
	int64_t down_us;		/* how long none was after a loss, see totals_down_us */
	int64_t down_since_us;		/* since when none is; NO_TIME: not so */
	uint64_t too_big, bad_text;	/* messages because of which we closed a connection */
	uint64_t cut_messages;		/* incomplete when the connection was lost */
};
#define TOTALS_NONE (struct totals){ .lag_us = NO_TIME, .down_since_us = NO_TIME }

void totals_session(struct totals *t, const struct session_event *event);
void totals_frame(struct totals *t, bool update);
/* A negative lag counts as unknown. */
void totals_lag(struct totals *t, int64_t us);
/* How long the run was without a connection after a loss, until now. */
int64_t totals_down_us(const struct totals *t, int64_t now_us);

#endif
