/*
 * The queues that patterns name, before a run can begin: from the cache, or with a token
 * page by page from the API, tried again as any source is. Also for --list-queues.
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
	const char *client;		/* of the cache; NULL: none */
	const char *const *pattern;
	size_t npattern;
	bool anew;			/* not from the cache: the list itself is wanted */
	int64_t request_us, retry_for_us;
};

struct queue_lookup;

struct queue_lookup *queue_lookup_new(const struct queue_lookup_conf *conf, struct http *http,
	struct token *token, int64_t now_us); /* NULL: out of memory */
void queue_lookup_free(struct queue_lookup *l);

bool queue_lookup_next(struct queue_lookup *l,
	struct session_event *event); /* STREAM_OVER: it failed */
void queue_lookup_step(struct queue_lookup *l, int64_t now_us, struct lines *warnings);
int64_t queue_lookup_deadline_us(const struct queue_lookup *l);

bool queue_lookup_is_ready(const struct queue_lookup *l);
const struct queue_list *queue_lookup_list(const struct queue_lookup *l); /* once ready; borrowed */

#endif
