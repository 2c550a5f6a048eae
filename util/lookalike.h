/*
 * Finds names that look the same but differ: in how an accented letter is encoded, in blanks,
 * dashes or quotes, in invisible characters, or in letters of another script. All names are in
 * lower case, from text_put_folded.
 */
#ifndef UTIL_LOOKALIKE_H
#define UTIL_LOOKALIKE_H

#include <stdbool.h>

#include "util/buf.h"

bool lookalike(const char *asked, const char *name);	/* True: they look the same. */
/* Appends the characters of name that differ from those of asked: `U+0075 U+0308 for U+00FC`. */
void lookalike_put(struct buf *out, const char *asked, const char *name);

#endif
