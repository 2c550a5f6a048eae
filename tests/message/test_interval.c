/* ISO 8601 intervals in every spelling that is read, and in those that are not. */
#include "message/interval.h"
#include "tests/support/check.h"

#define T_MS INT64_C(1796029200000)	/* 2026-11-30T09:00:00Z */
#define MINUTE 60000
#define DAY INT64_C(86400000)

/* From a buffer without a NUL, so that a sanitizer sees a read past its end. */
static bool parse(const char *text, int64_t *from_ms, int64_t *to_ms)
{
	size_t len = strlen(text);
	char *copy = malloc(len + !len);
	bool good;

	assert_non_null(copy);
	memcpy(copy, text, len);
	good = interval_parse(copy, len, from_ms, to_ms);
	free(copy);
	return good;
}

TEST(interval__is_read_in_these_spellings)
{
	static const struct {
		const char *text;
		int64_t from_ms, length_ms;
	} cases[] = {
		{ "2026-11-30T09:00:00.000Z/2026-11-30T09:30:00.000Z", T_MS, 30 * MINUTE },
		{ "2026-11-30T09:00:00Z/2026-11-30T09:00:00Z", T_MS, 0 },
		{ "2026-11-30T09:00Z/2026-11-30T09:30Z", T_MS, 30 * MINUTE },
		{ "20261130T0900Z/20261130T0930Z", T_MS, 30 * MINUTE },
		{ "20261130T090000,25Z/20261130T093000,25Z", T_MS + 250, 30 * MINUTE },
		{ "20261130T090000Z/2026-11-30T09:30:00Z", T_MS, 30 * MINUTE },
		{ "2026-11-30T09:00:00.000+0000/2026-11-30T09:30:00.000+0000", T_MS, 30 * MINUTE },
		{ "2026-11-30T10:00:00+01/2026-11-30T10:30:00+01:00", T_MS, 30 * MINUTE },
		{ "2026-11-30T04:30:00-0430/2026-11-30T05:00:00-0430", T_MS, 30 * MINUTE },
		{ "2026-11-30T09:00:00.1234567890123Z/2026-11-30T09:30Z", T_MS + 123,
			30 * MINUTE - 123 },
		{ "2026-11-30T09:00:00.000Z/PT30M", T_MS, 30 * MINUTE },
		{ "20261130T0900Z/PT0.5H", T_MS, 30 * MINUTE },
		{ "20261130T0900Z/PT1H30M1,5S", T_MS, 90 * MINUTE + 1500 },
		{ "2026-11-30T09:00Z/P1DT12H", T_MS, DAY + DAY / 2 },
		{ "2026-11-30T09:00Z/P2W", T_MS, 14 * DAY },
		{ "2026-11-30T09:00Z/P1.5D", T_MS, DAY + DAY / 2 },
		{ "2026-11-30T09:00Z/PT0S", T_MS, 0 },
		{ "PT30M/2026-11-30T09:30:00.000Z", T_MS, 30 * MINUTE },
		{ "P1D/2026-12-01T09:00Z", T_MS, DAY },
		{ "2026-11-29T24:00Z/2026-11-30T24:00:00Z", T_MS - 9 * 60 * MINUTE, DAY }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t from_ms = 0, to_ms = 0;

		if (!parse(cases[i].text, &from_ms, &to_ms) || from_ms != cases[i].from_ms
		    || to_ms - from_ms != cases[i].length_ms)
			fail_msg("%s: %lld, %lld", cases[i].text, (long long)from_ms,
				(long long)(to_ms - from_ms));
	}
}

TEST(interval__is_not_read_in_these)
{
	static const char *const cases[] = {
		"", "/", "P", "2026-11-30T09:00Z", "2026-11-30T09:00Z/", "/2026-11-30T09:00Z",
		"2026-11-30T09:30Z/2026-11-30T09:00Z",		/* ends before it begins */
		"2026-11-30T09:00/2026-11-30T09:30",		/* of no time zone */
		"2026-11-30/2026-12-01", "2026-W49-1T09:00Z/PT30M", "2026-334T09:00Z/PT30M",
		"2026-11-31T09:00Z/PT30M", "2026-11-30T24:01Z/PT30M",
		"2026-11-30T24:00:00.5Z/PT30M", "2026-11-30T25:00Z/PT30M",
		"2026-11-30T09:60Z/PT30M", "2026-11-30T09:00:61Z/PT30M", "2026-11-30 09:00Z/PT30M",
		"2026-11-30T9:00Z/PT30M", "2026-11-30T09:00:00.Z/PT30M", "2026-11-30T09:0Z/PT30M",
		"2026-11-30T09:00+1/PT30M", "2026-11-30T09:00+01:0/PT30M",
		"2026-11-30T09:00+24:00/PT30M", "2026-11-30T09:00ZZ/PT30M",
		"2026-11-30T09:00.5Z/PT30M", "PT30M/PT30M", "PT30M/P",
		"2026-11-30T09:00Z/P", "2026-11-30T09:00Z/PT", "2026-11-30T09:00Z/P1DT",
		"2026-11-30T09:00Z/P1M", "2026-11-30T09:00Z/P1Y", "2026-11-30T09:00Z/P1H",
		"2026-11-30T09:00Z/PT1D", "2026-11-30T09:00Z/PT1M1H", "2026-11-30T09:00Z/PT1.5H30M",
		"2026-11-30T09:00Z/PT.5H", "2026-11-30T09:00Z/PT1.H", "2026-11-30T09:00Z/PT30",
		"2026-11-30T09:00Z/-PT30M", "2026-11-30T09:00Z/P99999999999W",
		"2026-11-30T09:00Z/P999999999W", "2026-11-30T09:00Z/pt30m",
		"2026-11-30T09:00Z/PT30M/PT30M"
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t from_ms, to_ms;

		if (parse(cases[i], &from_ms, &to_ms))
			fail_msg("%s is read", cases[i]);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
