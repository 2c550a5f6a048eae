/*
 * Exact sums of doubles: fixed point as wide as the values need, rounded once when read,
 * so that parts merge to the same bytes in any order. Memory: a few limbs for ordinary
 * values, at most 136 limbs of 8 bytes (the square of every double fits).
 */
#ifndef STATS_EXACT_SUM_H
#define STATS_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 exact_sum_whole;

struct exact_sum {		/* all zero is the sum of nothing; fields are exact_sum.c's own */
	exact_sum_whole whole;	/* small integers, which most values are */
	int64_t *limb;		/* all else */
	int32_t lo;
	int32_t n;
	uint32_t pending;
};

void exact_sum_free(struct exact_sum *sum);

/* sum += weight·x, sum += weight·x². x is finite. False: out of memory, sum unchanged. */
bool exact_sum_add(struct exact_sum *sum, double x, uint64_t weight);
bool exact_sum_add_square(struct exact_sum *sum, double x, uint64_t weight);
/* Both at once: x to the sum, its square to squares. */
bool exact_sum_add_both(struct exact_sum *sum, struct exact_sum *squares, double x,
	uint64_t weight);
bool exact_sum_merge(struct exact_sum *into, const struct exact_sum *from);

/*
 * mean = s1/(weight·scale) and stddev = sqrt((weight·s2 − s1²)/weight²)/scale, the mean and
 * the variance each rounded once (nearest, ties to even). weight and scale are above 0;
 * stddev may be NULL, then s2 may be. False: out of memory.
 */
bool exact_sum_moments(const struct exact_sum *s1, const struct exact_sum *s2, uint64_t weight,
	uint64_t scale, double *mean, double *stddev);

#endif
