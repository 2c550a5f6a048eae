/* The ranges of the Monitoring Plugins Development Guidelines, and how numbers are written. */
#include "output/nagios_range.h"
#include "tests/support/check.h"

TEST(range__is_parsed_and_compared)
{
	static const struct {
		const char *text;
		double good, good_too, bad;
		double bad_too;
	} all[] = {
		{ "10", 0, 10, -0.001, 10.001 }, { "10:", 10, 1e300, 9.999, -10 },
		{ "~:10", 10, -1e300, 10.001, 1e300 }, { "10:20", 10, 20, 9.999, 20.001 },
		{ "@10:20", 9.999, 20.001, 10, 20 }, { "@10", -1, 10.5, 0, 10 },
		{ ":10", 0, 10, -1, 11 }, { "-5:-1", -5, -1, 0, -6 },
		{ "1.5e3:", 1500, 1e9, 1499, 0 },
		{ "@~:0", 1, 2, 0, -9 }, { "5:5", 5, 5, 4, 6 }, { "0", 0, 0, 1, -1 },
	};
	static const char *const bad[] = {
		"", ":", "@", "@:", "~", "x", "10:x", "20:10", "10:~", "~10:20", "10::20", "@@1",
		"10 ", "1e999", "nan:", "-1", "0x10", "10:20:30", "+5",
	};
	struct nagios_range r;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!nagios_range_parse(&r, all[i].text) || nagios_range_alerts(&r, all[i].good)
			|| nagios_range_alerts(&r, all[i].good_too)
			|| !nagios_range_alerts(&r, all[i].bad)
			|| !nagios_range_alerts(&r, all[i].bad_too))
			fail_msg("%s", all[i].text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (nagios_range_parse(&r, bad[i]))
			fail_msg("'%s' is a range", bad[i]);
	assert_true(nagios_range_parse(&r, "~:"));	/* a number to be shown, never to alert */
	assert_false(nagios_range_alerts(&r, -1e300));
}

static void check_written(const char *range, const char *expected)
{
	struct nagios_range r;
	struct buf out = { 0 };

	assert_true(nagios_range_parse(&r, range));
	nagios_range_put(&out, &r);
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, expected);
	buf_free(&out);
}

TEST(range__is_written_with_plain_numbers)
{
	check_written("0:10", "10");
	check_written(":10", "10");
	check_written("10:", "10:");
	check_written("~:-2.5", "~:-2.5");
	check_written("@5:5", "@5:5");
	check_written("-1:0", "-1:0");
	check_written("0:", "0:");
	check_written("1e-7:1e21", "0.0000001:1000000000000000000000");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
