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
#include "util/base.h"

#define POST_HEADERS_MAX 80
#define POST_ANSWER_MAX 65536	/* bytes of an answer that nobody looks at */

enum post_outcome {
	POST_TAKEN,		/* 2xx */
	POST_AGAIN,		/* what may pass: 408, 429, 5xx, no answer */
	POST_REFUSED,		/* any other answer, or an address that may not be */
	POST_GONE		/* 410: nothing is ever to be sent there again */
};

struct post_call {		/* borrowed until post_free */
	const char *url;
	bool plain;		/* http, to loopback alone */
	bool allow_private;
	const char *const *header;	/* `Name: value` lines */
	size_t nheader;
	const char *body;
	size_t len;
	int64_t timeout_us;	/* bound of the whole of it */
};

struct post_answer {
	enum post_outcome outcome;
	long http_status;		/* 0: no answer */
	int64_t retry_after_us;		/* -1: none */
	char text[256];			/* for people, one line without the URL; "" if taken */
};

struct post;

/* net is borrowed. NULL: out of memory; any other failure is an answer. */
struct post *post_start(struct net *net, const struct post_call *call, int64_t now_us);
void post_free(struct post *p);		/* drops what is under way at once; NULL is fine */

/* After each net_perform and by its deadline; true once the answer is there. */
bool post_step(struct post *p, int64_t now_us);
int64_t post_deadline_us(const struct post *p);	/* INT64_MIN: an answer waits for post_step */

const struct post_answer *post_answer(const struct post *p);	/* once done, until post_free */

#endif
