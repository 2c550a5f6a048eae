/*
 * Strings: cleaning for each kind of output, lines of a list, patterns, UUIDs (RFC 9562), hashes,
 * and suggestions for misspelt words.
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define UUID_LEN 36

/* Overwrites and frees a secret string, and sets it to NULL. NULL is fine. */
void text_wipe(char **s);

/* A new text (malloc'd); NULL: out of memory. */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Writes a UUID in lower case; false: s is not a UUID, and out is empty. */
bool text_parse_uuid(const char *s, size_t len, char out[UUID_LEN + 1]);

/* Writes n bytes as 2n digits and a NUL. */
void text_hex(const unsigned char *bytes, size_t n, char *out);

/* A hash for hash tables. Do not store it: it depends on the machine's byte order. */
uint64_t text_hash(uint64_t seed, const char *s, size_t len);

/* Writes a name as rows show it, with `_` for each dot and each control character. s must be valid
 * UTF-8. Writes at most len bytes and returns their end. text_is_key: true if s stays the same. */
char *text_put_key(char *out, const char *s, size_t len);
bool text_is_key(const char *s, size_t len);

/* Cleans a message in place: `?` for each unsafe or invisible character (utf8.h) and for each
 * byte that is not UTF-8. */
void text_clean(char *s);

/* For CSV, tables, Nagios and Prometheus: appends s with U+FFFD for each unsafe character and each
 * byte that is not UTF-8. The result is at most three times as long. */
#define TEXT_REPLACEMENT "\xEF\xBF\xBD"
bool text_put_safe(struct buf *out, const char *s, size_t len);
bool text_put_csv(struct buf *out, const char *s);	/* a field, quoted if it must be */

/* Appends s as one line, with a blank for each control character and U+FFFD for each byte that is
 * not UTF-8. The result is at most three times as long. */
bool text_put_printable(struct buf *out, const char *s, size_t len);

/* The next line of a list, without blanks around it and without a comment (`#` to the end of the
 * line), so it may be empty. NULL: there are no more. Set *at to 0 before the first call. */
const char *text_line(const char *text, size_t size, size_t *at, size_t *len);

/* True if s is 1 to max bytes of ASCII without blanks and controls. */
bool text_is_visible(const char *s, size_t max);
#define TEXT_TOKEN_MAX 16384	/* bytes of an access token */

/* Writes an invalid value as a message shows it: shortened, a URL without its query, `?` for a NUL.
 * The caller cleans the whole message with text_clean. Returns out. */
#define TEXT_SHOWN_SIZE 108
const char *text_shown(char out[TEXT_SHOWN_SIZE], const char *value, size_t len);

/* The edit distance of a and b: a swap of neighbours is one edit, and the case of ASCII letters
 * is ignored. SIZE_MAX: it is more than bound. Both are at most TEXT_EDITS_MAX bytes. */
#define TEXT_EDITS_MAX 64
size_t text_edits(const char *a, size_t na, const char *b, size_t nb, size_t bound);
/* The largest distance at which to suggest another word for one of len bytes. */
size_t text_edits_near(size_t len);

/* Appends s in lower case and a NUL. Without a UTF-8 locale (0), changes only ASCII letters. s must
 * not point into out, whose memory may move. */
void text_put_folded(struct buf *out, const char *s, locale_t utf8);

/* True if the text equals the pattern, or begins with it where the pattern ends in `*`. */
static inline bool text_matches(const char *pattern, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && pattern[i] && pattern[i] == s[i]
	       && !(pattern[i] == '*' && !pattern[i + 1]))
		i++;
	return pattern[i] ? pattern[i] == '*' && !pattern[i + 1] : i == len;
}

/* The word nearest to s by edit distance; NULL: none is near enough to suggest. */
const char *text_nearest_word(const char *s, const char *const *words, size_t n);

/* Writes a list of the words, each behind `before`: `json, csv or table`. Cuts what does not fit.
 * Returns the length; at least size: it was cut. */
size_t text_words(char *out, size_t size, const char *before, const char *const *words, size_t n);

/* Writes such a list of the words, and the nearest to s if it or a part of it is near: `json, csv
 * or table; did you mean csv?` Cuts what does not fit. */
void text_words_hint(char *out, size_t size, const char *s, const char *const *words, size_t n);

#endif
