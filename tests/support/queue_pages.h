/* Queues as pages of the API have them. */
#ifndef QUEUE_PAGES_H
#define QUEUE_PAGES_H

#include "source/queue_list.h"
#include "tests/support/check.h"

#define ID(digits) "00000000-0000-4000-8000-00000000" digits
#define QUEUE(digits, name) "{\"id\":\"" ID(digits) "\",\"name\":\"" name "\"}"
#define PAGE(entities, rest) "{\"entities\":[" entities "]" rest "}"

static struct queue_list list;
static struct queue_list_page page;

/* The list becomes that of the page, sorted. */
static inline void read_list(const char *text)
{
	queue_list_free(&list);
	assert_null(queue_list_parse_page(text, strlen(text), &list, &page));
	queue_list_sort(&list);
}

/* A teardown. */
static inline int free_list(void **state)
{
	(void)state;
	queue_list_free(&list);
	return 0;
}

#endif
