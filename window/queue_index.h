/*
 * Queue IDs and their numbers, in the order they came: which queue a message is about is
 * asked for each of them.
 */
#ifndef WINDOW_QUEUE_INDEX_H
#define WINDOW_QUEUE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

#define QUEUE_INDEX_NONE SIZE_MAX

struct queue_index {			/* all zero: nobody; fields are queue_index.c's own */
	char (*id)[UUID_LEN + 1];
	size_t n, cap;
	uint32_t *place;	/* number + 1 by its ID's hash; 0: free */
	size_t nplace;		/* a power of two */
};

void queue_index_free(struct queue_index *r);
bool queue_index_add(struct queue_index *r, const char *id);	/* a new one; false: no memory */
size_t queue_index_find(const struct queue_index *r,
	const char *id); /* QUEUE_INDEX_NONE: not there */
const char *queue_index_id(const struct queue_index *r,
	size_t number); /* until the next is added */

#endif
