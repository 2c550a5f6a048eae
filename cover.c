#include "cover.h"

#include <stdlib.h>

/* Nothing real loses a stream so often while a window waits; a made-up recording may, and
 * then the spans beyond are not counted as connected. */
#define SPANS_MAX 65536

static int64_t overlap_us(struct span a, struct span b)
{
	int64_t from = a.from_us > b.from_us ? a.from_us : b.from_us;
	int64_t to = a.to_us < b.to_us ? a.to_us : b.to_us;

	return to > from ? to - from : 0;
}

void cover_free(struct cover *c)
{
	free(c->span);
	*c = (struct cover){ 0 };
}

void cover_up(struct cover *c, int64_t at_us)
{
	c->up = true;
	c->up_from_us = at_us;
}

bool cover_down(struct cover *c, int64_t at_us, struct span oldest)
{
	struct span s = { c->up_from_us, at_us };

	c->up = false;
	c->was_lost = true;
	c->oldest_us += overlap_us(s, oldest);
	if (s.from_us < oldest.to_us)
		s.from_us = oldest.to_us;
	if (s.to_us <= s.from_us || c->nspan == SPANS_MAX)
		return true;
	if (c->nspan == c->capspan) {
		size_t cap = c->capspan ? 2 * c->capspan : 16;
		struct span *span = reallocarray(c->span, cap, sizeof(*span));

		if (!span)
			return false;
		c->span = span;
		c->capspan = cap;
	}
	c->span[c->nspan++] = s;
	return true;
}

void cover_advance(struct cover *c, struct span oldest)
{
	size_t kept = 0;

	c->oldest_us = 0;
	for (size_t i = 0; i < c->nspan; i++) {
		c->oldest_us += overlap_us(c->span[i], oldest);
		if (c->span[i].to_us > oldest.to_us)
			c->span[kept++] = c->span[i];
	}
	c->nspan = kept;
}

int64_t cover_us(const struct cover *c, struct span oldest)
{
	int64_t us = c->oldest_us, length = oldest.to_us - oldest.from_us;

	if (c->up)
		us += overlap_us((struct span){ c->up_from_us, oldest.to_us }, oldest);
	return us < length ? us : length;
}
