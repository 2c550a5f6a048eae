/*
 * Text and numbers as people see them on a terminal: widths in columns, not in bytes; what is
 * too long cut with a sign; numbers short, with their unit.
 */
#ifndef UTIL_TERM_TEXT_H
#define UTIL_TERM_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

#define TERM_TEXT_NUMBER_MAX 32	/* bytes, with the NUL */

/* What signs may be used. Without a UTF-8 locale (0) no widths are known: ASCII alone then,
 * and a `?` for each character beyond it. */
struct term_text_signs {
	locale_t utf8;
	bool ascii;
};

/* Columns of the text once it is clean: U+FFFD, or `?`, for each unsafe character
 * (text.h), for each byte that is no UTF-8, and for what no terminal can show. */
size_t term_text_width(const struct term_text_signs *signs, const char *text);

/* Appends the clean text, cut in its middle to at most so many columns: names differ at both
 * ends. Returns the columns that it takes. */
size_t term_text_put(struct buf *out, const struct term_text_signs *signs, const char *text,
	size_t columns);
void term_text_blanks(struct buf *out, size_t n);

enum term_text_number {
	NUMBER_VALUE,		/* `4`, `0.75`, `12.3k` */
	NUMBER_MEAN,		/* `4.0`: one decimal, that a column of them is calm */
	NUMBER_MS		/* ms, as `850ms`, `8.4s`, `2.5m`, `1.2h` */
};

/* In at most `columns` of them (5 at least, for any number); NaN is `-`. Returns out. */
const char *term_text_number(char out[TERM_TEXT_NUMBER_MAX], enum term_text_number kind, double x,
	int columns);

#endif
