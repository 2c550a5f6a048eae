/*
 * The access to the service that live runs, --list-queues and --doctor share: the token, and the
 * lookup of queues, for which there need be no source.
 */
#ifndef RUN_RUN_API_H
#define RUN_RUN_API_H

#include <stdint.h>

#include "auth/token.h"
#include "auth/token_cache.h"
#include "run/run_state.h"
#include "source/queue_lookup.h"

struct run_api {		/* start with all zero */
	struct run *run;
	struct token_cache *cache;
	struct token *token;
	uint64_t reported_token;	/* generation of the last token in an event; 0: none */
	struct queue_lookup *lookup;	/* NULL: none was begun */
};

/* Opens the network and the token. Borrows the run. */
enum status run_api_open(struct run_api *api, struct run *run, struct err *err);
void run_api_free(struct run_api *api);

/* Reports an event, unless it is a token that was reported before. Hides a new token from audit
 * lines. Fails if the event is SESSION_OVER. */
enum status run_api_event(struct run_api *api, const struct session_event *event, struct err *err);

/* Begins to look up queues: those with these names and patterns (borrowed), or all. */
enum status run_api_look_up(struct run_api *api, const struct lines *names, struct err *err);
/* A turn of the lookup. Sets *list, which is borrowed, once the queues are known, else NULL. */
enum status run_api_lookup_turn(struct run_api *api, const struct queue_list **list,
	struct err *err);

#endif
