/* Formats numbers as decimal text. */
#ifndef UTIL_DECIMAL_H
#define UTIL_DECIMAL_H

#include <stddef.h>

#define DECIMAL_MAX 32

/* Writes integers up to 2^53 as integers, and other numbers with the fewest of 15 to 17 digits that
 * read back as the same double. x must be finite. Ignores the locale. Returns the length. */
size_t decimal_format(char out[DECIMAL_MAX], double x);

#endif
