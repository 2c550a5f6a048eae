/*
 * One HTTP request, for net/rest.c, auth/token.c and webhook/http_post.c. It has a time limit, a
 * limit for the answer's length and a list of headers, overwrites secrets in memory, and records
 * how it ended. It is a state machine that never waits and never tries again.
 *
 *   request_open    then the caller sets method, headers and body
 *   request_send
 *   request_step    after each http_perform, until it returns true; then see `end`
 *   request_close
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/buf.h"

enum request_state {
	REQUEST_NONE,		/* not opened, or closed */
	REQUEST_OPEN,		/* the caller sets its options */
	REQUEST_SENT,		/* running */
	REQUEST_OVER		/* `end` says how it ended */
};

enum request_end {
	REQUEST_ANSWERED,	/* the answer is complete, whatever its status */
	REQUEST_NO_TIME,	/* no time was left to send it */
	REQUEST_NOT_MADE,	/* out of memory, or libcurl refused it */
	REQUEST_LATE,		/* no answer by the deadline */
	REQUEST_TOO_LONG,	/* the body of the answer is too long */
	REQUEST_AT_PROXY,	/* the proxy refused it, perhaps for a short time only */
	REQUEST_NETWORK,	/* this and the next two: as in enum http_failure */
	REQUEST_FATAL,
	REQUEST_BREACH,
	REQUEST_ENDS		/* their number */
};

struct request_call {
	const char *url;	/* libcurl copies it */
	int64_t timeout_us;	/* for the whole request */
	size_t answer_max;	/* bytes of the answer's body */
	bool other_host;	/* not the API's host: `plain` says whether http is allowed */
	bool plain;
};

/* All zero: none. Callers may read the members, but only request.c writes them. */
struct request {
	enum request_state state;
	enum request_end end;
	struct http *http;
	CURL *easy;			/* until request_close */
	struct curl_slist *headers;
	int64_t end_us;
	size_t answer_max;
	bool too_long;
	struct buf body;		/* of the answer; see request_body */
	struct http_result result;
	char text[HTTP_TEXT_MAX];	/* of a failed transfer, see struct http_result; else "" */
};

/* r must be all zero or closed; borrows http. False: it is over already (NO_TIME, NOT_MADE). */
bool request_open(struct request *r, struct http *http, const struct request_call *call,
	int64_t now_us);
/* Adds a header line; false: out of memory. libcurl's copy is overwritten when it is freed. */
bool request_add_header(struct request *r, const char *line);
/* ok is false if the caller could not set all options: then the request is over (NOT_MADE). */
void request_send(struct request *r, bool ok);

/* Call it after each http_perform and by the deadline. True: the request is over. */
bool request_step(struct request *r, int64_t now_us);
/* When to call request_step at the latest. INT64_MIN: it is over, INT64_MAX: there is none. */
int64_t request_deadline_us(const struct request *r);

/* Which failure it is, for deciding whether to try again. Do not call it after ANSWERED. */
enum http_failure request_failure(const struct request *r);
/* The answer's body: never NULL, and a NUL follows it. Borrowed until request_close. */
const char *request_body(const struct request *r);
/* The value of a header of the answer, "" if there is none. Borrowed until request_close. */
const char *request_header(const struct request *r, const char *name);
/* Stops a running request, and overwrites the answer. */
void request_close(struct request *r);

#endif
