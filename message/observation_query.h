/*
 * The observation query of the API, which returns the present values of queues (a snapshot). Here
 * are the metrics that it can ask for, and the reader of its answer, which makes the same values as
 * notifications do.
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
/* The bit of a metric in a set of these metrics; 0: it is not one of them. */
uint32_t observation_query_bit(struct slice metric);

/*
 * Reads an answer: begin, then next until it returns false. Each result is a notification of kind
 * EVENT, whose values have no interval, or INVALID. The text is borrowed until the end.
 */
void observation_query_begin(struct notifications *ns, const char *text, size_t len);
/* Whether the text is valid JSON and an answer, so that no result is missing. */
bool observation_query_is_complete(const struct notifications *ns);
bool observation_query_next(struct notifications *ns, struct notification *n);

/* Calls `each` with the ID and the name of each presence in an answer (in its member
 * systemToOrganizationMappings), until it returns false. False: it did, out of memory, or the
 * answer is malformed. */
typedef bool observation_query_presence(void *arg, struct slice id, struct slice name);
bool observation_query_presences(struct notifications *ns, const char *text, size_t len,
	observation_query_presence *each, void *arg);

#endif
