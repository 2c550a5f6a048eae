#include "stats/leb128.h"

#define MORE 0x80
#define SIGN 0x40
#define BITS 7

void leb128_put(struct buf *out, uint64_t n)
{
	for (; n >= MORE; n >>= BITS)
		buf_char(out, (char)(n | MORE));
	buf_char(out, (char)n);
}

void leb128_put_signed(struct buf *out, int64_t n)
{
	for (; n >= SIGN || n < -SIGN; n >>= BITS)
		buf_char(out, (char)(n | MORE));
	buf_char(out, (char)(n & ~MORE));
}

/* Whether the last of n bytes only repeats what the byte before says. */
static bool is_longer_than_needed(const unsigned char *byte, size_t n, bool is_signed)
{
	if (n < 2)
		return false;
	if (is_signed && (byte[n - 2] & SIGN))
		return byte[n - 1] == (MORE - 1);
	return byte[n - 1] == 0;
}

const unsigned char *leb128_get_bytes(struct leb128_reader *r, bool is_signed, size_t *n)
{
	const unsigned char *first = r->at;

	*n = 0;
	while (!r->failed && r->at < r->end && (*r->at & MORE))
		r->at++;
	if (r->failed || r->at == r->end) {
		r->failed = true;
		return first;
	}
	r->at++;
	*n = (size_t)(r->at - first);
	if (is_longer_than_needed(first, *n, is_signed)) {
		r->failed = true;
		*n = 0;
	}
	return first;
}

uint64_t leb128_get(struct leb128_reader *r)
{
	size_t n;
	const unsigned char *byte = leb128_get_bytes(r, false, &n);
	uint64_t value = 0;

	/* the tenth byte has the highest bit */
	if (n > 10 || (n == 10 && byte[9] > 1)) {
		r->failed = true;
		return 0;
	}
	for (size_t i = n; i > 0; i--)
		value = value << BITS | (byte[i - 1] & (MORE - 1));
	return value;
}

int64_t leb128_get_signed(struct leb128_reader *r)
{
	size_t n;
	const unsigned char *byte = leb128_get_bytes(r, true, &n);
	uint64_t value;

	/* the tenth byte has the highest bit, which is the sign too */
	if (n > 10 || (n == 10 && byte[9] != 0 && byte[9] != MORE - 1)) {
		r->failed = true;
		return 0;
	}
	if (n == 0)
		return 0;
	value = byte[n - 1] & SIGN ? UINT64_MAX : 0;
	for (size_t i = n; i > 0; i--)
		value = value << BITS | (byte[i - 1] & (MORE - 1));
	return (int64_t)value;
}
