/*
 * Shards: each queue belongs to one of N shards by its ID alone (rendezvous hashing), so that N
 * runs share the queues without a list of who has which. From N to N + 1 a queue stays where it is
 * or moves to the new shard. gsqstat(1) describes the hash, because other programs compute it too.
 */
#ifndef UTIL_SHARD_H
#define UTIL_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARDS_MAX 10000

struct shard {
	uint32_t k, n;	/* n 0: no shards, all queues belong to the run */
};

/* Reads a decimal number, which may be too large (then *out is over SHARDS_MAX), and sets *s to
 * what follows it. False: there is none. */
bool shard_read_number(const char **s, uint32_t *out);
bool shard_parse(const char *text, struct shard *out);	/* K/N; false: it is none */

/* id: UUID_LEN bytes in lower case. */
uint32_t shard_of(const char *id, uint32_t n);	/* n is 1 or more */
/* Whether the queue belongs to the shard. Much faster than shard_of if there are many shards. */
bool shard_has(const struct shard *shard, const char *id);

#endif
