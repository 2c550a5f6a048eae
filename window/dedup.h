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

#define ECHO_SOCKETS 2
#define ECHO_US 10000000	/* how far apart the two may come */

struct echo;

struct echo *echo_new(void);	/* NULL: no memory */
void echo_free(struct echo *e);
void echo_open(struct echo *e, size_t socket, int64_t at_us);
void echo_close(struct echo *e, size_t socket, int64_t at_us);

/* Whether an equal frame has come on another socket that was open together with this one. */
bool echo_is_duplicate(struct echo *e, const char *text, size_t len, size_t socket,
	int64_t at_us);

#endif
