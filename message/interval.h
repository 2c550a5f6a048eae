/*
 * Parses ISO 8601 intervals: start/end, start/duration or duration/end. It accepts more forms than
 * the service is known to send, because a total whose interval cannot be read is lost.
 */
#ifndef MESSAGE_INTERVAL_H
#define MESSAGE_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Dates are calendar dates, in the basic (20261130) or extended format (2026-11-30). Seconds may be
 * missing, or have a fraction after a point or comma. The offset is Z, ±hh, ±hhmm or ±hh:mm.
 * Durations may have W, D, H, M and S. The results are ms since 1970, rounded towards zero. False:
 * the interval is malformed, or ends before it begins.
 */
bool interval_parse(const char *s, size_t len, int64_t *from_ms, int64_t *to_ms);

#endif
