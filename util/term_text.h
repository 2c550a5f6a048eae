/*
 * Text and numbers for a terminal: widths in columns instead of bytes, long text cut with an
 * ellipsis, and short numbers with a unit.
 */
#ifndef UTIL_TERM_TEXT_H
#define UTIL_TERM_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

#define TERM_TEXT_NUMBER_MAX 32	/* bytes, with the NUL */

/* Which characters may be used. Without a UTF-8 locale (0) widths are unknown: then only ASCII is
 * shown, and `?` for each other character. */
struct term_text_signs {
	locale_t utf8;
	bool ascii;
};

/* Columns of the cleaned text, in which U+FFFD or `?` stands for each unsafe character (utf8.h),
 * each byte that is not UTF-8, and each character that no terminal shows. */
size_t term_text_width(const struct term_text_signs *signs, const char *text);

/* Appends the cleaned text, cut to at most the given columns, and returns how many it has. Cuts the
 * middle out, since names differ at both ends. */
size_t term_text_put(struct buf *out, const struct term_text_signs *signs, const char *text,
	size_t columns);
void term_text_blanks(struct buf *out, size_t n);

enum term_text_number {
	NUMBER_VALUE,		/* `4`, `0.75`, `12.3k` */
	NUMBER_MEAN,		/* `4.0`: always one decimal, so that a column lines up */
	NUMBER_MS		/* ms, as `850ms`, `8.4s`, `2.5m`, `1.2h` */
};

/* Writes a number in at most `columns` columns, which are at least 5: `>MAX` or `<MIN` if it is
 * beyond the largest unit, `-` for NaN. Returns out. */
const char *term_text_number(char out[TERM_TEXT_NUMBER_MAX], enum term_text_number kind, double x,
	int columns);

#endif
