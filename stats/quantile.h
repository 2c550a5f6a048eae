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
#define QUANTILE_LEVEL_MAX 8	/* at this level all doubles need fewer buckets than that */

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
/* Adds the values of `from`, which keeps them. Both have values of quantile_add, or both of
 * quantile_add_time. False: out of memory, and none was added. */
bool quantile_merge(struct quantile *into, struct quantile *from);

/* Computes n quantiles. percent has numbers from 1 to 100 in rising order. q has to have a value.
 * The results are never below min or above max, which are the caller's exact extremes. */
void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out);
bool quantile_is_exact(const struct quantile *q);
/* The relative error of the quantiles: 0 if they are exact, else 0.01, or more after a join. */
double quantile_accuracy(struct quantile *q);

/* --- for those who write and read the values or buckets --- */

struct quantile_entry {
	double x;
	uint64_t weight;
};

struct quantile_bucket {
	int32_t index;		/* γ^(index·2^level) is the upper bound of |x| */
	bool negative;
	uint64_t weight;
};

struct quantile_buckets {
	unsigned level;		/* how often neighbours were joined, at most QUANTILE_LEVEL_MAX */
	uint64_t zero;		/* weight of the values too small for a bucket */
	size_t n;
	struct quantile_bucket bucket[QUANTILE_BUCKETS_MAX];
};

/* Writes the values in rising order, and returns how many. Only if the quantiles are exact. */
size_t quantile_entries(const struct quantile *q, struct quantile_entry out[QUANTILE_EXACT_MAX]);
/* Writes the buckets: first the negative ones, then the others, each by rising index. Only if the
 * quantiles are not exact. */
void quantile_buckets(struct quantile *q, struct quantile_buckets *out);

/* Whether buckets of that level can have that index. */
bool quantile_has_bucket(unsigned level, int64_t index);
/* Sets the buckets of q, which has to be new; they have to differ. False: out of memory. */
bool quantile_set_buckets(struct quantile *q, const struct quantile_buckets *from);

#endif
