/*
 * An index of queues: finds the number of a queue by its ID. Numbers count up from 0 in the order
 * in which queues are added.
 */
#ifndef WINDOW_QUEUE_INDEX_H
#define WINDOW_QUEUE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

#define QUEUE_INDEX_NONE SIZE_MAX

struct queue_index {			/* start with all zero; the members are private */
	char (*id)[UUID_LEN + 1];
	size_t n, cap;
	uint32_t *place;	/* a hash table of numbers + 1; 0: free */
	size_t nplace;		/* its size, a power of two */
};

void queue_index_free(struct queue_index *index);
/* Adds an ID, which must not be in the index yet: copies UUID_LEN bytes. False: out of memory. */
bool queue_index_add(struct queue_index *index, const char *id);
/* The number of an ID; QUEUE_INDEX_NONE: it is not in the index. */
size_t queue_index_find(const struct queue_index *index, const char *id);
/* The ID of a number. Borrowed until the next ID is added. */
const char *queue_index_id(const struct queue_index *index, size_t number);

#endif
