#include "util/text.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "util/utf8.h"

#define WORD_MAX 32

void text_wipe(char **s)
{
	if (*s)
		OPENSSL_cleanse(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

char *text_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text;
}

/* --- text for output ------------------------------------------------------------------- */

/* How many bytes to look at: two after a C2, with which control characters of two bytes begin. */
static size_t key_step(const char *s, size_t len, bool *changes)
{
	size_t n = *s == '\xC2' && len > 1 ? 2 : 1;

	*changes = *s == '.' || utf8_is_control(s, n);
	return n;
}

bool text_is_key(const char *s, size_t len)
{
	bool changes = false;

	for (; len && *s > '.' && *s <= '~'; s++, len--)	/* usually skips all of s */
		;
	for (size_t n; len && !changes; s += n, len -= n)
		n = key_step(s, len, &changes);
	return !changes;
}

char *text_put_key(char *out, const char *s, size_t len)
{
	bool changes;

	for (size_t n; len; s += n, len -= n) {
		n = key_step(s, len, &changes);
		if (changes)
			*out++ = '_';
		else
			for (size_t i = 0; i < n; i++)
				*out++ = s[i];
	}
	return out;
}

void text_clean(char *s)
{
	char *to = s;

	for (size_t len = strlen(s); len; ) {
		size_t n = utf8_length(s, len);

		if (n == 0 || utf8_is_unsafe(s, n) || utf8_is_invisible(s, n)) {
			*to++ = '?';
		} else {
			memmove(to, s, n);
			to += n;
		}
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	*to = '\0';
}

/* Appends s with `instead` for each bad character, and U+FFFD for each byte that is not UTF-8. */
static bool put_replaced(struct buf *out, const char *s, size_t len,
	bool (*is_bad)(const char *s, size_t n), const char *instead)
{
	for (size_t n; len; s += n, len -= n) {
		for (n = 0; n < len && s[n] >= ' ' && s[n] <= '~'; n++)
			;
		if (n) {	/* usually this is all of s */
			buf_add(out, s, n);
			continue;
		}
		n = utf8_length(s, len);
		if (n == 0)
			buf_str(out, TEXT_REPLACEMENT);
		else if (is_bad(s, n))
			buf_str(out, instead);
		else
			buf_add(out, s, n);
		n = n ? n : 1;
	}
	return !out->failed;
}

bool text_put_safe(struct buf *out, const char *s, size_t len)
{
	return put_replaced(out, s, len, utf8_is_unsafe, TEXT_REPLACEMENT);
}

bool text_put_printable(struct buf *out, const char *s, size_t len)
{
	return put_replaced(out, s, len, utf8_is_control, " ");
}

/* RFC 4180 §2. Quotes also a text with line breaks, although text_put_safe replaces them. */
bool text_put_csv(struct buf *out, const char *s)
{
	const bool quoted = s[strcspn(s, ",\"\r\n")];

	buf_str(out, quoted ? "\"" : "");
	while (*s) {
		size_t n = strcspn(s, "\"");

		text_put_safe(out, s, n);
		buf_str(out, s[n] ? "\"\"" : "");
		s += n + (s[n] == '"');
	}
	return buf_str(out, quoted ? "\"" : "");
}

const char *text_shown(char out[TEXT_SHOWN_SIZE], const char *value, size_t len)
{
	const char *scheme = memmem(value, len, "://", 3), *query = NULL;
	size_t cut;

	if (scheme)	/* a URL's query may contain a secret */
		query = memchr(scheme, '?', len - (size_t)(scheme - value));
	cut = utf8_cut(value, query ? (size_t)(query - value) : len,
		TEXT_SHOWN_SIZE - sizeof("..."));
	for (size_t i = 0; i < cut; i++)
		out[i] = value[i] ? value[i] : '?';
	memcpy(out + cut, cut < len ? "..." : "", cut < len ? sizeof("...") : 1);
	return out;
}

/* --- lines -------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

const char *text_line(const char *text, size_t size, size_t *at, size_t *len)
{
	const char *s, *lf, *comment;

	if (*at == 0 && size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		*at = 3;	/* skip a byte order mark */
	if (*at >= size)
		return NULL;
	s = text + *at;
	lf = memchr(s, '\n', size - *at);
	*len = lf ? (size_t)(lf - s) : size - *at;
	*at += *len + 1;
	comment = memchr(s, '#', *len);
	*len = comment ? (size_t)(comment - s) : *len;
	while (*len && is_blank(s[*len - 1]))
		--*len;
	for (; *len && is_blank(*s); s++)
		--*len;
	return s;
}

/* --- what a text is ------------------------------------------------------------------- */

bool text_is_visible(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (s[n] <= ' ' || s[n] > '~')
			return false;
	return n > 0 && n <= max;
}

/* Sixteen bytes at once; the compiler chooses the vector registers. */
typedef unsigned char text_block __attribute__((vector_size(16)));

static const char uuid_shape[] = "00000000-0000-0000-0000-000000000000";

/* Copies 16 bytes of a UUID from `at` on, in lower case; false: one of them is wrong there. */
static bool put_uuid_block(const char *s, size_t at, char *out)
{
	text_block b, shape, hex, low;
	uint64_t good[2];

	memcpy(&b, s + at, sizeof(b));
	memcpy(&shape, uuid_shape + at, sizeof(shape));
	low = b | 0x20;		/* does not change digits and `-` */
	hex = (text_block)((b - '0' < 10) | (low - 'a' < 6));
	shape = (text_block)(shape == '-');
	hex = (shape & (text_block)(b == '-')) | (~shape & hex);
	memcpy(good, &hex, sizeof(good));
	memcpy(out + at, &low, sizeof(low));
	return (good[0] & good[1]) == UINT64_MAX;
}

bool text_parse_uuid(const char *s, size_t len, char out[UUID_LEN + 1])
{
	bool good = len == UUID_LEN;

	/* the last block overlaps the one before, as 36 is not a multiple of 16 */
	if (good)
		good = put_uuid_block(s, 0, out) && put_uuid_block(s, 16, out)
			&& put_uuid_block(s, UUID_LEN - 16, out);
	out[good ? UUID_LEN : 0] = '\0';
	return good;
}

__extension__ typedef unsigned __int128 product;

/* Mixes in at most 16 bytes. */
static inline uint64_t mix(uint64_t h, const char *s, size_t len)
{
	uint64_t w[2] = { 0, 0 };
	product p;

	if (len)	/* s may be NULL */
		memcpy(w, s, len);
	p = (product)(w[0] ^ h) * (w[1] ^ 0xD6E8FEB86659FD93u);
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Mixes in 16 bytes at a time; two lanes, so that the processor can multiply both at once. */
uint64_t text_hash(uint64_t seed, const char *s, size_t len)
{
	uint64_t a = (seed ^ len) * 0x9E3779B97F4A7C15u, b = ~a;

	for (; len >= 32; s += 32, len -= 32) {
		a = mix(a, s, 16);
		b = mix(b, s + 16, 16);
	}
	a ^= b * 3;
	for (; len >= 16; s += 16, len -= 16)
		a = mix(a, s, 16);
	return mix(a, s, len);
}

/* --- the nearest word --------------------------------------------------------------- */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return lower(a) == lower(b);
}

/* Stops once two successive rows are beyond the bound, because all later rows would be too. */
size_t text_edits(const char *a, size_t na, const char *b, size_t nb, size_t bound)
{
	size_t row[3][TEXT_EDITS_MAX + 1], nearest = 0, before;

	if ((na > nb ? na - nb : nb - na) > bound)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		before = nearest;
		nearest = now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = least(up[j - 1] + !is_same(a[i - 1], b[j - 1]),
				1 + least(up[j], now[j - 1]));
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2])
			    && is_same(a[i - 2], b[j - 1]))
				now[j] = least(now[j], up2[j - 2] + 1);
			nearest = least(nearest, now[j]);
		}
		if (nearest > bound && before > bound)
			return SIZE_MAX;
	}
	return row[na % 3][nb] <= bound ? row[na % 3][nb] : SIZE_MAX;
}

size_t text_edits_near(size_t len)
{
	return len < 6 ? 2 : len / 3 + 1;
}

const char *text_nearest_word(const char *s, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(s), fewest = text_edits_near(len);

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t nw = strlen(words[i]), d;

		if (nw > WORD_MAX)
			continue;
		d = text_edits(s, len, words[i], nw, fewest);
		if (d < fewest || (d == fewest && !best && d < nw)) {
			fewest = d;
			best = words[i];
		}
	}
	return best;
}

size_t text_words(char *out, size_t size, const char *before, const char *const *words, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s%s",
			i == 0 ? "" : i + 1 < n ? ", " : " or ", before, words[i]);
	return used;
}

/* The word of which the beginning or the end is nearest to s, by one edit at most; or NULL. */
static const char *nearest_part(const char *s, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(s), fewest = 2;

	for (size_t i = 0; i < n && len >= 3 && len <= WORD_MAX; i++) {
		size_t nw = strlen(words[i]), d;

		if (nw <= len)
			continue;
		d = least(text_edits(s, len, words[i], len, 1),
			text_edits(s, len, words[i] + nw - len, len, 1));
		if (d < fewest) {
			fewest = d;
			best = words[i];
		}
	}
	return best;
}

void text_words_hint(char *out, size_t size, const char *s, const char *const *words, size_t n)
{
	const char *near = text_nearest_word(s, words, n);
	const size_t used = text_words(out, size, "", words, n);

	if (!near)
		near = nearest_part(s, words, n);
	if (near && used < size)
		snprintf(out + used, size - used, "; did you mean %s?", near);
}

/* --- without case -------------------------------------------------------------------- */

void text_put_folded(struct buf *out, const char *s, locale_t utf8)
{
	locale_t before = uselocale(utf8);
	size_t len = strlen(s), n, made;

	for (; len; s += n, len -= n) {
		mbstate_t from = { 0 }, to = { 0 };
		char bytes[MB_LEN_MAX];
		wchar_t c;

		n = mbrtowc(&c, s, len, &from);
		made = n <= len ? wcrtomb(bytes, (wchar_t)towlower((wint_t)c), &to) : (size_t)-1;
		n = n <= len ? n : 1;
		if (made <= sizeof(bytes))
			buf_add(out, bytes, made);
		else
			buf_add(out, s, n);
	}
	buf_char(out, '\0');
	uselocale(before);
}

void text_hex(const unsigned char *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = "0123456789abcdef"[bytes[i] >> 4];
		*out++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*out = '\0';
}
