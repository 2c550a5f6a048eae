#include "window/total.h"

#include <math.h>
#include <string.h>

#include "stats/exact_sum.h"
#include "util/time.h"

struct total_interval total_interval_at(struct total_interval when, int64_t at_us)
{
	int64_t length_ms = when.to_ms - when.from_ms, passed;

	if (when.to_ms * US_PER_MS >= at_us)
		return when;
	/* how many intervals later is the first one that does not end before at_us */
	passed = (at_us - when.to_ms * US_PER_MS + length_ms * US_PER_MS - 1)
		/ (length_ms * US_PER_MS);
	when.from_ms += passed * length_ms;
	when.to_ms += passed * length_ms;
	return when;
}

static bool is_same(struct total_interval a, struct total_interval b)
{
	return a.from_ms == b.from_ms && a.to_ms == b.to_ms;
}

static bool is_newer(struct total_interval a, struct total_interval b)
{
	return a.from_ms != b.from_ms ? a.from_ms > b.from_ms : a.to_ms > b.to_ms;
}

/* Drops the oldest interval, but keeps its increase in this window. */
static void drop_oldest(struct total *t)
{
	if (t->interval[--t->n].touched) {
		t->gone += t->interval[t->n].last - t->interval[t->n].base;
		t->gone_unknown |= !t->interval[t->n].has_base;
	}
	if (!isfinite(t->gone)) {
		t->gone = 0;
		t->gone_unknown = true;
	}
}

static void insert(struct total *t, size_t at, struct total_interval when, bool whole)
{
	if (t->n == TOTAL_INTERVALS)
		drop_oldest(t);
	t->n++;
	memmove(&t->interval[at + 1], &t->interval[at], (t->n - at - 1) * sizeof(t->interval[0]));
	memset(&t->interval[at], 0, sizeof(t->interval[at]));
	t->interval[at].when = when;
	t->interval[at].has_base = whole;
}

void total_set(struct total *t, struct total_interval when, double value, bool whole)
{
	size_t i = 0;

	while (i < t->n && is_newer(t->interval[i].when, when))
		i++;
	if (i == t->n || !is_same(t->interval[i].when, when)) {
		if (i == TOTAL_INTERVALS)	/* it is too old */
			return;
		insert(t, i, when, whole);
	}
	t->interval[i].last = value;
	t->interval[i].touched = true;
}

void total_lost(struct total *t, int64_t at_us)
{
	t->down = t->n > 0;
	if (t->down)
		t->ends_us = total_interval_at(t->interval[0].when, at_us + 1).to_ms * US_PER_MS;
}

void total_found(struct total *t, int64_t at_us, int64_t window_us)
{
	if (t->down && t->ends_us <= at_us && at_us > window_us)
		t->hidden = true;
	t->down = false;
}

/* Computes the increase in the window over all intervals that had a value in it. */
static bool increase(const struct total *t, int64_t end_us, struct total_summary *out)
{
	struct exact_sum sum = { 0 };
	bool ok = true;

	out->has_delta = !t->hidden && !t->gone_unknown && !(t->down && t->ends_us <= end_us);
	ok = exact_sum_add(&sum, t->gone, 1);
	for (size_t i = 0; ok && i < t->n; i++) {
		if (!t->interval[i].touched)
			continue;
		out->has_delta = out->has_delta && t->interval[i].has_base;
		ok = exact_sum_add(&sum, t->interval[i].last, 1)
			&& exact_sum_add(&sum, -t->interval[i].base, 1);
	}
	ok = ok && exact_sum_moments(&sum, &sum, 1, 1, &out->delta, NULL);
	exact_sum_free(&sum);
	/* the difference of two finite doubles may be infinite */
	out->has_delta = out->has_delta && isfinite(out->delta);
	return ok;
}

bool total_summarise(const struct total *t, struct total_interval running, bool whole,
	int64_t end_us, struct total_summary *out)
{
	*out = (struct total_summary){ .has_total = whole };
	for (size_t i = 0; i < t->n; i++)
		if (is_same(t->interval[i].when, running)) {
			out->has_total = true;
			out->total = t->interval[i].last;
		}
	return increase(t, end_us, out);
}

void total_carry(struct total *t)
{
	t->hidden = t->gone_unknown = false;
	t->gone = 0;
	for (size_t i = 0; i < t->n; i++) {
		t->interval[i].touched = false;
		t->interval[i].has_base = true;
		t->interval[i].base = t->interval[i].last;
	}
}
