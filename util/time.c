#include "util/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/base.h"

#define DURATION_MAX_MS (3650LL * 24 * 3600 * 1000)

/* --- times -------------------------------------------------------------------------- */

/* Reads a number of n digits; -1: there are other characters. */
static int digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = 10 * value + (s[i] - '0');
	}
	return value;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/*
 * Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March. timegm(3)
 * and gmtime_r(3) are not used: where TZ is right/UTC they count leap seconds, which would shift
 * the rows of a replay by 27 s, and timegm made the replay of a stream 10% slower.
 */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400, yoe = y % 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

/* Reads `.` and digits, if any, and cuts off digits after the sixth. Returns what follows; NULL: it
 * is malformed. */
static const char *parse_fraction(const char *s, const char *end, int64_t *us)
{
	static const int units[] = { 100000, 10000, 1000, 100, 10, 1 };
	size_t n = 0;

	*us = 0;
	if (s == end || *s != '.')
		return s;
	if (++s == end || *s < '0' || *s > '9')
		return NULL;
	for (; s < end && *s >= '0' && *s <= '9'; s++, n++)
		if (n < ARRAY_LEN(units))
			*us += (*s - '0') * units[n];
	return s;
}

/* Reads `Z` or ±hh:mm up to the end of the text. */
static bool parse_offset(const char *s, const char *end, int64_t *offset_s)
{
	int hours, minutes;

	*offset_s = 0;
	if (end - s == 1)
		return *s == 'Z' || *s == 'z';
	if (end - s != 6 || (*s != '+' && *s != '-') || s[3] != ':')
		return false;
	hours = digits(s + 1, 2);
	minutes = digits(s + 4, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*offset_s = (*s == '-' ? -60 : 60) * (60 * hours + minutes);
	return true;
}

bool time_parse_us(const char *s, size_t len, int64_t *us)
{
	const char *end = s + len, *rest;
	int year, month, day, hour, minute, second;
	int64_t fraction, offset_s, seconds;

	if (len < 20 || s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != 't')
	    || s[13] != ':' || s[16] != ':')
		return false;
	year = digits(s, 4);
	month = digits(s + 5, 2);
	day = digits(s + 8, 2);
	hour = digits(s + 11, 2);
	minute = digits(s + 14, 2);
	second = digits(s + 17, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)
	    || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	rest = parse_fraction(s + 19, end, &fraction);
	if (!rest || !parse_offset(rest, end, &offset_s))
		return false;
	/* a leap second (60) is the first second of the next minute, as in POSIX time */
	seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60
		+ second - offset_s;
	*us = seconds * US_PER_S + fraction;
	return true;
}

static void time_format(char out[TIME_TEXT_MAX], int64_t us, int decimals)
{
	int64_t seconds = us / US_PER_S - (us % US_PER_S < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), rest = seconds - days * 86400;
	int fraction = (int)(us - seconds * US_PER_S), year, month, day;

	civil_from_days(days, &year, &month, &day);
	if (decimals == 3)
		fraction /= 1000;
	snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ", year % 10000,
		month, day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
		decimals, fraction);
}

void time_format_ms(char out[TIME_TEXT_MAX], int64_t ms)
{
	time_format(out, ms * 1000, 3);
}

void time_format_us(char out[TIME_TEXT_MAX], int64_t us)
{
	time_format(out, us, 6);
}

int64_t time_local_offset_ms(int64_t ms, char zone[TIME_ZONE_MAX])
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm;

	tzset();	/* localtime_r need not do it */
	if (!localtime_r(&seconds, &tm)) {
		memcpy(zone, "UTC", sizeof("UTC"));
		return 0;
	}
	snprintf(zone, TIME_ZONE_MAX, "%s", tm.tm_zone);
	return tm.tm_gmtoff * INT64_C(1000);
}

/* --- durations ---------------------------------------------------------------------- */

/*
 * Adds the decimal number at *s, times unit_ms, to *ms. Computes exactly, so that 0.1s is 100 ms
 * and 0.0005s is refused. The number is the digits and dots up to end. Moves *s to its end; *whole:
 * it had no decimals.
 */
static bool parse_decimal_ms(const char **s, const char *end, int64_t unit_ms, int64_t *ms,
	bool *whole)
{
	int64_t value = 0, scale = 1, product;
	const char *p = *s;

	*whole = true;
	if (*p < '0' || *p > '9' || end[-1] == '.')
		return false;
	for (; p < end; p++) {
		if (*p == '.' && *whole)
			*whole = false;
		else if (*p == '.' || (!*whole && __builtin_mul_overflow(scale, 10, &scale))
		    || __builtin_mul_overflow(value, 10, &value)
		    || __builtin_add_overflow(value, *p - '0', &value))
			return false;
	}
	if (__builtin_mul_overflow(value, unit_ms, &product) || product % scale
	    || __builtin_add_overflow(*ms, product / scale, ms))
		return false;
	*s = end;
	return *ms <= DURATION_MAX_MS;
}

static const char *number_end(const char *s)
{
	return s + strspn(s, "0123456789.");
}

/* PT[nH][nM][nS]: at least one of the three, in this order; only the last may have decimals. */
static bool parse_iso(const char *s, int64_t *ms)
{
	static const struct {
		char letter;
		int64_t ms;
	} parts[] = { { 'H', 3600000 }, { 'M', 60000 }, { 'S', 1000 } };
	size_t next = 0;
	bool whole = true;

	if (strncmp(s, "PT", 2) != 0 || !s[2])
		return false;
	for (s += 2; *s; s++) {
		const char *end = number_end(s);

		while (next < 3 && parts[next].letter != *end)
			next++;
		if (next == 3 || !whole || !parse_decimal_ms(&s, end, parts[next].ms, ms, &whole))
			return false;
		next++;
	}
	return true;
}

bool time_parse_duration_ms(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	const char *end = number_end(s);
	bool whole;

	*ms = 0;
	if (*s == 'P')
		return parse_iso(s, ms);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return parse_decimal_ms(&s, end, units[i].ms, ms, &whole);
	return false;
}

void time_format_duration(char out[DURATION_TEXT_MAX], int64_t ms)
{
	if (ms % 1000)
		snprintf(out, DURATION_TEXT_MAX, "%lldms", (long long)ms);
	else if (ms % 60000 || ms == 0)
		snprintf(out, DURATION_TEXT_MAX, "%llds", (long long)ms / 1000);
	else if (ms % 3600000)
		snprintf(out, DURATION_TEXT_MAX, "%lldm", (long long)ms / 60000);
	else
		snprintf(out, DURATION_TEXT_MAX, "%lldh", (long long)ms / 3600000);
}
