/*
 * The queues of a run: finds the number of a queue by its ID, and has the names that are known.
 * Numbers count up from 0 in the order in which queues are added.
 */
#ifndef WINDOW_QUEUE_INDEX_H
#define WINDOW_QUEUE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

#define QUEUE_INDEX_NONE SIZE_MAX

struct queue_index_entry {
	char id[UUID_LEN + 1];
	char *name;		/* NULL: not known */
};

struct queue_index {			/* start with all zero; the members are private */
	struct queue_index_entry *queue;	/* by number */
	size_t n, cap;
	uint32_t *place;	/* a hash table of numbers + 1; 0: free */
	size_t nplace;		/* its size, a power of two */
};

void queue_index_free(struct queue_index *index);
/* Adds an ID, which must not be in the index yet: copies UUID_LEN bytes. False: out of memory. */
bool queue_index_add(struct queue_index *index, const char *id);
/* The number of an ID; QUEUE_INDEX_NONE: it is not in the index. */
size_t queue_index_find(const struct queue_index *index, const char *id);
size_t queue_index_count(const struct queue_index *index);
/* The ID of a number. Borrowed until the next ID is added. */
const char *queue_index_id(const struct queue_index *index, size_t number);

/* Sets the name of a queue, in place of one that it had. Copies it. Does nothing if the ID is not
 * in the index. False: out of memory. */
bool queue_index_set_name(struct queue_index *index, const char *id, const char *name);
/* The name of the queue with that number; NULL: not known. Borrowed until it is set again. */
const char *queue_index_name(const struct queue_index *index, size_t number);
bool queue_index_has_names(const struct queue_index *index);	/* at least one */

#endif
