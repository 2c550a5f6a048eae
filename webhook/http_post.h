/*
 * One HTTP POST to a URL that is a secret: what its answer means for the delivery, as one of
 * four outcomes and in words. The address is judged when it is connected to. A state machine:
 * nothing here waits, nothing here retries.
 */
#ifndef WEBHOOK_HTTP_POST_H
#define WEBHOOK_HTTP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

#define HTTP_POST_HEADERS_MAX 80
#define HTTP_POST_ANSWER_MAX 65536	/* bytes of an answer that nobody looks at */

enum http_post_outcome {
	HTTP_POST_TAKEN,		/* 2xx */
	HTTP_POST_AGAIN,		/* what may pass: 408, 429, 5xx, no answer */
	HTTP_POST_REFUSED,		/* any other answer, or an address that may not be */
	HTTP_POST_GONE		/* 410: nothing is ever to be sent there again */
};

struct http_post_call {		/* borrowed until http_post_free */
	const char *url;
	bool plain;		/* http, to loopback alone */
	bool allow_private;
	const char *const *header;	/* `Name: value` lines */
	size_t nheader;
	const char *body;
	size_t len;
	int64_t timeout_us;	/* bound of the whole of it */
};

struct http_post_answer {
	enum http_post_outcome outcome;
	long http_status;		/* 0: no answer */
	int64_t retry_after_us;		/* -1: none */
	char text[256];			/* for people, one line without the URL; "" if taken */
};

struct http_post;

/* http is borrowed. NULL: out of memory; any other failure is an answer. */
struct http_post *http_post_start(struct http *http, const struct http_post_call *call,
	int64_t now_us);
void http_post_free(struct http_post *p); /* drops what is under way at once; NULL is fine */

/* After each http_perform and by its deadline; true once the answer is there. */
bool http_post_step(struct http_post *p, int64_t now_us);
int64_t http_post_deadline_us(
	const struct http_post *p); /* INT64_MIN: an answer waits for http_post_step */

const struct http_post_answer *http_post_answer(
	const struct http_post *p); /* once done, until http_post_free */

#endif
