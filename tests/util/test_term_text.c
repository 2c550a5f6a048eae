/* What a terminal shows: how wide text is, where it is cut, how short a number gets. */
#include <math.h>

#include "tests/support/check.h"
#include "util/term_text.h"
#include "util/utf8.h"

static struct term_text_signs utf8, ascii, poor = { (locale_t)0, false };

static void shows(const struct term_text_signs *signs, const char *text, size_t columns,
	const char *wanted, size_t wanted_columns)
{
	struct buf out = { 0 };

	assert_int_equal(term_text_put(&out, signs, text, columns), wanted_columns);
	buf_char(&out, '\0');
	assert_string_equal(out.data, wanted);
	buf_free(&out);
}

TEST(width__counts_columns)
{
	static const struct {
		const char *text;
		size_t utf8, ascii;
	} texts[] = {
		{ "", 0, 0 }, { "Sales", 5, 5 }, { "für", 3, 3 }, { "東京", 4, 2 },
		{ "Zoe\xCC\x88", 3, 3 }, { "\xF0\x9F\x91\xA9", 2, 1 }, { "a\tb\x1B[1m", 7, 7 },
		{ "\xE2\x80\xAE", 1, 1 }, { "\xFF\xC3", 2, 2 }, { "\xC2\x9B", 1, 1 }
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(term_text_width(&utf8, texts[i].text), texts[i].utf8);
		assert_int_equal(term_text_width(&ascii, texts[i].text), texts[i].ascii);
	}
	assert_int_equal(term_text_width(&poor, "東京"), 2);
}

TEST(put__cuts_the_middle_with_a_sign)
{
	shows(&utf8, "Support Germany", 15, "Support Germany", 15);
	shows(&utf8, "Support Germany", 14, "Support G…many", 14);
	shows(&utf8, "Support Germany", 4, "Su…y", 4);
	shows(&utf8, "Support Germany", 1, "…", 1);
	shows(&utf8, "Support Germany", 0, "", 0);
	shows(&ascii, "Support Germany", 14, "Support G~many", 14);
	shows(&poor, "Support Germany", 14, "Support G~many", 14);
}

TEST(put__keeps_wide_characters_and_marks_whole)
{
	shows(&utf8, "東京大阪京都", 12, "東京大阪京都", 12);
	shows(&utf8, "東京大阪京都", 11, "東京大…都", 9);
	shows(&utf8, "東京大阪京都", 10, "東京大…都", 9);
	/* six letters with a mark each, of which none is lost or left over */
	shows(&utf8, "e\xCC\x88" "f\xCC\x88" "g\xCC\x88" "h\xCC\x88" "i\xCC\x88" "j\xCC\x88", 4,
		"e\xCC\x88" "f\xCC\x88" "…j\xCC\x88", 4);
	shows(&ascii, "Zoe\xCC\x88 東京", 20, "Zoe ??", 6);
}

TEST(put__cleans_what_would_move_the_cursor)
{
	shows(&utf8, "a\x1B[2Jb\n\xE2\x80\xAE" "c\xFF", 20,
		"a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD\xEF\xBF\xBD" "c\xEF\xBF\xBD", 10);
	shows(&ascii, "a\x1B[2Jb\n\xE2\x80\xAE" "c\xFF", 20, "a?[2Jb??c?", 10);
}

TEST(number__is_short)
{
	static const struct {
		double x;
		const char *text;
		enum term_text_number kind;
		int columns;
	} numbers[] = {
		{ 0, "0", NUMBER_VALUE, 5 }, { 7, "7", NUMBER_VALUE, 5 },
		{ 0.75, "0.75", NUMBER_VALUE, 5 }, { 12.345, "12.3", NUMBER_VALUE, 5 },
		{ 9999, "9999", NUMBER_VALUE, 5 }, { 9999.7, "10.0k", NUMBER_VALUE, 5 },
		{ 12345, "12.3k", NUMBER_VALUE, 5 }, { 12345, "12k", NUMBER_VALUE, 4 },
		{ 999960, "1.0M", NUMBER_VALUE, 5 }, { 1e18, "1.0E", NUMBER_VALUE, 5 },
		{ 1e300, ">max", NUMBER_VALUE, 5 }, { -1e300, "<min", NUMBER_VALUE, 5 },
		{ INFINITY, ">max", NUMBER_VALUE, 5 }, { -12345, "-12k", NUMBER_VALUE, 5 },
		{ NAN, "-", NUMBER_VALUE, 5 },
		{ 6, "6.0", NUMBER_MEAN, 5 }, { 5.89, "5.9", NUMBER_MEAN, 5 },
		{ 0.04, "0.04", NUMBER_MEAN, 5 }, { 0, "0.0", NUMBER_MEAN, 5 },
		{ 99.96, "100", NUMBER_MEAN, 5 }, { 1234.5, "1234", NUMBER_MEAN, 5 },
		{ 0, "0s", NUMBER_MS, 5 }, { 0.42, "0.4ms", NUMBER_MS, 5 },
		{ 34, "34ms", NUMBER_MS, 5 }, { 999.4, "999ms", NUMBER_MS, 5 },
		{ 999.6, "1.0s", NUMBER_MS, 5 }, { 8382, "8.4s", NUMBER_MS, 5 },
		{ 59940, "59.9s", NUMBER_MS, 5 }, { 59960, "1.0m", NUMBER_MS, 5 },
		{ 150000, "2.5m", NUMBER_MS, 5 }, { 5400000, "1.5h", NUMBER_MS, 5 },
		{ 359e6, "99.7h", NUMBER_MS, 5 }, { 4e8, "4.6d", NUMBER_MS, 5 },
		{ 1e11, ">max", NUMBER_MS, 5 }, { -999, "-1.0s", NUMBER_MS, 5 },
		{ NAN, "-", NUMBER_MS, 5 }
	};
	char text[TERM_TEXT_NUMBER_MAX];

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_string_equal(term_text_number(text, numbers[i].kind, numbers[i].x,
			numbers[i].columns), numbers[i].text);
}

static int open_locale(void **state __attribute__((unused)))
{
	utf8.utf8 = ascii.utf8 = utf8_locale_new();
	ascii.ascii = true;
	return utf8.utf8 ? 0 : -1;
}

static int close_locale(void **state __attribute__((unused)))
{
	utf8_locale_free(utf8.utf8);
	return 0;
}

int main(void)
{
	return run_all_tests(open_locale, close_locale);
}
