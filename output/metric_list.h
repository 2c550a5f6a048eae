/* The list of metrics for --list-metrics: what each is, and what it means. */
#ifndef OUTPUT_METRIC_LIST_H
#define OUTPUT_METRIC_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "output/list.h"
#include "util/buf.h"

struct metric_list {
	const char *source;		/* list only its metrics; NULL: those of both sources */
	const char *const *pattern;	/* list only metrics that match one of these */
	size_t npattern;		/* 0: all metrics */
};

/* Whether the list has a metric that matches the pattern, see text_matches. */
bool metric_list_has(const struct metric_list *list, const char *pattern);

/* Appends the list. False: out of memory. */
bool metric_list_put(const struct metric_list *list, const struct list_conf *conf,
	struct buf *out);

#endif
