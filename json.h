/*
 * JSON (RFC 8259) at the edges: text read a value at a time, and doubles, strings and times
 * written. Strict, without a tree and without memory of its own.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/buf.h"

/*
 * The end of the one strict JSON value (RFC 8259) that begins at s, NULL if there is none;
 * white space before it is skipped. Depth at most 512.
 */
const char *json_skip(const char *s, const char *end);

/* A member of a JSON object's text: key and value as they stand there. */
struct json_member {
	const char *key;	/* without its quotes, escapes untouched */
	size_t key_len;
	const char *value;
	size_t value_len;
};

/* Walks the members of the object at *s; begin with *s at `{`. 1: a member, 0: the end
 * (*s is behind `}`), -1: not strict JSON. */
int json_walk(const char **s, const char *end, struct json_member *m);

/* A JSON string's text with its quotes, unescaped into out (which grows); false if broken. */
bool json_unescape(const char *s, size_t len, struct buf *out);

/*
 * A place in one JSON text. Malformed text sets `at` to NULL for good, every call is then
 * without effect: look once, at the end. Each value that json_key or json_item has found
 * must be read, passed or entered; json_peek tells which it is by its first byte.
 */
struct json_cursor {
	const char *at, *end;
};

/* A string between its quotes. */
struct json_text {
	const char *s;
	size_t len;
	bool escaped;	/* holds a backslash: json_text_put makes it plain */
	bool renamed;	/* a key that rows show differently (see text_put_key) */
};

struct json_cursor json_start(const char *text, const char *end);
/* The value's first byte; NUL: malformed, or the end. */
static inline char json_peek(const struct json_cursor *c)
{
	return c->at && c->at < c->end ? *c->at : '\0';
}

static inline void json_enter(struct json_cursor *c)	/* the object or array at hand */
{
	if (c->at)
		c->at++;
}

bool json_next_key(struct json_cursor *c, struct json_text *key);
/* The next member of the object entered, up to its value; false at the object's end. */
static inline bool json_key(struct json_cursor *c, struct json_text *key)
{
	if (json_peek(c) != '}')
		return json_next_key(c, key);
	c->at++;	/* at once: mostly no blank stands before it */
	return false;
}
/* The same where the next bytes are just `"KEY":`: what a service sends in its usual order
 * costs one comparison a key. False: nothing is read yet, which is no end and no fault. */
static inline bool json_expect(struct json_cursor *c, const char *quoted_key_colon)
{
	size_t len = strlen(quoted_key_colon);
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
bool json_item(struct json_cursor *c);		/* the same for an array */
void json_pass(struct json_cursor *c);		/* over one value of any kind */
bool json_string(struct json_cursor *c, struct json_text *text);	/* false: it is none */
/* A number within an object or array, perhaps infinite. */
bool json_number(struct json_cursor *c, double *x);

bool json_text_equals(const struct json_text *text, const char *word, size_t len);
static inline bool json_text_is(const struct json_text *text, const char *word)
{
	size_t len = strlen(word);	/* of a literal: known when this is compiled */

	if (text->escaped)
		return json_text_equals(text, word, len);
	return text->len == len && memcmp(text->s, word, len) == 0;
}

bool json_text_put(const struct json_text *text, struct buf *out);	/* unescaped, appended */

/* The keys of one object so far, to find a key that comes twice: RFC 8259 §4 leaves open which
 * of the two values holds. Set n to 0 at the object's begin; borrows the keys, quotes and all. */
#define JSON_KEYS_MAX 1024
struct json_keys {
	size_t n;
	struct json_text key[JSON_KEYS_MAX];
};
const char *json_keys_add_more(struct json_keys *keys, const struct json_text *key);
/* Adds a key. NULL, or what is wrong with the object: it has the key already, perhaps in other
 * characters that a row shows as the same (see text_put_key), or too many keys. */
static inline const char *json_keys_add(struct json_keys *keys, const struct json_text *key)
{
	if (keys->n)
		return json_keys_add_more(keys, key);
	keys->key[keys->n++] = *key;	/* the only one of most objects: nothing to compare */
	return NULL;
}

/* Writers. A string: quoted, escaped, invalid UTF-8 as U+FFFD, unsafe characters (text.h) as
 * \uXXXX. A double: the shortest of 15 to 17 digits that reads back the same;
 * integers up to 2^53 as integers; never NaN or infinite. No locale changes either. */
void json_put_string(struct buf *out, const char *s, size_t len);
/* What stands before it, as it is, then the text as a string. */
void json_put_quoted(struct buf *out, const char *before, const char *text);
void json_put_double(struct buf *out, double x);
void json_put_time_ms(struct buf *out, int64_t ms);	/* with quotes */
void json_put_time_us(struct buf *out, int64_t us);

#define JSON_DOUBLE_MAX 32
size_t json_format_double(char out[JSON_DOUBLE_MAX], double x);	/* returns its length */

#endif
