/*
 * The token cache: one file for each host and client, kept between runs in the cache
 * directory. A lock (flock on a file beside it) lets the first of many runs make the one
 * request. Nothing here blocks.
 */
#ifndef AUTH_TOKEN_CACHE_H
#define AUTH_TOKEN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/lines.h"

struct token_cache;

struct token_cache_entry {
	char *token;		/* wiped and freed by token_cache_entry_free */
	int64_t expires_ms;	/* since 1970 */
};
void token_cache_entry_free(struct token_cache_entry *t);

/* NULL with a line in warnings where there is no usable directory: the run goes on without.
 * The base URL and the client ID together name the file. */
struct token_cache *token_cache_open(const char *base_url, const char *client_id,
	struct lines *warnings);
void token_cache_close(struct token_cache *cache);	/* drops the lock */

/* The path that token_cache_open would use (malloc'd, NULL: none), for --dry-run; makes nothing. */
char *token_cache_path(const char *base_url, const char *client_id);

/* True: *t holds a token that lasts past not_before_ms. A foreign or broken file is set aside
 * with a warning and counts as none. */
bool token_cache_read(struct token_cache *cache, int64_t not_before_ms, struct token_cache_entry *t,
	struct lines *warnings);
/* False: nothing is kept, with a warning. */
bool token_cache_write(struct token_cache *cache, const char *token, int64_t expires_ms,
	struct lines *warnings);
/* Removes the file if it still holds this token. */
void token_cache_drop(struct token_cache *cache, const char *token);

/* Tries once; false: another run holds it. True too where none can be had. */
bool token_cache_lock(struct token_cache *cache);
void token_cache_unlock(struct token_cache *cache);

#endif
