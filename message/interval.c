#include "message/interval.h"

#include <string.h>

#include "util/base.h"
#include "util/time.h"

#define DURATION_DIGITS 9	/* of one number in a duration */
#define US_PER_HOUR (INT64_C(3600) * 1000000)
#define DURATION_MAX_US (100000 * 24 * US_PER_HOUR)	/* so that sums do not overflow */

/* --- instants ------------------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copies two digits; skips the separator before them if there is one. */
static bool copy_pair(const char **s, const char *end, char separator, char out[2])
{
	const char *p = *s;

	if (separator && p < end && *p == separator)
		p++;
	if (end - p < 2 || !is_digit(p[0]) || !is_digit(p[1]))
		return false;
	memcpy(out, p, 2);
	*s = p + 2;
	return true;
}

/* Copies the fraction of a second, if there is one, in the form of RFC 3339 with at most ten
 * digits. */
static bool copy_fraction(const char **s, const char *end, char **out)
{
	const char *p = *s;
	char *from = *out;

	if (p == end || (*p != '.' && *p != ','))
		return true;
	*(*out)++ = '.';
	for (p++; p < end && is_digit(*p); p++)
		if (*out - from <= 10)
			*(*out)++ = *p;
	*s = p;
	return *out - from > 1;
}

/* Copies the offset at the end of an instant, in the form ±hh:mm. */
static bool copy_offset(const char *s, const char *end, char **out)
{
	memcpy(*out, "+00:00", 6);
	if (end - s == 1 && (*s == 'Z' || *s == 'z')) {
		*out += 6;
		return true;
	}
	if (s == end || (*s != '+' && *s != '-'))
		return false;
	(*out)[0] = *s++;
	if (!copy_pair(&s, end, 0, *out + 1) || (s < end && !copy_pair(&s, end, ':', *out + 4)))
		return false;
	*out += 6;
	return s == end;
}

/* Parses an instant: rewrites it in the form of RFC 3339 and parses that. */
static bool parse_instant(const char *s, size_t len, int64_t *us)
{
	const char *end = s + len;
	char text[64] = "0000-00-00T00:00:00", *out = text + 19;
	bool midnight;

	if (time_parse_us(s, len, us))
		return true;
	if (!copy_pair(&s, end, 0, text) || !copy_pair(&s, end, 0, text + 2)
	    || !copy_pair(&s, end, '-', text + 5) || !copy_pair(&s, end, '-', text + 8)
	    || s == end || (*s != 'T' && *s != 't'))
		return false;
	s++;
	if (!copy_pair(&s, end, 0, text + 11) || !copy_pair(&s, end, ':', text + 14))
		return false;
	if (s < end && (is_digit(*s) || *s == ':') && (!copy_pair(&s, end, ':', text + 17)
	    || !copy_fraction(&s, end, &out)))
		return false;
	/* 24:00 is the end of the day, that is 00:00 and a day later */
	midnight = memcmp(text + 11, "24:00:00", 8) == 0 && out == text + 19;
	if (midnight)
		memcpy(text + 11, "00", 2);
	if (!copy_offset(s, end, &out) || !time_parse_us(text, (size_t)(out - text), us))
		return false;
	*us += midnight ? 24 * US_PER_HOUR : 0;
	return true;
}

/* --- durations ----------------------------------------------------------------------- */

static const struct interval_part {
	char letter;
	bool of_time;		/* it comes after the T */
	int64_t us;
} parts[] = {
	{ 'W', false, 7 * 24 * US_PER_HOUR }, { 'D', false, 24 * US_PER_HOUR },
	{ 'H', true, US_PER_HOUR }, { 'M', true, US_PER_HOUR / 60 },
	{ 'S', true, US_PER_HOUR / 3600 }
};

/* Parses a number with its letter and adds it to *us. The letter has to be one of `parts` from
 * *next on, because they come in that order. Only the last number may have a fraction. */
static bool parse_part(const char **s, const char *end, bool of_time, size_t *next,
	int64_t *us)
{
	int64_t value = 0, fraction = 0, scale = 1;
	const char *p = *s;

	for (; p < end && is_digit(*p) && p - *s < DURATION_DIGITS; p++)
		value = 10 * value + (*p - '0');
	if (p == *s)
		return false;
	if (p < end && (*p == '.' || *p == ',')) {
		const char *point = p++;

		for (; p < end && is_digit(*p); p++)
			if (scale < 1000000) {
				fraction = 10 * fraction + (*p - '0');
				scale *= 10;
			}
		if (p == point + 1 || p + 1 != end)
			return false;
	}
	while (*next < ARRAY_LEN(parts) && (p == end || parts[*next].letter != *p
	       || parts[*next].of_time != of_time))
		++*next;
	if (*next == ARRAY_LEN(parts) || value > DURATION_MAX_US / parts[*next].us)
		return false;
	*us += value * parts[*next].us + fraction * (parts[*next].us / scale);
	++*next;
	*s = p + 1;
	return *us <= DURATION_MAX_US;
}

/* Parses P[nW][nD][T[nH][nM][nS]], with at least one number, and one after a T. */
static bool parse_duration(const char *s, size_t len, int64_t *us)
{
	const char *end = s + len;
	bool of_time = false, any = false;
	size_t next = 0;

	*us = 0;
	if (!len || *s++ != 'P')
		return false;
	while (s < end) {
		if (!of_time && *s == 'T') {
			of_time = true;
			any = false;
			s++;
		} else if (parse_part(&s, end, of_time, &next, us)) {
			any = true;
		} else {
			return false;
		}
	}
	return any;
}

/* --- the interval -------------------------------------------------------------------- */

/* Parses what follows the slash: an instant, or a duration that begins at from_us. */
static bool parse_end(const char *s, size_t len, int64_t from_us, int64_t *to_us)
{
	if (!len || *s != 'P')
		return parse_instant(s, len, to_us);
	if (!parse_duration(s, len, to_us))
		return false;
	*to_us += from_us;
	return true;
}

bool interval_parse(const char *s, size_t len, int64_t *from_ms, int64_t *to_ms)
{
	const char *slash = memchr(s, '/', len), *end;
	size_t from_len, to_len;
	int64_t from_us, to_us, length_us;

	if (!slash)
		return false;
	end = slash + 1;
	from_len = (size_t)(slash - s);
	to_len = len - from_len - 1;
	if (*s == 'P') {
		if (!parse_instant(end, to_len, &to_us)
		    || !parse_duration(s, from_len, &length_us))
			return false;
		from_us = to_us - length_us;
	} else {
		if (!parse_instant(s, from_len, &from_us))
			return false;
		if (to_len == from_len && memcmp(s, end, to_len) == 0)	/* most are an instant */
			to_us = from_us;
		else if (!parse_end(end, to_len, from_us, &to_us))
			return false;
	}
	*from_ms = from_us / US_PER_MS;
	*to_ms = to_us / US_PER_MS;
	return from_us <= to_us;
}
