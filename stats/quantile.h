/*
 * Quantiles by nearest rank (the ⌈p·W⌉-th of the sorted values): exact while there are at
 * most 64 distinct entries, after that from a sketch of logarithmic buckets (DDSketch,
 * VLDB 2019) with relative error 1 %, whose neighbours are joined when more than 1,024
 * are in use (UDDSketch). The state depends on the values alone, never on their order.
 */
#ifndef STATS_QUANTILE_H
#define STATS_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTILE_EXACT_MAX 64
#define QUANTILE_BUCKETS_MAX 1024

#define QUANTILES 4
extern const unsigned quantile_percent[QUANTILES];	/* those of a row: 50 90 95 99 */

struct quantile;

struct quantile *quantile_new(void);	/* NULL: out of memory */
void quantile_free(struct quantile *q);

/* x is finite, weight above 0. False: out of memory, q as before. */
bool quantile_add(struct quantile *q, double x, uint64_t weight);
/* The same for values that weigh by time: the 64 exact ones are then distinct. */
bool quantile_add_time(struct quantile *q, double x, uint64_t weight);
void quantile_prefetch(const struct quantile *q);	/* call before several additions */
bool quantile_merge(struct quantile *into, struct quantile *from);	/* from keeps its values */

/* n of them at once, in rising order, each percent 1 to 100; q holds a value. min and max are
 * the caller's exact ones: the answers are kept within them. */
void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out);
bool quantile_is_exact(const struct quantile *q);
double quantile_accuracy(struct quantile *q);	/* 0 exact, 0.01, more once joined */

#endif
