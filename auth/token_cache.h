/*
 * The token cache: one file for each host and client, kept between runs in the cache directory.
 * Runs that start at the same time use a lock (flock on another file), so that only one of them
 * requests a token. Nothing here blocks.
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

/* Opens the cache file of this base URL and client ID. Borrows warnings, to which later calls add
 * too. NULL: no directory can be used; it added a warning, and the run works without a cache. */
struct token_cache *token_cache_open(const char *base_url, const char *client_id,
	struct lines *warnings);
void token_cache_close(struct token_cache *cache);	/* releases the lock */

/* True: *t has a token that is valid after not_before_ms. Free it with token_cache_entry_free. A
 * broken file, or one of another owner, is renamed with a warning and counts as no token. */
bool token_cache_read(struct token_cache *cache, int64_t not_before_ms,
	struct token_cache_entry *t);
/* Replaces the file. False: it could not, and added a warning. */
bool token_cache_write(struct token_cache *cache, const char *token, int64_t expires_ms);
/* Removes the file if it still holds this token. */
void token_cache_drop(struct token_cache *cache, const char *token);

/* Tries once, without waiting. False: another run holds the lock. If locks do not work: true. */
bool token_cache_lock(struct token_cache *cache);
void token_cache_unlock(struct token_cache *cache);

#endif
