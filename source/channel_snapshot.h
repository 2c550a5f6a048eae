/* Asks for the current values of all queues, at the start, after a loss, and for --resync. */
#ifndef SOURCE_CHANNEL_SNAPSHOT_H
#define SOURCE_CHANNEL_SNAPSHOT_H

#include "source/channel_state.h"

void channel_snapshot_reset(struct channel *ch);	/* begin with the first queues again */
void channel_snapshot_ask(struct channel *ch, int64_t now_us);	/* for the next queues */
void channel_snapshot_answered(struct channel *ch, const struct rest_answer *answer,
	int64_t now_us);
/* A request of --resync failed. pause_us is how long the service asks to wait; -1: it does not. */
void channel_snapshot_resync_failed(struct channel *ch, const char *text, int64_t now_us,
	int64_t pause_us);
void channel_snapshot_drop(struct channel *ch);		/* forget the answers */

#endif
