/*
 * The JSON of the notification service's API: writes the bodies of requests and reads the answers.
 * It is strict about the members that are used, and ignores all others.
 */
#ifndef SOURCE_CHANNEL_API_H
#define SOURCE_CHANNEL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define CHANNEL_API_TOPICS 2			/* for each queue: observations, activity */
#define CHANNEL_API_SNAPSHOT_QUEUES 200		/* queues in one query, a limit of the API */

/* Reads the ID and connectUri of a new channel. Both are malloc'd, and secrets. plain allows ws://
 * on loopback. Returns what is wrong with the answer; NULL: nothing. */
const char *channel_api_parse_channel(const char *text, size_t len, bool plain, char **id,
	char **uri);

/* Counts the channels in the answer that lists them. Returns what is wrong with the answer; NULL:
 * nothing. */
const char *channel_api_count_channels(const char *text, size_t len, size_t *n);

/* Writes [{"id":"v2.analytics.queues.….observations"},…] for n queues. */
bool channel_api_put_topics(struct buf *out, const char *const *queue, size_t n);

/* A topic that was not permitted. */
struct channel_api_refusal {
	const char *queue_id;	/* from the topic, in lower case */
	bool observations;	/* false: activity, without which the queue still has values */
	const char *reason;	/* the service's reason and the missing permissions; "": none */
};

/* Gets a refusal, which is borrowed for the call. False: out of memory. */
typedef bool channel_api_refused(void *arg, const struct channel_api_refusal *refusal);

/* Whether the text is one JSON object and nothing else. */
bool channel_api_is_object(const char *text, size_t len);

/* Calls each for each topic that was rejected. Returns what is wrong with the answer; NULL:
 * nothing. */
const char *channel_api_parse_topics(const char *text, size_t len, channel_api_refused *each,
	void *arg);

/* Writes an answer that refuses a queue's observations, for channel_api_parse_topics. */
bool channel_api_put_refusal(struct buf *out, const char *queue_id, const char *reason, size_t len);

/* Whether the text is an answer to a message of ours whose `result` is not "success" or 2xx. */
bool channel_api_is_failure(const char *text, size_t len);

/* Returns the metrics of the query that match the patterns of -m, as bits of
 * observation_query_metrics. The next two write such bits as a JSON array (false: out of memory)
 * and read them from one. */
uint32_t channel_api_query_metrics(const char *const *pattern, size_t npattern);
bool channel_api_put_metrics(struct buf *out, uint32_t asked);
uint32_t channel_api_parse_metrics(const char *text, size_t len);

/* Whether the pattern matches a metric that a query can ask for. */
bool channel_api_query_has(const char *pattern);

/* Writes an observation query for n queues and the metrics that match a pattern. Sets *any if there
 * is such a metric. Returns false if out of memory. */
bool channel_api_put_query(struct buf *out, const char *const *queue, size_t n,
	const char *const *pattern, size_t npattern, bool *any);

#endif
