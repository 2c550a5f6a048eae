/*
 * One request to the REST API: a bearer token, JSON both ways, an answer of bounded length
 * and, where it is no good one, what happened as one of few kinds and in words. A state
 * machine: nothing here waits, nothing here retries.
 */
#ifndef NET_REST_H
#define NET_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/base.h"

#define REST_BODY_MAX (16u << 20)

enum rest_kind {
	REST_OK,		/* 2xx */
	REST_UNAUTHORISED,	/* 401, or a token that no header can carry */
	REST_FORBIDDEN,		/* 403 */
	REST_NOT_FOUND,		/* 404 */
	REST_LIMITED,		/* 429 */
	REST_REJECTED,		/* any other 4xx */
	REST_SERVER,		/* 5xx, 408 */
	REST_NETWORK,		/* no whole answer, out of time or memory */
	REST_FATAL,		/* no other attempt will do better: a certificate, a proxy */
	REST_BREACH		/* a redirect, an over-long answer, an odd status, no HTTP */
};

struct rest_call {
	const char *method;	/* GET POST PUT DELETE HEAD */
	const char *url, *token;
	const char *body;	/* JSON, NULL: none */
	int64_t timeout_us;	/* bound of the whole of it */
};

struct rest_answer {
	enum rest_kind kind;
	enum status status;	/* FATAL: what the run ends with */
	long http_status;	/* 0: no answer */
	int64_t retry_after_us;	/* -1: none; inin-ratelimit-reset only of a 429 without its own */
	const char *body;	/* never NULL, a NUL behind it */
	size_t len;
	/* For people: host, status, the service's code, message and IDs; one line of printable
	 * UTF-8, cut, without URLs, tokens, or IDs from the URL's path. */
	char text[HTTP_TEXT_MAX];
	char missing_permissions[256];	/* `routing:queue:view, …` that a 403 names, or "" */
};

struct rest;

/* The call is copied, http is borrowed. NULL: out of memory; any other failure is an answer. */
struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us);
void rest_free(struct rest *r);		/* drops what is under way at once, wipes */

/* After each http_perform and by its deadline; true once the answer is there. */
bool rest_step(struct rest *r, int64_t now_us);
bool rest_is_done(const struct rest *r);
int64_t rest_deadline_us(const struct rest *r);	/* INT64_MIN: an answer waits for rest_step */

const struct rest_answer *rest_answer(const struct rest *r);	/* once done, until rest_free */

#endif
