/* Names of a row's numbers: which are good, and what is wrong with the others. */
#include "tests/support/check.h"
#include "window/row_name.h"

TEST(name__is_good_or_says_what_is_wrong)
{
	static const struct {
		const char *text;
		enum row_name_flaw flaw;
		const char *part;
	} bad[] = {
		{ "", ROW_NAME_NO_METRIC, "" }, { "oWaiting", ROW_NAME_NO_METRIC, "oWaiting" },
		{ ".max", ROW_NAME_NO_METRIC, ".max" },
		{ "a..max", ROW_NAME_NO_METRIC, "a..max" },
		{ "oWaiting.", ROW_NAME_NO_STAT, "" },
		{ "oWaiting.Max", ROW_NAME_NO_STAT, "Max" },
		{ "oWaiting.count.p98", ROW_NAME_NO_STAT, "p98" },
		{ "lagMs.p90x", ROW_NAME_NO_STAT, "p90x" },
	};
	struct row_name name;
	const char *part;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		part = NULL;
		assert_int_equal(row_name_parse(&name, bad[i].text, &part), bad[i].flaw);
		assert_string_equal(part, bad[i].part);
		row_name_free(&name);
	}
	for (enum row_name_field f = 0; f < ROW_FIELDS; f++) {
		assert_int_equal(row_name_parse(&name, row_name_fields[f], &part),
			ROW_NAME_GOOD);
		assert_int_equal(name.field, f);
		row_name_free(&name);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
