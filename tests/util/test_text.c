/* Times, durations, UUIDs, UTF-8, words; and the growing memory below them. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "util/base.h"
#include "util/text.h"

static int64_t time_of(const char *s)
{
	int64_t us;

	return time_parse_us(s, strlen(s), &us) ? us : NO_TIME;
}

static void time__is_read_to_the_us(void **state)
{
	(void)state;
	assert_int_equal(time_of("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(time_of("2026-11-24T02:00:00.123456789Z"), 1795485600123456);
	assert_int_equal(time_of("2026-11-24t04:30:00.5+02:30"), 1795485600500000);
	assert_int_equal(time_of("2026-11-23T23:00:00-03:00"), 1795485600000000);
	assert_int_equal(time_of("1969-12-31T23:59:59.999Z"), -1000);
	assert_int_equal(time_of("2024-02-29T00:00:00z"), 1709164800000000);
	assert_int_equal(time_of("2016-12-31T23:59:60Z"), time_of("2017-01-01T00:00:00Z"));
}

static void time__that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "2026-11-24", "2026-11-24T02:00:00", "2026-13-01T00:00:00Z",
		"2025-02-29T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-24T24:00:00Z",
		"2026-11-24T02:60:00Z", "2026-11-24T02:00:61Z", "2026-11-24T02:00:00.Z",
		"2026-11-24 02:00:00Z", "2026-11-24T02:00:00+2:00", "2026-11-24T02:00:00ZZ",
		"0000-01-01T00:00:00Z", "+026-11-24T02:00:00Z", "2026-11-24T02:00:00.1x",
		"2026-11-24T02:00:00+24:00"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(time_of(bad[i]) == NO_TIME);
}

static void time__round_trips_over_four_centuries(void **state)
{
	char text[TIME_TEXT_MAX];

	(void)state;
	for (int64_t us = -6000000000000000; us < 7000000000000000; us += 86399123457) {
		time_format_us(text, us);
		assert_true(time_of(text) == us);
	}
	time_format_ms(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void duration__has_a_unit_and_whole_ms(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "30s", 30000 }, { "100ms", 100 }, { "1.5s", 1500 }, { "0.1s", 100 },
		{ "2m", 120000 },
		{ "24h", 86400000 }, { "0s", 0 }, { "PT10S", 10000 }, { "PT1M30S", 90000 },
		{ "PT0.25S", 250 }, { "PT1H", 3600000 }, { "PT1H0.5M", 3630000 }, { "0.001s", 1 }
	};
	static const char *const bad[] = {
		"", "30", "s", "-1s", "1.0005s", "1e3s", "1 s", "PT", "PT1", "PT1S1M", "P1D",
		"PT1.5M1S",
		"1s ", "99999999999999999999s", "1..5s", "0x1s", "1sec", "pt10s", ".5s", "5.s"
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(duration_parse_ms(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (duration_parse_ms(bad[i], &ms))
			fail_msg("'%s' was taken", bad[i]);
}

static void duration__is_told_in_its_largest_unit(void **state)
{
	char text[DURATION_TEXT_MAX];

	(void)state;
	duration_format(text, 90000);
	assert_string_equal(text, "90s");
	duration_format(text, 120000);
	assert_string_equal(text, "2m");
	duration_format(text, 1500);
	assert_string_equal(text, "1500ms");
	duration_format(text, 0);
	assert_string_equal(text, "0s");
}

static void uuid__is_lowered(void **state)
{
	char id[UUID_LEN + 1];

	(void)state;
	assert_true(uuid_parse("ABCDEF01-2345-6789-abcd-EF0123456789", 36, id));
	assert_string_equal(id, "abcdef01-2345-6789-abcd-ef0123456789");
	assert_false(uuid_parse("ABCDEF01-2345-6789-abcd-EF012345678", 35, id));
	assert_false(uuid_parse("ABCDEF01x2345-6789-abcd-EF0123456789", 36, id));
	assert_false(uuid_parse("GBCDEF01-2345-6789-abcd-EF0123456789", 36, id));
}

static void uuid__each_place_has_its_bytes(void **state)
{
	static const char uuid[] = "abcdef01-2345-6789-abcd-ef0123456789";
	static const char hex[] = "0123456789abcdefABCDEF";
	char text[UUID_LEN], id[UUID_LEN + 1];

	(void)state;
	for (size_t at = 0; at < UUID_LEN; at++)
		for (int c = 0; c < 256; c++) {
			bool good = uuid[at] == '-' ? c == '-' : c && strchr(hex, c);

			memcpy(text, uuid, UUID_LEN);
			text[at] = (char)c;
			assert_int_equal(uuid_parse(text, UUID_LEN, id), good);
			assert_true(!good || (strncasecmp(id, text, UUID_LEN) == 0
				&& id[at] == tolower(c) && strlen(id) == UUID_LEN));
		}
}

static bool valid(const char *s)
{
	return utf8_valid(s, strlen(s));
}

static void utf8__follows_rfc_3629(void **state)
{
	(void)state;
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

/* Whatever is taken at once before, beside and behind it. */
static void key__has_no_dot_and_no_control(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "", "" }, { "avg", "avg" }, { ".a..b.", "_a__b_" },
		{ "\x01\x1B[31m\x7F ~", "__[31m_ ~" },
		{ "\xC2\x80\xC2\x9F\xC2\xA0\xC3\x80", "__\xC2\xA0\xC3\x80" },
		{ "\xE2\x82\xAC.\xF0\x9F\x98\x80\n", "\xE2\x82\xAC_\xF0\x9F\x98\x80_" }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].from);
		char out[32];

		*text_put_key(out, cases[i].from, len) = '\0';
		assert_string_equal(out, cases[i].to);
		assert_int_equal(text_is_key(cases[i].from, len), strcmp(cases[i].from, out) == 0);
	}
	assert_false(text_is_key("a\0b", 3));
}

static void utf8__one_bad_byte_is_found_anywhere(void **state)
{
	char text[80];

	(void)state;
	for (size_t len = 1; len <= sizeof(text); len++)
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', sizeof(text));
			assert_true(utf8_valid(text, len));
			text[at] = '\x80';
			assert_false(utf8_valid(text, len));
			assert_true(utf8_valid(text, at));
		}
}

static const char *cleaned(const char *s)
{
	static char text[64];

	strcpy(text, s);
	text_clean(text);
	return text;
}

static void text__that_a_terminal_would_obey_is_cleaned(void **state)
{
	(void)state;
	assert_string_equal(cleaned("plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
		"plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
	assert_string_equal(cleaned("\x1b[31m\n\x7F"), "?[31m??");
	assert_string_equal(cleaned("\xC2\x9B|\xC2\xA0"), "?|\xC2\xA0");	/* C1 */
	/* what is not seen: a soft hyphen, Mongolian, zero width, a direction, an annotation */
	assert_string_equal(cleaned("\xC2\xAD|\xE1\xA0\x8E|\xE2\x80\x8B|\xE2\x80\xAE|\xEF\xBF\xBA"),
		"?|?|?|?|?");
	assert_string_equal(cleaned("\xFF\xC3|\xE2\x82"), "??|??");
	assert_string_equal(cleaned("a\xE2\x80\xAE" "b\xD8\x9C" "c\xEF\xBB\xBF"), "a?b?c?");
	assert_string_equal(cleaned("\xE2\x81\xA6|\xF3\xA0\x80\xA1|"), "?|?|");
	assert_string_equal(cleaned(""), "");
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

static void text__that_is_unsafe_is_replaced(void **state)
{
	static const unsigned unsafe[] = { 0, 0x1F, 0x7F, 0x80, 0x9F, 0x61C, 0x200E, 0x200F, 0x2028,
		0x2029, 0x202A, 0x202E, 0x2066, 0x2069 };
	static const unsigned safe[] = { 0x20, 0x7E, 0xA0, 0xAD, 0x61B, 0x61D, 0x200B, 0x200C,
		0x200D, 0x2010, 0x2027, 0x202F, 0x2065, 0x206A, 0xFEFF, 0x1F600, 0x2028E };
	struct buf out = { 0 };
	char s[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unsafe); i++)
		assert_true(utf8_is_unsafe(s, put_utf8(s, unsafe[i])));
	for (size_t i = 0; i < ARRAY_LEN(safe); i++)
		assert_false(utf8_is_unsafe(s, put_utf8(s, safe[i])));
	assert_true(text_put_safe(&out, "a\x1B|\xE2\x80\xAE|\xE2\x80\x8D|\xFF", 12)
		&& text_put_csv(&out, ",\"\n\"=1") && text_put_csv(&out, "=1+\xC2\x9B"));
	buf_char(&out, '\0');
	assert_string_equal(out.data, "a\xEF\xBF\xBD|\xEF\xBF\xBD|\xE2\x80\x8D|\xEF\xBF\xBD"
		"\",\"\"\xEF\xBF\xBD\"\"=1\"=1+\xEF\xBF\xBD");
	buf_free(&out);
}

static void text__for_a_line_of_words_is_printable(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} table[] = {
		{ "", 0, "" },
		{ "plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 15,
			"plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" },
		{ "\x1b[31m\r\n\x7F|\0|", 11, " [31m   | |" },
		{ "\xC2\x80|\xC2\x9F|\xC2\xA0", 8, " | |\xC2\xA0" },
		{ "\xFF\xC3|\xE2\x82", 5, "\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xC2\x80", 1, "\xEF\xBF\xBD" },
		{ "\xE2\x82\xAC cut", 4, "\xE2\x82\xAC " }
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		buf_clear(&out);
		assert_true(text_put_printable(&out, table[i].text, table[i].len));
		assert_true(buf_char(&out, '\0'));
		assert_string_equal(out.data, table[i].want);
	}
	buf_free(&out);
	out.limit = 3;
	assert_false(text_put_printable(&out, "\n\n\n\n", 4));
	buf_free(&out);
}

static size_t edits(const char *a, const char *b, size_t bound)
{
	size_t there = text_edits(a, strlen(a), b, strlen(b), bound);

	assert_true(there == text_edits(b, strlen(b), a, strlen(a), bound));
	return there;
}

static void text__is_visible_without_blanks_and_controls(void **state)
{
	char all[95] = "";

	(void)state;
	for (int c = '!'; c <= '~'; c++)
		all[c - '!'] = (char)c;
	assert_true(text_is_visible(all, sizeof(all) - 1));
	assert_false(text_is_visible(all, sizeof(all) - 2));
	assert_false(text_is_visible("", SIZE_MAX));
	assert_false(text_is_visible("a b", SIZE_MAX));
	assert_false(text_is_visible("a\r\n", SIZE_MAX));
	assert_false(text_is_visible("a\x7F", SIZE_MAX));
	assert_false(text_is_visible("\xC3\xA4", SIZE_MAX));
}

static void edits__are_counted_up_to_the_bound(void **state)
{
	static const struct {
		const char *a, *b;
		size_t n;
	} table[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "waitTime", "WAITTIME", 0 },
		{ "ndjson", "ndjosn", 1 }, { "abc", "abx", 1 }, { "abc", "ac", 1 },
		{ "abc", "xaby", 2 }, { "kitten", "sitting", 3 }, { "ca", "abc", 3 },
		{ "abcd", "badc", 2 }, { "abcdef", "uvwxyz", 6 }, { "{", "[", 1 }
	};
	char most[TEXT_EDITS_MAX + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (size_t bound = 0; bound < 9; bound++) {
			size_t got = edits(table[i].a, table[i].b, bound);

			if (got != (table[i].n <= bound ? table[i].n : SIZE_MAX))
				fail_msg("%s to %s within %zu: %zu", table[i].a, table[i].b,
					bound, got);
		}
	memset(most, 'a', TEXT_EDITS_MAX);
	assert_int_equal(edits(most, most, 0), 0);
	assert_int_equal(edits(most, "", SIZE_MAX), TEXT_EDITS_MAX);
	assert_int_equal(text_edits_near(5), 2);
	assert_int_equal(text_edits_near(6), 3);
}

static void word__nearest_is_near(void **state)
{
	static const char *const words[] = { "ndjson", "csv", "waitTime" };

	(void)state;
	assert_string_equal(nearest_word("waittime", words, 3), "waitTime");
	assert_string_equal(nearest_word("ndjosn", words, 3), "ndjson");
	assert_string_equal(nearest_word("cvs", words, 3), "csv");
	assert_null(nearest_word("prometheus", words, 3));
	assert_null(nearest_word("", words, 3));
}

static void buf__keeps_what_it_has_at_its_limit(void **state)
{
	struct buf b = { .limit = 4 };

	(void)state;
	assert_true(buf_str(&b, "abc"));
	assert_false(buf_str(&b, "de"));
	assert_true(b.failed);
	assert_false(buf_char(&b, 'x'));	/* once failed, for good */
	assert_int_equal(b.len, 3);
	buf_clear(&b);
	assert_true(buf_str(&b, "wxyz"));
	buf_free(&b);
	assert_int_equal(b.limit, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time__is_read_to_the_us),
		cmocka_unit_test(time__that_is_none_is_refused),
		cmocka_unit_test(time__round_trips_over_four_centuries),
		cmocka_unit_test(duration__has_a_unit_and_whole_ms),
		cmocka_unit_test(duration__is_told_in_its_largest_unit),
		cmocka_unit_test(uuid__is_lowered),
		cmocka_unit_test(uuid__each_place_has_its_bytes),
		cmocka_unit_test(utf8__follows_rfc_3629),
		cmocka_unit_test(key__has_no_dot_and_no_control),
		cmocka_unit_test(utf8__one_bad_byte_is_found_anywhere),
		cmocka_unit_test(text__that_a_terminal_would_obey_is_cleaned),
		cmocka_unit_test(text__that_is_unsafe_is_replaced),
		cmocka_unit_test(text__for_a_line_of_words_is_printable),
		cmocka_unit_test(text__is_visible_without_blanks_and_controls),
		cmocka_unit_test(edits__are_counted_up_to_the_bound),
		cmocka_unit_test(word__nearest_is_near),
		cmocka_unit_test(buf__keeps_what_it_has_at_its_limit)
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
