#include "stats/sketch.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "stats/leb128.h"
#include "util/base.h"
#include "util/base64.h"
#include "util/time.h"

#define VERSION "1:"
#define BYTES_MAX 65536

enum { HAS_ARRIVAL = 1, HAS_VALUES = 2, BY_TIME = 4, HAS_BUCKETS = 8, FLAGS_END = 16 };

/* --- writing -------------------------------------------------------------------------- */

static void put_value(struct buf *out, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	bits = htole64(bits);
	buf_add(out, &bits, sizeof(bits));
}

static void put_entries(struct buf *out, const struct sketch *s)
{
	struct quantile_entry entry[QUANTILE_EXACT_MAX];
	size_t n = quantile_entries(s->sample.quantile, entry);

	if (s->by_time)
		leb128_put(out, n);
	for (size_t i = 0; i < n; i++) {
		put_value(out, entry[i].x);
		if (s->by_time)
			leb128_put(out, entry[i].weight);
	}
}

/* The n buckets of one sign: how many, the index of the first, and the gap before each other. */
static void put_run(struct buf *out, const struct quantile_bucket *bucket, size_t n)
{
	leb128_put(out, n);
	for (size_t i = 0; i < n; i++) {
		if (i == 0)
			leb128_put_signed(out, bucket[i].index);
		else
			leb128_put(out, (uint64_t)(bucket[i].index - bucket[i - 1].index));
		leb128_put(out, bucket[i].weight);
	}
}

static void put_buckets(struct buf *out, struct quantile *q)
{
	struct quantile_buckets b;
	size_t nnegative = 0;

	quantile_buckets(q, &b);
	while (nnegative < b.n && b.bucket[nnegative].negative)
		nnegative++;
	leb128_put(out, b.level);
	leb128_put(out, b.zero);
	put_run(out, b.bucket, nnegative);
	put_run(out, b.bucket + nnegative, b.n - nnegative);
}

bool sketch_put(struct buf *out, const struct sketch *s)
{
	const struct sample *sample = &s->sample;
	bool buckets = sample->count && !sample_is_exact(sample);
	struct buf bytes = { 0 };
	bool ok;

	leb128_put(&bytes, (s->arrival_us != NO_TIME ? HAS_ARRIVAL : 0)
		| (sample->count ? HAS_VALUES : 0) | (s->by_time ? BY_TIME : 0)
		| (buckets ? HAS_BUCKETS : 0));
	if (s->arrival_us != NO_TIME)
		leb128_put(&bytes, (uint64_t)s->arrival_us);
	if (sample->count) {
		leb128_put(&bytes, sample->count);
		exact_sum_put(&sample->sum, &bytes);
		exact_sum_put(&sample->squares, &bytes);
		if (buckets)
			put_buckets(&bytes, sample->quantile);
		else
			put_entries(&bytes, s);
	}
	ok = !bytes.failed && buf_str(out, VERSION) && base64_put(out, bytes.data, bytes.len);
	buf_free(&bytes);
	return ok;
}

/* --- reading -------------------------------------------------------------------------- */

static double get_value(struct leb128_reader *r)
{
	uint64_t bits;
	double x;

	if (r->failed || r->end - r->at < (ptrdiff_t)sizeof(bits)) {
		r->failed = true;
		return 0;
	}
	memcpy(&bits, r->at, sizeof(bits));
	r->at += sizeof(bits);
	bits = le64toh(bits);
	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* Adds a weight to *sum. False: it is 0, or the sum is above the weight of all values. */
static bool count_weight(const struct sketch *s, uint64_t weight, uint64_t *sum)
{
	if (weight == 0 || weight > s->sample.count - *sum)
		return false;
	*sum += weight;
	return true;
}

static const char *get_entries(struct leb128_reader *r, struct sketch *s)
{
	uint64_t n = s->by_time ? leb128_get(r) : s->sample.count, sum = 0;
	double before = -INFINITY;

	if (n > QUANTILE_EXACT_MAX)
		return "it has too many values";
	for (uint64_t i = 0; i < n; i++) {
		double x = get_value(r);
		uint64_t weight = s->by_time ? leb128_get(r) : 1;

		if (r->failed || !isfinite(x) || (x == 0 && signbit(x)) || x < before
		    || (s->by_time && x == before) || !count_weight(s, weight, &sum))
			return "its values are malformed";
		if (!(s->by_time ? quantile_add_time : quantile_add)(s->sample.quantile, x,
			weight))
			return why_no_memory;
		before = x;
	}
	return sum == s->sample.count ? NULL : "its weights do not add up";
}

static const char *get_run(struct leb128_reader *r, const struct sketch *s, bool negative,
	struct quantile_buckets *b, uint64_t *sum)
{
	uint64_t n = leb128_get(r), gap;
	int64_t index = 0;

	if (n > QUANTILE_BUCKETS_MAX - b->n)
		return "it has too many buckets";
	for (uint64_t i = 0; i < n; i++) {
		gap = i ? leb128_get(r) : 0;
		if (i && (gap == 0 || gap > INT32_MAX))
			return "a gap between its buckets is out of range";
		index = i ? index + (int64_t)gap : leb128_get_signed(r);
		if (!quantile_has_bucket(b->level, index))
			return "the index of a bucket is out of range";
		b->bucket[b->n] = (struct quantile_bucket){ (int32_t)index, negative,
			leb128_get(r) };
		if (!count_weight(s, b->bucket[b->n++].weight, sum))
			return "its weights do not add up";
	}
	return NULL;
}

static const char *get_buckets(struct leb128_reader *r, struct sketch *s)
{
	struct quantile_buckets b = { .n = 0 };
	const uint64_t level = leb128_get(r);
	uint64_t sum = 0;
	const char *why;

	if (level > QUANTILE_LEVEL_MAX)
		return "its level is out of range";
	b.level = (unsigned)level;
	b.zero = leb128_get(r);
	if (b.zero && !count_weight(s, b.zero, &sum))
		return "its weights do not add up";
	why = get_run(r, s, true, &b, &sum);
	if (!why)
		why = get_run(r, s, false, &b, &sum);
	if (why)
		return why;
	if (sum != s->sample.count)
		return "its weights do not add up";
	return quantile_set_buckets(s->sample.quantile, &b) ? NULL : why_no_memory;
}

static const char *get_sample(struct leb128_reader *r, struct sketch *s, bool buckets)
{
	struct sample *sample = &s->sample;
	const char *why;

	sample->count = leb128_get(r);
	if (!sample->count)
		return "its weight is 0";
	sample->quantile = quantile_new();
	if (!sample->quantile)
		return why_no_memory;
	why = exact_sum_get(&sample->sum, r);
	if (!why)
		why = exact_sum_get(&sample->squares, r);
	if (why)
		return why;
	return buckets ? get_buckets(r, s) : get_entries(r, s);
}

static const char *get_bytes(struct leb128_reader *r, struct sketch *s)
{
	const uint64_t flags = leb128_get(r);
	uint64_t arrival;
	const char *why = NULL;

	if (r->failed || flags >= FLAGS_END || (flags & (HAS_VALUES | HAS_BUCKETS)) == HAS_BUCKETS)
		return "its flags are unknown";
	s->by_time = flags & BY_TIME;
	if (flags & HAS_ARRIVAL) {
		arrival = leb128_get(r);
		if (arrival >= INT64_MAX)
			return "its arrival is out of range";
		s->arrival_us = (int64_t)arrival;
	}
	if (flags & HAS_VALUES)
		why = get_sample(r, s, flags & HAS_BUCKETS);
	if (!why && (r->failed || r->at != r->end))
		return "it has not the length that it should have";
	return why;
}

const char *sketch_get(const char *text, size_t len, struct sketch *s)
{
	const size_t skip = sizeof(VERSION) - 1;
	unsigned char bytes[BYTES_MAX];
	struct leb128_reader r = { .at = bytes };
	size_t n;

	*s = (struct sketch){ .arrival_us = NO_TIME };
	if (len < skip || memcmp(text, VERSION, skip) != 0)
		return "its version is not 1";
	n = base64_size(text + skip, len - skip);
	if (n == 0 || len - skip > BYTES_MAX / 3 * 4 || !base64_get(bytes, text + skip, len - skip))
		return "it is not Base64";
	r.end = bytes + n;
	return get_bytes(&r, s);
}

void sketch_free(struct sketch *s)
{
	sample_free(&s->sample);
}
