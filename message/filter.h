/*
 * METRIC.FIELD OP NUMBER: a filter of --outlier, which rejects a frame if it holds for one of the
 * frame's numbers. It does not hold for a field that is missing.
 */
#ifndef MESSAGE_FILTER_H
#define MESSAGE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/compare.h"

#define FILTERS_MAX 16		/* of a run */

struct filter {
	size_t metric;		/* index into the decoded metrics, set by the caller */
	const char *path;	/* FIELD, with dots between nested keys; borrowed */
	enum compare op;
	double number;
};

/* Cuts text in place: *metric and filter->path point into it. False: it is no filter. */
bool filter_parse(char *text, const char **metric, struct filter *filter);

/* Whether the filter is about that number; path has path_len bytes and no NUL. */
static inline bool filter_names(const struct filter *filter, size_t metric, const char *path,
	size_t path_len)
{
	return filter->metric == metric && strncmp(filter->path, path, path_len) == 0
		&& filter->path[path_len] == '\0';
}

#endif
