/*
 * One HTTP POST of a webhook delivery: sends it, checks the receiver's IP address when connecting,
 * and reports the answer as one of four outcomes and as a text. The text never has the URL, which
 * is a secret. This is a state machine whose calls never wait; the caller retries.
 */
#ifndef WEBHOOK_HTTP_POST_H
#define WEBHOOK_HTTP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/lines.h"

#define HTTP_POST_ANSWER_MAX 65536	/* bytes of an answer, which are thrown away */

enum http_post_outcome {
	HTTP_POST_TAKEN,		/* 2xx */
	HTTP_POST_AGAIN,		/* worth retrying: 408, 429, 5xx, no answer */
	HTTP_POST_REFUSED,		/* any other answer, or an address that is not allowed */
	HTTP_POST_GONE		/* 410: do not send anything to this URL again */
};

struct http_post_call {
	const char *url;
	bool plain;		/* http, to a loopback address only */
	bool allow_private;
	const struct lines *headers[2];	/* `Name: value`, copied */
	const char *body;	/* borrowed until http_post_free */
	size_t len;
	int64_t timeout_us;	/* for the whole request */
};

struct http_post_answer {
	enum http_post_outcome outcome;
	long http_status;		/* 0: no answer */
	int64_t retry_after_us;		/* -1: none */
	char text[256];			/* for people, one line without the URL; "" if taken */
};

struct http_post;

/* http is borrowed. NULL: out of memory; any other failure becomes an answer. */
struct http_post *http_post_start(struct http *http, const struct http_post_call *call,
	int64_t now_us);
void http_post_free(struct http_post *p); /* ends the request at once; NULL is fine */

/* Call it after each http_perform(), and by the deadline. True: there is an answer. */
bool http_post_step(struct http_post *p, int64_t now_us);
/* INT64_MIN: there is an answer, call http_post_step() at once. */
int64_t http_post_deadline_us(const struct http_post *p);

/* Call it only after http_post_step() has returned true. Borrowed until http_post_free(). */
const struct http_post_answer *http_post_answer(const struct http_post *p);

#endif
