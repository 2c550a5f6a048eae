/*
 * Queues by name: the list of all queues as the REST API gives it page by page, patterns held
 * against it, and the list printed. The fetching is a state machine over rest: nothing here
 * waits, nothing here retries.
 */
#ifndef SOURCE_QUEUE_LIST_H
#define SOURCE_QUEUE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "net/rest.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/text.h"

#define QUEUE_LIST_QUEUES_MAX 20000
#define QUEUE_LIST_PAGES_MAX 200

struct queue_list_entry {
	char id[UUID_LEN + 1];		/* lower case */
	const char *name, *division_id, *division_name;		/* "" where there was none */
	const char *folded;		/* the name, lower case */
	const char *media;		/* nmedia media types by name, each with its NUL */
	size_t nmedia;
};

/* All zero is an empty list. */
struct queue_list {
	struct queue_list_entry *v;
	size_t n, cap;
	size_t skipped;			/* entities without a UUID, or with texts beyond reason */
};
void queue_list_free(struct queue_list *list);

/* What a page says of those after it. */
struct queue_list_page {
	size_t queues;			/* entities in it */
	double page_count;		/* -1: it does not say */
	bool has_next;			/* there is a nextUri */
};

/* A page's queues, appended. What is wrong with it in words, NULL: nothing; the list is then
 * as it was. */
const char *queue_list_parse_page(const char *text, size_t len, struct queue_list *list,
	struct queue_list_page *page);

/* The n queues, but for those without a name (NULL), as a page that queue_list_parse_page reads. */
void queue_list_put_page(struct buf *out, const char *const *id, const char *const *name, size_t n);

/* By name (without case, then bytewise, then by ID), each ID once. Matching and printing take
 * a sorted list. */
void queue_list_sort(struct queue_list *list);

struct queue_list_hits {
	const struct queue_list_entry **v;	/* free(3); what it points to is the list's */
	size_t n;
};

/* Queues in the order of the patterns, then of the list, each once. A pattern is a whole name
 * without case, or has `*` for any text. A line of problems for each that fits no queue, or
 * as a name more than one. False: out of memory. */
bool queue_list_match(const struct queue_list *list, const char *const *pattern, size_t npattern,
	struct queue_list_hits *hits, struct lines *problems);

/* --list-queues: an object a line, or CSV. */
void queue_list_put_ndjson(struct buf *out, const struct queue_list *list);
void queue_list_put_csv(struct buf *out, const struct queue_list *list, bool header);

/* --- fetched --- */

enum queue_list_fetch_state {
	QUEUE_LIST_NONE,
	QUEUE_LIST_ASKING, /* call queue_list_fetch_step after each http_perform and by its deadline
			    */
	QUEUE_LIST_READY,
	QUEUE_LIST_FAILED /* see queue_list_fetch_failure; queue_list_fetch_ask goes on at the page
			     that failed */
};

struct queue_list_fetch_conf {		/* the texts are borrowed for the life of names */
	const char *base_url;	/* the API's: https://api.mypurecloud.com */
	int64_t request_us;	/* bound of one request */
};

struct queue_list_fetch;

struct queue_list_fetch *queue_list_fetch_new(const struct queue_list_fetch_conf *conf,
	struct http *http);
void queue_list_fetch_free(struct queue_list_fetch *n);

/* Fetches all pages, each within request_us, all by end_us; the token is copied. */
enum queue_list_fetch_state queue_list_fetch_ask(struct queue_list_fetch *n, const char *token,
	int64_t now_us, int64_t end_us);
enum queue_list_fetch_state queue_list_fetch_step(struct queue_list_fetch *n, int64_t now_us);
int64_t queue_list_fetch_deadline_us(const struct queue_list_fetch *n);

const struct queue_list *queue_list_fetch_list(
	const struct queue_list_fetch *n); /* READY: sorted */
const struct rest_answer *queue_list_fetch_failure(
	const struct queue_list_fetch *n); /* FAILED: without its body */

#endif
