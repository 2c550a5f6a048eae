/*
 * Duplicates of messages, which the service sends on each of two sockets that are open at the same
 * time. A message matches one equal message of the other socket and no more, because two changes
 * may look the same. Memory is bounded: if hashes collide, which is rare, a message is forgotten.
 */
#ifndef WINDOW_DEDUP_H
#define WINDOW_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEDUP_SOCKETS 2
#define DEDUP_US 10000000	/* the most between the two */

struct dedup;

struct dedup *dedup_new(void);	/* NULL: out of memory */
void dedup_free(struct dedup *d);
void dedup_open(struct dedup *d, size_t socket, int64_t at_us);
void dedup_close(struct dedup *d, size_t socket, int64_t at_us);

/* Whether an equal message came on another socket that was open together with this one. */
bool dedup_is_duplicate(struct dedup *d, const char *text, size_t len, size_t socket,
	int64_t at_us);

#endif
