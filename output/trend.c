#include "output/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void trends_free(struct trends *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].media);
		free(t->v[i].v);
	}
	free(t->v);
	*t = (struct trends){ .length = t->length };
}

void trends_clear(struct trends *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->v[i].seen = 0;
}

static bool is_trend_of(const struct trend *trend, const struct row *row)
{
	return trend->queue == row->queue && !trend->media == !row->media
		&& (!row->media || strcmp(trend->media, row->media) == 0);
}

static struct trend *trend_new(struct trends *t, const struct row *row)
{
	struct trend new = { .queue = row->queue }, *trend;

	if (t->n == t->cap) {
		trend = reallocarray(t->v, 2 * t->cap + 16, sizeof(*trend));
		if (!trend)
			return NULL;
		t->v = trend;
		t->cap = 2 * t->cap + 16;
	}
	new.v = calloc(t->length, sizeof(*new.v));
	if (!new.v || (row->media && !(new.media = strdup(row->media)))) {
		free(new.v);
		return NULL;
	}
	t->last = t->n;
	t->v[t->n] = new;
	return &t->v[t->n++];
}

static struct trend *trend_of(struct trends *t, const struct row *row)
{
	for (size_t i = 1; i <= t->n; i++) {
		size_t at = (t->last + i) % t->n;

		if (is_trend_of(&t->v[at], row)) {
			t->last = at;
			return &t->v[at];
		}
	}
	return trend_new(t, row);
}

const struct trend *trends_add(struct trends *t, const struct row *row, double value)
{
	struct trend *trend = trend_of(t, row);
	uint64_t past;

	if (!trend)
		return NULL;
	past = trend->seen ? t->windows - trend->seen : t->length;
	for (past = past < t->length ? past : t->length; past; past--) {
		memmove(trend->v, trend->v + 1, (t->length - 1) * sizeof(*trend->v));
		trend->v[t->length - 1] = NAN;
	}
	trend->v[t->length - 1] = value;
	trend->seen = t->windows;
	return trend;
}

void trend_range(const double *v, size_t n, double *low, double *high)
{
	*low = *high = 0;
	for (size_t i = 0; i < n; i++) {
		*low = fmin(*low, v[i]);	/* ignores NaN */
		*high = fmax(*high, v[i]);
	}
}

void trend_put_bars(const double *v, size_t n, bool ascii, struct buf *out)
{
	static const char *const bars[] = { "\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83",
		"\xE2\x96\x84", "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88" };
	static const char *const signs[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	double low, high;

	trend_range(v, n, &low, &high);
	for (size_t i = 0; i < n; i++) {
		double part = high > low ? (v[i] - low) / (high - low) : 0;

		if (isnan(v[i]))
			buf_char(out, ' ');
		else
			buf_str(out, (ascii ? signs : bars)[lround(part * 7)]);
	}
}
