/* Hints for the processor's cache. */
#ifndef UTIL_PREFETCH_H
#define UTIL_PREFETCH_H

#include <stddef.h>

#define PREFETCH_LINE 64	/* bytes of a cache line */

/* Starts to load memory that will be written to soon. NULL is fine. */
static inline void prefetch_for_write(const void *from, size_t bytes)
{
	for (size_t i = 0; from && i < bytes; i += PREFETCH_LINE)
		__builtin_prefetch((const char *)from + i, 1);
}

#endif
