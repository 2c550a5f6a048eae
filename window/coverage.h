/*
 * How long one stream was connected within the oldest window that is still open. Spans are kept
 * as such, for a run cut short may end that window before some of them, and in event time, where
 * windows wait for latecomers, they reach into the next ones.
 */
#ifndef WINDOW_COVERAGE_H
#define WINDOW_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coverage_span {
	int64_t from_us, to_us;
};

struct coverage {		/* all zero: down, and was never connected */
	bool up;
	bool was_lost;
	int64_t up_from_us;
	int64_t folded_us;	/* of those within the oldest window that span has no place for */
	struct coverage_span *span;
	size_t nspan, capspan;
};

void coverage_free(struct coverage *c);
void coverage_up(struct coverage *c, int64_t at_us);
/* oldest: the oldest open window. False: out of memory. */
bool coverage_down(struct coverage *c, int64_t at_us, struct coverage_span oldest);
/* If the stream is up: it stays so, but nothing of it was seen during the gap. False: out of
 * memory. */
bool coverage_skip(struct coverage *c, struct coverage_span gap, struct coverage_span oldest);
/* The oldest window has gone, this is the next one. */
void coverage_advance(struct coverage *c, struct coverage_span oldest);
/* Connected time within the oldest window, which may end early. */
int64_t coverage_us(const struct coverage *c, struct coverage_span within);

#endif
