/* Doubles as decimal text that reads back. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "util/base.h"
#include "util/decimal.h"

/* The same by the C library. */
static void assert_shortest(double x)
{
	char text[DECIMAL_MAX], wanted[DECIMAL_MAX];
	int digits = 15;

	if (x == trunc(x) && fabs(x) <= 9007199254740992.0 && !(x == 0 && signbit(x)))
		snprintf(wanted, sizeof(wanted), "%.0f", x);
	else
		do
			snprintf(wanted, sizeof(wanted), "%.*g", digits, x);
		while (digits++ < 17 && strtod(wanted, NULL) != x);
	assert_int_equal(decimal_format(text, x), strlen(wanted));
	assert_string_equal(text, wanted);
}

/* Of every size, and near where digits and places change: quotients, as means are, too. */
TEST(decimal__is_the_shortest_that_reads_back)
{
	static const double near[] = { 0.0009, 0.001, 0.01, 0.1, 0.5, 1, 9.5, 10, 1e3, 1e13, 1e14,
		1e15, 9007199254740992, 1e16, 1e17, 1e22, 1e23 };
	uint64_t seed = 88172645463325252u;

	for (size_t i = 0; i < ARRAY_LEN(near); i++) {
		double above = near[i], below = near[i];

		for (int k = 0; k < 500; k++) {
			assert_shortest(above);
			assert_shortest(-below);
			above = nextafter(above, INFINITY);
			below = nextafter(below, 0);
		}
	}
	for (int i = 0; i < 300000; i++) {
		double x;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		x = (double)(seed >> 11);
		x = i % 3 == 0 ? ldexp(x, -(int)(seed % 128)) : i % 3 == 1
			? (double)(seed % 1000000) / (double)(1 + (seed >> 32) % 1000)
			: (double)(seed % 100000000) / pow(10, (double)(seed >> 40 & 7));
		assert_shortest(x);
	}
}

TEST(decimal__reads_back_the_same)
{
	static const struct {
		double x;
		const char *text;
	} known[] = {
		{ 0, "0" }, { 1200, "1200" }, { -3, "-3" }, { 0.1, "0.1" }, { 1e22, "1e+22" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 9007199254740992, "9007199254740992" },
		{ 0.5, "0.5" }, { DBL_MAX, "1.7976931348623157e+308" }
	};
	char text[DECIMAL_MAX];
	uint64_t seed = 88172645463325252u;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		decimal_format(text, known[i].x);
		assert_string_equal(text, known[i].text);
	}
	for (int i = 0; i < 1000000; i++) {
		double x;
		size_t len;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		memcpy(&x, &seed, sizeof(x));
		if (i % 2)
			x = (double)(seed >> 40) / 1000;	/* and such as occur */
		if (!isfinite(x))
			continue;
		len = decimal_format(text, x);
		assert_int_equal(len, strlen(text));
		if (strtod(text, NULL) != x)
			fail_msg("%.17g as %s", x, text);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
