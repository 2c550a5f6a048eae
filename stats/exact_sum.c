#include "stats/exact_sum.h"

#include <assert.h>
#include <math.h>
#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"

#define LIMB_BITS 32
#define MANTISSA_BITS 53
#define EXACT_INTEGER (INT64_C(1) << MANTISSA_BITS)
/* Each addition changes a limb by less than 2^32, so 2^30 additions stay below 2^62. */
#define PENDING_MAX (1u << 30)
#define WHOLE_LIMBS 4
/* The bits that bytes of a sum may have: from those of the square of the smallest double to those
 * of the square of the greatest one, with a weight of 64 bits and the sign. */
#define BIT_MIN (-2148)
#define BIT_MAX 2120
#define WORDS_MAX 144
/* Numbers of up to 63 bits with such an exponent are added to `whole`, which has room for the sum
 * of 2^32 of them. */
#define SMALL_GROUPS 9
#define SMALL_EXPONENT 32

void exact_sum_free(struct exact_sum *sum)
{
	free(sum->limb);
	*sum = (struct exact_sum){ 0 };
}

static int32_t floor_limb(int32_t bit)
{
	return bit >= 0 ? bit / LIMB_BITS : -((LIMB_BITS - 1 - bit) / LIMB_BITS);
}

/* Propagates the carries. Then all limbs but the topmost are in [0, 2^32). */
static void normalise(struct exact_sum *sum)
{
	for (int32_t i = 0; i + 1 < sum->n; i++) {
		int64_t carry = sum->limb[i] >> LIMB_BITS;

		sum->limb[i] &= 0xFFFFFFFF;
		sum->limb[i + 1] += carry;
	}
	sum->pending = 0;
}

/* Makes room for limbs [from, to) and for a carry above them. */
static bool reserve_limbs(struct exact_sum *sum, int32_t from, int32_t to)
{
	int32_t lo = sum->n ? sum->lo : from, hi = sum->n ? sum->lo + sum->n : to;
	int64_t *limb;

	if (sum->n && from >= lo && to < hi)
		return true;
	if (from < lo)
		lo = from;
	if (to + 2 > hi)
		hi = to + 2;
	assert(hi > lo);
	limb = calloc((size_t)(hi - lo), sizeof(*limb));
	if (!limb)
		return false;
	if (sum->n)
		memcpy(limb + (sum->lo - lo), sum->limb, (size_t)sum->n * sizeof(*limb));
	free(sum->limb);
	sum->limb = limb;
	sum->lo = lo;
	sum->n = hi - lo;
	return true;
}

/* Adds n limbs, times 2^(32·at), to the sum, or subtracts them. */
static bool add_limbs(struct exact_sum *sum, const uint32_t *limbs, int32_t n, int32_t at,
	bool negative)
{
	int64_t *to;

	if (sum->pending == PENDING_MAX)
		normalise(sum);
	if (!reserve_limbs(sum, at, at + n))
		return false;
	to = sum->limb + (at - sum->lo);
	for (int32_t i = 0; i < n; i++)
		to[i] += negative ? -(int64_t)limbs[i] : (int64_t)limbs[i];
	sum->pending++;
	return true;
}

/* Splits a number of 192 bits, times 2^exponent, into at most seven limbs. Returns how many. */
static int32_t split(const uint64_t value[3], int32_t exponent, uint32_t limbs[7], int32_t *at)
{
	int32_t shift, n = 0;
	uint64_t carry = 0;

	*at = floor_limb(exponent);
	shift = exponent - *at * LIMB_BITS;
	for (int i = 0; i < 6; i++) {
		uint64_t word = (value[i / 2] >> (i % 2 * LIMB_BITS)) & 0xFFFFFFFF;

		word = (word << shift) | carry;
		limbs[i] = (uint32_t)word;
		carry = word >> LIMB_BITS;
		if (limbs[i])
			n = i + 1;
	}
	limbs[6] = (uint32_t)carry;
	return carry ? 7 : n;
}

/* Whether x is an integer whose weighted square fits into `whole`. Zero is small at any weight,
 * because decompose cannot handle it. */
static bool is_small(double x, uint64_t weight, int64_t *n)
{
	if (!(fabs(x) < 2147483648.0) || (weight > UINT32_MAX && x != 0))
		return false;
	*n = (int64_t)x;
	return (double)*n == x;
}

/* Finds |x| = mantissa·2^exponent and returns the mantissa. It is odd, so the mantissas of ordinary
 * values have few bits. */
static uint64_t decompose(double x, int32_t *exponent)
{
	int e, zeros;
	uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(x), &e), MANTISSA_BITS);

	zeros = __builtin_ctzll(mantissa);
	*exponent = e - MANTISSA_BITS + zeros;
	return mantissa >> zeros;
}

/* The 192-bit product of a (128 bits in two words) and b. */
static void multiply(uint64_t a_lo, uint64_t a_hi, uint64_t b, uint64_t out[3])
{
	__extension__ unsigned __int128 lo = (unsigned __int128)a_lo * b;
	__extension__ unsigned __int128 hi = (unsigned __int128)a_hi * b + (uint64_t)(lo >> 64);

	out[0] = (uint64_t)lo;
	out[1] = (uint64_t)hi;
	out[2] = (uint64_t)(hi >> 64);
}

static bool add(struct exact_sum *sum, double x, uint64_t weight, bool squared)
{
	uint64_t value[3], m[3] = { 0 };
	uint32_t limbs[7];
	int32_t exponent, at, n;
	int64_t small;

	if (is_small(x, weight, &small)) {
		small = squared ? small * small : small;
		sum->whole += (exact_sum_whole)small * (int64_t)weight;
		return true;
	}
	m[0] = decompose(x, &exponent);
	if (squared) {
		multiply(m[0], 0, m[0], m);
		exponent *= 2;
	}
	multiply(m[0], m[1], weight, value);
	n = split(value, exponent, limbs, &at);
	return add_limbs(sum, limbs, n, at, x < 0 && !squared);
}

bool exact_sum_add(struct exact_sum *sum, double x, uint64_t weight)
{
	return add(sum, x, weight, false);
}

bool exact_sum_add_square(struct exact_sum *sum, double x, uint64_t weight)
{
	return add(sum, x, weight, true);
}

bool exact_sum_add_both(struct exact_sum *sum, struct exact_sum *squares, double x, uint64_t weight)
{
	int64_t small;

	if (!is_small(x, weight, &small))
		return add(sum, x, weight, false) && add(squares, x, weight, true);
	sum->whole += (exact_sum_whole)small * (int64_t)weight;
	squares->whole += (exact_sum_whole)(small * small) * (int64_t)weight;
	return true;
}

bool exact_sum_merge(struct exact_sum *into, const struct exact_sum *from)
{
	struct exact_sum copy = *from;
	bool ok;

	if (!from->n) {
		into->whole += from->whole;
		return true;
	}
	copy.limb = malloc((size_t)from->n * sizeof(*copy.limb));
	if (!copy.limb)
		return false;
	memcpy(copy.limb, from->limb, (size_t)from->n * sizeof(*copy.limb));
	normalise(&copy);
	normalise(into);
	ok = reserve_limbs(into, copy.lo, copy.lo + copy.n);
	for (int32_t i = 0; ok && i < copy.n; i++)
		into->limb[copy.lo - into->lo + i] += copy.limb[i];
	if (ok)
		into->whole += from->whole;
	into->pending = 2;
	free(copy.limb);
	return ok;
}

/* --- bytes -------------------------------------------------------------------------- */

/* Splits a sum into words, the lowest first: two's complement, times 2^(32·*lo). The last word has
 * the sign. Returns how many. */
static size_t to_words(const struct exact_sum *sum, uint32_t word[WORDS_MAX], int32_t *lo)
{
	const int32_t top = sum->lo + sum->n > WHOLE_LIMBS ? sum->lo + sum->n : WHOLE_LIMBS;
	int64_t carry = 0;
	size_t n = 0;

	*lo = sum->n && sum->lo < 0 ? sum->lo : 0;
	for (int32_t i = *lo; i < top + 2; i++) {
		if (i >= sum->lo && i < sum->lo + sum->n)
			carry += sum->limb[i - sum->lo];
		if (i >= 0 && i < WHOLE_LIMBS - 1)
			carry += (uint32_t)(sum->whole >> (i * LIMB_BITS));
		else if (i == WHOLE_LIMBS - 1)
			carry += (int64_t)(sum->whole >> (i * LIMB_BITS));
		word[n++] = (uint32_t)carry;
		carry >>= LIMB_BITS;
	}
	return n;
}

/* The 7 bits from bit `at` on; the sign continues behind the last word. */
static unsigned bits_at(const uint32_t *word, size_t n, size_t at)
{
	const uint32_t fill = word[n - 1] >> (LIMB_BITS - 1) ? UINT32_MAX : 0;
	size_t i = at / LIMB_BITS;
	uint64_t two = (uint64_t)(i + 1 < n ? word[i + 1] : fill) << LIMB_BITS
		| (i < n ? word[i] : fill);

	return (unsigned)(two >> at % LIMB_BITS) & 0x7F;
}

/* The number of bits without those at the top that repeat the sign. */
static size_t length_of(const uint32_t *word, size_t n)
{
	const uint32_t fill = word[n - 1] >> (LIMB_BITS - 1) ? UINT32_MAX : 0;

	while (n > 0 && word[n - 1] == fill)
		n--;
	return n ? n * LIMB_BITS - (size_t)__builtin_clz(word[n - 1] ^ fill) : 0;
}

void exact_sum_put(const struct exact_sum *sum, struct buf *out)
{
	uint32_t word[WORDS_MAX];
	int32_t lo;
	size_t n = to_words(sum, word, &lo), i = 0, low, ngroup;

	while (i < n && word[i] == 0)
		i++;
	if (i == n) {
		buf_add(out, "\0", 2);
		return;
	}
	low = i * LIMB_BITS + (size_t)__builtin_ctz(word[i]);
	/* one more bit, for the sign */
	ngroup = (length_of(word, n) + 1 - low + 6) / 7;
	for (size_t g = 0; g < ngroup; g++)
		buf_char(out, (char)(bits_at(word, n, low + 7 * g) | (g + 1 < ngroup ? 0x80 : 0)));
	leb128_put_signed(out, (int64_t)lo * LIMB_BITS + (int64_t)low);
}

/* Reads n groups of 7 bits into words, as a number and its sign. */
static size_t to_magnitude(const unsigned char *group, size_t n, uint32_t word[WORDS_MAX],
	bool *negative)
{
	const size_t nword = n * 7 / LIMB_BITS + 2;	/* one more, for the shift later */
	uint64_t carry = 1;

	memset(word, 0, nword * sizeof(*word));
	for (size_t i = 0; i < n; i++) {
		uint64_t two = (uint64_t)(group[i] & 0x7F) << i * 7 % LIMB_BITS;

		word[i * 7 / LIMB_BITS] |= (uint32_t)two;
		word[i * 7 / LIMB_BITS + 1] |= (uint32_t)(two >> LIMB_BITS);
	}
	*negative = group[n - 1] & 0x40;
	if (!*negative)
		return nword;
	for (size_t i = n * 7; i < nword * LIMB_BITS; i++)
		word[i / LIMB_BITS] |= UINT32_C(1) << i % LIMB_BITS;
	for (size_t i = 0; i < nword; i++) {
		carry += (uint32_t)~word[i];
		word[i] = (uint32_t)carry;
		carry >>= LIMB_BITS;
	}
	return nword;
}

/* Adds the number of n groups, times 2^exponent. */
static bool add_groups(struct exact_sum *sum, const unsigned char *group, size_t n,
	int32_t exponent)
{
	uint32_t word[WORDS_MAX];
	bool negative;
	size_t nword = to_magnitude(group, n, word, &negative);
	const int32_t at = floor_limb(exponent), shift = exponent - at * LIMB_BITS;
	uint64_t carry = 0;

	for (size_t i = 0; i < nword; i++) {
		carry |= (uint64_t)word[i] << shift;
		word[i] = (uint32_t)carry;
		carry >>= LIMB_BITS;
	}
	while (nword > 1 && word[nword - 1] == 0)
		nword--;
	return add_limbs(sum, word, (int32_t)nword, at, negative);
}

const char *exact_sum_get(struct exact_sum *sum, struct leb128_reader *r)
{
	size_t n;
	const unsigned char *group = leb128_get_bytes(r, true, &n);
	const int64_t exponent = leb128_get_signed(r);
	struct leb128_reader again = { .at = group, .end = group + n };

	if (r->failed || n == 0)
		return "a number is cut off";
	if (n == 1 && group[0] == 0 && exponent == 0)
		return NULL;
	if (!(group[0] & 1))
		return "the mantissa of a sum is even";
	if (exponent < BIT_MIN || exponent > BIT_MAX || (int64_t)n * 7 > BIT_MAX - exponent)
		return "a sum is out of range";
	if (n > SMALL_GROUPS || exponent < 0 || exponent > SMALL_EXPONENT)
		return add_groups(sum, group, n, (int32_t)exponent) ? NULL : why_no_memory;
	sum->whole += (exact_sum_whole)leb128_get_signed(&again) * ((exact_sum_whole)1 << exponent);
	return NULL;
}

/* --- rounding ----------------------------------------------------------------------- */

/* The rational number num·2^exponent/den. */
struct ratio {
	BIGNUM *num, *den;
	int64_t exponent;
};

static bool add_whole(BIGNUM *out, exact_sum_whole whole, int shift)
{
	bool negative = whole < 0;
	BIGNUM *n = BN_new();
	bool ok = n != NULL;

	if (negative)
		whole = -whole;
	for (int i = 3; ok && i >= 0; i--)
		ok = BN_lshift(n, n, LIMB_BITS)
			&& BN_add_word(n, (BN_ULONG)(whole >> (i * LIMB_BITS)) & 0xFFFFFFFF);
	ok = ok && BN_lshift(n, n, shift);
	if (ok)
		BN_set_negative(n, negative);
	ok = ok && BN_add(out, out, n);
	BN_free(n);
	return ok;
}

/* Converts the sum to out·2^*exponent, where *exponent is at most 0. False: out of memory. */
static bool to_bignum(const struct exact_sum *sum, BIGNUM *out, int64_t *exponent)
{
	int32_t lo = sum->n ? sum->lo : 0, unit = lo < 0 ? lo : 0;

	BN_zero(out);
	for (int32_t i = sum->n - 1; i >= 0; i--) {
		int64_t limb = sum->limb[i];
		uint64_t size = limb < 0 ? -(uint64_t)limb : (uint64_t)limb;

		if (!BN_lshift(out, out, LIMB_BITS)
		    || !(limb < 0 ? BN_sub_word(out, size) : BN_add_word(out, size)))
			return false;
	}
	*exponent = (int64_t)unit * LIMB_BITS;
	return BN_lshift(out, out, (lo - unit) * LIMB_BITS)
		&& add_whole(out, sum->whole, -unit * LIMB_BITS);
}

/* Sets q to num·2^shift/den, rounded to the nearest integer, ties to even. Changes num and den. */
static bool divide_rounded(BIGNUM *num, BIGNUM *den, int64_t shift, BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM *rest = BN_new();
	bool ok = rest != NULL;

	if (shift > 0)
		ok = ok && BN_lshift(num, num, (int)shift);
	else
		ok = ok && BN_lshift(den, den, (int)-shift);
	ok = ok && BN_div(q, rest, num, den, ctx) && BN_lshift1(rest, rest);
	if (ok) {
		int half = BN_cmp(rest, den);

		if (half > 0 || (half == 0 && BN_is_odd(q)))
			ok = BN_add_word(q, 1);
	}
	BN_free(rest);
	return ok;
}

/* Finds *shift so that num·2^*shift/den has 53 bits before the point. Neither is negative. */
static bool mantissa_shift(const BIGNUM *num, const BIGNUM *den, int64_t *shift)
{
	int s = MANTISSA_BITS + BN_num_bits(den) - BN_num_bits(num);
	BIGNUM *left = BN_new(), *right = BN_new();
	bool ok = left && right && BN_lshift(left, num, s > 0 ? s : 0)
		&& BN_lshift(right, den, MANTISSA_BITS + (s < 0 ? -s : 0));

	/* the lengths of the numbers only tell that the quotient has 53 or 54 bits */
	*shift = ok && BN_cmp(left, right) >= 0 ? s - 1 : s;
	BN_free(left);
	BN_free(right);
	return ok;
}

/* Finds |ratio| = *m·2^*e. Rounds *m once: to 53 bits, or for subnormal numbers to fewer, so that
 * no bit is below 2^floor_exponent. If `even` is true, *e is even. Changes r's numbers. */
static bool round_ratio(struct ratio *r, bool even, int floor_exponent, double *m, int64_t *e,
	BN_CTX *ctx)
{
	BIGNUM *q = BN_new();
	int64_t shift = 0;
	bool ok = q != NULL;

	*m = 0;
	*e = 0;
	if (ok && !BN_is_zero(r->num)) {
		ok = mantissa_shift(r->num, r->den, &shift);
		if (r->exponent - shift < floor_exponent)
			shift = r->exponent - floor_exponent;
		ok = ok && divide_rounded(r->num, r->den, shift, q, ctx);
		*m = (double)BN_get_word(q);
		*e = r->exponent - shift;
	}
	if (even && (*e & 1)) {
		*m *= 2;
		(*e)--;
	}
	BN_free(q);
	return ok;
}

static bool exact_mean(const BIGNUM *s1, int64_t exponent, const BIGNUM *w, uint64_t scale,
	double *mean, BN_CTX *ctx)
{
	struct ratio r = { BN_dup(s1), BN_dup(w), exponent };
	bool negative = BN_is_negative(s1), ok = r.num && r.den;
	double m = 0;
	int64_t e = 0;

	ok = ok && BN_mul_word(r.den, scale);
	if (ok)
		BN_set_negative(r.num, 0);
	ok = ok && round_ratio(&r, false, -1074, &m, &e, ctx);
	*mean = negative ? -ldexp(m, (int)e) : ldexp(m, (int)e);
	BN_free(r.num);
	BN_free(r.den);
	return ok;
}

/* Computes sqrt((w·s2 − s1²)/w²), where s1 is in units of 2^e1 and s2 in units of 2^e2. */
static bool exact_stddev(const BIGNUM *s1, int64_t e1, const BIGNUM *s2, int64_t e2,
	const BIGNUM *w, double *stddev, BN_CTX *ctx)
{
	struct ratio r = { BN_new(), BN_new(), 2 * e1 < e2 ? 2 * e1 : e2 };
	BIGNUM *square = BN_new();
	bool ok = r.num && r.den && square, impossible;
	double m = 0;
	int64_t e = 0;

	ok = ok && BN_mul(r.num, s2, w, ctx) && BN_sqr(square, s1, ctx)
		&& BN_lshift(r.num, r.num, (int)(e2 - r.exponent))
		&& BN_lshift(square, square, (int)(2 * e1 - r.exponent))
		&& BN_sub(r.num, r.num, square) && BN_sqr(r.den, w, ctx);
	impossible = ok && BN_is_negative(r.num);
	if (impossible)
		BN_zero(r.num);
	/* practically no floor: the root of a subnormal variance is a normal number */
	ok = ok && round_ratio(&r, true, -100000, &m, &e, ctx);
	*stddev = impossible ? NAN : ldexp(sqrt(m), (int)(e / 2));
	BN_free(r.num);
	BN_free(r.den);
	BN_free(square);
	return ok;
}

/* Whether a double can hold n exactly. */
static bool is_exact(exact_sum_whole n)
{
	return n >= -EXACT_INTEGER && n <= EXACT_INTEGER;
}

/* Computes the moments of small integers in plain arithmetic. Both operands of each division are
 * exact, so the result is rounded only once. False: the numbers are too large for that. */
static bool small_moments(const struct exact_sum *s1, const struct exact_sum *s2, uint64_t weight,
	uint64_t scale, double *mean, double *stddev)
{
	exact_sum_whole w = weight, over = w * scale, spread;

	if (s1->n || !is_exact(s1->whole) || weight > EXACT_INTEGER || scale > EXACT_INTEGER
	    || !is_exact(over))
		return false;
	if (stddev) {
		if (s2->n || !is_exact(s2->whole) || !is_exact(w * w))
			return false;
		spread = w * s2->whole - s1->whole * s1->whole;
		if (!is_exact(spread))
			return false;
		*stddev = spread < 0 ? NAN
			: sqrt((double)spread / (double)(w * w)) / (double)scale;
	}
	*mean = (double)s1->whole / (double)over;
	return true;
}

bool exact_sum_moments(const struct exact_sum *s1, const struct exact_sum *s2, uint64_t weight,
	uint64_t scale, double *mean, double *stddev)
{
	BN_CTX *ctx;
	BIGNUM *a, *b, *w;
	int64_t e1 = 0, e2 = 0;
	bool ok;

	if (small_moments(s1, s2, weight, scale, mean, stddev))
		return true;
	ctx = BN_CTX_new();
	a = BN_new();
	b = BN_new();
	w = BN_new();
	ok = ctx && a && b && w && BN_set_word(w, weight) && to_bignum(s1, a, &e1);
	ok = ok && exact_mean(a, e1, w, scale, mean, ctx);
	if (ok && stddev) {
		ok = to_bignum(s2, b, &e2) && exact_stddev(a, e1, b, e2, w, stddev, ctx);
		*stddev /= (double)scale;
	}
	BN_free(a);
	BN_free(b);
	BN_free(w);
	BN_CTX_free(ctx);
	return ok;
}
