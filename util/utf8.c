#include "util/utf8.h"

#include <stdint.h>
#include <string.h>

#include "util/base.h"

/* RFC 3629 §4 */
size_t utf8_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
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

static bool is_ascii(const char *p, size_t words)
{
	uint64_t word, any = 0;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, p + i * sizeof(word), sizeof(word));
		any |= word;
	}
	return !(any & 0x8080808080808080u);
}

/* Most text is ASCII, which is checked 32 bytes at a time. */
bool utf8_valid(const char *s, size_t len)
{
	for (size_t n; len; s += n, len -= n) {
		if (len >= 32 && is_ascii(s, 4))
			n = 32;
		else if (len >= 8 && is_ascii(s, 1))
			n = 8;
		else
			n = utf8_length(s, len);
		if (!n)
			return false;
	}
	return true;
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

bool utf8_is_invisible(const char *s, size_t n)
{
	static const struct code_range invisible[] = {
		{ 0x00AD, 0x00AD }, { 0x180E, 0x180E }, { 0x200B, 0x200B }, { 0x2060, 0x2065 },
		{ 0x206A, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE007F }
	};

	return n > 1 && is_in(invisible, ARRAY_LEN(invisible), utf8_code(s, n));
}

locale_t utf8_locale_new(void)
{
	return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void utf8_locale_free(locale_t utf8)
{
	if (utf8)
		freelocale(utf8);
}
