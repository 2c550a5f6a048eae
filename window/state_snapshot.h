/*
 * Takes the answers to observation queries; many queues need several for a snapshot. An answer sets
 * the values that it has, and sets gauges to 0 that it leaves out. A resync is a snapshot during
 * the run that checks the known values: the number of values that differ is counted.
 */
#ifndef WINDOW_STATE_SNAPSHOT_H
#define WINDOW_STATE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "message/notification.h"
#include "window/queue_state.h"

struct state_value;

/* Begins a snapshot. metrics: those of the query, see observation_query_bit. */
void state_snapshot_begin(struct queue_states *qs, uint32_t metrics, bool resync);

/* Takes a value of the snapshot. */
void state_snapshot_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v);

/* Notes that the snapshot has a result of the queue; damaged: part of it could not be read or
 * stored. */
void state_snapshot_queue(struct queue_states *qs, struct queue_state *q, bool damaged);

/*
 * Ends the snapshot. complete: each result names a queue. If one does not, sets nothing to 0. In
 * each queue that has results, none of them damaged, sets to 0 what the snapshot leaves out: gauges
 * that the query asked for and that had no event since, and statuses of agents, which the service
 * does not send if no agent has them.
 */
void state_snapshot_end(struct queue_states *qs, bool complete);

/*
 * Returns true once for each resync, when at_us is more than STATE_SNAPSHOT_QUIET_US after its
 * answer, and sets *differences to the number of values that differed. A value with an event
 * between STATE_SNAPSHOT_QUIET_US before the query and STATE_SNAPSHOT_QUIET_US after the answer is
 * not counted, because event and answer may have crossed on their way.
 */
#define STATE_SNAPSHOT_QUIET_US 2000000
bool state_snapshot_resync_over(struct queue_states *qs, int64_t at_us, uint64_t *differences);
/* Call it when a value that was counted as a difference has an event. If that comes within
 * STATE_SNAPSHOT_QUIET_US of the answer, the value is not counted any more. */
void state_snapshot_crossed(struct queue_states *qs, struct state_value *sv);

#endif
