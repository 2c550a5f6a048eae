/*
 * Exact sums of doubles, in fixed point that is as wide as the values need. A sum is rounded only
 * when it is read, so it does not depend on the order of additions and merges. Ordinary values need
 * a few limbs of 8 bytes; 136 limbs are enough for the square of every double.
 */
#ifndef STATS_EXACT_SUM_H
#define STATS_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 exact_sum_whole;

struct exact_sum {		/* all zero: no values; only exact_sum.c uses the members */
	exact_sum_whole whole;	/* the sum of small integers, which most values are */
	int64_t *limb;		/* the sum of all others: limb[i] times 2^(32·(lo + i)) */
	int32_t lo;
	int32_t n;
	uint32_t pending;	/* additions since carries were last propagated */
};

void exact_sum_free(struct exact_sum *sum);

/* sum += weight·x, sum += weight·x². x is finite. False: out of memory, sum unchanged. */
bool exact_sum_add(struct exact_sum *sum, double x, uint64_t weight);
bool exact_sum_add_square(struct exact_sum *sum, double x, uint64_t weight);
/* Adds x to sum and its square to squares. */
bool exact_sum_add_both(struct exact_sum *sum, struct exact_sum *squares, double x,
	uint64_t weight);
bool exact_sum_merge(struct exact_sum *into, const struct exact_sum *from);

/*
 * mean = s1/(weight·scale) and stddev = sqrt((weight·s2 − s1²)/weight²)/scale. The mean and the
 * variance are each rounded once (to nearest, ties to even). weight and scale are above 0; stddev
 * may be NULL, and then s2 too. False: out of memory.
 */
bool exact_sum_moments(const struct exact_sum *s1, const struct exact_sum *s2, uint64_t weight,
	uint64_t scale, double *mean, double *stddev);

#endif
