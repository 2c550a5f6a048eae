/*
 * Caches the list of queues in the directory of the token cache: one file for each host and client,
 * valid for an hour. The file has the form of a page of the API, with extra members.
 */
#ifndef SOURCE_QUEUE_CACHE_H
#define SOURCE_QUEUE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/queue_list.h"
#include "util/lines.h"

#define QUEUE_CACHE_KEPT_MS 3600000

struct queue_cache_key {
	const char *base_url, *client_id;
};

/* Fills the list, which must be empty, and sorts it. Returns false, with an empty list, if there is
 * no valid file, or if a pattern matches no queue in it or is ambiguous. Warns of a file that is
 * broken or that other users can access. */
bool queue_cache_load(const struct queue_cache_key *key, const char *const *pattern,
	size_t npattern, int64_t now_us, struct queue_list *list, struct lines *warnings);
/* The same from a file of any age, without warnings. The list stays empty if there is none. */
void queue_cache_load_old(const struct queue_cache_key *key, struct queue_list *list);
void queue_cache_store(const struct queue_cache_key *key, const struct queue_list *list,
	int64_t now_us, struct lines *warnings);

#endif
