/* UTF-8 (RFC 3629): validity, code points, and characters that need care when shown. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const char *s, size_t len);
/* Bytes of the sequence that begins at s; 0: it is invalid. */
size_t utf8_length(const char *s, size_t len);

/* The length of the longest prefix of at most max bytes that splits no sequence. */
size_t utf8_cut(const char *s, size_t len, size_t max);

/* The functions below take one valid sequence of n bytes. */

unsigned utf8_code(const char *s, size_t n);	/* its code point */

/* U+0000 to U+001F, U+007F to U+009F. */
bool utf8_is_control(const char *s, size_t n);

/*
 * True if no output may show the character as it is, because it changes how the text around it
 * is shown: controls, text directions (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069) and line ends (U+2028, U+2029). Each output replaces it in one of three ways:
 * json_put_string (\uXXXX), text_put_safe (U+FFFD) or text_clean (`?`).
 */
bool utf8_is_unsafe(const char *s, size_t n);

/* True for other characters that a terminal does not show. U+200C and U+200D are not among
 * them: some scripts need them. */
bool utf8_is_invisible(const char *s, size_t n);

/* The locale C.UTF-8, for functions that take one; 0: the system has none. */
locale_t utf8_locale_new(void);
void utf8_locale_free(locale_t utf8);	/* 0 is fine */

#endif
