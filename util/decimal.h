/* Numbers as decimal text. */
#ifndef UTIL_DECIMAL_H
#define UTIL_DECIMAL_H

#include <stddef.h>

#define DECIMAL_MAX 32

/* Integers up to 2^53 as integers; other numbers with the fewest of 15 to 17 digits that read back
 * as the same double. x is finite. Does not depend on the locale. Returns the length. */
size_t decimal_format(char out[DECIMAL_MAX], double x);

#endif
