/*
 * Finds queues by name, for --queue-name: a pattern is a whole name without case, or has `*` for
 * any text. If nothing fits, similar names are suggested.
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
 * hits: queues in the order of the patterns, then of the list, each once. problems: a line for
 * each pattern that fits no queue, or as a whole name more than one. The list must be sorted.
 * False: out of memory.
 */
bool queue_match(const struct queue_list *list, const char *const *pattern, size_t npattern,
	struct queue_match_hits *hits, struct lines *problems);

#endif
