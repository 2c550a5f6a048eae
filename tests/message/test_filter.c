/* Filters of --outlier, read from text and compared with numbers. */
#include "message/filter.h"
#include "tests/support/check.h"

TEST(filter__is_parsed_and_compared)
{
	static const struct {
		const char *text;
		double yes, no;
	} good[] = {
		{ "waitTime.avg>30000", 30001, 30000 }, { " a.b >= 1 ", 1, 0.5 }, { "a.b<1", 0, 1 },
		{ "a.b<=1", 1, 2 }, { "a.b == -1.5e2", -150, 0 }, { "a.b!=0", 1, 0 }
	};
	static const char *const bad[] = {
		"", "a.b", "a>1", "a.>1", "a.b>", "a.b>x", "a.b>1x", "a.b>inf", "a.b>nan",
		"a.b>0x1",
		"a.b=1", "a.b>1>2", "a b.c>1", "a.b>+1"
	};
	char text[64];
	const char *metric;
	struct filter filter;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		strncpy(text, good[i].text, sizeof(text) - 1);
		assert_true(filter_parse(text, &metric, &filter));
		assert_true(compare_holds(filter.op, good[i].yes, filter.number));
		assert_false(compare_holds(filter.op, good[i].no, filter.number));
	}
	assert_string_equal(metric, "a");
	assert_string_equal(filter.path, "b");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		strncpy(text, bad[i], sizeof(text) - 1);
		if (filter_parse(text, &metric, &filter))
			fail_msg("'%s' was taken", bad[i]);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
