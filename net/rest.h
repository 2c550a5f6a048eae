/*
 * One request to the REST API, with a bearer token and JSON. A failure is reported as one of a few
 * kinds and as a text. It is a state machine that never waits and never tries again.
 */
#ifndef NET_REST_H
#define NET_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/base.h"

#define REST_BODY_MAX (16u << 20)

struct rest_call {
	const char *method;	/* GET POST PUT DELETE HEAD */
	const char *url, *token;
	const char *body;	/* JSON, NULL: none */
	int64_t timeout_us;	/* for the whole request */
};

struct rest_answer {
	enum http_failure kind;	/* a token that no header can carry: UNAUTHORISED */
	enum status status;	/* FATAL: what the run ends with */
	long http_status;	/* 0: no answer */
	int64_t retry_after_us;	/* from Retry-After; for a 429 without it, from
				   inin-ratelimit-reset; -1: neither */
	const char *body;	/* never NULL; a NUL follows it */
	size_t len;
	/* For people: the host, the status, and the service's code, message and IDs. One line of
	 * printable UTF-8, without URLs, the token, or IDs in the URL's path. */
	char text[HTTP_TEXT_MAX];
	char missing_permissions[256];	/* of a 403: `routing:queue:view, …`, or "" */
};

struct rest;

/* Copies the call, borrows http. NULL: out of memory; any other failure becomes an answer. */
struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us);
void rest_free(struct rest *r);		/* stops a running request; overwrites secrets */

/* Call it after each http_perform and by its deadline. True: the answer is there. */
bool rest_step(struct rest *r, int64_t now_us);
int64_t rest_deadline_us(const struct rest *r);	/* INT64_MIN: call rest_step now */

/* Call it only after rest_step has returned true. Borrowed until rest_free. */
const struct rest_answer *rest_answer(const struct rest *r);

#endif
