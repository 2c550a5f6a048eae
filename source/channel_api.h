/*
 * The JSON of the notification service's API: makes the bodies of requests and reads the answers.
 * Strict about members that are used, tolerant of all others. Does no transport.
 */
#ifndef SOURCE_CHANNEL_API_H
#define SOURCE_CHANNEL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define CHANNEL_API_TOPICS 2			/* of a queue: observations, activity */
#define CHANNEL_API_SNAPSHOT_QUEUES 200		/* predicates that one query may have */

/* Reads a new channel's ID and connectUri: malloc'd, and secrets. plain: ws is allowed, on loopback
 * only. Returns what is wrong with the answer; NULL: nothing. */
const char *channel_api_parse_channel(const char *text, size_t len, bool plain, char **id,
	char **uri);

/* [{"id":"v2.analytics.queues.….observations"},…] of n queues. */
bool channel_api_put_topics(struct buf *out, const char *const *queue, size_t n);

/* A topic that was not permitted. */
struct channel_api_refusal {
	const char *queue_id;	/* as the topic has it, in lower case */
	bool observations;	/* else activity, without which the queue still has values */
	const char *reason;	/* the service's words and missing permissions; "" if none */
};

typedef bool channel_api_refused(void *arg, const struct channel_api_refusal *refusal);

/* Whether the text is one JSON object and nothing else. */
bool channel_api_is_object(const char *text, size_t len);

/* Calls each for each topic that was rejected. Returns what is wrong with the answer; NULL:
 * nothing. */
const char *channel_api_parse_topics(const char *text, size_t len, channel_api_refused *each,
	void *arg);

/* An answer that refuses a queue's observations, for channel_api_parse_topics to read. */
bool channel_api_put_refusal(struct buf *out, const char *queue_id, const char *reason, size_t len);

/* Whether the text answers a message on a socket and says that it failed: its `result` is neither
 * "success" nor 2xx. */
bool channel_api_is_failure(const char *text, size_t len);

/* The metrics that a query asks for, for these patterns, as bits of observation_query_metrics. Also
 * written as a JSON array, and read from one. */
uint32_t channel_api_query_metrics(const char *const *pattern, size_t npattern);
bool channel_api_put_metrics(struct buf *out, uint32_t asked);
uint32_t channel_api_parse_metrics(const char *text, size_t len);

/* Whether the pattern fits a metric that a query can ask for. */
bool channel_api_query_has(const char *pattern);

/* An observation query for n queues and the metrics that fit a pattern. *any: there is such a
 * metric. False: out of memory. */
bool channel_api_put_query(struct buf *out, const char *const *queue, size_t n,
	const char *const *pattern, size_t npattern, bool *any);

#endif
