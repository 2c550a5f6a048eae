/*
 * How long one stream was connected within the oldest window that is still open. Finished
 * spans within it are one number; only event time, where windows wait for latecomers, keeps
 * spans that reach beyond its end.
 */
#ifndef COVER_H
#define COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	int64_t from_us, to_us;
};

struct cover {		/* all zero: down, and was never connected */
	bool up;
	bool was_lost;
	int64_t up_from_us;
	int64_t oldest_us;	/* of finished spans within the oldest window */
	struct span *span;
	size_t nspan, capspan;
};

void cover_free(struct cover *c);
void cover_up(struct cover *c, int64_t at_us);
/* oldest: the oldest open window. False: out of memory. */
bool cover_down(struct cover *c, int64_t at_us, struct span oldest);
/* The oldest window has gone, this is the next one. */
void cover_advance(struct cover *c, struct span oldest);
/* Connected time within the oldest window, were it to end at oldest.to_us. */
int64_t cover_us(const struct cover *c, struct span oldest);

#endif
