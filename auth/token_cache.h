/*
 * The token cache: one file for each host and client, kept between runs in the cache
 * directory. A lock (flock on a file beside it) lets the first of many runs make the one
 * request. Nothing here blocks.
 */
#ifndef AUTH_TOKEN_CACHE_H
#define AUTH_TOKEN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/base.h"

struct cache;

struct cached_token {
	char *token;		/* wiped and freed by cached_token_free */
	int64_t expires_ms;	/* since 1970 */
};
void cached_token_free(struct cached_token *t);

/* NULL with a line in warnings where there is no usable directory: the run goes on without.
 * The base URL and the client ID together name the file. */
struct cache *cache_open(const char *base_url, const char *client_id, struct lines *warnings);
void cache_close(struct cache *cache);	/* drops the lock */

/* The path that cache_open would use (malloc'd, NULL: none), for --dry-run; makes nothing. */
char *cache_path(const char *base_url, const char *client_id);

/* True: *t holds a token that lasts past not_before_ms. A foreign or broken file is set aside
 * with a warning and counts as none. */
bool cache_read(struct cache *cache, int64_t not_before_ms, struct cached_token *t,
	struct lines *warnings);
/* False: nothing is kept, with a warning. */
bool cache_write(struct cache *cache, const char *token, int64_t expires_ms,
	struct lines *warnings);
/* Removes the file if it still holds this token. */
void cache_drop(struct cache *cache, const char *token);

/* Tries once; false: another run holds it. True too where none can be had. */
bool cache_lock(struct cache *cache);
void cache_unlock(struct cache *cache);

#endif
