/* UUIDs, names as keys, text cleaned for output, near words. */
#include <ctype.h>
#include <strings.h>

#include "tests/support/check.h"
#include "util/buf.h"
#include "util/text.h"

TEST(uuid__is_converted_to_lower_case)
{
	char id[UUID_LEN + 1];

	assert_true(text_parse_uuid("ABCDEF01-2345-6789-abcd-EF0123456789", 36, id));
	assert_string_equal(id, "abcdef01-2345-6789-abcd-ef0123456789");
	assert_false(text_parse_uuid("ABCDEF01-2345-6789-abcd-EF012345678", 35, id));
	assert_false(text_parse_uuid("ABCDEF01x2345-6789-abcd-EF0123456789", 36, id));
	assert_false(text_parse_uuid("GBCDEF01-2345-6789-abcd-EF0123456789", 36, id));
}

TEST(uuid__allows_only_certain_bytes_in_each_place)
{
	static const char uuid[] = "abcdef01-2345-6789-abcd-ef0123456789";
	static const char hex[] = "0123456789abcdefABCDEF";
	char text[UUID_LEN], id[UUID_LEN + 1];

	for (size_t at = 0; at < UUID_LEN; at++)
		for (int c = 0; c < 256; c++) {
			bool good = uuid[at] == '-' ? c == '-' : c && strchr(hex, c);

			memcpy(text, uuid, UUID_LEN);
			text[at] = (char)c;
			assert_int_equal(text_parse_uuid(text, UUID_LEN, id), good);
			assert_true(!good || (strncasecmp(id, text, UUID_LEN) == 0
				&& id[at] == tolower(c) && strlen(id) == UUID_LEN));
		}
}

/* Whatever is taken at once before, beside and behind it. */
TEST(key__has_no_dot_and_no_control_character)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "", "" }, { "avg", "avg" }, { ".a..b.", "_a__b_" },
		{ "\x01\x1B[31m\x7F ~", "__[31m_ ~" },
		{ "\xC2\x80\xC2\x9F\xC2\xA0\xC3\x80", "__\xC2\xA0\xC3\x80" },
		{ "\xE2\x82\xAC.\xF0\x9F\x98\x80\n", "\xE2\x82\xAC_\xF0\x9F\x98\x80_" }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].from);
		char out[32];

		*text_put_key(out, cases[i].from, len) = '\0';
		assert_string_equal(out, cases[i].to);
		assert_int_equal(text_is_key(cases[i].from, len), strcmp(cases[i].from, out) == 0);
	}
	assert_false(text_is_key("a\0b", 3));
}

static const char *cleaned(const char *s)
{
	static char text[64];

	strcpy(text, s);
	text_clean(text);
	return text;
}

TEST(text__has_no_control_characters_for_a_terminal)
{
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

TEST(text__that_is_unsafe_is_replaced)
{
	struct buf out = { 0 };

	assert_true(text_put_safe(&out, "a\x1B|\xE2\x80\xAE|\xE2\x80\x8D|\xFF", 12)
		&& text_put_csv(&out, ",\"\n\"=1") && text_put_csv(&out, "=1+\xC2\x9B"));
	buf_char(&out, '\0');
	assert_string_equal(out.data, "a\xEF\xBF\xBD|\xEF\xBF\xBD|\xE2\x80\x8D|\xEF\xBF\xBD"
		"\",\"\"\xEF\xBF\xBD\"\"=1\"=1+\xEF\xBF\xBD");
	buf_free(&out);
}

TEST(text__for_a_line_of_words_is_printable)
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

TEST(text__is_visible_without_blanks_and_controls)
{
	char all[95] = "";

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

TEST(edits__are_counted_up_to_the_limit)
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

TEST(word__that_is_too_different_is_not_suggested)
{
	static const char *const words[] = { "ndjson", "csv", "waitTime" };

	assert_string_equal(text_nearest_word("waittime", words, 3), "waitTime");
	assert_string_equal(text_nearest_word("ndjosn", words, 3), "ndjson");
	assert_string_equal(text_nearest_word("cvs", words, 3), "csv");
	assert_null(text_nearest_word("prometheus", words, 3));
	assert_null(text_nearest_word("", words, 3));
}

static const char *hint(const char *s)
{
	static const char *const words[] = { "ndjson", "csv", "prometheus", "html" };
	static char text[128];

	text_words_hint(text, sizeof(text), s, words, 4);
	return text;
}

#define LIST "ndjson, csv, prometheus or html"

TEST(hint__finds_a_word_by_its_beginning_or_end)
{
	assert_string_equal(hint("json"), LIST "; did you mean ndjson?");
	assert_string_equal(hint("josn"), LIST "; did you mean ndjson?");
	assert_string_equal(hint("prom"), LIST "; did you mean prometheus?");
	assert_string_equal(hint("promo"), LIST "; did you mean prometheus?");
	assert_string_equal(hint("heus"), LIST "; did you mean prometheus?");
	assert_string_equal(hint("meth"), LIST);
	assert_string_equal(hint("influx"), LIST);
	assert_string_equal(hint(""), LIST);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
