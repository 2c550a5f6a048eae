/*
 * Text from outside, checked and turned into values, and values back into text:
 * RFC 3339 times, durations, UUIDs (RFC 9562), UTF-8 (RFC 3629), the nearest known word.
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define UUID_LEN 36
#define NO_TIME INT64_MIN		/* where a time may be absent */
#define TIME_TEXT_MAX 64	/* with the NUL */
#define DURATION_TEXT_MAX 32

/* RFC 3339 date-time, any offset, `T` and `Z` in either case; cut to µs; strict ranges. */
bool time_parse_us(const char *s, size_t len, int64_t *us);
void time_format_ms(char out[TIME_TEXT_MAX], int64_t ms);	/* 2026-11-24T02:00:00.000Z */
void time_format_us(char out[TIME_TEXT_MAX], int64_t us);	/* six decimals */

/*
 * A decimal number with ms, s, m or h, or ISO 8601 with H, M, S (`PT1M30S`), decimal in
 * any part that is last; a whole number of ms, not negative, at most 10 years.
 */
bool duration_parse_ms(const char *s, int64_t *ms);
void duration_format(char out[DURATION_TEXT_MAX], int64_t ms);	/* shortest: 500ms 30s 2m 24h */

bool uuid_parse(const char *s, size_t len, char out[UUID_LEN + 1]);	/* lower case out */

/* n bytes as 2n digits and a NUL. */
void text_hex(const unsigned char *bytes, size_t n, char *out);

/* Even enough for a table; not the same on machines of other byte order. */
uint64_t text_hash(uint64_t seed, const char *s, size_t len);

bool utf8_valid(const char *s, size_t len);
size_t utf8_length(const char *s, size_t len);	/* of the sequence at s; 0: invalid */

/* The length of the longest prefix of at most max bytes that splits no UTF-8 sequence. */
size_t utf8_cut(const char *s, size_t len, size_t max);

/* Of a valid sequence of n bytes: U+0000 to U+001F, U+007F to U+009F. */
bool utf8_is_control(const char *s, size_t n);

/*
 * Whether no output may show the character as it is, because it changes how the text around it
 * is shown: controls, directions of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069), ends of lines (U+2028, U+2029). Of a valid sequence of n bytes. Each output uses one
 * of three forms: json_put_string (\uXXXX), text_put_safe (U+FFFD) or text_clean (`?`).
 */
bool utf8_is_unsafe(const char *s, size_t n);

unsigned utf8_code(const char *s, size_t n);	/* the code point of a valid sequence */

/* Of valid UTF-8: a name as rows have it, `_` for each dot and each control, at most as long;
 * returns its end. Whether that would change nothing. */
char *text_put_key(char *out, const char *s, size_t len);
bool text_is_key(const char *s, size_t len);

/* In place, for messages: a `?` for each character that is unsafe or that no terminal shows (but
 * not U+200C and U+200D, which some scripts need), and for each byte that is no UTF-8. */
void text_clean(char *s);

/* Appended, for CSV, tables, plugins and Prometheus: U+FFFD for each unsafe character and byte
 * that is no UTF-8. At most three times as long. */
#define TEXT_REPLACEMENT "\xEF\xBF\xBD"
bool text_put_safe(struct buf *out, const char *s, size_t len);
bool text_put_csv(struct buf *out, const char *s);	/* a cell, with quotes if it needs them */

/* Appended as printable UTF-8 on one line: a blank for each control, U+FFFD for each byte that
 * is no UTF-8. At most three times as long. */
bool text_put_printable(struct buf *out, const char *s, size_t len);

/* The next line of a list: without blanks around and what follows a `#`, so perhaps empty.
 * NULL: there is none. *at begins at 0. */
const char *text_line(const char *text, size_t size, size_t *at, size_t *len);

/* Whether s is 1 to max bytes of ASCII, neither blanks nor controls. */
bool text_is_visible(const char *s, size_t max);
#define TEXT_TOKEN_MAX 16384	/* of an access token */

/* A bad value of len bytes as a line shows it: cut, a URL without its query, a NUL as `?`, all
 * else to be cleaned with the line. Returns out. */
#define SHOWN_SIZE 108
const char *text_shown(char out[SHOWN_SIZE], const char *value, size_t len);

/* Edits from a to b, a swap of neighbours as one, the case of ASCII letters as none; SIZE_MAX:
 * more than bound. Neither is longer than TEXT_EDITS_MAX. */
#define TEXT_EDITS_MAX 64
size_t text_edits(const char *a, size_t na, const char *b, size_t nb, size_t bound);
/* How many edits from a word of len bytes are few enough to suggest the other. */
size_t text_edits_near(size_t len);

/* In lower case, any script's, a NUL behind it: without a UTF-8 locale (0) only ASCII's. s is
 * not out's own, which moves. */
void text_put_folded(struct buf *out, const char *s, locale_t utf8);
locale_t text_utf8_locale(void);
void text_free_locale(locale_t utf8);	/* 0 is fine */

/* Whether the pattern is the text, or with a `*` at its end its beginning. */
bool text_fits(const char *pattern, const char *s, size_t len);

/* The word nearest to s by edits (case ignored), NULL if none is near enough to suggest. */
const char *nearest_word(const char *s, const char *const *words, size_t n);

/* The words, a blank before each, and the one that s may mean: ` ndjson csv; did you mean csv?` */
void words_hint(char *out, size_t size, const char *s, const char *const *words, size_t n);

#endif
