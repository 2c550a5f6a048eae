/*
 * Gets the list of queues before the source is opened, to find queues by name or for --list-queues:
 * from the cache, or from the API, with retries.
 */
#ifndef SOURCE_QUEUE_LOOKUP_H
#define SOURCE_QUEUE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "net/http.h"
#include "source/queue_list.h"
#include "source/session.h"
#include "util/lines.h"

struct queue_lookup_conf {		/* texts are borrowed */
	const char *api_url;
	const char *client;		/* client ID, for the cache; NULL: no cache */
	const char *const *pattern;
	size_t npattern;
	bool fresh;			/* do not read the cache */
	int64_t request_us, retry_for_us;
};

struct queue_lookup;

/* NULL: out of memory. */
struct queue_lookup *queue_lookup_new(const struct queue_lookup_conf *conf, struct http *http,
	struct token *token, int64_t now_us);
void queue_lookup_free(struct queue_lookup *l);

/* Call once a turn: next until it returns false, then step. The event SESSION_OVER means that the
 * lookup failed. */
bool queue_lookup_next(struct queue_lookup *l, struct session_event *event);
void queue_lookup_step(struct queue_lookup *l, int64_t now_us, struct lines *warnings);
int64_t queue_lookup_deadline_us(const struct queue_lookup *l);

bool queue_lookup_is_ready(const struct queue_lookup *l);
/* The list, borrowed. Call only when it is ready. */
const struct queue_list *queue_lookup_list(const struct queue_lookup *l);

#endif
