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
#include "util/base.h"
#include "util/text.h"

#define NAMES_QUEUES_MAX 20000
#define NAMES_PAGES_MAX 200

struct name_entry {
	char id[UUID_LEN + 1];		/* lower case */
	const char *name, *division_id, *division_name;		/* "" where there was none */
	const char *folded;		/* the name, lower case */
	const char *media;		/* nmedia media types by name, each with its NUL */
	size_t nmedia;
};

/* All zero is an empty list. */
struct name_list {
	struct name_entry *v;
	size_t n, cap;
	size_t skipped;			/* entities without a UUID, or with texts beyond reason */
};
void name_list_free(struct name_list *list);

/* What a page says of those after it. */
struct name_page {
	size_t queues;			/* entities in it */
	double page_count;		/* -1: it does not say */
	bool has_next;			/* there is a nextUri */
};

/* A page's queues, appended. What is wrong with it in words, NULL: nothing; the list is then
 * as it was. */
const char *names_parse_page(const char *text, size_t len, struct name_list *list,
	struct name_page *page);

/* The n queues, but for those without a name (NULL), as a page that names_parse_page reads. */
void names_put_page(struct buf *out, const char *const *id, const char *const *name, size_t n);

/* By name (without case, then bytewise, then by ID), each ID once. Matching and printing take
 * a sorted list. */
void names_sort(struct name_list *list);

struct name_hits {
	const struct name_entry **v;	/* free(3); what it points to is the list's */
	size_t n;
};

/* Queues in the order of the patterns, then of the list, each once. A pattern is a whole name
 * without case, or has `*` for any text. A line of problems for each that fits no queue, or
 * as a name more than one. False: out of memory. */
bool names_match(const struct name_list *list, const char *const *pattern, size_t npattern,
	struct name_hits *hits, struct lines *problems);

/* --list-queues: an object a line, or CSV. */
void names_put_ndjson(struct buf *out, const struct name_list *list);
void names_put_csv(struct buf *out, const struct name_list *list, bool header);

/* --- fetched --- */

enum names_state {
	NAMES_NONE,
	NAMES_ASKING,	/* call names_step after each net_perform and by its deadline */
	NAMES_READY,
	NAMES_FAILED	/* see names_failure; names_ask goes on at the page that failed */
};

struct names_conf {		/* the texts are borrowed for the life of names */
	const char *base_url;	/* the API's: https://api.mypurecloud.com */
	int64_t request_us;	/* bound of one request */
};

struct names;

struct names *names_new(const struct names_conf *conf, struct net *net);
void names_free(struct names *n);

/* Fetches all pages, each within request_us, all by end_us; the token is copied. */
enum names_state names_ask(struct names *n, const char *token, int64_t now_us, int64_t end_us);
enum names_state names_step(struct names *n, int64_t now_us);
int64_t names_deadline_us(const struct names *n);

const struct name_list *names_list(const struct names *n);	/* READY: sorted */
const struct rest_answer *names_failure(const struct names *n);	/* FAILED: without its body */

#endif
