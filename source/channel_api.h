/*
 * What is said to the notification service's API and what it answers, as text: bodies of
 * requests, and answers taken apart. Strict where a mistake would be silent, tolerant of what
 * is not looked at. Knows no transport.
 */
#ifndef SOURCE_CHANNEL_API_H
#define SOURCE_CHANNEL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define CHANNEL_API_TOPICS 2			/* of a queue: observations, activity */
#define CHANNEL_API_SNAPSHOT_QUEUES 200		/* predicates that one query may have */

/* A channel's ID and connectUri, malloc'd and secret; why the answer is none, NULL: it is. plain:
 * ws is allowed, which is for loopback alone. */
const char *channel_api_parse_channel(const char *text, size_t len, bool plain, char **id,
	char **uri);

/* [{"id":"v2.analytics.queues.….observations"},…] of n queues. */
bool channel_api_put_topics(struct buf *out, const char *const *queue, size_t n);

/* A topic that was not permitted. */
struct channel_api_refusal {
	const char *queue_id;	/* as the topic has it, in lower case */
	bool observations;	/* else activity, without which the queue is still told of */
	const char *reason;	/* the service's words and missing permissions; "" if none */
};

typedef bool channel_api_refused(void *arg, const struct channel_api_refusal *refusal);

/* Whether it is one JSON object and nothing else; what is in it is for the reader to judge. */
bool channel_api_is_object(const char *text, size_t len);

/* Calls back for each topic that was rejected; why the answer is none, NULL: it is. */
const char *channel_api_parse_topics(const char *text, size_t len, channel_api_refused *each,
	void *arg);

/* The answer in which a queue's observations are refused, as channel_api_parse_topics reads it. */
bool channel_api_put_refusal(struct buf *out, const char *queue_id, const char *reason, size_t len);

/* Whether it is the service's answer to a message on a socket that says that this failed: with
 * a `result` other than "success" or 2xx. */
bool channel_api_is_failure(const char *text, size_t len);

/* The metrics that a query asks for where these patterns are wanted, as bits of
 * observation_query_metrics; those as a JSON array, and read from one. */
uint32_t channel_api_query_metrics(const char *const *pattern, size_t npattern);
bool channel_api_put_metrics(struct buf *out, uint32_t asked);
uint32_t channel_api_parse_metrics(const char *text, size_t len);

/* Whether a query can ask for a metric that the pattern fits. */
bool channel_api_query_has(const char *pattern);

/* The observation query for n queues and those of its metrics that a pattern wants; false:
 * out of memory. *any: whether there is such a metric. */
bool channel_api_put_query(struct buf *out, const char *const *queue, size_t n,
	const char *const *pattern, size_t npattern, bool *any);

#endif
