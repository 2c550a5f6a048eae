/* Times and durations, read and written. */
#include <time.h>

#include "tests/support/check.h"
#include "util/time.h"

static int64_t time_of(const char *s)
{
	int64_t us;

	return time_parse_us(s, strlen(s), &us) ? us : NO_TIME;
}

TEST(time__is_read_to_the_us)
{
	assert_int_equal(time_of("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(time_of("2026-11-24T02:00:00.123456789Z"), 1795485600123456);
	assert_int_equal(time_of("2026-11-24t04:30:00.5+02:30"), 1795485600500000);
	assert_int_equal(time_of("2026-11-23T23:00:00-03:00"), 1795485600000000);
	assert_int_equal(time_of("1969-12-31T23:59:59.999Z"), -1000);
	assert_int_equal(time_of("2024-02-29T00:00:00z"), 1709164800000000);
	assert_int_equal(time_of("2016-12-31T23:59:60Z"), time_of("2017-01-01T00:00:00Z"));
}

TEST(time__that_is_invalid_is_refused)
{
	static const char *const bad[] = {
		"", "2026-11-24", "2026-11-24T02:00:00", "2026-13-01T00:00:00Z",
		"2025-02-29T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-24T24:00:00Z",
		"2026-11-24T02:60:00Z", "2026-11-24T02:00:61Z", "2026-11-24T02:00:00.Z",
		"2026-11-24 02:00:00Z", "2026-11-24T02:00:00+2:00", "2026-11-24T02:00:00ZZ",
		"0000-01-01T00:00:00Z", "+026-11-24T02:00:00Z", "2026-11-24T02:00:00.1x",
		"2026-11-24T02:00:00+24:00"
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(time_of(bad[i]) == NO_TIME);
}

TEST(time__round_trips_over_four_centuries)
{
	char text[TIME_TEXT_MAX];

	for (int64_t us = -6000000000000000; us < 7000000000000000; us += 86399123457) {
		time_format_us(text, us);
		assert_true(time_of(text) == us);
	}
	time_format_ms(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

/* The C library counts leap seconds there. */
TEST(time__does_not_depend_on_the_time_zone)
{
	char text[TIME_TEXT_MAX];

	assert_int_equal(setenv("TZ", "right/UTC", 1), 0);
	tzset();
	time_format_ms(text, 1795485600000);
	assert_string_equal(text, "2026-11-24T02:00:00.000Z");
	assert_int_equal(time_of(text), 1795485600000000);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

TEST(duration__has_a_unit_and_whole_ms)
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

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(time_parse_duration_ms(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (time_parse_duration_ms(bad[i], &ms))
			fail_msg("'%s' was taken", bad[i]);
}

TEST(duration__is_written_in_its_largest_unit)
{
	char text[DURATION_TEXT_MAX];

	time_format_duration(text, 90000);
	assert_string_equal(text, "90s");
	time_format_duration(text, 120000);
	assert_string_equal(text, "2m");
	time_format_duration(text, 1500);
	assert_string_equal(text, "1500ms");
	time_format_duration(text, 0);
	assert_string_equal(text, "0s");
}

TEST(local_time__has_its_offset_and_zone)
{
	static const struct {
		const char *tz, *zone;
		int64_t ms, offset_ms;
	} cases[] = {
		{ "UTC0", "UTC", 0, 0 }, { "TOK-9", "TOK", 0, 32400000 },
		{ "NEW4:30", "NEW", -1, -16200000 },
		/* summer time begins at 1970-03-01T01:00:00Z */
		{ "WIN-1SUM,J60/2,J300", "WIN", 5101199999, 3600000 },
		{ "WIN-1SUM,J60/2,J300", "SUM", 5101200000, 7200000 }
	};
	char zone[TIME_ZONE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		setenv("TZ", cases[i].tz, 1);
		assert_int_equal(time_local_offset_ms(cases[i].ms, zone), cases[i].offset_ms);
		assert_string_equal(zone, cases[i].zone);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
