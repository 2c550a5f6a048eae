/*
 * Exact sums of doubles, as fixed-point numbers with as many limbs as the values need. A sum is
 * rounded only when it is read, so the order of additions and merges does not matter. Ordinary
 * values need a few limbs of 8 bytes; 136 limbs hold the square of any double.
 */
#ifndef STATS_EXACT_SUM_H
#define STATS_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/leb128.h"
#include "util/buf.h"

__extension__ typedef __int128 exact_sum_whole;

struct exact_sum {		/* start with all zero; the members are private */
	exact_sum_whole whole;	/* the sum of the small integers, as most values are */
	int64_t *limb;		/* the sum of all other values: limb[i]·2^(32·(lo + i)) */
	int32_t lo;
	int32_t n;
	uint32_t pending;	/* additions since the carries were last propagated */
};

void exact_sum_free(struct exact_sum *sum);

/* Add weight·x, or weight·x², to the sum. x has to be finite. False: out of memory, and the sum is
 * unchanged. */
bool exact_sum_add(struct exact_sum *sum, double x, uint64_t weight);
bool exact_sum_add_square(struct exact_sum *sum, double x, uint64_t weight);
/* Adds weight·x to sum and weight·x² to squares. False: out of memory. */
bool exact_sum_add_both(struct exact_sum *sum, struct exact_sum *squares, double x,
	uint64_t weight);
/* Adds one sum to another. False: out of memory. */
bool exact_sum_merge(struct exact_sum *into, const struct exact_sum *from);

/*
 * The bytes of a sum m·2^e are m and e as signed LEB128, where m is odd; those of 0 are two zeros.
 * exact_sum_put appends them; out->failed says whether it worked. exact_sum_get adds the sum that r
 * reads to *sum. It returns what is wrong (NULL: nothing), or why_no_memory.
 */
void exact_sum_put(const struct exact_sum *sum, struct buf *out);
const char *exact_sum_get(struct exact_sum *sum, struct leb128_reader *r);

/*
 * Mean and standard deviation from the sum s1 of the values and the sum s2 of their squares: mean =
 * s1/(weight·scale), stddev = sqrt((weight·s2 − s1²)/weight²)/scale. The mean and the variance are
 * each rounded once, to nearest, ties to even. weight and scale are above 0. stddev may be NULL;
 * then s2 may be NULL too. *stddev is NaN if no values have these sums. False: out of memory.
 */
bool exact_sum_moments(const struct exact_sum *s1, const struct exact_sum *s2, uint64_t weight,
	uint64_t scale, double *mean, double *stddev);

#endif
