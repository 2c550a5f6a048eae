/*
 * The metrics that the patterns of -m select, and the order in which rows have them.
 */
#ifndef WINDOW_WANTED_METRICS_H
#define WINDOW_WANTED_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/name_memo.h"
#include "util/slice.h"

#define WANTED_METRICS_NONE UINT32_MAX

struct wanted_metrics {
	const char *const *pattern;	/* borrowed */
	size_t npattern;
	struct name_memo orders;	/* start with all zero */
};

/* The index of the first pattern that matches the metric; WANTED_METRICS_NONE: none does. */
uint32_t wanted_metrics_order(struct wanted_metrics *wanted, struct slice metric);

/* Whether the metric is a gauge of those who wait. It is kept even if -m does not select it,
 * because the longest wait (an age) ends when it is 0. */
bool wanted_metrics_ends_wait(struct slice metric);

#endif
