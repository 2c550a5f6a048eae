/*
 * Names that look the same and are not: with a letter and its mark as one character or as two,
 * with other blanks, dashes or quotes, with invisible characters, or with letters of
 * another script. Names are those of text_put_folded, in lower case.
 */
#ifndef UTIL_LOOKALIKE_H
#define UTIL_LOOKALIKE_H

#include <stdbool.h>

#include "util/buf.h"

/* Whether two folded names, asked and name, look the same. */
bool lookalike(const char *asked, const char *name);
/* Appends in which characters name differs: `U+0075 U+0308 for U+00FC`. */
void lookalike_put(struct buf *out, const char *asked, const char *name);

#endif
