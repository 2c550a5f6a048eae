/* A piece of a longer text: a pointer and a length, without a NUL at its end. */
#ifndef UTIL_SLICE_H
#define UTIL_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* Whether n bytes are equal. Most names of metrics have 8 to 16 bytes and are compared often: for
 * these, two words (which may overlap) are compared without a call. */
static inline bool slice_bytes_same(const char *a, const char *b, size_t n)
{
	uint64_t a1, a2, b1, b2;

	if (n < sizeof(a1) || n > 2 * sizeof(a1))
		return memcmp(a, b, n) == 0;
	memcpy(&a1, a, sizeof(a1));
	memcpy(&b1, b, sizeof(b1));
	memcpy(&a2, a + n - sizeof(a2), sizeof(a2));
	memcpy(&b2, b + n - sizeof(b2), sizeof(b2));
	return a1 == b1 && a2 == b2;
}

static inline bool slice_same(struct slice a, struct slice b)
{
	if (a.s == b.s || !a.s || !b.s)
		return a.s == b.s && a.len == b.len;
	return a.len == b.len && slice_bytes_same(a.s, b.s, a.len);
}

/* These two ignore the case of ASCII letters. */
bool slice_has_prefix(struct slice slice, const char *prefix);
bool slice_is_any_case(struct slice slice, const char *word);

/* A copy with a NUL at its end (malloc'd); NULL: out of memory. The slice must not be absent. */
char *slice_dup(struct slice slice);

#endif
