/* The pieces of a page: text that is inert, numbers, the hash of a policy, the line of a trend. */
#include <math.h>

#include "output/html_text.h"
#include "tests/support/check.h"

static struct buf out;

static void check(const char *want)
{
	buf_char(&out, '\0');
	assert_false(out.failed);
	assert_string_equal(out.data, want);
	buf_clear(&out);
}

TEST(text_is_inert)
{
	const char *markup = "<b a='1' c=\"2\">&amp;\x1b\xE2\x80\xAE\xff";

	html_put_text(&out, markup, strlen(markup));
	check("&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;"
		"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
	html_put_text(&out, "<x", 1);
	check("&lt;");
	html_put_text(&out, "", 0);
	check("");
}

TEST(name_is_cut_between_characters)
{
	char name[4 * HTML_NAME_MAX + 1] = "", want[4 * HTML_NAME_MAX + 4];

	for (size_t i = 0; i < HTML_NAME_MAX; i++)
		strcat(name, "\xC3\xA4");
	html_put_name(&out, name);
	check(name);
	snprintf(want, sizeof(want), "%s\xE2\x80\xA6", name);
	strcat(name, "x");
	html_put_name(&out, name);
	check(want);
	html_put_name(&out, "");
	check("");
}

TEST(times_are_as_on_a_clock)
{
	static const struct {
		double ms;
		const char *text;
	} times[] = {
		{ 0, "0:00" }, { 999, "0:00" }, { 59999, "0:59" }, { 60000, "1:00" },
		{ 3599999, "59:59" }, { 3600000, "1:00:00" }, { 90061000, "25:01:01" }
	};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		html_put_clock(&out, times[i].ms);
		check(times[i].text);
	}
}

TEST(share_is_all_only_if_nothing_is_missing)
{
	static const struct {
		double share;
		const char *text;
	} shares[] = {
		{ 0, "0%" }, { 0.001, "&lt;1%" }, { 0.01, "1%" }, { 0.29, "29%" },
		{ 0.9999, "99%" }, { 1, "100%" }
	};

	for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
		html_put_share(&out, shares[i].share);
		check(shares[i].text);
	}
}

TEST(hash_is_that_of_a_policy)
{
	html_put_hash(&out, "");
	check("'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

TEST(line_has_gaps_and_points)
{
	const double v[] = { NAN, 0, 4, NAN, 2, NAN }, flat[] = { 3, 3 }, none[] = { NAN, NAN };

	html_put_line(&out, v, ARRAY_LEN(v));
	check("<path class=\"area\" d=\"M1 20L1 19.0L2 1.0L2 20ZM4 20L4 10.0L4 20Z\"/>"
		"<path class=\"line\" d=\"M1 19.0L2 1.0M4 10.0h0\"/>");
	html_put_line(&out, flat, ARRAY_LEN(flat));
	check("<path class=\"area\" d=\"M0 20L0 1.0L1 1.0L1 20Z\"/>"
		"<path class=\"line\" d=\"M0 1.0L1 1.0\"/>");
	html_put_line(&out, none, ARRAY_LEN(none));
	check("<path class=\"area\" d=\"\"/><path class=\"line\" d=\"\"/>");
	buf_free(&out);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
