/*
 * Statistics of the values of one series in one window, in memory that does not grow with the
 * number of values.
 */
#ifndef STATS_SAMPLE_H
#define STATS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/quantile.h"

struct sample {		/* all zero: no values; only sample.c uses the members */
	uint64_t count;
	double last, min, max;
	struct exact_sum sum, squares;
	struct quantile *quantile;
};

struct sample_summary {
	uint64_t count;
	double last, min, max, mean, stddev, p50, p90, p95, p99;
};

void sample_free(struct sample *s);	/* leaves it all zero */
bool sample_add(struct sample *s, double x);	/* false: out of memory */
/* A value that held for a time: it counts as often as that. */
bool sample_add_time(struct sample *s, double x, uint64_t time);

/* Adds the values of `from`, as if they had come after those of s. False: out of memory. */
bool sample_merge(struct sample *s, const struct sample *from);

/* Each statistic is divided by scale: 1 changes nothing, 1000 turns µs into ms. s must have a
 * value. False: out of memory. */
bool sample_summarise(const struct sample *s, uint64_t scale, struct sample_summary *out);
bool sample_is_exact(const struct sample *s);
double sample_accuracy(const struct sample *s);

#endif
