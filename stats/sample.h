/*
 * One field's statistics over one window: what came, in memory that does not grow with
 * how much came.
 */
#ifndef STATS_SAMPLE_H
#define STATS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/quantile.h"

struct sample {		/* all zero is a sample of nothing; fields are sample.c's own */
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

/* Takes in what `from` has, as if it had come after; `last` is then from's. False: out of
 * memory. */
bool sample_merge(struct sample *s, const struct sample *from);

/* Every figure divided by scale (1 as it is; 1000: µs as ms). s holds a value. False: out of
 * memory. */
bool sample_summarise(const struct sample *s, uint64_t scale, struct sample_summary *out);
bool sample_is_exact(const struct sample *s);
double sample_accuracy(const struct sample *s);

#endif
