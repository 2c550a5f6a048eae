/* The alarms of a window: their text, and the worst level of a queue and of a number. */
#include "output/alarms.h"
#include "tests/support/check.h"

static struct row_name name_of(const char *text)
{
	struct row_name name;
	const char *part;

	assert_int_equal(row_name_parse(&name, text, &part), ROW_NAME_GOOD);
	return name;
}

TEST(alarms_have_levels_and_texts)
{
	struct row_series age = { .metric = "oLongestWaiting", .path = "ageMs", .kind = ROW_AGE };
	struct row_series waiting = { .metric = "oWaiting", .path = "count", .kind = ROW_GAUGE };
	struct row one = { .queue = 1, .series = &age, .nseries = 1 };
	struct row two = { .queue = 2, .media = "voice", .series = &waiting, .nseries = 1 };
	struct row_name longest = name_of("oLongestWaiting.last"), max = name_of("oWaiting.max"),
		coverage = name_of("coverage");
	struct nagios_range range = { .from = 0, .to = 60000 };
	struct alarms a = { .n = 0 };

	age.stat[STAT_LAST] = 90000;
	alarms_clear(&a);
	assert_int_equal(alarms_level(&a, 1, NULL), ALARM_NONE);
	alarms_add_range(&a, &(struct nagios_hit){ NAGIOS_WARNING, &one, "oLongestWaiting.last",
		&longest, &range, 90000 });
	alarms_add_threshold(&a, &(struct threshold_hit){ "/voice:oWaiting.max>10", &max, &two, 0,
		12 });
	alarms_add_threshold(&a, &(struct threshold_hit){ "coverage<1", &coverage, &one, 0, 0.5 });
	assert_false(alarms_failed(&a));
	assert_string_equal(alarm_text(&a, 0), "1.5m: oLongestWaiting.last=60000");
	assert_string_equal(alarm_text(&a, 1), "12 (voice): /voice:oWaiting.max>10");
	assert_string_equal(alarm_text(&a, 2), "0.50: coverage<1");
	assert_int_equal(alarms_level(&a, 1, NULL), ALARM_CRITICAL);
	assert_int_equal(alarms_level(&a, 1, &age), ALARM_WARNING);
	assert_int_equal(alarms_level(&a, 1, &waiting), ALARM_NONE);
	assert_int_equal(alarms_level(&a, 2, &waiting), ALARM_CRITICAL);
	assert_int_equal(alarms_level(&a, 3, NULL), ALARM_NONE);
	alarms_clear(&a);
	assert_int_equal(a.n, 0);
	alarms_free(&a);
	row_name_free(&longest);
	row_name_free(&max);
	row_name_free(&coverage);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
