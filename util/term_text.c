#include "util/term_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "util/base.h"
#include "util/text.h"
#include "util/utf8.h"

/* --- text --------------------------------------------------------------------------- */

struct glyph {
	const char *bytes;
	size_t len;
	size_t columns;		/* 0: it combines with the one before */
};

/* The character at *s as it is shown; moves *s behind it. */
static struct glyph next_glyph(const struct term_text_signs *signs, const char **s)
{
	struct glyph g = { "?", 1, 1 };
	size_t len = strlen(*s), n = utf8_length(*s, len);
	bool safe = n && !utf8_is_unsafe(*s, n);
	mbstate_t from = { 0 };
	wchar_t c;
	int columns = -1;

	if (signs->utf8 && !signs->ascii)
		g = (struct glyph){ TEXT_REPLACEMENT, strlen(TEXT_REPLACEMENT), 1 };
	if (safe && n == 1) {
		g = (struct glyph){ *s, 1, 1 };
	} else if (safe && signs->utf8) {
		columns = mbrtowc(&c, *s, n, &from) == n ? wcwidth(c) : -1;
		if (columns == 0 && signs->ascii)
			g = (struct glyph){ "", 0, 0 };
		else if (columns >= 0 && !signs->ascii)
			g = (struct glyph){ *s, n, (size_t)columns };
	}
	*s += n ? n : 1;
	return g;
}

/* wcwidth and mbrtowc use the thread's locale. */
static locale_t enter(const struct term_text_signs *signs)
{
	return signs->utf8 ? uselocale(signs->utf8) : (locale_t)0;
}

static void leave(locale_t before)
{
	if (before)
		uselocale(before);
}

static size_t width(const struct term_text_signs *signs, const char *text)
{
	size_t sum = 0;

	while (*text)
		sum += next_glyph(signs, &text).columns;
	return sum;
}

size_t term_text_width(const struct term_text_signs *signs, const char *text)
{
	locale_t before = enter(signs);
	size_t sum = width(signs, text);

	leave(before);
	return sum;
}

/* Appends as much of the beginning and the end as fits. Combining marks stay with their letter. */
static size_t put_cut(struct buf *out, const struct term_text_signs *signs, const char *text,
	size_t all, size_t columns)
{
	size_t tail = (columns - 1) / 3, head = columns - 1 - tail, at = 0, taken = 0;
	bool in_head = true, in_tail = false;

	while (*text) {
		struct glyph g = next_glyph(signs, &text);

		if (in_head && at + g.columns > head) {
			in_head = false;
			buf_str(out, signs->ascii || !signs->utf8 ? "~" : "\xE2\x80\xA6");
			taken++;
		}
		in_tail = in_tail || (g.columns && all - at <= tail);
		if (in_head || in_tail) {
			buf_add(out, g.bytes, g.len);
			taken += g.columns;
		}
		at += g.columns;
	}
	return taken;
}

size_t term_text_put(struct buf *out, const struct term_text_signs *signs, const char *text,
	size_t columns)
{
	locale_t before = enter(signs);
	size_t all = width(signs, text);

	if (all > columns)
		all = columns ? put_cut(out, signs, text, all, columns) : 0;
	else
		while (*text) {
			struct glyph g = next_glyph(signs, &text);

			buf_add(out, g.bytes, g.len);
		}
	leave(before);
	return all;
}

void term_text_blanks(struct buf *out, size_t n)
{
	buf_printf(out, "%*s", (int)n, "");
}

/* --- numbers ------------------------------------------------------------------------ */

struct unit {
	const char *name;
	double size, limit;	/* from the limit on, the next unit is used */
};

static const struct unit counts[] = {
	{ "", 1, 1e4 }, { "k", 1e3, 1e3 }, { "M", 1e6, 1e3 }, { "G", 1e9, 1e3 },
	{ "T", 1e12, 1e3 }, { "P", 1e15, 1e3 }, { "E", 1e18, 1e3 }
};

static const struct unit times[] = {
	{ "ms", 1, 1e3 }, { "s", 1e3, 60 }, { "m", 6e4, 60 }, { "h", 36e5, 100 },
	{ "d", 864e5, 1e3 }
};

static int decimals(enum term_text_number kind, const struct unit *unit, double x)
{
	double size = fabs(x);
	bool whole = x == floor(x);

	if (unit->size > 1)
		return size < 99.95 && x != 0;
	if (kind == NUMBER_MS)
		return size < 9.95 && !whole;
	if (whole && kind == NUMBER_VALUE)
		return 0;
	if (size < (kind == NUMBER_MEAN ? 0.095 : 9.995) && x != 0)
		return 2;
	return size < 99.95;
}

/* Writes the number in one unit. False: when rounded, it is too large for the unit. */
static bool put_in_unit(char out[TERM_TEXT_NUMBER_MAX], enum term_text_number kind, double x,
	const struct unit *unit, int columns)
{
	double scaled = x / unit->size;

	if (fabs(scaled) >= unit->limit)
		return false;
	for (int d = decimals(kind, unit, scaled); d >= 0; d--) {
		double step = pow(10, d);
		int n = snprintf(out, TERM_TEXT_NUMBER_MAX, "%.*f%s", d, scaled, unit->name);

		if (n <= columns && fabs(round(scaled * step) / step) < unit->limit)
			return true;
	}
	return false;
}

const char *term_text_number(char out[TERM_TEXT_NUMBER_MAX], enum term_text_number kind, double x,
	int columns)
{
	const struct unit *units = kind == NUMBER_MS ? times : counts;
	size_t n = kind == NUMBER_MS ? ARRAY_LEN(times) : ARRAY_LEN(counts);

	for (size_t i = x == 0 && kind == NUMBER_MS; !isnan(x) && i < n; i++)
		if (put_in_unit(out, kind, x, &units[i], columns))
			return out;
	snprintf(out, TERM_TEXT_NUMBER_MAX, "%s", isnan(x) ? "-" : x > 0 ? ">max" : "<min");
	return out;
}
