/*
 * Quantiles by nearest rank: the ⌈p·W⌉-th of the sorted values, where W is the sum of their
 * weights. They are exact as long as there are at most 64 entries. After that they come from a
 * sketch with logarithmic buckets and a relative error of 1 % (DDSketch, VLDB 2019). If more than
 * 1,024 buckets are in use, pairs of neighbours are joined, which raises the error (UDDSketch). The
 * result depends only on the values, not on their order.
 */
#ifndef STATS_QUANTILE_H
#define STATS_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTILE_EXACT_MAX 64
#define QUANTILE_BUCKETS_MAX 1024

#define QUANTILES 4
extern const unsigned quantile_percent[QUANTILES];	/* those that rows have: 50 90 95 99 */

struct quantile;

struct quantile *quantile_new(void);	/* NULL: out of memory */
void quantile_free(struct quantile *q);

/* Adds a value. x has to be finite, weight above 0. False: out of memory, and q is unchanged. */
bool quantile_add(struct quantile *q, double x, uint64_t weight);
/* The same for values weighted by time. Equal values share an entry, so quantiles stay exact for up
 * to 64 distinct values. */
bool quantile_add_time(struct quantile *q, double x, uint64_t weight);
/* Adds the values of `from`, which keeps them. False: out of memory, and none was added. */
bool quantile_merge(struct quantile *into, struct quantile *from);

/* Computes n quantiles. percent has numbers from 1 to 100 in rising order. q has to have a value.
 * The results are never below min or above max, which are the caller's exact extremes. */
void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out);
bool quantile_is_exact(const struct quantile *q);
/* The relative error of the quantiles: 0 if they are exact, else 0.01, or more after a join. */
double quantile_accuracy(struct quantile *q);

#endif
