/*
 * Coverage: how long a stream was connected within the oldest open window. It keeps the spans,
 * because that window may end early if the run is cut short, and because in event time, where
 * windows wait for late frames, spans reach into the next windows.
 */
#ifndef WINDOW_COVERAGE_H
#define WINDOW_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coverage_span {
	int64_t from_us, to_us;
};

struct coverage {		/* all zero: down, and never connected */
	bool up;
	bool was_lost;
	int64_t up_from_us;
	int64_t folded_us;	/* the sum of spans in the oldest window that are not kept */
	struct coverage_span *span;
	size_t nspan, capspan;
};

void coverage_free(struct coverage *c);
void coverage_up(struct coverage *c, int64_t at_us);
/* oldest: the oldest open window. False: out of memory. */
bool coverage_down(struct coverage *c, int64_t at_us, struct coverage_span oldest);
/* A stream that is up stays up, but nothing of it was seen during the gap. False: out of memory. */
bool coverage_skip(struct coverage *c, struct coverage_span gap, struct coverage_span oldest);
/* The oldest window is closed; this is the next one. */
void coverage_advance(struct coverage *c, struct coverage_span oldest);
/* Connected time within the oldest window, or within its beginning if it ends early. */
int64_t coverage_us(const struct coverage *c, struct coverage_span within);
/* As a part of the window's length, cut to 1/10000; NaN if it is not known. */
double coverage_share(bool known, int64_t connected_us, struct coverage_span window);

#endif
