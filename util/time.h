/* Converts times (RFC 3339) and durations from text to numbers and back. */
#ifndef UTIL_TIME_H
#define UTIL_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define US_PER_MS 1000
#define US_PER_S 1000000
#define NO_TIME INT64_MIN		/* where a time may be absent */
#define TIME_TEXT_MAX 64		/* with the NUL */
#define TIME_ZONE_MAX 16
#define DURATION_TEXT_MAX 32

/* Reads an RFC 3339 date-time as µs since 1970. Accepts any offset, and `T` and `Z` in either case;
 * cuts off digits after the microsecond. False: it is malformed, or a field is out of range. */
bool time_parse_us(const char *s, size_t len, int64_t *us);
void time_format_ms(char out[TIME_TEXT_MAX], int64_t ms);	/* 2026-11-24T02:00:00.000Z */
void time_format_us(char out[TIME_TEXT_MAX], int64_t us);	/* six decimals */

/* The offset of local time ($TZ) from UTC at that time. zone: its abbreviation, such as CET. */
int64_t time_local_offset_ms(int64_t ms, char zone[TIME_ZONE_MAX]);

/*
 * Reads a duration: a decimal number with the unit ms, s, m or h, or an ISO 8601 duration of H, M
 * and S (`PT1M30S`) whose last part may have decimals. It must be a whole number of ms, not
 * negative, and at most 10 years. False: it is not.
 */
bool time_parse_duration_ms(const char *s, int64_t *ms);
/* Writes a duration in the largest unit that needs no decimals: 500ms 30s 2m 24h */
void time_format_duration(char out[DURATION_TEXT_MAX], int64_t ms);

#endif
