#include "json.h"

#include <cjson/cJSON.h>
#include <endian.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/decimal.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define SKIP_DEPTH_MAX 512
#define NUMBER_MAX 63		/* bytes; cJSON reads no longer numbers */

/* --- scanning ----------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_spaces(const char *s, const char *end)
{
	while (s < end && is_space(*s))
		s++;
	return s;
}

/* Like skip_spaces, but faster if there is no white space. */
static inline const char *skip_space(const char *s, const char *end)
{
	return s < end && (unsigned char)*s <= ' ' ? skip_spaces(s, end) : s;
}

bool json_is_blank(const char *s, const char *end)
{
	return skip_space(s, end) == end;
}

/* Sixteen bytes that are compared at once, in a vector register. */
typedef unsigned char block __attribute__((vector_size(16)));

/* How many bytes at the start are zero; 16: all of them. */
static inline size_t zeros_before(block b)
{
	uint64_t half[2];

	memcpy(half, &b, sizeof(half));
	if (half[0])
		return (size_t)__builtin_ctzll(le64toh(half[0])) >> 3;
	return half[1] ? 8 + ((size_t)__builtin_ctzll(le64toh(half[1])) >> 3) : sizeof(b);
}

/* Finds the first quote, backslash or control character. In a key it also stops at a byte that
 * text_put_key may change, and before the last bytes that do not fill a block: scan_any_key then
 * reads the key. */
static inline const char *skip_plain(const char *s, const char *end, bool key)
{
	while (end - s >= (ptrdiff_t)sizeof(block)) {
		size_t n;
		block b, stop;

		memcpy(&b, s, sizeof(b));
		stop = (block)((b == '"') | (b == '\\') | (b < 0x20));
		if (key)
			stop |= (block)((b == '.') | (b > '~'));
		n = zeros_before(stop);
		s += n;
		if (n < sizeof(b))
			return s;
	}
	while (!key && s < end && (unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
		s++;
	return s;
}

/* Returns the end of the escape sequence at s; NULL: it is invalid. */
static const char *skip_escape(const char *s, const char *end)
{
	if (++s == end || !*s || !strchr("\"\\/bfnrtu", *s))
		return NULL;
	if (*s++ != 'u')
		return s;
	if (end - s < 4)
		return NULL;
	for (int i = 0; i < 4; i++, s++)
		if (!*s || !strchr("0123456789abcdefABCDEF", *s))
			return NULL;
	return s;
}

/* Returns the end of a string whose first backslash or control character is at s; NULL: the string
 * is invalid. */
static __attribute__((noinline)) const char *scan_escaped(const char *s, const char *end)
{
	for (; s < end && *s != '"'; s = skip_plain(s, end, false)) {
		s = *s == '\\' ? skip_escape(s, end) : NULL;
		if (!s)
			return NULL;
	}
	return s < end ? s + 1 : NULL;
}

/* Returns the end of the string whose opening quote is at s; NULL: it is invalid. */
static const char *scan_string(const char *s, const char *end, bool *escaped)
{
	s = skip_plain(s + 1, end, false);
	*escaped = s < end && *s != '"';
	if (*escaped)
		return scan_escaped(s, end);
	return s < end ? s + 1 : NULL;
}

static const char *skip_digits(const char *s, const char *end)
{
	const char *start = s;

	while (s < end && is_digit(*s))
		s++;
	return s > start ? s : NULL;
}

static const char *skip_number(const char *s, const char *end)
{
	if (s < end && *s == '-')
		s++;
	if (s < end && *s == '0')
		s++;
	else if (!(s = skip_digits(s, end)))
		return NULL;
	if (s < end && *s == '.' && !(s = skip_digits(s + 1, end)))
		return NULL;
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		if (s < end && (*s == '+' || *s == '-'))
			s++;
		s = skip_digits(s, end);
	}
	return s;
}

static const char *skip_word(const char *s, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - s) >= n && memcmp(s, word, n) == 0 ? s + n : NULL;
}

static const char *skip_scalar(const char *s, const char *end)
{
	bool escaped;

	switch (*s) {
	case '"': return scan_string(s, end, &escaped);
	case 't': return skip_word(s, end, "true");
	case 'f': return skip_word(s, end, "false");
	case 'n': return skip_word(s, end, "null");
	default: return skip_number(s, end);
	}
}

/* Reads a key that skip_plain could not read. Returns its closing quote; NULL: it is invalid. */
static __attribute__((noinline)) const char *scan_any_key(const char *s, const char *end,
	struct json_text *key)
{
	s = scan_string(s, end, &key->escaped);
	if (!s)
		return NULL;
	s--;
	key->renamed = key->escaped || !text_is_key(key->s, (size_t)(s - key->s));
	return s;
}

/* Reads the key whose opening quote is at s, and its colon. Returns the beginning of the value;
 * NULL: invalid JSON. */
static inline const char *scan_key(const char *s, const char *end, struct json_text *key)
{
	if (s == end || *s != '"')
		return NULL;
	*key = (struct json_text){ .s = s + 1 };
	s = skip_plain(key->s, end, true);
	if ((s == end || *s != '"') && !(s = scan_any_key(key->s - 1, end, key)))
		return NULL;
	key->len = (size_t)(s - key->s);
	s = skip_space(s + 1, end);
	return s < end && *s == ':' ? skip_space(s + 1, end) : NULL;
}

const char *json_skip(const char *s, const char *end)
{
	char closer[SKIP_DEPTH_MAX];
	struct json_text key;
	size_t depth = 0;

	s = skip_space(s, end);
	for (;;) {
		if (s >= end)
			return NULL;
		if (*s == '{' || *s == '[') {	/* enter it */
			if (depth == SKIP_DEPTH_MAX)
				return NULL;
			closer[depth++] = *s == '{' ? '}' : ']';
			s = skip_space(s + 1, end);
			if (s < end && *s != closer[depth - 1]) {
				if (closer[depth - 1] == '}' && !(s = scan_key(s, end, &key)))
					return NULL;
				continue;
			}
		} else if (!(s = skip_scalar(s, end))) {
			return NULL;
		}
		for (;;) {			/* leave it, or go to the next value */
			if (depth == 0)
				return s;
			s = skip_space(s, end);
			if (s >= end)
				return NULL;
			if (*s == closer[depth - 1]) {
				depth--;
				s++;
				continue;
			}
			if (*s != ',')
				return NULL;
			s = skip_space(s + 1, end);
			if (closer[depth - 1] == '}' && !(s = scan_key(s, end, &key)))
				return NULL;
			break;
		}
	}
}

/* --- the cursor --------------------------------------------------------------------- */

struct json_cursor json_start(const char *text, const char *end)
{
	return (struct json_cursor){ skip_space(text, end), end };
}

/*
 * Goes to the next member or item. False: the object or array ends, or the text is invalid. A comma
 * is expected unless the byte before is an opening bracket; no value ends in one, so that byte
 * tells whether this is the first member.
 */
static inline bool next(struct json_cursor *c, char closer)
{
	const char *s = c->at, *end = c->end;
	char before;

	if (!s)
		return false;
	before = s[-1];
	s = skip_space(s, end);
	if (s < end && *s == closer) {
		c->at = s + 1;
		return false;
	}
	if (before != '{' && before != '[')
		s = s < end && *s == ',' ? skip_space(s + 1, end) : end;
	c->at = s < end ? s : NULL;
	return c->at != NULL;
}

bool json_key(struct json_cursor *c, struct json_text *key)
{
	if (!next(c, '}'))
		return false;
	c->at = scan_key(c->at, c->end, key);
	return c->at != NULL;
}

bool json_item(struct json_cursor *c)
{
	return next(c, ']');
}

void json_pass(struct json_cursor *c)
{
	if (c->at)
		c->at = json_skip(c->at, c->end);
}

bool json_string(struct json_cursor *c, struct json_text *text)
{
	const char *s = c->at;

	if (json_peek(c) != '"')
		return false;
	c->at = scan_string(s, c->end, &text->escaped);
	if (!c->at)
		return false;
	text->s = s + 1;
	text->len = (size_t)(c->at - s - 2);
	return true;
}

/* Reads an unsigned integer of at most 15 digits. Returns its end; NULL: it is something else. */
static const char *plain_integer(const char *s, const char *end, double *x)
{
	const char *start = s;
	uint64_t n = 0;

	for (; s < end && is_digit(*s); s++)
		n = 10 * n + (uint64_t)(*s - '0');
	if (s == start || s == end || s - start > 15 || (*start == '0' && s - start > 1)
	    || *s == '.' || (*s | 0x20) == 'e')
		return NULL;
	*x = (double)n;
	return s;
}

bool json_number(struct json_cursor *c, double *x)
{
	const char *s = c->at, *behind = NULL;

	if (s && !(behind = plain_integer(s, c->end, x))) {
		behind = skip_number(s, c->end);
		if (behind == c->end)	/* strtod would read beyond the text */
			behind = NULL;
		if (behind)
			*x = strtod(s, NULL);
	}
	c->at = behind;
	return behind != NULL;
}

int json_walk(const char **s, const char *end, struct json_member *m)
{
	struct json_cursor c = { *s, end };
	struct json_text key;
	bool more;

	if (*s < end && **s == '{')
		json_enter(&c);
	more = json_key(&c, &key);
	if (more) {
		m->key = key.s;
		m->key_len = key.len;
		m->value = c.at;
		json_pass(&c);
		m->value_len = c.at ? (size_t)(c.at - m->value) : 0;
	}
	if (!c.at)
		return -1;
	*s = c.at;
	return more;
}

/* --- strings ------------------------------------------------------------------------ */

static unsigned hex4(const char *s)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4
			| (unsigned)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	return value;
}

static void put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xC0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xE0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	} else {
		buf_char(out, (char)(0xF0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	}
}

/* Appends the character of one \uXXXX, or of a surrogate pair; s is behind the first u. A lone
 * surrogate becomes U+FFFD. Returns the end of what it has read. */
static const char *unescape_unicode(const char *s, const char *end, struct buf *out)
{
	unsigned c = hex4(s), low;

	s += 4;
	if (c >= 0xD800 && c < 0xDC00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u') {
		low = hex4(s + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			put_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
			return s + 6;
		}
	}
	put_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
	return s;
}

bool json_unescape(const char *s, size_t len, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *end = s + len;
	bool escaped;

	if (len < 2 || *s != '"' || scan_string(s, end, &escaped) != end)
		return false;
	for (s++, end--; s < end; ) {
		const char *plain = s;

		while (s < end && *s != '\\')
			s++;
		buf_add(out, plain, (size_t)(s - plain));
		if (s == end)
			break;
		if (s[1] == 'u') {
			s = unescape_unicode(s + 2, end, out);
			continue;
		}
		buf_char(out, to[strchr(from, s[1]) - from]);
		s += 2;
	}
	return !out->failed;
}

bool json_text_put(const struct json_text *text, struct buf *out)
{
	return json_unescape(text->s - 1, text->len + 2, out);
}

bool json_text_equals(const struct json_text *text, const char *word, size_t len)
{
	char room[256];		/* avoids an allocation: if it failed, a member would be missed */
	struct buf plain = { .limit = len ? len : 1 };
	bool same, in_room = len <= sizeof(room);

	if (in_room) {
		plain.data = room;
		plain.cap = sizeof(room);
	}
	same = json_text_put(text, &plain) && plain.len == len
		&& memcmp(plain.data ? plain.data : "", word, len) == 0;
	if (!in_room)
		buf_free(&plain);
	return same;
}

/* --- duplicate keys ----------------------------------------------------------------- */

/* Writes a key, in the form that rows show, to an empty buffer. */
static bool put_shown(struct buf *out, const struct json_text *key)
{
	struct buf plain = { 0 };
	bool ok = json_text_put(key, &plain) && buf_reserve(&plain, 1)
		&& buf_reserve(out, plain.len + 1);

	if (ok)
		out->len = (size_t)(text_put_key(out->data, plain.data, plain.len) - out->data);
	buf_free(&plain);
	return ok;
}

static const char twice[] = "an object has a member twice";

/* Compares two keys in the form that rows show. NULL: they differ. */
static const char *compare_shown(const struct json_text *a, const struct json_text *b)
{
	struct buf first = { 0 }, second = { 0 };
	const char *why = NULL;

	if (!put_shown(&first, a) || !put_shown(&second, b))
		why = why_no_memory;
	else if (first.len == second.len && memcmp(first.data, second.data, first.len) == 0)
		why = twice;
	buf_free(&first);
	buf_free(&second);
	return why;
}

const char *json_keys_add(struct json_keys *keys, const struct json_text *key)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < keys->n; i++) {
		const struct json_text *k = &keys->key[i];

		if (k->len == key->len && memcmp(k->s, key->s, key->len) == 0)
			why = twice;
		else if (k->renamed || key->renamed)
			why = compare_shown(k, key);
	}
	if (why)
		return why;
	if (keys->n == JSON_KEYS_MAX)
		return "an object has too many members";
	keys->key[keys->n++] = *key;
	return NULL;
}

/* --- writing ------------------------------------------------------------------------ */

void json_put_string(struct buf *out, const char *s, size_t len)
{
	static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";

	buf_char(out, '"');
	while (len) {
		size_t plain = 0, n;
		const char *at;

		while (plain < len && (unsigned char)s[plain] >= 0x20 && s[plain] != '"'
		       && s[plain] != '\\' && (unsigned char)s[plain] < 0x7F)
			plain++;
		buf_add(out, s, plain);
		s += plain;
		len -= plain;
		if (!len)
			break;
		n = utf8_length(s, len);
		at = *s ? strchr(special, *s) : NULL;
		if (at)
			buf_printf(out, "\\%c", letter[at - special]);
		else if (n == 0)
			buf_str(out, TEXT_REPLACEMENT);
		else if (n == 1 || utf8_is_unsafe(s, n))
			buf_printf(out, "\\u%04x", utf8_code(s, n));
		else
			buf_add(out, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	buf_char(out, '"');
}

void json_put_quoted(struct buf *out, const char *before, const char *text)
{
	buf_str(out, before);
	json_put_string(out, text, strlen(text));
}

void json_put_double(struct buf *out, double x)
{
	char text[DECIMAL_MAX];
	size_t len = decimal_format(text, x);

	buf_add(out, text, len);
}

void json_put_time_ms(struct buf *out, int64_t ms)
{
	char text[TIME_TEXT_MAX];

	time_format_ms(text, ms);
	buf_printf(out, "\"%s\"", text);
}

void json_put_time_us(struct buf *out, int64_t us)
{
	char text[TIME_TEXT_MAX];

	time_format_us(text, us);
	buf_printf(out, "\"%s\"", text);
}

/* --- documents ---------------------------------------------------------------------- */

/* Whether cJSON can read the valid JSON text: it has no NUL in a string (cJSON would cut the
 * string), no lone surrogate and no number of more than 63 characters (cJSON would fail). */
static bool is_readable_by_cjson(const char *s, const char *end)
{
	bool in_string = false;
	size_t number = 0;

	for (; s < end; s++) {
		number = !in_string && strchr("+-.0123456789eE", *s) ? number + 1 : 0;
		if (number > NUMBER_MAX)
			return false;
		if (*s == '"')
			in_string = !in_string;
		else if (*s == '\\' && *++s == 'u') {
			unsigned c = hex4(s + 1);

			if (c == 0 || (c >= 0xDC00 && c < 0xE000))
				return false;
			s += 4;
			if (c < 0xD800 || c >= 0xE000)
				continue;
			if (s[1] != '\\' || s[2] != 'u' || hex4(s + 3) >> 10 != 0xDC00 >> 10)
				return false;
			s += 6;
		}
	}
	return true;
}

/* Whether an object in the document has a member twice, or too many members to compare. */
static bool has_member_twice(const struct cJSON *value)
{
	size_t n = 0;

	for (const struct cJSON *a = value->child; a; a = a->next) {
		if (cJSON_IsObject(value) && ++n > JSON_KEYS_MAX)
			return true;
		for (const struct cJSON *b = a->next; b && cJSON_IsObject(value); b = b->next)
			if (strcmp(a->string, b->string) == 0)
				return true;
		if (has_member_twice(a))
			return true;
	}
	return false;
}

static void wipe_strings(struct cJSON *value)
{
	for (; value; value = value->next) {
		if (cJSON_IsString(value))
			OPENSSL_cleanse(value->valuestring, strlen(value->valuestring));
		wipe_strings(value->child);
	}
}

struct cJSON *json_document(const char *text, size_t len, size_t max, const char **why)
{
	const char *end = text + len, *after = len <= max ? json_skip(text, end) : NULL;
	struct cJSON *document = NULL;

	*why = "it is not a JSON object";
	if (!after || !json_is_blank(after, end) || *skip_space(text, end) != '{'
	    || !is_readable_by_cjson(text, end))
		return NULL;
	document = cJSON_ParseWithLength(text, len);
	if (!document) {
		*why = why_no_memory;
	} else if (has_member_twice(document)) {
		*why = "it has a member twice";
		json_document_free(document);
		document = NULL;
	}
	return document;
}

void json_document_free(struct cJSON *document)
{
	wipe_strings(document);
	cJSON_Delete(document);
}

const struct cJSON *json_member(const struct cJSON *object, const char *key)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_value_string(const struct cJSON *value)
{
	return cJSON_GetStringValue(value);
}

bool json_value_number(const struct cJSON *value, double *x)
{
	if (!cJSON_IsNumber(value))
		return false;
	*x = value->valuedouble;
	return true;
}

bool json_is_array(const struct cJSON *value)
{
	return cJSON_IsArray(value);
}

const struct cJSON *json_first_item(const struct cJSON *array)
{
	return cJSON_IsArray(array) ? array->child : NULL;
}

const struct cJSON *json_next_item(const struct cJSON *item)
{
	return item->next;
}
