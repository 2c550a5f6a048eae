/*
 * Reads and writes JSON (RFC 8259). There are two ways to read it:
 *
 * - The cursor (json_start) reads one value at a time and builds no tree. Use it for input that
 *   comes often or may be large: messages, recordings, rows, audit lines, and lists of queues,
 *   which may have 32 MiB. It also reads error answers, which may be cut off, and the last login of
 *   gc, because it makes no copy of that secret.
 * - json_document parses a whole object with cJSON. Use it for small documents that are read once:
 *   the token answer and its cache file, the answers about a channel and its topics, the headers of
 *   spooled deliveries.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/buf.h"

/* Skips white space and the JSON value after it. Returns the end of the value; NULL: the value is
 * invalid, or nested more than 512 deep. */
const char *json_skip(const char *s, const char *end);
bool json_is_blank(const char *s, const char *end);	/* whether all of it is white space */

/* A member of a JSON object. Key and value point into the text. */
struct json_member {
	const char *key;	/* without its quotes, not unescaped */
	size_t key_len;
	const char *value;
	size_t value_len;
};

/* Reads the next member of the object at *s. Before the first call *s is at the `{`. Returns 1 for
 * a member, 0 at the end of the object (*s is then behind the `}`), -1 for invalid JSON. */
int json_walk(const char **s, const char *end, struct json_member *m);

/* Unescapes a JSON string, given with its quotes, and appends the result. False: the string is
 * invalid, or out of memory. */
bool json_unescape(const char *s, size_t len, struct buf *out);

/*
 * A position in a JSON text. If the text turns out to be invalid, `at` becomes NULL and all further
 * calls do nothing, so it is enough to check it at the end. After json_key or json_item has found a
 * value, read it (json_string, json_number), skip it (json_pass) or enter it (json_enter). Its type
 * follows from its first byte, which json_peek returns.
 */
struct json_cursor {
	const char *at, *end;
};

/* A string in the text, without its quotes and not unescaped. */
struct json_text {
	const char *s;
	size_t len;
	bool escaped;	/* it contains a backslash; json_text_put unescapes it */
	bool renamed;	/* a key that rows show in another form (see text_put_key) */
};

struct json_cursor json_start(const char *text, const char *end);
/* The first byte of the value; NUL: the text is invalid, or ends here. */
static inline char json_peek(const struct json_cursor *c)
{
	return c->at && c->at < c->end ? *c->at : '\0';
}

static inline void json_enter(struct json_cursor *c)	/* enters the object or array */
{
	if (c->at)
		c->at++;
}

/* Reads the next key of the object and stops before its value. False: the object ends. */
bool json_key(struct json_cursor *c, struct json_text *key);
/* Reads the next key if the text is exactly the given `"KEY":`. Faster than json_key for members
 * that come in their usual order. False: it is another text, and nothing was read; call
 * json_key. */
static inline bool json_expect(struct json_cursor *c, const char *quoted_key_colon, size_t len)
{
	const char *s = c->at;

	if (!s || s >= c->end)
		return false;
	if (s[-1] != '{' && *s++ != ',')
		return false;
	if ((size_t)(c->end - s) <= len || memcmp(s, quoted_key_colon, len) != 0
	    || (unsigned char)s[len] <= ' ')
		return false;
	c->at = s + len;
	return true;
}
/* Leaves the object if it ends right here. Faster than json_key, which finds that out too. */
static inline bool json_end(struct json_cursor *c)
{
	if (json_peek(c) != '}')
		return false;
	c->at++;
	return true;
}
/* Finds the next item of the array. False: the array ends. */
bool json_item(struct json_cursor *c);
void json_pass(struct json_cursor *c);	/* skips a value of any type */
/* Reads a string. False: the value is not a string, and nothing was read; or the text is
 * invalid. */
bool json_string(struct json_cursor *c, struct json_text *text);
/* Reads a number inside an object or array. A number too large for a double becomes infinite.
 * False: the text is invalid. */
bool json_number(struct json_cursor *c, double *x);

/* Whether the text, once unescaped, equals word, which is plain text and not JSON. */
bool json_text_equals(const struct json_text *text, const char *word, size_t len);
static inline bool json_text_is_n(const struct json_text *text, const char *word, size_t len)
{
	if (text->escaped)
		return json_text_equals(text, word, len);
	return text->len == len && memcmp(text->s, word, len) == 0;
}
static inline bool json_text_is(const struct json_text *text, const char *word)
{
	return json_text_is_n(text, word, strlen(word));	/* constant for a literal */
}

/* Appends the text, unescaped. False: out of memory. */
bool json_text_put(const struct json_text *text, struct buf *out);

/* The keys of an object read so far. They serve to refuse duplicate keys, because RFC 8259 §4 does
 * not define which of the two values counts. Set n to 0 at the start of an object. The keys are
 * borrowed. */
#define JSON_KEYS_MAX 1024
struct json_keys {
	size_t n;
	struct json_text key[JSON_KEYS_MAX];
};
/* Adds a key. Returns NULL, or the error: too many keys, a duplicate, or why_no_memory. Two keys
 * that look the same in rows (see text_put_key) are duplicates too. */
const char *json_keys_add(struct json_keys *keys, const struct json_text *key);

/* Appends a string in quotes, escaped. Invalid UTF-8 becomes U+FFFD, unsafe characters (utf8.h)
 * become \uXXXX. */
void json_put_string(struct buf *out, const char *s, size_t len);
/* Appends `before` unchanged, then the text as a JSON string. */
void json_put_quoted(struct buf *out, const char *before, const char *text);
/* Append a time since 1970 as a string, see time_format_ms and time_format_us. */
void json_put_time_ms(struct buf *out, int64_t ms);
void json_put_time_us(struct buf *out, int64_t us);

/* Appends a number, which has to be finite; see decimal_format. */
void json_put_double(struct buf *out, double x);

/* --- documents ---------------------------------------------------------------------- */

struct cJSON;

/*
 * Parses a JSON object of at most max bytes. NULL: *why has the reason (why_no_memory: out of
 * memory). It is stricter than cJSON and refuses control characters in strings and between values,
 * numbers such as 01 and 1., a byte order mark, text behind the object, a NUL or \u0000 (it would
 * end a string early), an object that has a member twice, and an object with more than
 * JSON_KEYS_MAX members. Unlike the cursor it also refuses lone surrogates and numbers of more than
 * 63 characters, because cJSON cannot read them.
 */
struct cJSON *json_document(const char *text, size_t len, size_t max, const char **why);
void json_document_free(struct cJSON *document);	/* wipes its strings; NULL is fine */

/* The member with that key, case-sensitive. NULL: there is none, or `object` is not an object. */
const struct cJSON *json_member(const struct cJSON *object, const char *key);
const char *json_value_string(const struct cJSON *value);	/* NULL: not a string */
bool json_value_number(const struct cJSON *value, double *x);	/* false: not a number */
bool json_is_array(const struct cJSON *value);
/* Iterate over an array. NULL: there are no more items, or `array` is not an array. */
const struct cJSON *json_first_item(const struct cJSON *array);
const struct cJSON *json_next_item(const struct cJSON *item);

#endif
