#include "stats/quantile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/prefetch.h"

/*
 * Bucket i holds the |x| in (γ^(i−1), γ^i]; its bound is found in a table made by
 * multiplication alone, so that machines with other libms agree. At level L, 2^L buckets are
 * one: index ⌈i/2^L⌉, γ^(2^L).
 */
#define ALPHA 0.01
#define GAMMA (1.01 / 0.99)
#define BOUNDS_DOWN 35420	/* γ^-35420 is just below DBL_MIN, γ^35488 just above DBL_MAX */
#define BOUNDS_UP 35488	/* infinite, the one below is finite */
#define BOUNDS (BOUNDS_DOWN + BOUNDS_UP + 1)
#define EXPONENTS 2048
#define SLOTS_FIRST 128
#define PENDING_MAX 16
#define LINEAR_MAX 16
#define PLACE_BITS 7		/* twice as many places as entries */
#define PLACES (1u << PLACE_BITS)

const unsigned quantile_percent[QUANTILES] = { 50, 90, 95, 99 };

struct quantile_entry {
	double x;
	uint64_t weight;
};

struct slot {
	int32_t key;		/* index·2 + (negative); FREE_KEY: unused */
	uint32_t low, high;	/* of the weight: two halves keep a slot at 12 bytes */
};

#define FREE_KEY INT32_MIN

struct quantile {
	uint64_t weight;
	size_t nentry, capentry;	/* exact while slot is NULL */
	struct quantile_entry *entry;
	/* Where the entry of a value may stand, by its hash; 0: none, else its number from 1. Of
	 * those that weigh by time, once a look at each would be many; the first nplaced. */
	uint8_t *place;
	size_t nplaced;
	struct slot *slot;		/* open addressing, at most three quarters full */
	size_t nslot, used;
	unsigned level;
	uint64_t zero;
	double last_x;			/* the bucket of a repeated value is known */
	size_t last_slot;
	/* Values of weight 1 on their way into the buckets: a table that has left the processor's
	 * cache is fetched once for all of them. There is always room for what they need. */
	size_t npending;
	double *pending;		/* PENDING_MAX of them; NULL while exact */
};

/* The bounds, and where those of each binary exponent begin: constants, made as far as values
 * ask for them. Few do for more than a hundredth of the table. */
static struct {
	double *bound;			/* [low, high] are made */
	int32_t low, high;
	unsigned first_from, first_to;	/* [first_from, first_to] are known */
	int32_t first[EXPONENTS + 1];
} bounds;

static unsigned exponent_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (unsigned)(bits >> 52) & (EXPONENTS - 1);
}

static bool bounds_begin(void)
{
	if (bounds.bound)
		return true;
	bounds.bound = malloc(BOUNDS * sizeof(*bounds.bound));
	if (!bounds.bound)
		return false;
	bounds.low = bounds.high = BOUNDS_DOWN;
	bounds.bound[BOUNDS_DOWN] = 1;
	bounds.first_from = bounds.first_to = exponent_of(1);
	bounds.first[bounds.first_from] = BOUNDS_DOWN;
	return true;
}

static double bound_at(int32_t i)
{
	double *bound = bounds.bound;

	for (; bounds.high < i; bounds.high++)
		bound[bounds.high + 1] = bound[bounds.high] * GAMMA;
	for (; bounds.low > i; bounds.low--)
		bound[bounds.low - 1] = bound[bounds.low] / GAMMA;
	return bound[i];
}

/* Makes the bounds of that binary exponent, and knows where they begin and end. */
static void bounds_reach(unsigned e)
{
	int32_t i;

	for (; bounds.first_to < e + 1; bounds.first_to++) {
		for (i = bounds.first[bounds.first_to];
		     exponent_of(bound_at(i)) <= bounds.first_to; )
			i++;
		bounds.first[bounds.first_to + 1] = i;
	}
	for (; bounds.first_from > e; bounds.first_from--) {
		for (i = bounds.first[bounds.first_from];
		     exponent_of(bound_at(i - 1)) >= bounds.first_from - 1; )
			i--;
		bounds.first[bounds.first_from - 1] = i;
	}
}

/*
 * The first bucket whose bound is at least |x|, at level 0. A parabola near log2 says where
 * to look among those of x's binade; comparisons with the bounds alone decide.
 */
static int32_t bucket_of(double x)
{
	unsigned e = exponent_of(x);
	int32_t lo, hi, at;
	uint64_t bits;
	double part;

	bounds_reach(e);
	lo = bounds.first[e];
	hi = bounds.first[e + 1];
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

/* ⌈i/2⌉ for either sign, `times` times. */
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
	free(q->place);
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
	q->last_slot = at;
}

/* Makes room for n buckets; at most one above the bound is ever in use. */
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
	q->last_x = 0;
	return true;
}

/* Joins neighbours `times` times, in place: it cannot fail. */
static void join(struct quantile *q, unsigned times)
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
	q->last_x = 0;
}

/* Into the bucket that holds the one of that index at `level`; there is room for one more. */
static void bucket_add(struct quantile *q, int32_t index, bool negative, uint64_t weight,
	unsigned level)
{
	slot_put(q, join_index(index, q->level - level) * 2 + negative, weight);
	while (q->used > QUANTILE_BUCKETS_MAX)
		join(q, 1);
}

static bool sketch_add(struct quantile *q, double x, uint64_t weight)
{
	unsigned level;

	if (x == q->last_x && x != 0) {
		slot_add(&q->slot[q->last_slot], weight);
		return true;
	}
	if (fabs(x) < DBL_MIN) {
		q->zero += weight;
		return true;
	}
	if (!slots_reserve(q, q->used + 1))
		return false;
	level = q->level;
	bucket_add(q, bucket_of(x), x < 0, weight, 0);
	if (q->level == level)
		q->last_x = x;
	return true;
}

/* The exact values become buckets; with room for n further ones. */
static bool to_sketch(struct quantile *q, size_t n)
{
	struct quantile sketch = { .weight = q->weight };

	if (q->slot)
		return slots_reserve(q, q->used + n);
	sketch.pending = calloc(PENDING_MAX, sizeof(*sketch.pending));
	if (!sketch.pending || !bounds_begin() || !slots_reserve(&sketch, q->nentry + n)) {
		free(sketch.pending);
		return false;
	}
	for (size_t i = 0; i < q->nentry; i++)
		sketch_add(&sketch, q->entry[i].x, q->entry[i].weight);
	free(q->entry);
	free(q->place);
	*q = sketch;
	return true;
}

/* Most fields of most windows need few entries. */
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
 * The values that wait become counts of buckets; nothing is allocated for it. Where each goes
 * is asked of memory first, for all of them at once: waiting for one after the other was a
 * sixth of a run's time.
 */
static void flush(struct quantile *q)
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
	q->last_x = 0;
}

/* Room in the buckets is made for all that may wait, when the first one comes. */
static bool pending_add(struct quantile *q, double x)
{
	if (q->npending == PENDING_MAX)
		flush(q);
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

/* The few values of an exact one, all or none of them. */
static bool merge_entries(struct quantile *into, const struct quantile *from)
{
	size_t n = into->nentry + from->nentry;

	if (!into->slot && n <= QUANTILE_EXACT_MAX) {
		if (!entries_reserve(into, n))
			return false;
	} else if (!to_sketch(into, from->nentry + PENDING_MAX)) {
		return false;
	}
	for (size_t i = 0; i < from->nentry; i++)	/* there is room, so it goes well */
		quantile_add(into, from->entry[i].x, from->entry[i].weight);
	return true;
}

/* The place of the entry with that value, or the free one that it would take. */
static uint8_t *place_of(const struct quantile *q, double x)
{
	uint64_t bits;
	size_t i;

	x += 0.0;	/* -0 is equal to 0 */
	memcpy(&bits, &x, sizeof(bits));
	i = (size_t)(bits * 0x9E3779B97F4A7C15u >> (64 - PLACE_BITS));	/* low bits are mostly 0 */
	while (q->place[i] && q->entry[q->place[i] - 1].x != x)
		i = (i + 1) & (PLACES - 1);
	return &q->place[i];
}

/* The entry with that value; *ok false: no memory. */
static struct quantile_entry *find_entry(struct quantile *q, double x, bool *ok)
{
	uint8_t *place;

	*ok = true;
	if (q->nentry <= LINEAR_MAX) {
		for (size_t i = 0; i < q->nentry; i++)
			if (q->entry[i].x == x)
				return &q->entry[i];
		return NULL;
	}
	if (!q->place && !(q->place = calloc(PLACES, sizeof(*q->place)))) {
		*ok = false;
		return NULL;
	}
	for (; q->nplaced < q->nentry; q->nplaced++) {
		place = place_of(q, q->entry[q->nplaced].x);
		if (!*place)
			*place = (uint8_t)(q->nplaced + 1);
	}
	place = place_of(q, x);
	return *place ? &q->entry[*place - 1] : NULL;
}

void quantile_prefetch(const struct quantile *q)
{
	prefetch_for_write(q->place, PLACES);
	prefetch_for_write(q->entry, q->nentry * sizeof(*q->entry));
}

/* A value that has an entry already adds to that one's weight. */
bool quantile_add_time(struct quantile *q, double x, uint64_t weight)
{
	bool ok;
	struct quantile_entry *e = find_entry(q, x, &ok);

	if (!e)
		return ok && quantile_add(q, x, weight);
	e->weight += weight;
	q->weight += weight;
	return true;
}

bool quantile_merge(struct quantile *into, struct quantile *from)
{
	flush(into);
	flush(from);
	if (!from->slot)
		return merge_entries(into, from);
	if (!to_sketch(into, from->used))
		return false;
	if (into->level < from->level)
		join(into, from->level - into->level);
	for (size_t i = 0; i < from->nslot; i++) {
		const struct slot *s = &from->slot[i];

		if (s->key != FREE_KEY)
			bucket_add(into, s->key >> 1, s->key & 1, slot_weight(s), from->level);
	}
	into->last_x = 0;
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
 * 2γ^i/(1+γ) of the level's γ and index. Of the topmost bucket the bound is above DBL_MAX, its
 * value mostly not, so that is taken from the bound below.
 */
static double bucket_value(const struct quantile *q, int32_t index)
{
	int64_t width = INT64_C(1) << q->level, at = index * width + BOUNDS_DOWN;
	double gamma = GAMMA;

	for (unsigned l = 0; l < q->level; l++)
		gamma *= gamma;
	if (at < BOUNDS - 1)
		return bound_at((int32_t)at) / (1 + gamma) * 2;
	return bound_at((int32_t)(at - width)) / (1 + gamma) * 2 * gamma;
}

static int by_key(const void *a, const void *b)
{
	int32_t x = ((const struct slot *)a)->key, y = ((const struct slot *)b)->key;

	return (x > y) - (x < y);
}

/* The values in order, each with its weight: of the entries, or of the buckets. */
static size_t entries_of(const struct quantile *q, struct quantile_entry *out)
{
	struct slot sorted[QUANTILE_BUCKETS_MAX + 1];
	size_t n = 0, k = 0;

	if (!q->slot) {
		memcpy(out, q->entry, q->nentry * sizeof(*out));
		qsort(out, q->nentry, sizeof(*out), by_value);
		return q->nentry;
	}
	for (size_t i = 0; i < q->nslot; i++)
		if (q->slot[i].key != FREE_KEY)
			sorted[n++] = q->slot[i];
	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = n; i-- > 0; )
		if (sorted[i].key & 1)
			out[k++] = (struct quantile_entry){ -bucket_value(q, sorted[i].key >> 1),
				slot_weight(&sorted[i]) };
	if (q->zero)
		out[k++] = (struct quantile_entry){ 0, q->zero };
	for (size_t i = 0; i < n; i++)
		if (!(sorted[i].key & 1))
			out[k++] = (struct quantile_entry){ bucket_value(q, sorted[i].key >> 1),
				slot_weight(&sorted[i]) };
	return k;
}

void quantile_at(struct quantile *q, const unsigned *percent, size_t n, double min, double max,
	double *out)
{
	struct quantile_entry entry[QUANTILE_BUCKETS_MAX + 2];
	uint64_t whole = q->weight / 100, part = q->weight % 100, seen = 0;
	size_t at = 0, nentry;

	flush(q);
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

	flush(q);
	if (!q->slot)
		return 0;
	for (unsigned l = 0; l < q->level; l++)
		a = 2 * a / (1 + a * a);
	return a;
}
