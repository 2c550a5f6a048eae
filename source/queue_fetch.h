/*
 * Fetches the list of all queues from the API, page by page. A state machine: it never blocks and
 * never retries by itself.
 */
#ifndef SOURCE_QUEUE_FETCH_H
#define SOURCE_QUEUE_FETCH_H

#include <stdint.h>

#include "net/http.h"
#include "net/rest.h"
#include "source/queue_list.h"

#define QUEUE_FETCH_PAGES_MAX 200

enum queue_fetch_state {
	QUEUE_FETCH_NONE,
	QUEUE_FETCH_ASKING,	/* call queue_fetch_step after each http_perform, and by its
				   deadline */
	QUEUE_FETCH_READY,
	QUEUE_FETCH_FAILED	/* see queue_fetch_failure; queue_fetch_ask continues at the page
				   that failed */
};

struct queue_fetch_conf {	/* texts are borrowed */
	const char *base_url;	/* of the API: https://api.mypurecloud.com */
	int64_t request_us;	/* time limit of one request */
};

struct queue_fetch;

struct queue_fetch *queue_fetch_new(const struct queue_fetch_conf *conf, struct http *http);
void queue_fetch_free(struct queue_fetch *f);

/* Starts. Each page has request_us, all of them have until end_us; the token is copied. */
enum queue_fetch_state queue_fetch_ask(struct queue_fetch *f, const char *token, int64_t now_us,
	int64_t end_us);
enum queue_fetch_state queue_fetch_step(struct queue_fetch *f, int64_t now_us);
int64_t queue_fetch_deadline_us(const struct queue_fetch *f);

/* READY: sorted. Borrowed. */
const struct queue_list *queue_fetch_list(const struct queue_fetch *f);
/* FAILED: the answer that failed, without its body. */
const struct rest_answer *queue_fetch_failure(const struct queue_fetch *f);

#endif
