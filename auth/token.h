/*
 * The access token (RFC 6749 §4.4, client credentials by HTTP Basic): from the cache, else
 * by one request that the runs of one minute share through the cache's lock. A state machine:
 * nothing here waits, nothing here retries by itself.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/creds.h"
#include "auth/token_cache.h"
#include "net/http.h"
#include "util/base.h"
#include "util/lines.h"

enum token_state {
	TOKEN_NONE,	/* nothing asked */
	TOKEN_LOCKING,	/* another run holds the lock: call token_step again by its deadline */
	TOKEN_ASKING,	/* the request is under way: call token_step after each http_perform */
	TOKEN_READY,
	TOKEN_FAILED
};

struct token_result {		/* for the audit and the retry, after READY or FAILED */
	bool cached;		/* READY: it came from the cache */
	uint64_t generation;	/* READY: how many tokens have come; tells a new one apart */
	int64_t expires_ms;	/* 0: nobody knows */
	enum http_failure failure;	/* UNAUTHORISED also for 400 invalid_client */
	enum status status;	/* FATAL: what the run ends with */
	bool unknown_client;	/* UNAUTHORISED: the host knows no client of this ID */
	long http_status;
	int64_t retry_after_us;	/* -1: none */
	/* Where they stood, as creds.h has it; NULL: unknown. id_from: not of an access token */
	const char *from, *id_from, *host_from;
	char text[HTTP_TEXT_MAX];	/* what happened, without secrets */
};

struct token_conf {
	int64_t margin_ms;		/* --token-margin */
	int64_t lock_wait_us;		/* --connect-timeout: longer, and it asks for itself */
	int64_t request_us;		/* --connect-timeout: bound of one request */
};

struct token;

/* creds, cache (NULL: none) and http are borrowed for the token's life. */
struct token *token_new(const struct token_conf *conf, const struct creds *creds,
	struct token_cache *cache, struct http *http);
void token_free(struct token *t);	/* wipes */

/* Asks for a token that is good now; end_us bounds the whole of it. Idempotent while one
 * is under way. warnings: the cache's words. */
enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us,
	struct lines *warnings);
enum token_state token_step(struct token *t, int64_t now_us, struct lines *warnings);
/* When to step at the latest; INT64_MAX: not by the clock. */
int64_t token_deadline_us(const struct token *t);

const char *token_value(const struct token *t);		/* READY: borrowed until it changes */
const struct token_result *token_result(const struct token *t);
/* The gateway refused it (401): forgotten, also in the cache. */
void token_drop(struct token *t);

/* The endpoint's answer (RFC 6749 §5.1): what is wrong with it in words, NULL: nothing, then
 * *token is malloc'd (NULL: out of memory) and *life_s filled. */
const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s);

#endif
