/* Subscribes a channel to the topics of its queues, and finds out which queues are refused. */
#ifndef SOURCE_CHANNEL_TOPICS_H
#define SOURCE_CHANNEL_TOPICS_H

#include "source/channel_state.h"

void channel_topics_reset(struct channel *ch);	/* begin again, without refused queues */
void channel_topics_ask(struct channel *ch, int64_t now_us);
void channel_topics_answered(struct channel *ch, const struct rest_answer *answer, int64_t now_us);
/* Call when the answer was 403. If the request was for several queues, asks again for half of them.
 * If it was for one, that queue is refused, with text (copied) as the reason. */
void channel_topics_forbidden(struct channel *ch, const char *text, int64_t now_us);

#endif
