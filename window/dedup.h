/*
 * Frames that came twice because two sockets were open at the same time: the service sends
 * each of them on both. A frame takes away one equal frame of the other socket, no more, for
 * two changes may look alike. Bounded memory; a rare collision of hashes in it forgets.
 */
#ifndef WINDOW_DEDUP_H
#define WINDOW_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEDUP_SOCKETS 2
#define DEDUP_US 10000000	/* how far apart the two may come */

struct dedup;

struct dedup *dedup_new(void);	/* NULL: no memory */
void dedup_free(struct dedup *e);
void dedup_open(struct dedup *e, size_t socket, int64_t at_us);
void dedup_close(struct dedup *e, size_t socket, int64_t at_us);

/* Whether an equal frame has come on another socket that was open together with this one. */
bool dedup_is_duplicate(struct dedup *e, const char *text, size_t len, size_t socket,
	int64_t at_us);

#endif
