/*
 * Coverage tells how long a stream was connected during the oldest open window. It keeps the spans
 * of connected time, not only their sum, for two reasons: the window ends early if the run is cut
 * short, and in event time, where windows wait for late frames, spans extend into later windows.
 */
#ifndef WINDOW_COVERAGE_H
#define WINDOW_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coverage_span {
	int64_t from_us, to_us;
};

struct coverage {		/* start with all zero: down, and never connected */
	bool up;
	bool was_lost;		/* it was up once and then lost */
	int64_t up_from_us;
	int64_t folded_us;	/* the sum of the spans in the oldest window that are not kept */
	struct coverage_span *span;
	size_t nspan, capspan;
};

void coverage_free(struct coverage *c);
/* Notes that the stream is up, or down, from at_us on. oldest: the oldest open window. False: out
 * of memory. */
void coverage_up(struct coverage *c, int64_t at_us);
bool coverage_down(struct coverage *c, int64_t at_us, struct coverage_span oldest);
/* Takes a gap out of the connected time, because the run saw nothing of the stream then. A stream
 * that is up stays up. False: out of memory. */
bool coverage_skip(struct coverage *c, struct coverage_span gap, struct coverage_span oldest);
/* Call it after a window has closed and `oldest` has become the oldest open one. Drops spans that
 * ended before. */
void coverage_advance(struct coverage *c, struct coverage_span oldest);
/* The connected time during the oldest window, or during the part of it that is over. */
int64_t coverage_us(const struct coverage *c, struct coverage_span within);
/* Connected time as a share of the window's length, cut to four decimals; NaN: not known. */
double coverage_share(bool known, int64_t connected_us, struct coverage_span window);

#endif
