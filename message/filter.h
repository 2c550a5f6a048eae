/*
 * A filter of --outlier: METRIC.FIELD OP NUMBER. It rejects a frame that has this field with a
 * number for which the comparison is true. A frame without the field passes.
 */
#ifndef MESSAGE_FILTER_H
#define MESSAGE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/compare.h"

#define FILTERS_MAX 16		/* in one run */

struct filter {
	size_t metric;		/* index of METRIC in the decoded metrics; the caller sets it */
	const char *path;	/* FIELD, with dots between nested keys; borrowed */
	enum compare op;
	double number;
};

/* Parses a filter. Cuts text in place: *metric and filter->path point into it. False: text is not a
 * filter. */
bool filter_parse(char *text, const char **metric, struct filter *filter);

/* Whether the filter applies to the number of that metric and path. The path has path_len bytes,
 * and no NUL at the end. */
static inline bool filter_names(const struct filter *filter, size_t metric, const char *path,
	size_t path_len)
{
	return filter->metric == metric && strncmp(filter->path, path, path_len) == 0
		&& filter->path[path_len] == '\0';
}

#endif
