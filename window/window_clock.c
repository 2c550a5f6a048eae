#include "window/window_clock.h"

#include "util/time.h"

int64_t window_clock_floor(int64_t at_us, int64_t unit_us)
{
	return (at_us / unit_us - (at_us % unit_us < 0)) * unit_us;
}

bool window_clock_begin(struct window_clock *c, int64_t at_us)
{
	int64_t was_us = c->from_us;

	c->from_us = window_clock_floor(at_us, c->align ? c->length_us : US_PER_MS);
	return c->from_us != was_us;
}

void window_clock_start(struct window_clock *c)
{
	c->started = true;
}

void window_clock_next(struct window_clock *c)
{
	c->index++;
	c->from_us += c->length_us;
}

void window_clock_restart(struct window_clock *c)
{
	c->started = false;
	c->from_us = 0;
}

struct coverage_span window_clock_span(const struct window_clock *c)
{
	return (struct coverage_span){ c->from_us, c->from_us + c->length_us };
}

int64_t window_clock_start_us(const struct window_clock *c, int64_t index)
{
	return c->from_us + (index - c->index) * c->length_us;
}

int64_t window_clock_index(const struct window_clock *c, int64_t at_us)
{
	return c->index + window_clock_floor(at_us - c->from_us, c->length_us) / c->length_us;
}

bool window_clock_is_past_count(const struct window_clock *c, int64_t index)
{
	return c->count && index >= (int64_t)c->count;
}

bool window_clock_all_printed(const struct window_clock *c)
{
	return window_clock_is_past_count(c, c->index);
}

int64_t window_clock_due_us(const struct window_clock *c)
{
	return c->started && !window_clock_all_printed(c) ? window_clock_span(c).to_us : NO_TIME;
}

int64_t window_clock_cut_us(const struct window_clock *c, int64_t at_us)
{
	struct coverage_span span = window_clock_span(c);

	if (at_us < span.from_us + US_PER_MS)	/* also NO_TIME */
		return span.from_us + US_PER_MS;
	return at_us < span.to_us ? window_clock_floor(at_us, US_PER_MS) : span.to_us;
}

void window_clock_label(const struct window_clock *c, int64_t end_us, bool cut,
	struct row_window *r)
{
	r->index = c->index;
	r->start_ms = c->from_us / US_PER_MS;
	r->end_ms = end_us / US_PER_MS;
	r->partial = cut || end_us < window_clock_span(c).to_us;
}
