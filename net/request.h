/*
 * One HTTP request from its start to its end. The same for all that ask: a bound of the time and
 * of the answer's length, the header list, secrets wiped, and how it ended. What is asked, and
 * what the answer means, is the caller's: net/rest.c, auth/token.c, webhook/http_post.c. A state
 * machine: nothing here waits, nothing here retries.
 *
 *   request_open  ->  the caller sets method, headers, body  ->  request_send
 *   http_perform brings the answer; request_step says when it is over, request_end_of() how
 *   request_close wipes it
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/buf.h"

enum request_state {
	REQUEST_NONE,		/* none, or closed */
	REQUEST_OPEN,		/* made; the caller sets its options */
	REQUEST_SENT,		/* under way, until its deadline */
	REQUEST_OVER		/* `end` says how */
};

enum request_end {
	REQUEST_ANSWERED,	/* the answer is whole; its status may be any */
	REQUEST_NO_TIME,	/* none was left to begin with */
	REQUEST_NOT_MADE,	/* out of memory, or libcurl refused it */
	REQUEST_LATE,		/* no answer by the deadline */
	REQUEST_TOO_LONG,	/* the answer's body */
	REQUEST_AT_PROXY,	/* the proxy refused it, which may pass */
	REQUEST_NETWORK,	/* these as in enum http_failure */
	REQUEST_FATAL,
	REQUEST_BREACH,
	REQUEST_ENDS		/* their number */
};

struct request_call {
	const char *url;	/* libcurl copies it */
	int64_t timeout_us;	/* bound of the whole of it */
	size_t answer_max;	/* bytes of the answer's body */
	bool elsewhere;		/* not to the API's host: `plain` says whether http is allowed */
	bool plain;
};

struct request {	/* all zero: none. Fields are read by the caller, written by request.c */
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
	char words[HTTP_TEXT_MAX];	/* libcurl's of a failure; else "" */
};

/* False: it is over already (NO_TIME, NOT_MADE). r is all zero or closed; http is borrowed. */
bool request_open(struct request *r, struct http *http, const struct request_call *call,
	int64_t now_us);
/* A line of the request's head; false: out of memory. libcurl's copy is wiped. */
bool request_add_header(struct request *r, const char *line);
/* ok: the caller could set all that it wanted; otherwise the request is over (NOT_MADE). */
void request_send(struct request *r, bool ok);

/* After each http_perform and by the deadline: true once it is over. */
bool request_step(struct request *r, int64_t now_us);
/* INT64_MIN: it is over, INT64_MAX: there is none. */
int64_t request_deadline_us(const struct request *r);

/* Of an end other than ANSWERED: what it is to those who decide about another attempt. */
enum http_failure request_failure(const struct request *r);
/* The answer's body, never NULL, a NUL behind it; borrowed until request_close. */
const char *request_body(const struct request *r);
/* A header of the answer, "" if it has none; borrowed until request_close. */
const char *request_header(const struct request *r, const char *name);
/* Drops what is under way at once and wipes the answer. */
void request_close(struct request *r);

#endif
