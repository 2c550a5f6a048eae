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

#define ROSTER_NONE SIZE_MAX

struct roster {			/* all zero: nobody; fields are queue_index.c's own */
	char (*id)[UUID_LEN + 1];
	size_t n, cap;
	uint32_t *place;	/* number + 1 by its ID's hash; 0: free */
	size_t nplace;		/* a power of two */
};

void roster_free(struct roster *r);
bool roster_add(struct roster *r, const char *id);	/* a new one; false: no memory */
size_t roster_find(const struct roster *r, const char *id);	/* ROSTER_NONE: not there */
const char *roster_id(const struct roster *r, size_t number);	/* until the next is added */

#endif
