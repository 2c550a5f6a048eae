/*
 * A sample: the statistics of the values that one series has in one window. Its memory does not
 * grow with the number of values.
 */
#ifndef STATS_SAMPLE_H
#define STATS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/quantile.h"

struct sample {		/* start with all zero; only `count` and `sum` are for others */
	uint64_t count;
	double last, min, max;
	struct exact_sum sum, squares;
	struct quantile *quantile;
};

struct sample_summary {
	uint64_t count;
	double last, min, max, mean, stddev, p50, p90, p95, p99;
};

void sample_free(struct sample *s);	/* leaves it empty, as at the start */
/* Adds a value, which has to be finite. False: out of memory. */
bool sample_add(struct sample *s, double x);
/* Adds a value that held for some time, with that time as its weight. False: out of memory. */
bool sample_add_time(struct sample *s, double x, uint64_t time);

/* Adds the values of `from`, as if they came after those of s. False: out of memory. */
bool sample_merge(struct sample *s, const struct sample *from);

/* Computes the statistics and divides each by scale: 1 changes nothing, 1000 turns µs into ms. s
 * has to have a value. False: out of memory. */
bool sample_summarise(const struct sample *s, uint64_t scale, struct sample_summary *out);
/* Whether the quantiles are exact, and their relative error; see quantile_accuracy. */
bool sample_is_exact(const struct sample *s);
double sample_accuracy(const struct sample *s);

#endif
