#include "stats/quantile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bucket i holds the values whose |x| is in (γ^(i−1), γ^i]. The bounds are in a table that is
 * computed without libm, so that all machines get the same ones. At level L, 2^L buckets are joined
 * into one: bucket i becomes part of bucket ⌈i/2^L⌉, and γ becomes γ^(2^L).
 */
#define ALPHA 0.01
#define GAMMA (1.01 / 0.99)
#define BOUNDS_DOWN 35420	/* γ^-35420 is just below DBL_MIN, γ^35488 just above DBL_MAX */
#define BOUNDS_UP 35488	/* γ^35487 is finite, γ^35488 infinite */
#define BOUNDS (BOUNDS_DOWN + BOUNDS_UP + 1)
#define EXPONENTS 2048
#define SLOTS_FIRST 128
#define PENDING_MAX 16
#define GUESSES 64		/* quantile_add_time finds most values without a search */

const unsigned quantile_percent[QUANTILES] = { 50, 90, 95, 99 };

struct slot {
	int32_t key;		/* 2·index, plus 1 for negative values; FREE_KEY: unused */
	uint32_t low, high;	/* halves of the weight, so that a slot has 12 bytes */
};

#define FREE_KEY INT32_MIN

struct quantile {
	uint64_t weight;
	bool timed;			/* has values of quantile_add_time */
	size_t nentry, capentry;	/* used while slot is NULL: quantiles are exact */
	struct quantile_entry *entry;
	uint8_t guess[GUESSES];		/* by a hash of the value: the index of its entry, unless
					 * the values of two entries share this place */
	struct slot *slot;		/* a hash table with open addressing, at most 3/4 full */
	size_t nslot, used;
	unsigned level;
	uint64_t zero;
	/* Values of weight 1 that are not yet counted in their buckets: counting several at once
	 * costs fewer cache misses. The table has room for all of them. */
	size_t npending;
	double *pending;		/* PENDING_MAX of them; NULL while slot is NULL */
};

/* The bounds of the buckets, and for each binary exponent the index of the first bound that has it
 * or a greater one. These are constants; compute_bounds fills them in for the first sketch. */
static struct {
	double bound[BOUNDS];
	int32_t first[EXPONENTS];
} bounds;

static unsigned exponent_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (unsigned)(bits >> 52) & (EXPONENTS - 1);
}

static void compute_bounds(void)
{
	unsigned e = 0;

	if (bounds.bound[BOUNDS_DOWN] == 1)
		return;
	bounds.bound[BOUNDS_DOWN] = 1;
	for (size_t i = BOUNDS_DOWN; i + 1 < BOUNDS; i++)
		bounds.bound[i + 1] = bounds.bound[i] * GAMMA;
	for (size_t i = BOUNDS_DOWN; i > 0; i--)
		bounds.bound[i - 1] = bounds.bound[i] / GAMMA;
	for (int32_t i = 0; i < BOUNDS; i++)
		while (e <= exponent_of(bounds.bound[i]))
			bounds.first[e++] = i;
}

/*
 * Finds the bucket of x at level 0: the first one whose bound is at least |x|. Among the bounds
 * with the binary exponent of x, a parabola close to log2 gives a first guess, and comparisons with
 * the bounds correct it.
 */
static int32_t bucket_of(double x)
{
	unsigned e = exponent_of(x);
	int32_t lo = bounds.first[e], hi = bounds.first[e + 1], at;
	uint64_t bits;
	double part;

	x = fabs(x);
	memcpy(&bits, &x, sizeof(bits));
	part = (double)(bits & ((UINT64_C(1) << 52) - 1)) * 0x1p-52;
	at = lo + (int32_t)((hi - lo) * (part + 0.343 * part * (1 - part)));
	while (at > lo && bounds.bound[at - 1] >= x)
		at--;
	while (at < hi && bounds.bound[at] < x)
		at++;
	return at - BOUNDS_DOWN;
}

/* Computes ⌈i/2⌉, `times` times; i may be negative. */
static int32_t join_index(int32_t i, unsigned times)
{
	while (times--)
		i = (i + 1) >> 1;
	return i;
}

struct quantile *quantile_new(void)
{
	return calloc(1, sizeof(struct quantile));
}

void quantile_free(struct quantile *q)
{
	if (!q)
		return;
	free(q->entry);
	free(q->slot);
	free(q->pending);
	free(q);
}

static uint64_t slot_weight(const struct slot *s)
{
	return (uint64_t)s->high << 32 | s->low;
}

static void slot_add(struct slot *s, uint64_t weight)
{
	weight += slot_weight(s);
	s->low = (uint32_t)weight;
	s->high = (uint32_t)(weight >> 32);
}

/* --- buckets ------------------------------------------------------------------------ */

static size_t slot_home(size_t nslot, int32_t key)
{
	return ((uint32_t)key * 2654435769u >> 7) & (nslot - 1);
}

static size_t slot_of(const struct slot *slot, size_t nslot, int32_t key)
{
	size_t i = slot_home(nslot, key);

	while (slot[i].key != key && slot[i].key != FREE_KEY)
		i = (i + 1) & (nslot - 1);
	return i;
}

static struct slot *slots_new(size_t n)
{
	struct slot *slot = calloc(n, sizeof(*slot));

	for (size_t i = 0; slot && i < n; i++)
		slot[i].key = FREE_KEY;
	return slot;
}

static void slot_put(struct quantile *q, int32_t key, uint64_t weight)
{
	size_t at = slot_of(q->slot, q->nslot, key);

	q->used += q->slot[at].key == FREE_KEY;
	q->slot[at].key = key;
	slot_add(&q->slot[at], weight);
}

/* Makes room for n buckets. No more than QUANTILE_BUCKETS_MAX + 1 are ever in use. */
static bool slots_reserve(struct quantile *q, size_t n)
{
	struct slot *old = q->slot;
	size_t nold = q->nslot, nslot = nold ? nold : SLOTS_FIRST;

	if (n > QUANTILE_BUCKETS_MAX + 1)
		n = QUANTILE_BUCKETS_MAX + 1;
	while (4 * n > 3 * nslot)
		nslot *= 2;
	if (nslot == nold)
		return true;
	q->slot = slots_new(nslot);
	if (!q->slot) {
		q->slot = old;
		return false;
	}
	q->nslot = nslot;
	q->used = 0;
	for (size_t i = 0; i < nold; i++)
		if (old[i].key != FREE_KEY)
			slot_put(q, old[i].key, slot_weight(&old[i]));
	free(old);
	return true;
}

/* Joins pairs of neighbouring buckets, `times` times. Works in place, so it cannot fail. */
static void join_neighbours(struct quantile *q, unsigned times)
{
	struct slot kept[QUANTILE_BUCKETS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < q->nslot; i++) {
		if (q->slot[i].key != FREE_KEY)
			kept[n++] = q->slot[i];
		q->slot[i] = (struct slot){ .key = FREE_KEY };
	}
	q->used = 0;
	for (size_t i = 0; i < n; i++)
		slot_put(q, join_index(kept[i].key >> 1, times) * 2 + (kept[i].key & 1),
			slot_weight(&kept[i]));
	q->level += times;
}

/* Adds weight to the bucket that bucket `index` of `level` is part of. There has to be room for a
 * new bucket. */
static void bucket_add(struct quantile *q, int32_t index, bool negative, uint64_t weight,
	unsigned level)
{
	slot_put(q, join_index(index, q->level - level) * 2 + negative, weight);
	while (q->used > QUANTILE_BUCKETS_MAX)
		join_neighbours(q, 1);
}

static bool sketch_add(struct quantile *q, double x, uint64_t weight)
{
	if (fabs(x) < DBL_MIN) {
		q->zero += weight;
		return true;
	}
	if (!slots_reserve(q, q->used + 1))
		return false;
	bucket_add(q, bucket_of(x), x < 0, weight, 0);
	return true;
}

/* Moves the exact values, if there are any, to buckets, and makes room for n more buckets. */
static bool to_sketch(struct quantile *q, size_t n)
{
	struct quantile sketch = { .weight = q->weight, .timed = q->timed };

	if (q->slot)
		return slots_reserve(q, q->used + n);
	sketch.pending = calloc(PENDING_MAX, sizeof(*sketch.pending));
	if (!sketch.pending || !slots_reserve(&sketch, q->nentry + n)) {
		free(sketch.pending);
		return false;
	}
	compute_bounds();
	for (size_t i = 0; i < q->nentry; i++)
		sketch_add(&sketch, q->entry[i].x, q->entry[i].weight);
	free(q->entry);
	*q = sketch;
	return true;
}

/* Makes room for n entries. Begins with few, because most series have few values in a window. */
static bool entries_reserve(struct quantile *q, size_t n)
{
	size_t cap = q->capentry ? q->capentry : 4;
	struct quantile_entry *entry;

	if (n <= q->capentry)
		return true;
	while (cap < n)
		cap *= cap == 4 ? 4 : 2;
	entry = reallocarray(q->entry, cap, sizeof(*entry));
	if (!entry)
		return false;
	q->entry = entry;
	q->capentry = cap;
	return true;
}

static bool entry_add(struct quantile *q, double x, uint64_t weight)
{
	if (!entries_reserve(q, q->nentry + 1))
		return false;
	q->entry[q->nentry++] = (struct quantile_entry){ x, weight };
	return true;
}

/*
 * Counts the pending values in their buckets. Allocates nothing. It prefetches all their slots
 * first: waiting for one cache miss after the other took a sixth of the time of a run.
 */
static void flush_pending(struct quantile *q)
{
	size_t n = q->npending;
	int32_t index[PENDING_MAX] = { 0 };

	for (size_t i = 0; i < n; i++) {
		double x = q->pending[i];
		int32_t key;

		if (fabs(x) < DBL_MIN)
			continue;
		index[i] = bucket_of(x);
		key = join_index(index[i], q->level) * 2 + (x < 0);
		__builtin_prefetch(&q->slot[slot_home(q->nslot, key)], 1);
	}
	for (size_t i = 0; i < n; i++) {
		double x = q->pending[i];

		if (fabs(x) < DBL_MIN)
			q->zero++;
		else
			bucket_add(q, index[i], x < 0, 1, 0);
	}
	q->npending = 0;
}

/* Adds a value to the pending ones. The first one makes room for PENDING_MAX new buckets. */
static bool pending_add(struct quantile *q, double x)
{
	if (q->npending == PENDING_MAX)
		flush_pending(q);
	if (!q->npending && !slots_reserve(q, q->used + PENDING_MAX))
		return false;
	q->pending[q->npending++] = x;
	return true;
}

bool quantile_add(struct quantile *q, double x, uint64_t weight)
{
	bool ok;

	if (!q->slot && q->nentry < QUANTILE_EXACT_MAX)
		ok = entry_add(q, x, weight);
	else if (!q->slot && !to_sketch(q, 1))
		ok = false;
	else if (weight == 1)
		ok = pending_add(q, x);
	else
		ok = slots_reserve(q, q->used + q->npending + 1) && sketch_add(q, x, weight);
	if (ok)
		q->weight += weight;
	return ok;
}

/* Where the index of the entry with that value is noted. */
static uint8_t *guess_of(struct quantile *q, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return &q->guess[bits * 0x9E3779B97F4A7C15u >> 58];	/* the low bits are often 0 */
}

/* The index of the entry with that value; nentry: there is none. */
static size_t entry_of(const struct quantile *q, double x)
{
	size_t i = 0;

	while (i < q->nentry && q->entry[i].x != x)
		i++;
	return i;
}

bool quantile_add_time(struct quantile *q, double x, uint64_t weight)
{
	uint8_t *guess = guess_of(q, x);
	size_t i = *guess;

	q->timed = true;
	if (i >= q->nentry || q->entry[i].x != x)
		i = entry_of(q, x);
	if (i == q->nentry)
		return quantile_add(q, x, weight);
	*guess = (uint8_t)i;
	q->entry[i].weight += weight;
	q->weight += weight;
	return true;
}

/* How many entries quantile_add_time would make for the values of `from`. */
static size_t count_new(const struct quantile *into, const struct quantile *from)
{
	size_t n = 0;

	for (size_t i = 0; i < from->nentry; i++)
		n += entry_of(into, from->entry[i].x) == into->nentry;
	return n;
}

/* Adds the values of `from`, which has no buckets. Adds all of them or, out of memory, none. */
static bool merge_entries(struct quantile *into, const struct quantile *from)
{
	size_t n = into->nentry + (from->timed ? count_new(into, from) : from->nentry);

	if (!into->slot && n <= QUANTILE_EXACT_MAX) {
		if (!entries_reserve(into, n))
			return false;
	} else if (!to_sketch(into, from->nentry + PENDING_MAX)) {
		return false;
	}
	for (size_t i = 0; i < from->nentry; i++)	/* cannot fail: there is room */
		(from->timed ? quantile_add_time : quantile_add)(into, from->entry[i].x,
			from->entry[i].weight);
	return true;
}

bool quantile_merge(struct quantile *into, struct quantile *from)
{
	flush_pending(into);
	flush_pending(from);
	if (!from->slot)
		return merge_entries(into, from);
	if (!to_sketch(into, from->used))
		return false;
	if (into->level < from->level)
		join_neighbours(into, from->level - into->level);
	for (size_t i = 0; i < from->nslot; i++) {
		const struct slot *s = &from->slot[i];

		if (s->key != FREE_KEY)
			bucket_add(into, s->key >> 1, s->key & 1, slot_weight(s), from->level);
	}
	into->zero += from->zero;
	into->weight += from->weight;
	return true;
}

/* --- reading ------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
	double x = ((const struct quantile_entry *)a)->x, y = ((const struct quantile_entry *)b)->x;

	return (x > y) - (x < y);
}

/*
 * The value that stands for a bucket: 2γ^i/(1+γ), with γ and i of the current level. For the
 * topmost bucket it is computed from the bound below, because its own bound may be above DBL_MAX.
 */
static double bucket_value(const struct quantile *q, int32_t index)
{
	int64_t width = INT64_C(1) << q->level, at = index * width + BOUNDS_DOWN;
	double gamma = GAMMA;

	for (unsigned l = 0; l < q->level; l++)
		gamma *= gamma;
	if (at < BOUNDS - 1)
		return bounds.bound[at] / (1 + gamma) * 2;
	return bounds.bound[at - width] / (1 + gamma) * 2 * gamma;
}

static int by_sign_and_index(const void *a, const void *b)
{
	const struct quantile_bucket *x = a, *y = b;

	if (x->negative != y->negative)
		return y->negative - x->negative;
	return (x->index > y->index) - (x->index < y->index);
}

void quantile_buckets(struct quantile *q, struct quantile_buckets *out)
{
	flush_pending(q);
	out->level = q->level;
	out->zero = q->zero;
	out->n = 0;
	for (size_t i = 0; i < q->nslot; i++)
		if (q->slot[i].key != FREE_KEY)
			out->bucket[out->n++] = (struct quantile_bucket){
				.index = q->slot[i].key >> 1,
				.negative = q->slot[i].key & 1,
				.weight = slot_weight(&q->slot[i])
			};
	qsort(out->bucket, out->n, sizeof(out->bucket[0]), by_sign_and_index);
}

size_t quantile_entries(const struct quantile *q, struct quantile_entry out[QUANTILE_EXACT_MAX])
{
	memcpy(out, q->entry, q->nentry * sizeof(*out));
	qsort(out, q->nentry, sizeof(*out), by_value);
	return q->nentry;
}

/* Writes the values and their weights, from the entries or the buckets, in rising order. Returns
 * how many. */
static size_t entries_of(struct quantile *q, struct quantile_entry *out)
{
	struct quantile_buckets b;
	size_t negative = 0, k = 0;

	if (!q->slot)
		return quantile_entries(q, out);
	quantile_buckets(q, &b);
	while (negative < b.n && b.bucket[negative].negative)
		negative++;
	for (size_t i = negative; i-- > 0; )
		out[k++] = (struct quantile_entry){ -bucket_value(q, b.bucket[i].index),
			b.bucket[i].weight };
	if (b.zero)
		out[k++] = (struct quantile_entry){ 0, b.zero };
	for (size_t i = negative; i < b.n; i++)
		out[k++] = (struct quantile_entry){ bucket_value(q, b.bucket[i].index),
			b.bucket[i].weight };
	return k;
}

void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out)
{
	struct quantile_entry entry[QUANTILE_BUCKETS_MAX + 2];
	uint64_t whole = q->weight / 100, part = q->weight % 100, seen = 0;
	size_t at = 0, nentry;

	nentry = entries_of(q, entry);
	for (size_t i = 0; i < n; i++) {
		uint64_t rank = whole * percent[i] + (part * percent[i] + 99) / 100;

		while (at < nentry && seen + entry[at].weight < rank)
			seen += entry[at++].weight;
		out[i] = at == nentry || entry[at].x > max ? max
			: entry[at].x < min ? min : entry[at].x;
	}
}

bool quantile_is_exact(const struct quantile *q)
{
	return !q->slot;
}

double quantile_accuracy(struct quantile *q)
{
	double a = ALPHA;

	flush_pending(q);
	if (!q->slot)
		return 0;
	for (unsigned l = 0; l < q->level; l++)
		a = 2 * a / (1 + a * a);
	return a;
}

/* --- buckets that were read --------------------------------------------------------- */

bool quantile_has_bucket(unsigned level, int64_t index)
{
	return level <= QUANTILE_LEVEL_MAX && index >= join_index(-BOUNDS_DOWN, level)
		&& index <= join_index(BOUNDS_UP, level);
}

bool quantile_set_buckets(struct quantile *q, const struct quantile_buckets *from)
{
	if (!to_sketch(q, from->n))
		return false;
	q->level = from->level;
	q->zero = from->zero;
	q->weight = from->zero;
	for (size_t i = 0; i < from->n; i++) {
		const struct quantile_bucket *b = &from->bucket[i];

		slot_put(q, b->index * 2 + b->negative, b->weight);
		q->weight += b->weight;
	}
	return true;
}
