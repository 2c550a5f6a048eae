/*
 * Quantiles by nearest rank: the ⌈p·W⌉-th of the sorted values. They are exact while there are at
 * most 64 entries. After that they come from a sketch of logarithmic buckets with a relative error
 * of 1 % (DDSketch, VLDB 2019); when more than 1,024 buckets are in use, pairs of neighbours are
 * joined (UDDSketch). The result depends only on the values, not on their order.
 */
#ifndef STATS_QUANTILE_H
#define STATS_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTILE_EXACT_MAX 64
#define QUANTILE_BUCKETS_MAX 1024

#define QUANTILES 4
extern const unsigned quantile_percent[QUANTILES];	/* the ones in a row: 50 90 95 99 */

struct quantile;

struct quantile *quantile_new(void);	/* NULL: out of memory */
void quantile_free(struct quantile *q);

/* x is finite, weight above 0. False: out of memory, q is unchanged. */
bool quantile_add(struct quantile *q, double x, uint64_t weight);
/* The same for values weighted by time: the weights of equal values are added up, so that the 64
 * exact entries are distinct values. */
bool quantile_add_time(struct quantile *q, double x, uint64_t weight);
bool quantile_merge(struct quantile *into, struct quantile *from);	/* from is kept */

/* Computes n quantiles; percent is in rising order, each from 1 to 100. q must have a value. The
 * results are limited to the caller's exact min and max. */
void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out);
bool quantile_is_exact(const struct quantile *q);
/* The relative error: 0 if exact, else 0.01, or more once buckets were joined. */
double quantile_accuracy(struct quantile *q);

#endif
