/*
 * The observation query, which gives the values of queues as of now: the metrics that it may ask
 * for, and its answer, read into the same values as notifications.
 */
#ifndef MESSAGE_OBSERVATION_QUERY_H
#define MESSAGE_OBSERVATION_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/notification.h"
#include "util/slice.h"

#define OBSERVATION_QUERY_METRICS 11
extern const char *const observation_query_metrics[OBSERVATION_QUERY_METRICS];
/* A set of these metrics has one bit for each; 0: it is none of them. */
uint32_t observation_query_bit(struct slice metric);

/*
 * Reads an answer. Each result is a notification of kind EVENT, whose values have no interval, or
 * INVALID; false at the end. Complete: the text is an answer, with all of its results.
 */
void observation_query_begin(struct notifications *ns, const char *text, size_t len);
bool observation_query_is_complete(const struct notifications *ns);
bool observation_query_next(struct notifications *ns, struct notification *n);

/* Calls back for each presence of an answer (systemToOrganizationMappings) and its name. False: out
 * of memory, or malformed. */
typedef bool observation_query_presence(void *arg, struct slice id, struct slice name);
bool observation_query_presences(struct notifications *ns, const char *text, size_t len,
	observation_query_presence *each, void *arg);

#endif
