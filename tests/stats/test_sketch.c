/* The bytes of a sample: what is written is read, merging them is exact, and nothing else is. */
#include <float.h>
#include <math.h>

#include "stats/sketch.h"
#include "tests/support/check.h"
#include "tests/support/random.h"
#include "util/base64.h"
#include "util/time.h"

/* --- LEB128 ------------------------------------------------------------------------- */

static const uint64_t unsigned_numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT64_MAX - 1,
	UINT64_MAX, UINT64_C(1) << 63 };
static const int64_t signed_numbers[] = { 0, 1, -1, 63, 64, -64, -65, 8191, -8193, INT64_MAX,
	INT64_MIN };

TEST(leb128__numbers_are_read_as_written)
{
	struct buf b = { 0 };
	struct leb128_reader r;

	for (size_t i = 0; i < ARRAY_LEN(unsigned_numbers); i++)
		leb128_put(&b, unsigned_numbers[i]);
	for (size_t i = 0; i < ARRAY_LEN(signed_numbers); i++)
		leb128_put_signed(&b, signed_numbers[i]);
	r = (struct leb128_reader){ .at = (unsigned char *)b.data,
		.end = (unsigned char *)b.data + b.len };
	for (size_t i = 0; i < ARRAY_LEN(unsigned_numbers); i++)
		assert_true(leb128_get(&r) == unsigned_numbers[i]);
	for (size_t i = 0; i < ARRAY_LEN(signed_numbers); i++)
		assert_true(leb128_get_signed(&r) == signed_numbers[i]);
	assert_false(r.failed);
	assert_ptr_equal(r.at, r.end);
	buf_free(&b);
}

TEST(leb128__a_number_has_one_form)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool is_signed, ok;
	} cases[] = {
		{ "\x00", 1, false, true },
		{ "\x80\x00", 2, false, false },		/* 0 in two bytes */
		{ "\x81\x00", 2, false, false },
		{ "\xff\x01", 2, false, true },
		{ "\x80", 1, false, false },			/* cut off */
		{ "", 0, false, false },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, false, true },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, false },
		{ "\xff\x00", 2, true, true },			/* 127 */
		{ "\xbf\x00", 2, true, false },			/* 63 */
		{ "\xff\x7f", 2, true, false },			/* -1 */
		{ "\x80\x7f", 2, true, true },			/* -128 */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, false }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const unsigned char *at = (const unsigned char *)cases[i].bytes;
		struct leb128_reader r = { .at = at, .end = at + cases[i].n };

		if (cases[i].is_signed)
			leb128_get_signed(&r);
		else
			leb128_get(&r);
		assert_int_equal(!r.failed, cases[i].ok);
	}
}

/* --- sums --------------------------------------------------------------------------- */

static const char *add_bytes(struct exact_sum *to, const void *bytes, size_t n)
{
	struct leb128_reader r = { .at = bytes, .end = (const unsigned char *)bytes + n };

	return exact_sum_get(to, &r);
}

static void assert_sum_bytes(const struct exact_sum *sum, const char *bytes, size_t n)
{
	struct buf b = { 0 };

	exact_sum_put(sum, &b);
	assert_int_equal(b.len, n);
	assert_memory_equal(b.data, bytes, n);
	buf_free(&b);
}

TEST(exact_sum__bytes_are_an_odd_mantissa_and_an_exponent)
{
	static const struct {
		double x;
		const char *bytes;
		size_t n;
	} cases[] = {
		{ 0, "\x00\x00", 2 },
		{ 1, "\x01\x00", 2 },
		{ -1, "\x7f\x00", 2 },
		{ -2, "\x7f\x01", 2 },
		{ 12, "\x03\x02", 2 },
		{ 0.5, "\x01\x7f", 2 },
		{ -0.75, "\x7d\x7e", 2 },
		{ 63, "\x3f\x00", 2 },
		{ 127, "\xff\x00\x00", 3 },
		{ 0x1p40, "\x01\x28", 2 },
		{ -0x1p40, "\x7f\x28", 2 },
		{ -0x1p-1074, "\x7f\xce\x77", 3 }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct exact_sum sum = { 0 }, split = { 0 };

		assert_true(exact_sum_add(&sum, cases[i].x, 1));
		assert_sum_bytes(&sum, cases[i].bytes, cases[i].n);
		/* limbs that cancel each other change nothing */
		assert_true(exact_sum_add(&split, 1e300, 1) && exact_sum_add(&split, cases[i].x, 1)
			&& exact_sum_add(&split, 1e-300, 1) && exact_sum_add(&split, -1e300, 1)
			&& exact_sum_add(&split, -1e-300, 1));
		assert_sum_bytes(&split, cases[i].bytes, cases[i].n);
		exact_sum_free(&split);
		assert_null(add_bytes(&split, cases[i].bytes, cases[i].n));
		assert_sum_bytes(&split, cases[i].bytes, cases[i].n);
		exact_sum_free(&sum);
		exact_sum_free(&split);
	}
}

TEST(exact_sum__extremes_are_read_as_written)
{
	static const double x[] = { DBL_MAX, DBL_MIN, 0x1p-1074, 0.1, 1e22, 3 };

	for (size_t i = 0; i < ARRAY_LEN(x); i++)
		for (int squared = 0; squared < 2; squared++) {
			struct exact_sum sum = { 0 }, copy = { 0 };
			struct buf b = { 0 };

			assert_true((squared ? exact_sum_add_square : exact_sum_add)(&sum,
				squared ? x[i] : -x[i], UINT64_MAX));
			exact_sum_put(&sum, &b);
			assert_null(add_bytes(&copy, b.data, b.len));
			assert_sum_bytes(&copy, b.data, b.len);
			exact_sum_free(&sum);
			exact_sum_free(&copy);
			buf_free(&b);
		}
}

TEST(exact_sum__refuses_bytes_of_another_form)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "\x02\x00", 2 },		/* even */
		{ "\x00\x01", 2 },		/* a zero with an exponent */
		{ "\x01", 1 },			/* no exponent */
		{ "\x01\xff\xff\x00", 4 },	/* 2^16383 */
		{ "\x01\x80\x80\x7e", 4 }	/* 2^-32768 */
	};
	char wide[700];
	struct exact_sum sum = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_non_null(add_bytes(&sum, cases[i].bytes, cases[i].n));
	memset(wide, 0xff, sizeof(wide));
	wide[sizeof(wide) - 2] = 1;
	wide[sizeof(wide) - 1] = 0;
	assert_non_null(add_bytes(&sum, wide, sizeof(wide)));
	assert_sum_bytes(&sum, "\0", 2);
	exact_sum_free(&sum);
}

/* No values have a sum of 10 and squares of 1. */
TEST(exact_sum__impossible_moments_are_not_a_number)
{
	static const double scale[] = { 1, 0.1 };

	for (size_t i = 0; i < 2; i++) {
		struct exact_sum s1 = { 0 }, s2 = { 0 };
		double mean = 0, stddev = 0;

		assert_true(exact_sum_add(&s1, 10 * scale[i], 1)
			&& exact_sum_add(&s2, 1 * scale[i] * scale[i], 1)
			&& exact_sum_moments(&s1, &s2, 2, 1, &mean, &stddev));
		assert_true(isnan(stddev));
		exact_sum_free(&s1);
		exact_sum_free(&s2);
	}
}

/* --- samples ------------------------------------------------------------------------ */

static double draw(int shape)
{
	double u = random_unit();

	switch (shape) {
	case 0:
		return floor(u * 20);
	case 1:
		return u * 1000 - 300;
	case 2:
		return exp(u * 1400 - 700) * (random_u64() & 1 ? 1 : -1);
	default:
		return random_u64() % 3 ? 0 : u * 1e-310;
	}
}

static void add_draws(struct sketch *s, int shape, size_t n)
{
	while (n-- > 0) {
		double x = draw(shape);

		assert_true(s->by_time ? sample_add_time(&s->sample, x, 1 + random_u64() % 1000)
			: sample_add(&s->sample, x));
	}
}

static void assert_same_bytes(const struct sketch *a, const struct sketch *b)
{
	struct buf x = { 0 }, y = { 0 };

	assert_true(sketch_put(&x, a) && sketch_put(&y, b));
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	buf_free(&x);
	buf_free(&y);
}

static struct sketch copy_of(const struct sketch *s)
{
	struct sketch copy;
	struct buf text = { 0 };

	assert_true(sketch_put(&text, s));
	assert_null(sketch_get(text.data, text.len, &copy));
	buf_free(&text);
	return copy;
}

static const size_t sizes[] = { 0, 1, 2, 30, 64, 65, 66, 300, 5000 };

TEST(sketch__is_read_as_written)
{
	for (int shape = 0; shape < 4; shape++)
		for (size_t k = 0; k < 2 * ARRAY_LEN(sizes); k++) {
			struct sketch s = { .by_time = k & 1, .arrival_us = k % 3
				? (int64_t)(random_u64() >> 14) : NO_TIME }, copy;

			add_draws(&s, shape, sizes[k / 2]);
			copy = copy_of(&s);
			assert_int_equal(copy.arrival_us, s.arrival_us);
			assert_int_equal(copy.by_time, s.by_time);
			assert_int_equal(copy.sample.count, s.sample.count);
			assert_same_bytes(&s, &copy);
			sketch_free(&s);
			sketch_free(&copy);
		}
}

/* Three parts, written and read, merged in either grouping, give what one sample gives. */
TEST(sketch__merging_gives_the_bytes_of_one_sample)
{
	for (int shape = 0; shape < 4; shape++)
		for (size_t k = 0; k < 2 * ARRAY_LEN(sizes); k++) {
			const bool by_time = k & 1;
			struct sketch whole = { .by_time = by_time, .arrival_us = NO_TIME },
				part[3], read[3], other;

			for (size_t i = 0; i < 3; i++) {
				part[i] = whole;
				part[i].sample = (struct sample){ 0 };
				seed = 7 * i + k + 1;
				add_draws(&whole, shape, sizes[(k / 2 + i) % ARRAY_LEN(sizes)]);
				seed = 7 * i + k + 1;
				add_draws(&part[i], shape, sizes[(k / 2 + i) % ARRAY_LEN(sizes)]);
				read[i] = copy_of(&part[i]);
			}
			other = copy_of(&part[2]);
			assert_true(sample_merge(&other.sample, &read[0].sample)
				&& sample_merge(&other.sample, &read[1].sample)
				&& sample_merge(&read[1].sample, &read[2].sample)
				&& sample_merge(&read[0].sample, &read[1].sample));
			assert_same_bytes(&whole, &other);
			assert_same_bytes(&whole, &read[0]);
			for (size_t i = 0; i < 3; i++) {
				sketch_free(&part[i]);
				sketch_free(&read[i]);
			}
			sketch_free(&whole);
			sketch_free(&other);
		}
}

/* Whatever bit is wrong, reading refuses it or gives a sketch that is written as it was read. */
TEST(sketch__damage_is_refused_or_is_another_sketch)
{
	for (int k = 0; k < 4; k++) {
		struct sketch s = { .by_time = k & 1, .arrival_us = 1700000000000000 }, copy;
		struct buf text = { 0 }, again = { 0 };
		unsigned char *bytes;
		size_t n;

		add_draws(&s, 1, k < 2 ? 5 : 200);
		assert_true(sketch_put(&text, &s));
		n = base64_size(text.data + 2, text.len - 2);
		bytes = malloc(n + 2);
		assert_non_null(bytes);
		assert_true(base64_get(bytes, text.data + 2, text.len - 2));
		for (size_t bit = 0; bit < n * 8; bit++) {
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			buf_clear(&text);
			assert_true(buf_str(&text, "1:") && base64_put(&text, bytes, n));
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (!sketch_get(text.data, text.len, &copy)) {
				buf_clear(&again);
				assert_true(sketch_put(&again, &copy));
				assert_int_equal(again.len, text.len);
				assert_memory_equal(again.data, text.data, text.len);
			}
			sketch_free(&copy);
		}
		for (size_t len = 0; len < n; len++) {
			buf_clear(&text);
			assert_true(buf_str(&text, "1:") && base64_put(&text, bytes, len));
			assert_non_null(sketch_get(text.data, text.len, &copy));
			sketch_free(&copy);
		}
		sketch_free(&s);
		buf_free(&text);
		buf_free(&again);
		free(bytes);
	}
}

TEST(sketch__refuses_other_text)
{
	static const char *const cases[] = { "", "1:", "2:AA==", "1:A", "1:AA", "1:A===", "1:AA=A",
		"1: AA=", "AA==", "1:gA==", "1:EA==", "1:CA==", "1:AgA=", "1:AAA=" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sketch s;

		assert_non_null(sketch_get(cases[i], strlen(cases[i]), &s));
		sketch_free(&s);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
