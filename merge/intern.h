/*
 * Keeps one copy of each text, so that two equal texts have the same address. Rows that are merged
 * have the same few names again and again.
 */
#ifndef MERGE_INTERN_H
#define MERGE_INTERN_H

#include <stddef.h>

struct intern {			/* a hash table with open addressing; start with all zero */
	char **text;
	size_t n, cap;		/* cap: a power of two */
};

/* The copy of a text of len bytes, with a NUL behind it. It stays until intern_free. NULL: out of
 * memory. */
const char *intern_text(struct intern *in, const char *s, size_t len);
void intern_free(struct intern *in);

#endif
