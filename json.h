/*
 * Reads and writes JSON (RFC 8259). It is read in two ways:
 *
 * - What comes often or may be large is read by the cursor, one value at a time, without a tree:
 *   frames and notifications, snapshot answers, recordings, rows, audit lines, and lists of queues,
 *   from the API or the cache, which may have 32 MiB. So are error answers, which may be cut off,
 *   and gc's last login, of which no copy is made.
 * - Documents that are small and read once are read whole by json_document, that is by cJSON: the
 *   token's answer and cache file, the answers to a channel and its topics, the headers of spooled
 *   deliveries.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/buf.h"

/*
 * The end of the JSON value that begins at s, after white space; NULL: it is invalid, or nested
 * more than 512 deep.
 */
const char *json_skip(const char *s, const char *end);
bool json_is_blank(const char *s, const char *end);	/* there is only white space */

/* A member of a JSON object: its key and its value as they are in the text. */
struct json_member {
	const char *key;	/* without its quotes, escapes untouched */
	size_t key_len;
	const char *value;
	size_t value_len;
};

/* Reads the next member of the object at *s; the first call has *s at `{`. 1: a member, 0: the end
 * of the object (*s is behind `}`), -1: invalid JSON. */
int json_walk(const char **s, const char *end, struct json_member *m);

/* Appends the content of a JSON string, which is given with its quotes; false: it is invalid, or
 * out of memory. */
bool json_unescape(const char *s, size_t len, struct buf *out);

/*
 * A position in a JSON text. When the text is invalid, `at` becomes NULL and all further calls do
 * nothing, so check it once at the end. After json_key or json_item has found a value, read it
 * (json_string, json_number), skip it (json_pass) or go into it (json_enter). json_peek returns
 * its first byte, which tells what it is.
 */
struct json_cursor {
	const char *at, *end;
};

/* The content of a string in the text, without its quotes. */
struct json_text {
	const char *s;
	size_t len;
	bool escaped;	/* it has a backslash; json_text_put unescapes it */
	bool renamed;	/* a key that rows show differently (see text_put_key) */
};

struct json_cursor json_start(const char *text, const char *end);
/* The first byte of the value; NUL: invalid, or the end. */
static inline char json_peek(const struct json_cursor *c)
{
	return c->at && c->at < c->end ? *c->at : '\0';
}

static inline void json_enter(struct json_cursor *c)	/* into the object or array */
{
	if (c->at)
		c->at++;
}

/* Reads the next key of the object, and stops before its value; false: the object ends. */
bool json_key(struct json_cursor *c, struct json_text *key);
/* Reads the next key if it is exactly the given `"KEY":`. Faster than json_key for members that
 * come in their usual order. False: it is not, and nothing was read; call json_key. */
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
/* Finds the next item of the array; false: the array ends. */
bool json_item(struct json_cursor *c);
void json_pass(struct json_cursor *c);	/* skips a value of any type */
/* False: it is not a string, and nothing was read. */
bool json_string(struct json_cursor *c, struct json_text *text);
/* Reads a number in an object or array. It may be infinite. */
bool json_number(struct json_cursor *c, double *x);

bool json_text_equals(const struct json_text *text, const char *word, size_t len);
static inline bool json_text_is_n(const struct json_text *text, const char *word, size_t len)
{
	if (text->escaped)
		return json_text_equals(text, word, len);
	return text->len == len && memcmp(text->s, word, len) == 0;
}
static inline bool json_text_is(const struct json_text *text, const char *word)
{
	return json_text_is_n(text, word, strlen(word));	/* a literal's length is constant */
}

bool json_text_put(const struct json_text *text, struct buf *out);	/* unescaped, appended */

/* The keys of an object so far, to detect duplicates: RFC 8259 §4 does not say which of the two
 * values counts. Set n to 0 at the start of an object. The keys are borrowed. */
#define JSON_KEYS_MAX 1024
struct json_keys {
	size_t n;
	struct json_text key[JSON_KEYS_MAX];
};
/* Adds a key. NULL, or what is wrong: too many keys, a duplicate, or why_no_memory. Keys that rows
 * show alike (see text_put_key) are duplicates too. */
const char *json_keys_add(struct json_keys *keys, const struct json_text *key);

/* Appends a quoted and escaped string: U+FFFD for invalid UTF-8, \uXXXX for unsafe characters
 * (utf8.h). */
void json_put_string(struct buf *out, const char *s, size_t len);
/* Appends `before` as it is, then the text as a string. */
void json_put_quoted(struct buf *out, const char *before, const char *text);
void json_put_time_ms(struct buf *out, int64_t ms);	/* with quotes */
void json_put_time_us(struct buf *out, int64_t us);

void json_put_double(struct buf *out, double x);	/* finite; see decimal_format */

/* --- documents ---------------------------------------------------------------------- */

struct cJSON;

/*
 * Parses a JSON object of at most max bytes. NULL: *why says why (why_no_memory: out of memory).
 * cJSON alone would take, and this refuses: control characters in strings and between values,
 * numbers such as 01 and 1., a byte order mark, more text behind the object, a NUL or \u0000,
 * which would end a string early, a member that an object has twice, and more than
 * JSON_KEYS_MAX members in one object. Lone surrogates and numbers of more than 63 characters,
 * which the cursor takes, are refused because cJSON does.
 */
struct cJSON *json_document(const char *text, size_t len, size_t max, const char **why);
void json_document_free(struct cJSON *document);	/* wipes its strings; NULL is fine */

/* The member of an object, matched with case; NULL: it has none, or object is no object. */
const struct cJSON *json_member(const struct cJSON *object, const char *key);
const char *json_value_string(const struct cJSON *value);	/* NULL: it is no string */
bool json_value_number(const struct cJSON *value, double *x);	/* false: it is no number */
bool json_is_array(const struct cJSON *value);
/* The first item of an array, and the one that follows; NULL: no more, or array is no array. */
const struct cJSON *json_first_item(const struct cJSON *array);
const struct cJSON *json_next_item(const struct cJSON *item);

#endif
