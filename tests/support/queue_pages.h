/* Queues as pages of the API have them. */
#ifndef QUEUE_PAGES_H
#define QUEUE_PAGES_H

#include <string.h>

#include "source/queue_list.h"
#include "tests/support/check.h"

#define ID(digits) "00000000-0000-4000-8000-00000000" digits
#define QUEUE(digits, name) "{\"id\":\"" ID(digits) "\",\"name\":\"" name "\"}"
#define PAGE(entities, rest) "{\"entities\":[" entities "]" rest "}"

/* The sorted list of a page; free it. */
static inline struct queue_list list_of(const char *text)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;

	assert_null(queue_list_parse_page(text, strlen(text), &list, &page));
	queue_list_sort(&list);
	return list;
}

#endif
