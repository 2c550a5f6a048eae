/*
 * The access token: from the cache, else requested with the client credentials (RFC 6749 §4.4, HTTP
 * Basic). With the cache's lock, runs that start at the same time send only one request. It is a
 * state machine that never waits and never tries again by itself.
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

struct token_result {		/* after READY or FAILED */
	bool cached;		/* READY: it came from the cache */
	uint64_t generation;	/* READY: how many tokens there have been so far */
	int64_t expires_ms;	/* 0: unknown */
	enum http_failure failure;	/* UNAUTHORISED also for 400 invalid_client */
	enum status status;	/* FATAL: what the run ends with */
	bool unknown_client;	/* UNAUTHORISED: the host knows no client of this ID */
	long http_status;
	int64_t retry_after_us;	/* -1: none */
	/* Where they came from, see creds.h; NULL: unknown. id_from is NULL for a given token. */
	const char *from, *id_from, *host_from;
	char text[HTTP_TEXT_MAX];	/* what happened, without secrets */
};

struct token_conf {
	int64_t margin_ms;		/* --token-margin */
	int64_t lock_wait_us;		/* --connect-timeout: after it, do without the lock */
	int64_t request_us;		/* --connect-timeout: time limit of one request */
};

struct token;

/* Borrows creds, cache (NULL: none) and http. */
struct token *token_new(const struct token_conf *conf, const struct creds *creds,
	struct token_cache *cache, struct http *http);
void token_free(struct token *t);	/* overwrites secrets */

/* Gets a token that is valid now, until end_us at the latest. Does nothing while a request is
 * running. */
enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us);
enum token_state token_step(struct token *t, int64_t now_us);
/* When to call token_step at the latest; INT64_MAX: no limit. */
int64_t token_deadline_us(const struct token *t);

const char *token_value(const struct token *t);	/* READY: borrowed until it changes */
const struct token_result *token_result(const struct token *t);
/* The API refused the token (401): forget it, and remove it from the cache. */
void token_drop(struct token *t);

/* Reads the token endpoint's answer (RFC 6749 §5.1). Returns what is wrong with it; NULL: nothing,
 * *token is malloc'd (NULL: out of memory) and *life_s is set. */
const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s);

#endif
