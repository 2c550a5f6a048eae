/* UTF-8: what is valid, where text may be cut, which characters are unsafe. */
#include "tests/support/check.h"
#include "util/utf8.h"

static bool valid(const char *s)
{
	return utf8_valid(s, strlen(s));
}

TEST(utf8__follows_rfc_3629)
{
	assert_true(valid("plain and long enough for eight at once, "
		"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
	assert_true(valid("\xEE\x80\x80\xF4\x8F\xBF\xBF"));
	assert_false(valid("\xC0\xAF"));		/* overlong */
	assert_false(valid("\xE0\x80\xAF"));
	assert_false(valid("\xED\xA0\x80"));		/* surrogate */
	assert_false(valid("\xF4\x90\x80\x80"));	/* above U+10FFFF */
	assert_false(valid("12345678\xFF"));
	assert_false(valid("\xE2\x82"));
	assert_int_equal(utf8_cut("\xC3\xA4\xC3\xA4", 4, 3), 2);
	assert_int_equal(utf8_cut("abc", 3, 8), 3);
}

TEST(utf8__one_bad_byte_is_found_anywhere)
{
	char text[80];

	for (size_t len = 1; len <= sizeof(text); len++)
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', sizeof(text));
			assert_true(utf8_valid(text, len));
			text[at] = '\x80';
			assert_false(utf8_valid(text, len));
			assert_true(utf8_valid(text, at));
		}
}

/* Returns how many bytes the code point takes. */
static size_t put_utf8(char *s, unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (char)(0x80 | (c & 0x3F));
	s[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c);
	assert_int_equal(utf8_length(s, n), n);
	return n;
}

TEST(utf8__unsafe_characters_are_known)
{
	static const unsigned unsafe[] = { 0, 0x1F, 0x7F, 0x80, 0x9F, 0x61C, 0x200E, 0x200F, 0x2028,
		0x2029, 0x202A, 0x202E, 0x2066, 0x2069 };
	static const unsigned safe[] = { 0x20, 0x7E, 0xA0, 0xAD, 0x61B, 0x61D, 0x200B, 0x200C,
		0x200D, 0x2010, 0x2027, 0x202F, 0x2065, 0x206A, 0xFEFF, 0x1F600, 0x2028E };
	char s[4];

	for (size_t i = 0; i < ARRAY_LEN(unsafe); i++)
		assert_true(utf8_is_unsafe(s, put_utf8(s, unsafe[i])));
	for (size_t i = 0; i < ARRAY_LEN(safe); i++)
		assert_false(utf8_is_unsafe(s, put_utf8(s, safe[i])));
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
