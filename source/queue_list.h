/* The list of queues with their names: reads it from pages of the API, sorts and prints it. */
#ifndef SOURCE_QUEUE_LIST_H
#define SOURCE_QUEUE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "output/list.h"
#include "util/buf.h"
#include "util/text.h"
#include "window/queue_index.h"

#define QUEUE_LIST_QUEUES_MAX 20000
#define QUEUE_LIST_NAME_MAX 1024	/* bytes of a name */

struct queue_list_entry {
	char id[UUID_LEN + 1];		/* lower case */
	const char *name, *division_id, *division_name;		/* "": none */
	const char *folded;		/* the name in lower case */
	const char *media;		/* nmedia media types, sorted, each with its NUL */
	size_t nmedia;
};

/* All zero is an empty list. */
struct queue_list {
	struct queue_list_entry *v;
	size_t n, cap;
	size_t skipped;			/* entities without a UUID, or with a text too long */
};
void queue_list_free(struct queue_list *list);

/* What a page says about the pages after it. */
struct queue_list_page {
	size_t queues;			/* entities in it */
	double page_count;		/* -1: unknown */
	bool has_next;			/* there is a nextUri */
};

/* Appends the queues of a page. Returns what is wrong with the page; NULL: nothing. If something
 * is, the list stays as it was. */
const char *queue_list_parse_page(const char *text, size_t len, struct queue_list *list,
	struct queue_list_page *page);

/* Writes the queues that have a name as a page that queue_list_parse_page can read. */
void queue_list_put_page(struct buf *out, const struct queue_index *queues);

/* Sorts by name (ignoring case, then bytewise, then by ID) and removes repeated IDs. */
void queue_list_sort(struct queue_list *list);

/* Writes a sorted list for --list-queues; a table is without media types. False: out of memory. */
bool queue_list_put(struct buf *out, const struct queue_list *list, const struct list_conf *conf);

#endif
