/*
 * Queue IDs and their numbers, in the order they were added: finds the queue of each message.
 */
#ifndef WINDOW_QUEUE_INDEX_H
#define WINDOW_QUEUE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

#define QUEUE_INDEX_NONE SIZE_MAX

struct queue_index {			/* all zero: empty; the members are private */
	char (*id)[UUID_LEN + 1];
	size_t n, cap;
	uint32_t *place;	/* number + 1 by its ID's hash; 0: free */
	size_t nplace;		/* a power of two */
};

void queue_index_free(struct queue_index *index);
/* A new ID. False: out of memory. */
bool queue_index_add(struct queue_index *index, const char *id);
/* QUEUE_INDEX_NONE: there is none. */
size_t queue_index_find(const struct queue_index *index, const char *id);
/* Valid until the next one is added. */
const char *queue_index_id(const struct queue_index *index, size_t number);

#endif
