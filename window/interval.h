/*
 * An ISO 8601 interval as two instants: start/end, start/duration or duration/end. Reads more
 * spellings than the service is known to send, because a total without its interval is lost.
 */
#ifndef WINDOW_INTERVAL_H
#define WINDOW_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Dates are calendar dates, basic (20261130) or extended (2026-11-30); seconds may be missing
 * and may have a fraction behind a point or a comma; the offset is Z, ±hh, ±hhmm or ±hh:mm.
 * Durations have W, D, H, M and S. Both instants are cut to ms since 1970. False: it is none of
 * these, or ends before it begins.
 */
bool interval_parse(const char *s, size_t len, int64_t *from_ms, int64_t *to_ms);

#endif
