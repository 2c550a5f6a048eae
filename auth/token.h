/*
 * Gets the access token: one that the user gave, one from the cache, or one requested with the
 * client credentials (RFC 6749 §4.4, HTTP Basic). Runs that start at the same time use the cache's
 * lock, so that only one of them sends a request. It is a state machine that never blocks and never
 * retries: the caller calls token_want again.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/creds.h"
#include "auth/token_cache.h"
#include "net/http.h"
#include "util/base.h"

enum token_state {
	TOKEN_NONE,	/* not requested yet */
	TOKEN_LOCKING,	/* another run holds the lock: call token_step again by its deadline */
	TOKEN_ASKING,	/* the request is running: call token_step after each http_perform */
	TOKEN_READY,
	TOKEN_FAILED
};

struct token_result {		/* valid in the states READY and FAILED */
	bool cached;		/* READY: it came from the cache */
	uint64_t generation;	/* READY: number of tokens so far, with this one */
	int64_t expires_ms;	/* 0: unknown */
	enum http_failure failure;	/* UNAUTHORISED also for 400 invalid_client */
	enum status status;	/* failure is FATAL: the status that the run ends with */
	bool unknown_client;	/* UNAUTHORISED: the host knows no client of this ID */
	long http_status;
	int64_t retry_after_us;	/* -1: none */
	/* Where token or secret, ID and host came from, see creds.h; NULL: unknown. id_from is NULL
	 * if the user gave a token. */
	const char *from, *id_from, *host_from;
	char text[HTTP_TEXT_MAX];	/* what happened, without secrets */
};

struct token_conf {
	int64_t margin_ms;		/* --token-margin */
	int64_t lock_wait_us;		/* --connect-timeout: then go on without the lock */
	int64_t request_us;		/* --connect-timeout: time limit of one request */
};

struct token;

/* Borrows creds, cache (NULL: none) and http. Returns NULL if memory ran out. */
struct token *token_new(const struct token_conf *conf, const struct creds *creds,
	struct token_cache *cache, struct http *http);
void token_free(struct token *t);	/* overwrites secrets */

/* Starts to get a token that is valid now; a request fails at end_us at the latest. While an
 * earlier start is unfinished, only changes its end_us. */
enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us);
/* Goes on with what token_want started. */
enum token_state token_step(struct token *t, int64_t now_us);
/* When to call token_step at the latest; INT64_MAX: no limit. */
int64_t token_deadline_us(const struct token *t);

const char *token_value(const struct token *t);	/* READY: borrowed until it changes */
const struct token_result *token_result(const struct token *t);
/* Call this if the API refused the token (401): forgets it, and removes it from the cache. */
void token_drop(struct token *t);

/* Reads the token endpoint's answer (RFC 6749 §5.1). Returns what is wrong with it, or
 * why_no_memory. NULL: it is valid; *life_s is set, and *token is malloc'd. */
const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s);

#endif
