#include "window/coverage.h"

#include <math.h>
#include <stdlib.h>

/* Only an artificial recording loses a stream so many times in one window. If it does, the spans in
 * the oldest window are replaced by their sum. If that makes no room, later spans are not counted
 * as connected. */
#define SPANS_MAX 65536

static int64_t overlap_us(struct coverage_span a, struct coverage_span b)
{
	int64_t from = a.from_us > b.from_us ? a.from_us : b.from_us;
	int64_t to = a.to_us < b.to_us ? a.to_us : b.to_us;

	return to > from ? to - from : 0;
}

void coverage_free(struct coverage *c)
{
	free(c->span);
	*c = (struct coverage){ 0 };
}

void coverage_up(struct coverage *c, int64_t at_us)
{
	c->up = true;
	c->up_from_us = at_us;
}

static void drop_spans(struct coverage *c, int64_t until_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->nspan; i++)
		if (c->span[i].to_us > until_us)
			c->span[kept++] = c->span[i];
	c->nspan = kept;
}

static int64_t finished_us(const struct coverage *c, struct coverage_span within)
{
	int64_t us = 0;

	for (size_t i = 0; i < c->nspan; i++)
		us += overlap_us(c->span[i], within);
	return us;
}

/* Replaces the spans within the oldest window by their sum. */
static void fold(struct coverage *c, struct coverage_span oldest)
{
	if (c->span[0].to_us > oldest.to_us)
		return;
	c->folded_us += finished_us(c, oldest);
	drop_spans(c, oldest.to_us);
	for (size_t i = 0; i < c->nspan; i++)
		if (c->span[i].from_us < oldest.to_us)
			c->span[i].from_us = oldest.to_us;
}

bool coverage_down(struct coverage *c, int64_t at_us, struct coverage_span oldest)
{
	struct coverage_span s = { c->up_from_us, at_us };

	c->up = false;
	c->was_lost = true;
	if (s.to_us <= s.from_us || s.to_us <= oldest.from_us)
		return true;
	if (c->nspan == SPANS_MAX)
		fold(c, oldest);
	if (c->nspan == SPANS_MAX)
		return true;
	if (c->nspan == c->capspan) {
		size_t cap = c->capspan ? 2 * c->capspan : 16;
		struct coverage_span *span = reallocarray(c->span, cap, sizeof(*span));

		if (!span)
			return false;
		c->span = span;
		c->capspan = cap;
	}
	c->span[c->nspan++] = s;
	return true;
}

bool coverage_skip(struct coverage *c, struct coverage_span gap, struct coverage_span oldest)
{
	bool was_lost = c->was_lost, ok;

	if (!c->up || gap.to_us <= c->up_from_us)
		return true;
	ok = coverage_down(c, gap.from_us, oldest);
	coverage_up(c, gap.to_us);
	c->was_lost = was_lost;
	return ok;
}

void coverage_advance(struct coverage *c, struct coverage_span oldest)
{
	c->folded_us = 0;
	drop_spans(c, oldest.from_us);
}

int64_t coverage_us(const struct coverage *c, struct coverage_span within)
{
	int64_t us = c->folded_us + finished_us(c, within), length = within.to_us - within.from_us;

	if (c->up)
		us += overlap_us((struct coverage_span){ c->up_from_us, within.to_us }, within);
	return us < length ? us : length;
}

double coverage_share(bool known, int64_t connected_us, struct coverage_span window)
{
	int64_t e4;

	if (!known)
		return NAN;
	/* does not overflow: a window has at most a day */
	e4 = connected_us * 10000 / (window.to_us - window.from_us);
	return (double)e4 / 10000;
}
