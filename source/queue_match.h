/*
 * Finds queues by name, for --queue-name. A pattern must match the whole name, ignoring case; `*`
 * matches any text. If nothing matches, similar names are suggested.
 */
#ifndef SOURCE_QUEUE_MATCH_H
#define SOURCE_QUEUE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "source/queue_list.h"
#include "util/lines.h"

struct queue_match_hits {
	const struct queue_list_entry **v;	/* free(3) it; the entries belong to the list */
	size_t n;
};

/*
 * Fills hits with the queues that match, in the order of the patterns, then of the list, each queue
 * once. Adds to problems a line for each pattern that matches no queue, and for each pattern
 * without `*` that matches several. The list must be sorted. Returns false if out of memory.
 */
bool queue_match(const struct queue_list *list, const char *const *pattern, size_t npattern,
	struct queue_match_hits *hits, struct lines *problems);

#endif
