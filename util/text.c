#include "util/text.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "util/base.h"

#define US_PER_S 1000000
#define DURATION_MAX_MS (3650LL * 24 * 3600 * 1000)
#define WORD_MAX 32

/* --- times -------------------------------------------------------------------------- */

/* n digits as a number, -1 if they are not all digits. */
static int digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = 10 * value + (s[i] - '0');
	}
	return value;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar, years begun in March. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400, yoe = y % 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

/* `.` and digits; further ones than six are cut. Returns what follows, NULL: malformed. */
static const char *parse_fraction(const char *s, const char *end, int64_t *us)
{
	int64_t unit = US_PER_S / 10;

	*us = 0;
	if (s == end || *s != '.')
		return s;
	if (++s == end || *s < '0' || *s > '9')
		return NULL;
	for (; s < end && *s >= '0' && *s <= '9'; s++, unit /= 10)
		*us += (*s - '0') * unit;
	return s;
}

/* `Z` or ±hh:mm, which must end the text. */
static bool parse_offset(const char *s, const char *end, int64_t *offset_s)
{
	int hours, minutes;

	*offset_s = 0;
	if (end - s == 1)
		return *s == 'Z' || *s == 'z';
	if (end - s != 6 || (*s != '+' && *s != '-') || s[3] != ':')
		return false;
	hours = digits(s + 1, 2);
	minutes = digits(s + 4, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*offset_s = (*s == '-' ? -60 : 60) * (60 * hours + minutes);
	return true;
}

bool time_parse_us(const char *s, size_t len, int64_t *us)
{
	const char *end = s + len, *rest;
	int year, month, day, hour, minute, second;
	int64_t fraction, offset_s, seconds;

	if (len < 20 || s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != 't')
	    || s[13] != ':' || s[16] != ':')
		return false;
	year = digits(s, 4);
	month = digits(s + 5, 2);
	day = digits(s + 8, 2);
	hour = digits(s + 11, 2);
	minute = digits(s + 14, 2);
	second = digits(s + 17, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)
	    || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	rest = parse_fraction(s + 19, end, &fraction);
	if (!rest || !parse_offset(rest, end, &offset_s))
		return false;
	/* a leap second (60) is the first of the next minute, as POSIX time has it */
	seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60
		+ second - offset_s;
	*us = seconds * US_PER_S + fraction;
	return true;
}

static void time_format(char out[TIME_TEXT_MAX], int64_t us, int decimals)
{
	int64_t seconds = us / US_PER_S - (us % US_PER_S < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), rest = seconds - days * 86400;
	int fraction = (int)(us - seconds * US_PER_S), year, month, day;

	civil_from_days(days, &year, &month, &day);
	if (decimals == 3)
		fraction /= 1000;
	snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ", year % 10000,
		month, day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
		decimals, fraction);
}

void time_format_ms(char out[TIME_TEXT_MAX], int64_t ms)
{
	time_format(out, ms * 1000, 3);
}

void time_format_us(char out[TIME_TEXT_MAX], int64_t us)
{
	time_format(out, us, 6);
}

/* --- durations ---------------------------------------------------------------------- */

/*
 * A decimal number at *s, times unit_ms, added to *ms: exact, so that 0.1s is 100 ms and
 * 0.0005s is refused. Moves *s behind it; *whole tells that it had no fraction.
 */
static bool parse_decimal_ms(const char **s, const char *digits_end, int64_t unit_ms,
	int64_t *ms, bool *whole)
{
	int64_t value = 0, scale = 1, part;
	const char *p = *s;

	*whole = true;
	if (p == digits_end || *p < '0' || *p > '9')
		return false;
	for (; p < digits_end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value)
		    || __builtin_add_overflow(value, *p - '0', &value))
			return false;
	if (p < digits_end && *p == '.') {
		*whole = false;
		if (++p == digits_end)
			return false;
		for (; p < digits_end && *p >= '0' && *p <= '9'; p++)
			if (__builtin_mul_overflow(scale, 10, &scale)
			    || __builtin_mul_overflow(value, 10, &value)
			    || __builtin_add_overflow(value, *p - '0', &value))
				return false;
	}
	if (p != digits_end || __builtin_mul_overflow(value, unit_ms, &part) || part % scale
	    || __builtin_add_overflow(*ms, part / scale, ms))
		return false;
	*s = p;
	return *ms <= DURATION_MAX_MS;
}

static const char *number_end(const char *s)
{
	return s + strspn(s, "0123456789.");
}

/* PT[nH][nM][nS]: at least one part, in this order, a fraction in the last alone. */
static bool parse_iso(const char *s, int64_t *ms)
{
	static const struct {
		char letter;
		int64_t ms;
	} parts[] = { { 'H', 3600000 }, { 'M', 60000 }, { 'S', 1000 } };
	size_t next = 0;
	bool whole = true;

	if (strncmp(s, "PT", 2) != 0 || !s[2])
		return false;
	for (s += 2; *s; s++) {
		const char *end = number_end(s);

		while (next < 3 && parts[next].letter != *end)
			next++;
		if (next == 3 || !whole || !parse_decimal_ms(&s, end, parts[next].ms, ms, &whole))
			return false;
		next++;
	}
	return true;
}

bool duration_parse_ms(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	const char *end = number_end(s);
	bool whole;

	*ms = 0;
	if (*s == 'P')
		return parse_iso(s, ms);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return parse_decimal_ms(&s, end, units[i].ms, ms, &whole);
	return false;
}

void duration_format(char out[DURATION_TEXT_MAX], int64_t ms)
{
	if (ms % 1000)
		snprintf(out, DURATION_TEXT_MAX, "%lldms", (long long)ms);
	else if (ms % 60000 || ms == 0)
		snprintf(out, DURATION_TEXT_MAX, "%llds", (long long)ms / 1000);
	else if (ms % 3600000)
		snprintf(out, DURATION_TEXT_MAX, "%lldm", (long long)ms / 60000);
	else
		snprintf(out, DURATION_TEXT_MAX, "%lldh", (long long)ms / 3600000);
}

/* --- UUIDs and UTF-8 ---------------------------------------------------------------- */

/* Sixteen bytes at once, in whatever registers the machine has for it. */
typedef unsigned char text_block __attribute__((vector_size(16)));

static const char uuid_shape[] = "00000000-0000-0000-0000-000000000000";

/* Those of a UUID from `at` on, in lower case; false: some have no place there. */
static bool put_uuid_block(const char *s, size_t at, char *out)
{
	text_block b, shape, hex, low;
	uint64_t good[2];

	memcpy(&b, s + at, sizeof(b));
	memcpy(&shape, uuid_shape + at, sizeof(shape));
	low = b | 0x20;		/* which digits and `-` are already */
	hex = (text_block)((b - '0' < 10) | (low - 'a' < 6));
	shape = (text_block)(shape == '-');
	hex = (shape & (text_block)(b == '-')) | (~shape & hex);
	memcpy(good, &hex, sizeof(good));
	memcpy(out + at, &low, sizeof(low));
	return (good[0] & good[1]) == UINT64_MAX;
}

bool uuid_parse(const char *s, size_t len, char out[UUID_LEN + 1])
{
	bool good = len == UUID_LEN;

	/* the last text_block overlaps: 36 bytes are no whole number of them */
	if (good)
		good = put_uuid_block(s, 0, out) && put_uuid_block(s, 16, out)
			&& put_uuid_block(s, UUID_LEN - 16, out);
	out[good ? UUID_LEN : 0] = '\0';
	return good;
}

static uint64_t mix(uint64_t h, const char *s, size_t len)
{
	uint64_t w = 0;

	memcpy(&w, s, len);
	h = (h ^ w) * 0xD6E8FEB86659FD93u;
	return h ^ h >> 32;
}

/* Eight bytes at a time, multiplied and folded; in four lanes while there are many: they are no
 * array, which gcc -O2 would keep in memory. */
uint64_t text_hash(uint64_t seed, const char *s, size_t len)
{
	uint64_t h = seed ^ len * 0x9E3779B97F4A7C15u, a = h, b = ~h, c = h << 1, d = h >> 1;

	if (len >= 32) {
		for (; len >= 32; s += 32, len -= 32) {
			a = mix(a, s, 8);
			b = mix(b, s + 8, 8);
			c = mix(c, s + 16, 8);
			d = mix(d, s + 24, 8);
		}
		h = a ^ b * 3 ^ c * 5 ^ d * 7;
	}
	for (; len >= 8; s += 8, len -= 8)
		h = mix(h, s, 8);
	return len ? mix(h, s, len) : h;
}

/* The length of the sequence at s (RFC 3629 §4), 0: it is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3
		: s[0] < 0xF5 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)
	    || (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

static bool is_ascii(const unsigned char *p, size_t words)
{
	uint64_t word, any = 0;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, p + i * sizeof(word), sizeof(word));
		any |= word;
	}
	return !(any & 0x8080808080808080u);
}

/* Most text is ASCII: 32 bytes at a time while they are. */
bool utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; len; p += n, len -= n) {
		if (len >= 32 && is_ascii(p, 4))
			n = 32;
		else if (len >= 8 && is_ascii(p, 1))
			n = 8;
		else
			n = utf8_sequence(p, len);
		if (!n)
			return false;
	}
	return true;
}

size_t utf8_length(const char *s, size_t len)
{
	return utf8_sequence((const unsigned char *)s, len);
}

size_t utf8_cut(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xC0) == 0x80)
		max--;
	return max;
}

unsigned utf8_code(const char *s, size_t n)
{
	unsigned c = n > 1 ? (unsigned char)s[0] & (0x7Fu >> n) : (unsigned char)s[0];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3F);
	return c;
}

bool utf8_is_control(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	return c < 0x20 || c == 0x7F || (n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0);
}

struct code_range {
	unsigned first, last;
};

static bool is_in(const struct code_range *ranges, size_t n, unsigned c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

bool utf8_is_unsafe(const char *s, size_t n)
{
	static const struct code_range unsafe[] = {
		{ 0x061C, 0x061C }, { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 }
	};

	return utf8_is_control(s, n)
		|| (n > 1 && is_in(unsafe, ARRAY_LEN(unsafe), utf8_code(s, n)));
}

/* Others that a terminal does not show, without which no script's words change. */
static bool is_invisible(const char *s, size_t n)
{
	static const struct code_range invisible[] = {
		{ 0x00AD, 0x00AD }, { 0x180E, 0x180E }, { 0x200B, 0x200B }, { 0x2060, 0x2065 },
		{ 0x206A, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE007F }
	};

	return n > 1 && is_in(invisible, ARRAY_LEN(invisible), utf8_code(s, n));
}

/* Controls are sequences of one byte, or of two that begin with C2. */
static size_t key_step(const char *s, size_t len, bool *changes)
{
	size_t n = *s == '\xC2' && len > 1 ? 2 : 1;

	*changes = *s == '.' || utf8_is_control(s, n);
	return n;
}

bool text_is_key(const char *s, size_t len)
{
	bool changes = false;

	for (; len && *s > '.' && *s <= '~'; s++, len--)	/* of these alone, mostly */
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

		if (n == 0 || utf8_is_unsafe(s, n) || is_invisible(s, n)) {
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

bool text_put_safe(struct buf *out, const char *s, size_t len)
{
	for (size_t n; len; s += n, len -= n) {
		for (n = 0; n < len && s[n] >= ' ' && s[n] <= '~'; n++)
			;
		if (n) {	/* mostly all of it */
			buf_add(out, s, n);
			continue;
		}
		n = utf8_length(s, len);
		if (n == 0 || utf8_is_unsafe(s, n))
			buf_str(out, TEXT_REPLACEMENT);
		else
			buf_add(out, s, n);
		n = n ? n : 1;
	}
	return !out->failed;
}

/* RFC 4180 §2: quotes where the text needs them, which a line break no longer does. */
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

bool text_put_printable(struct buf *out, const char *s, size_t len)
{
	while (len) {
		size_t n = utf8_length(s, len);

		if (n == 0)
			buf_str(out, TEXT_REPLACEMENT);
		else if (utf8_is_control(s, n))
			buf_char(out, ' ');
		else
			buf_add(out, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	return !out->failed;
}

const char *text_shown(char out[SHOWN_SIZE], const char *value, size_t len)
{
	const char *scheme = memmem(value, len, "://", 3), *query = NULL;
	size_t cut;

	if (scheme)	/* of a URL the query may be a secret */
		query = memchr(scheme, '?', len - (size_t)(scheme - value));
	cut = utf8_cut(value, query ? (size_t)(query - value) : len, SHOWN_SIZE - sizeof("..."));
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
		*at = 3;	/* the byte order mark of some editors */
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

/* Two rows on end beyond the bound: so is all that follows. */
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

bool text_is_visible(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (s[n] <= ' ' || s[n] > '~')
			return false;
	return n > 0 && n <= max;
}

bool text_fits(const char *pattern, const char *s, size_t len)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return len >= n - 1 && memcmp(s, pattern, n - 1) == 0;
	return len == n && memcmp(s, pattern, n) == 0;
}

const char *nearest_word(const char *s, const char *const *words, size_t n)
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

void words_hint(char *out, size_t size, const char *s, const char *const *words, size_t n)
{
	const char *near = nearest_word(s, words, n);
	size_t used = 0;

	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, " %s", words[i]);
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

locale_t text_utf8_locale(void)
{
	return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void text_free_locale(locale_t utf8)
{
	if (utf8)
		freelocale(utf8);
}

void text_hex(const unsigned char *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = "0123456789abcdef"[bytes[i] >> 4];
		*out++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*out = '\0';
}
