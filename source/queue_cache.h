/*
 * The names' cache: the list of queues beside the token, one file for each host and client,
 * good for an hour. The file is a page as the API gives it, with a head.
 */
#ifndef SOURCE_QUEUE_CACHE_H
#define SOURCE_QUEUE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/queue_list.h"
#include "util/lines.h"

#define QUEUE_CACHE_KEPT_MS 3600000

struct queue_cache_key {		/* whose list it is */
	const char *base_url, *client_id;
};

/* True: list, which is empty, holds what was kept in the last hour, sorted, and every pattern
 * fits it well. A foreign or broken file is a warning. */
bool queue_cache_load(const struct queue_cache_key *key, const char *const *pattern,
	size_t npattern, int64_t now_us, struct queue_list *list, struct lines *warnings);
void queue_cache_store(const struct queue_cache_key *key, const struct queue_list *list,
	int64_t now_us, struct lines *warnings);

#endif
