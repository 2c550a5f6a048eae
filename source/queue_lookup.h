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
#include "util/base.h"

struct lookup_conf {		/* texts are borrowed */
	const char *api_url;
	const char *client;		/* of the cache; NULL: none */
	const char *const *pattern;
	size_t npattern;
	bool anew;			/* not from the cache: the list itself is wanted */
	int64_t request_us, retry_for_us;
};

struct lookup;

struct lookup *lookup_new(const struct lookup_conf *conf, struct net *net, struct token *token,
	int64_t now_us);	/* NULL: out of memory */
void lookup_free(struct lookup *l);

bool lookup_next(struct lookup *l, struct stream_event *event);	/* STREAM_OVER: it failed */
void lookup_step(struct lookup *l, int64_t now_us, struct lines *warnings);
int64_t lookup_deadline_us(const struct lookup *l);

bool lookup_is_ready(const struct lookup *l);
const struct name_list *lookup_list(const struct lookup *l);	/* once ready; borrowed */

#endif
