/*
 * Snapshots, that is answers of the observation query: the values that they have, the gauges that
 * they leave out and that are 0, and how far a resync differs from what was known.
 */
#ifndef WINDOW_STATE_SNAPSHOT_H
#define WINDOW_STATE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "message/notification.h"
#include "window/queue_state.h"

struct state_value;

/* Begins an answer to a query for those metrics, see observation_query_bit. resync: it was sent to
 * compare. */
void state_snapshot_begin(struct queue_states *qs, uint32_t metrics, bool resync);

/* A value of the answer. */
void state_snapshot_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v);

/* The answer has a result about the queue; damaged: part of it could not be read or stored. */
void state_snapshot_queue(struct queue_states *qs, struct queue_state *q, bool damaged);

/*
 * Ends the answer. complete: the queue of each result is known. What it leaves out is 0 in queues
 * that have a result, and no damaged one: gauges that were asked for and had no event since the
 * query, and statuses that no agent has, which the service never sends.
 */
void state_snapshot_end(struct queue_states *qs, bool complete);

/*
 * True once for each resync, when at_us is more than STATE_SNAPSHOT_QUIET_US after its answer;
 * *differences is then the number of values that differed. A value counts only if it had no event
 * from STATE_SNAPSHOT_QUIET_US before the query until STATE_SNAPSHOT_QUIET_US after the answer,
 * because such an event may have crossed the answer on its way.
 */
#define STATE_SNAPSHOT_QUIET_US 2000000
bool state_snapshot_resync_over(struct queue_states *qs, int64_t at_us, uint64_t *differences);
/* A value that differed has an event. */
void state_snapshot_crossed(struct queue_states *qs, struct state_value *sv);

#endif
