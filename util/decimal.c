#include "util/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Writes n/10^places with all decimal places. */
static size_t put_decimal(char *out, bool negative, uint64_t n, unsigned places)
{
	char digit[DECIMAL_MAX];
	size_t len = 0, at = 0;

	for (unsigned i = 0; n || i <= places; i++, n /= 10) {
		if (i == places && places)
			digit[len++] = '.';
		digit[len++] = (char)('0' + n % 10);
	}
	if (negative)
		out[at++] = '-';
	while (len)
		out[at++] = digit[--len];
	out[at] = '\0';
	return at;
}

/*
 * Finds the decimal n/10^places that is nearest to x. True: it reads back as x; false: it may not.
 * Computes with integers of at most 120 bits, where x = m/2^shift.
 */
static bool nearest_decimal(double x, unsigned places, uint64_t *n)
{
	static const uint64_t five_to[] = {
		1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125,
		244140625, 1220703125, 6103515625, 30517578125, 152587890625, 762939453125,
		3814697265625, 19073486328125, 95367431640625
	};
	int e;
	uint64_t m = (uint64_t)ldexp(frexp(x, &e), 53);
	unsigned shift = (unsigned)(53 - e);
	__extension__ unsigned __int128 one = 1, unit = (one * five_to[places]) << places,
		whole = m * unit, rest = whole & ((one << shift) - 1), off;

	*n = (uint64_t)(whole >> shift);
	if (rest > one << (shift - 1) || (rest == one << (shift - 1) && *n % 2))
		++*n;
	off = *n * (one << shift) > whole ? *n * (one << shift) - whole : rest;
	/* True if it is within half the distance to the next double. At a power of two that
	 * distance differs between the two sides, so the answer is false. */
	return m != UINT64_C(1) << 52 && (2 * off < unit || (2 * off == unit && m % 2 == 0));
}

/* Writes the same as snprintf in decimal_format, but faster. Returns the length; 0: it cannot write
 * x, which is rare in rows. */
static size_t short_format(char out[DECIMAL_MAX], double x)
{
	/* none of these doubles is below its decimal */
	static const double tenth[] = { 1, 0.1, 0.01, 0.001 };
	static const double power_of_ten[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14
	};
	bool negative = x < 0;
	int before = 1;			/* digits before the point; minus zeros directly after it */
	uint64_t n;

	x = fabs(x);
	if (!(x >= 0.001 && x < 1e14))
		return 0;
	while (x >= power_of_ten[before])
		before++;
	while (before <= 1 && x < tenth[1 - before])
		before--;
	for (int digits = 15; digits <= 17; digits++) {
		unsigned places = (unsigned)(digits - before);

		if (!nearest_decimal(x, places, &n))
			continue;
		for (; places && n % 10 == 0; places--)
			n /= 10;
		return put_decimal(out, negative, n, places);
	}
	return 0;
}

size_t decimal_format(char out[DECIMAL_MAX], double x)
{
	int n;

	if (x == trunc(x) && fabs(x) <= 9007199254740992.0 && !(x == 0 && signbit(x)))
		return put_decimal(out, x < 0, (uint64_t)fabs(x), 0);
	n = (int)short_format(out, x);
	for (int digits = 15; n == 0; digits++) {
		n = snprintf(out, DECIMAL_MAX, "%.*g", digits, x);
		if (digits < 17 && strtod(out, NULL) != x)
			n = 0;
	}
	return (size_t)n;
}
