/*
 * Which metrics the patterns of -m ask for, and their order in rows. The last names are remembered,
 * because many messages ask for few names.
 */
#ifndef WINDOW_WANTED_METRICS_H
#define WINDOW_WANTED_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"

#define WANTED_METRICS_REMEMBERED 64
#define WANTED_METRICS_NONE SIZE_MAX

struct wanted_metric {
	size_t order;			/* of the first pattern that matches; NONE: none does */
	bool valid;
	bool needed;			/* for an age, whether or not rows have it */
	uint8_t len;
	char name[37];
};

struct wanted_metrics {			/* all zero but the patterns, which are borrowed */
	const char *const *pattern;
	size_t npattern;
	/* by the name's hash; the last one: for a name that is too long */
	struct wanted_metric metric[WANTED_METRICS_REMEMBERED + 1];
};

/* Valid until the next call. */
const struct wanted_metric *wanted_metrics_find(struct wanted_metrics *wanted, struct slice metric);

#endif
