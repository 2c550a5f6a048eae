/* A piece of a longer text: a pointer and a length, without a NUL at its end. */
#ifndef UTIL_SLICE_H
#define UTIL_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Borrowed. s NULL: absent. */
struct slice {
	const char *s;
	size_t len;
};

static inline struct slice slice_of(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

static inline bool slice_is(struct slice slice, const char *word)
{
	size_t len = strlen(word);	/* known at compile time for a literal */

	return slice.s && slice.len == len && memcmp(slice.s, word, len) == 0;
}

static inline bool slice_same(struct slice a, struct slice b)
{
	if (!a.s || !b.s)
		return a.s == b.s;
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* These two ignore the case of ASCII letters. */
bool slice_has_prefix(struct slice slice, const char *prefix);
bool slice_is_any_case(struct slice slice, const char *word);

/* A copy with a NUL at its end (malloc'd); NULL: out of memory. The slice must not be absent. */
char *slice_dup(struct slice slice);

#endif
