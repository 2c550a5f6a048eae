#include "util/lookalike.h"

#include <stdint.h>
#include <string.h>

#include "util/base.h"
#include "util/utf8.h"

#define RUN_MAX 16		/* code points that may differ in one place */
#define RUNS_SHOWN 3

/* Letters with a mark, by their canonical decomposition (UAX #15): Latin-1 and Extended-A. */
static const struct {
	uint16_t code;
	char letter;
	uint16_t mark;
} composed[] = {
	{ 0xE0, 'a', 0x300 }, { 0xE1, 'a', 0x301 }, { 0xE2, 'a', 0x302 }, { 0xE3, 'a', 0x303 },
	{ 0xE4, 'a', 0x308 }, { 0xE5, 'a', 0x30A }, { 0xE7, 'c', 0x327 }, { 0xE8, 'e', 0x300 },
	{ 0xE9, 'e', 0x301 }, { 0xEA, 'e', 0x302 }, { 0xEB, 'e', 0x308 }, { 0xEC, 'i', 0x300 },
	{ 0xED, 'i', 0x301 }, { 0xEE, 'i', 0x302 }, { 0xEF, 'i', 0x308 }, { 0xF1, 'n', 0x303 },
	{ 0xF2, 'o', 0x300 }, { 0xF3, 'o', 0x301 }, { 0xF4, 'o', 0x302 }, { 0xF5, 'o', 0x303 },
	{ 0xF6, 'o', 0x308 }, { 0xF9, 'u', 0x300 }, { 0xFA, 'u', 0x301 }, { 0xFB, 'u', 0x302 },
	{ 0xFC, 'u', 0x308 }, { 0xFD, 'y', 0x301 }, { 0xFF, 'y', 0x308 }, { 0x101, 'a', 0x304 },
	{ 0x103, 'a', 0x306 }, { 0x105, 'a', 0x328 }, { 0x107, 'c', 0x301 },
	{ 0x109, 'c', 0x302 }, { 0x10B, 'c', 0x307 }, { 0x10D, 'c', 0x30C },
	{ 0x10F, 'd', 0x30C }, { 0x113, 'e', 0x304 }, { 0x115, 'e', 0x306 },
	{ 0x117, 'e', 0x307 }, { 0x119, 'e', 0x328 }, { 0x11B, 'e', 0x30C },
	{ 0x11D, 'g', 0x302 }, { 0x11F, 'g', 0x306 }, { 0x121, 'g', 0x307 },
	{ 0x123, 'g', 0x327 }, { 0x125, 'h', 0x302 }, { 0x129, 'i', 0x303 },
	{ 0x12B, 'i', 0x304 }, { 0x12D, 'i', 0x306 }, { 0x12F, 'i', 0x328 },
	{ 0x135, 'j', 0x302 }, { 0x137, 'k', 0x327 }, { 0x13A, 'l', 0x301 },
	{ 0x13C, 'l', 0x327 }, { 0x13E, 'l', 0x30C }, { 0x144, 'n', 0x301 },
	{ 0x146, 'n', 0x327 }, { 0x148, 'n', 0x30C }, { 0x14D, 'o', 0x304 },
	{ 0x14F, 'o', 0x306 }, { 0x151, 'o', 0x30B }, { 0x155, 'r', 0x301 },
	{ 0x157, 'r', 0x327 }, { 0x159, 'r', 0x30C }, { 0x15B, 's', 0x301 },
	{ 0x15D, 's', 0x302 }, { 0x15F, 's', 0x327 }, { 0x161, 's', 0x30C },
	{ 0x163, 't', 0x327 }, { 0x165, 't', 0x30C }, { 0x169, 'u', 0x303 },
	{ 0x16B, 'u', 0x304 }, { 0x16D, 'u', 0x306 }, { 0x16F, 'u', 0x30A },
	{ 0x171, 'u', 0x30B }, { 0x173, 'u', 0x328 }, { 0x175, 'w', 0x302 },
	{ 0x177, 'y', 0x302 }, { 0x17A, 'z', 0x301 }, { 0x17C, 'z', 0x307 },
	{ 0x17E, 'z', 0x30C }
};

static const struct {
	uint16_t first, last;
	char look;		/* NUL: it is invisible */
} looks[] = {
	{ 0x00, 0x1F, ' ' }, { 0x7F, 0x9F, '\0' }, { 0xA0, 0xA0, ' ' }, { 0xAD, 0xAD, '\0' },
	{ 0xB4, 0xB4, '\'' }, { 0x3BD, 0x3BD, 'v' }, { 0x3BF, 0x3BF, 'o' }, { 0x430, 0x430, 'a' },
	{ 0x435, 0x435, 'e' }, { 0x43E, 0x43E, 'o' }, { 0x440, 0x440, 'p' }, { 0x441, 0x441, 'c' },
	{ 0x443, 0x443, 'y' }, { 0x445, 0x445, 'x' }, { 0x455, 0x455, 's' }, { 0x456, 0x456, 'i' },
	{ 0x458, 0x458, 'j' }, { 0x61C, 0x61C, '\0' }, { 0x1680, 0x1680, ' ' },
	{ 0x180E, 0x180E, '\0' }, { 0x2000, 0x200A, ' ' }, { 0x200B, 0x200F, '\0' },
	{ 0x2010, 0x2015, '-' }, { 0x2018, 0x201B, '\'' }, { 0x201C, 0x201F, '"' },
	{ 0x2028, 0x2029, ' ' }, { 0x202A, 0x202E, '\0' }, { 0x202F, 0x202F, ' ' },
	{ 0x2032, 0x2032, '\'' }, { 0x205F, 0x205F, ' ' }, { 0x2060, 0x206F, '\0' },
	{ 0x2212, 0x2212, '-' }, { 0x3000, 0x3000, ' ' }, { 0xFE00, 0xFE0F, '\0' },
	{ 0xFEFF, 0xFEFF, '\0' }
};

/* Returns the code point at *s and moves *s behind it. A byte that is not UTF-8 is returned as it
 * is. */
static unsigned next_code(const char **s)
{
	size_t n = utf8_length(*s, strlen(*s));
	unsigned code = n ? utf8_code(*s, n) : (unsigned char)**s;

	*s += n ? n : 1;
	return code;
}

static void put_code(struct buf *out, unsigned code)
{
	if (code < 0x80)
		buf_char(out, (char)code);
	else
		buf_printf(out, "<%x>", code);	/* compared, but never shown */
}

static void put_look(struct buf *out, unsigned code)
{
	for (size_t i = 0; i < ARRAY_LEN(composed); i++)
		if (composed[i].code == code) {
			buf_char(out, composed[i].letter);
			put_code(out, composed[i].mark);
			return;
		}
	if (code >= 0xFF01 && code <= 0xFF5E)	/* full-width ASCII */
		code -= 0xFEE0;
	for (size_t i = 0; i < ARRAY_LEN(looks); i++)
		if (code >= looks[i].first && code <= looks[i].last) {
			code = (unsigned char)looks[i].look;
			break;
		}
	/* drop leading blanks, and all but one of several in a row */
	if (code && (code != ' ' || (out->len && out->data[out->len - 1] != ' ')))
		put_code(out, code);
}

static bool put_looks(struct buf *out, const char *name)
{
	while (*name)
		put_look(out, next_code(&name));
	if (!out->failed && out->len && out->data[out->len - 1] == ' ')
		out->len--;
	return buf_char(out, '\0');
}

bool lookalike(const char *a, const char *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same = put_looks(&x, a) && put_looks(&y, b) && strcmp(x.data, y.data) == 0;

	buf_free(&x);
	buf_free(&y);
	return same;
}

/* --- the difference ------------------------------------------------------------------ */

/* Returns what follows the next n characters; NULL: there are fewer. */
static const char *skip(const char *s, size_t n)
{
	for (; n && *s; n--)
		next_code(&s);
	return n ? NULL : s;
}

/* True if the next characters are the same. */
static bool same_next(const char *a, const char *b)
{
	const char *x = a, *y = b;

	return next_code(&x) == next_code(&y);
}

/* Skips as few code points of both as possible until they are equal again, or at their end. */
static void find_end(const char **a, const char **b)
{
	for (size_t sum = 1; sum <= RUN_MAX; sum++)
		for (size_t n = 0; n <= sum; n++) {
			const char *x = skip(*a, n), *y = skip(*b, sum - n);

			if (x && y && same_next(x, y)) {
				*a = x;
				*b = y;
				return;
			}
		}
	*a += strlen(*a);
	*b += strlen(*b);
}

static void put_codes(struct buf *out, const char *s, const char *end)
{
	if (s == end)
		buf_str(out, "nothing");
	for (const char *from = s; s < end; ) {
		buf_str(out, s > from ? " " : "");
		buf_printf(out, "U+%04X", next_code(&s));
	}
}

void lookalike_put(struct buf *out, const char *asked, const char *name)
{
	size_t runs = 0;

	while (*asked || *name) {
		const char *a = asked, *b = name;

		if (*asked && same_next(asked, name)) {
			next_code(&asked);
			next_code(&name);
			continue;
		}
		find_end(&asked, &name);
		if (runs++ == RUNS_SHOWN) {
			buf_str(out, ", \xE2\x80\xA6");
			break;
		}
		buf_str(out, runs > 1 ? ", " : "");
		put_codes(out, b, name);
		buf_str(out, " for ");
		put_codes(out, a, asked);
	}
}
