/* Exact sums, quantiles and both as a field's statistics, against sorted truth. */
#include <float.h>
#include <math.h>

#include "stats/sample.h"
#include "tests/support/check.h"
#include "tests/support/random.h"

static struct sample sample_of(const double *x, size_t n)
{
	struct sample s = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_true(sample_add(&s, x[i]));
	return s;
}

static struct sample_summary summary_of(const struct sample *s)
{
	struct sample_summary u;

	assert_true(sample_summarise(s, 1, &u));
	return u;
}

TEST(sums__are_rounded_once)
{
	static const double tenths[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
	static const double wide[] = { 1e308, 1, -1e308, 1e-300 };
	static const double huge[] = { DBL_MAX, DBL_MAX, -DBL_MAX };
	static const double tiny[] = { 4.9406564584124654e-324, 4.9406564584124654e-324, 0 };
	static const double plain[] = { 900, 1200, 1500 };
	struct sample s = sample_of(tenths, 10);

	assert_double_equal_exact(summary_of(&s).mean, 0.1);
	assert_double_equal_exact(summary_of(&s).stddev, 0);
	sample_free(&s);
	s = sample_of(wide, 4);
	assert_double_equal_exact(summary_of(&s).mean, 0.25);
	sample_free(&s);
	s = sample_of(huge, 3);
	assert_double_equal_exact(summary_of(&s).mean, DBL_MAX / 3);
	assert_true(isfinite(summary_of(&s).stddev));
	sample_free(&s);
	s = sample_of(tiny, 3);
	assert_double_equal_exact(summary_of(&s).mean, 4.9406564584124654e-324);
	sample_free(&s);
	s = sample_of(plain, 3);
	assert_double_equal_exact(summary_of(&s).mean, 1200);
	assert_double_equal_exact(summary_of(&s).stddev, 244.94897427831782);
	assert_double_equal_exact(summary_of(&s).p50, 1200);
	assert_double_equal_exact(summary_of(&s).p90, 1500);
	sample_free(&s);
}

TEST(sums__scale_before_they_round)
{
	static const double us[] = { 12100, 12101, 12105 };
	struct sample s = sample_of(us, 3);
	struct sample_summary u;

	assert_true(sample_summarise(&s, 1000, &u));
	assert_double_equal_exact(u.mean, 12.102);
	assert_double_equal_exact(u.max, 12.105);
	sample_free(&s);
}

TEST(exact_sum__weight_repeats_a_value)
{
	struct exact_sum a = { 0 }, a2 = { 0 }, b = { 0 }, b2 = { 0 };
	double ma, sa, mb, sb;

	for (int i = 0; i < 1000; i++) {
		assert_true(exact_sum_add(&a, 0.3, 1));
		assert_true(exact_sum_add_square(&a2, 0.3, 1));
	}
	assert_true(exact_sum_add(&a, -7e10, 1) && exact_sum_add_square(&a2, -7e10, 1));
	assert_true(exact_sum_add(&b, 0.3, 1000) && exact_sum_add_square(&b2, 0.3, 1000));
	assert_true(exact_sum_add(&b, -7e10, 1) && exact_sum_add_square(&b2, -7e10, 1));
	assert_true(exact_sum_moments(&a, &a2, 1001, 1, &ma, &sa));
	assert_true(exact_sum_moments(&b, &b2, 1001, 1, &mb, &sb));
	assert_double_equal_exact(ma, mb);
	assert_double_equal_exact(sa, sb);
	exact_sum_free(&a);
	exact_sum_free(&a2);
	exact_sum_free(&b);
	exact_sum_free(&b2);
}

/* Zero has no odd mantissa to shift to, whatever its weight. */
TEST(exact_sum__zero_adds_nothing_at_any_weight)
{
	struct exact_sum a = { 0 }, a2 = { 0 };
	double mean, stddev;

	assert_true(exact_sum_add(&a, 0, UINT64_MAX - 1)
		&& exact_sum_add_square(&a2, 0, UINT64_MAX - 1));
	assert_true(exact_sum_add(&a, 0.5, 1) && exact_sum_add_square(&a2, 0.5, 1));
	assert_true(exact_sum_moments(&a, &a2, UINT64_MAX, 1, &mean, &stddev));
	assert_double_equal_exact(mean, 0x1p-65);
	assert_double_equal_exact(stddev, 0x1p-33);
	exact_sum_free(&a);
	exact_sum_free(&a2);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum shape {
	UNIFORM, INTEGERS, LOGNORMAL, PARETO, MIXED, WIDE, CONSTANT, BIMODAL, TOP, BOTTOM, BITS,
	SHAPES
};

/* Any finite double at all. */
static double random_bits(void)
{
	uint64_t bits;
	double x;

	do {
		bits = random_u64();
		memcpy(&x, &bits, sizeof(x));
	} while (!isfinite(x));
	return x;
}

static double draw(enum shape shape)
{
	double u = random_unit();

	switch (shape) {
	case UNIFORM: return u * 1000;
	case INTEGERS: return floor(u * 30);
	case LOGNORMAL: return exp(3 * (random_unit() + random_unit() + u - 1.5) * 2);
	case PARETO: return pow(1 - u, -1.2);
	case MIXED: return (u - 0.4) * 1e6;
	case WIDE: return (u < 0.5 ? -1 : 1) * pow(10, 600 * random_unit() - 300);
	case CONSTANT: return 42;
	case BIMODAL: return u < 0.5 ? 1 + u : 1e6 + u;
	case TOP: return (0.982 + 0.018 * u * u) * DBL_MAX;	/* all in the last bucket */
	case BOTTOM: return (1 + u) * -DBL_MIN;
	case BITS: return random_bits();
	case SHAPES: break;
	}
	return 0;
}

/* Below DBL_MIN all is zero to a sketch. */
static bool is_near(double told, double truth, double accuracy)
{
	if (fabs(truth) < DBL_MIN)
		return fabs(told) < DBL_MIN;
	return fabs(told - truth) <= accuracy * fabs(truth) * 1.000001;
}

TEST(quantile__is_within_its_accuracy)
{
	static const size_t sizes[] = { 1, 2, 63, 64, 65, 100, 5000 };
	static const unsigned percents[] = { 50, 90, 95, 99 };
	double x[5000], sorted[5000];

	for (int shape = 0; shape < SHAPES; shape++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			size_t n = sizes[k];
			struct sample s = { 0 };

			for (size_t i = 0; i < n; i++)
				assert_true(sample_add(&s, x[i] = draw((enum shape)shape)));
			memcpy(sorted, x, sizeof(x));
			qsort(sorted, n, sizeof(*sorted), by_value);
			assert_int_equal(sample_is_exact(&s), n <= 64);
			for (size_t p = 0; p < 4; p++) {
				double truth = sorted[(n * percents[p] + 99) / 100 - 1];
				double told;

				quantile_at(s.quantile, &percents[p], 1, s.min, s.max, &told);
				if (!is_near(told, truth, sample_accuracy(&s)))
					fail_msg("shape %d, %zu values, p%u: %g, not %g", shape, n,
						percents[p], told, truth);
			}
			sample_free(&s);
		}
}

/* In whatever order and however often, a value that holds again adds to its own weight. */
TEST(quantile__of_time_keeps_distinct_values)
{
	static const unsigned percents[] = { 1, 25, 50, 75, 100 };
	static const int rank[] = { 1, 16, 32, 48, 64 };
	struct quantile *q = quantile_new();
	double told[5];
	int at[64];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 64; i++)
			at[i] = i;
		for (int i = 63; i > 0; i--) {
			int k = (int)(random_u64() % (uint64_t)(i + 1)), other = at[k];

			at[k] = at[i];
			at[i] = other;
		}
		for (int i = 0; i < 64; i++) {
			double x = at[i] == 32 && round % 2 ? -0.0 : (at[i] - 32) * 0.75;

			assert_true(quantile_add_time(q, x, 10));
		}
	}
	assert_true(quantile_is_exact(q));
	quantile_at(q, percents, 5, -24, 23.25, told);
	for (int i = 0; i < 5; i++)
		assert_double_equal_exact(told[i], (double)(rank[i] - 1 - 32) * 0.75);
	assert_true(quantile_add_time(q, 1000, 1));
	assert_false(quantile_is_exact(q));
	quantile_free(q);
}

TEST(quantile__joins_buckets_if_there_are_too_many)
{
	struct sample s = { 0 };

	for (int i = 0; i < 20000; i++)
		assert_true(sample_add(&s, draw(WIDE)));
	assert_true(sample_accuracy(&s) > 0.01 && sample_accuracy(&s) < 1);
	sample_free(&s);
	for (int i = 0; i < 20000; i++)
		assert_true(sample_add(&s, draw(UNIFORM)));
	assert_double_equal_exact(sample_accuracy(&s), 0.01);
	sample_free(&s);
}

static void assert_same(const struct sample *a, const struct sample *b)
{
	struct sample_summary x = summary_of(a), y = summary_of(b);

	y.last = x.last;	/* order matters to it alone */
	assert_memory_equal(&x, &y, sizeof(x));
	assert_double_equal_exact(sample_accuracy(a), sample_accuracy(b));
}

/* Any cut of the values into parts, merged in any order, gives the same bytes. */
TEST(merge__order_and_grouping_change_no_byte)
{
	static const size_t sizes[] = { 10, 64, 65, 3000 };
	double x[3000];

	for (int shape = 0; shape < SHAPES; shape++)
		for (size_t k = 0; k < 4; k++) {
			size_t n = sizes[k];
			struct sample whole, part[4] = { { 0 } }, merged = { 0 };

			for (size_t i = 0; i < n; i++)
				x[i] = draw((enum shape)shape);
			whole = sample_of(x, n);
			for (size_t i = n; i-- > 0; )
				assert_true(sample_add(&part[random_u64() % 4], x[i]));
			for (int i = 3; i >= 0; i--)
				assert_true(sample_merge(&merged, &part[i]));
			assert_same(&whole, &merged);
			for (int i = 0; i < 4; i++)
				sample_free(&part[i]);
			sample_free(&whole);
			sample_free(&merged);
		}
}

TEST(sample__minus_zero_is_zero)
{
	static const double x[] = { -0.0 };
	struct sample s = sample_of(x, 1);

	assert_false(signbit(summary_of(&s).min));
	sample_free(&s);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
