/*
 * Finds duplicates of messages. The service sends each message on both sockets if two are open at
 * the same time. A message matches only one equal message of the other socket, because two changes
 * may look the same. Memory is bounded: in rare cases a message is forgotten, because others have
 * hashes close to its own, and then its duplicate is not found.
 */
#ifndef WINDOW_DEDUP_H
#define WINDOW_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEDUP_SOCKETS 2
#define DEDUP_US 10000000	/* the longest time between a message and its duplicate */

struct dedup;

struct dedup *dedup_new(void);	/* NULL: out of memory */
void dedup_free(struct dedup *d);
/* Note that a socket was opened, or closed, at at_us. */
void dedup_open(struct dedup *d, size_t socket, int64_t at_us);
void dedup_close(struct dedup *d, size_t socket, int64_t at_us);

/* Whether an equal message came on the other socket while both were open. If not, remembers the
 * message. */
bool dedup_is_duplicate(struct dedup *d, const char *text, size_t len, size_t socket,
	int64_t at_us);

#endif
