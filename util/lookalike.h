/*
 * Names that look the same and are not: with a letter and its mark as one character or as two,
 * with other blanks, dashes or quotes, with invisible characters, or with letters of
 * another script. Names are those of text_put_folded, in lower case.
 */
#ifndef UTIL_LOOKALIKE_H
#define UTIL_LOOKALIKE_H

#include <stdbool.h>

#include "util/base.h"

/* A queue and its name, as it is and folded. */
struct alike {
	const char *id, *name, *folded;
};

/* If its name looks like the one asked for (folded), appends
 * `; "NAME" (ID) looks the same but has U+0075 U+0308 for U+00FC`. False: it does not. */
bool alike_put(struct buf *out, const char *asked, const struct alike *queue);

#endif
