#include "output/table_trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void table_trends_free(struct table_trends *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].media);
	free(t->v);
	*t = (struct table_trends){ 0 };
}

void table_trends_clear(struct table_trends *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->v[i].seen = 0;
}

static bool is_trend_of(const struct table_trend *trend, const struct row *row)
{
	return trend->queue == row->queue && !trend->media == !row->media
		&& (!row->media || strcmp(trend->media, row->media) == 0);
}

static struct table_trend *trend_new(struct table_trends *t, const struct row *row)
{
	struct table_trend new = { .queue = row->queue }, *trend;

	if (t->n == t->cap) {
		trend = reallocarray(t->v, 2 * t->cap + 16, sizeof(*trend));
		if (!trend)
			return NULL;
		t->v = trend;
		t->cap = 2 * t->cap + 16;
	}
	if (row->media && !(new.media = strdup(row->media)))
		return NULL;
	t->last = t->n;
	t->v[t->n] = new;
	return &t->v[t->n++];
}

static struct table_trend *trend_of(struct table_trends *t, const struct row *row)
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

const struct table_trend *table_trends_add(struct table_trends *t, const struct row *row,
	double value)
{
	struct table_trend *trend = trend_of(t, row);
	uint64_t past;

	if (!trend)
		return NULL;
	past = trend->seen ? t->windows - trend->seen : TABLE_TREND;
	for (past = past < TABLE_TREND ? past : TABLE_TREND; past; past--) {
		memmove(trend->v, trend->v + 1, (TABLE_TREND - 1) * sizeof(*trend->v));
		trend->v[TABLE_TREND - 1] = NAN;
	}
	trend->v[TABLE_TREND - 1] = value;
	trend->seen = t->windows;
	return trend;
}

void table_trend_put(const struct table_trend *trend, bool ascii, struct buf *out)
{
	static const char *const bars[] = { "\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83",
		"\xE2\x96\x84", "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88" };
	static const char *const signs[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	double low = 0, high = 0;

	for (size_t i = 0; i < TABLE_TREND; i++) {
		low = fmin(low, trend->v[i]);	/* ignores NaN */
		high = fmax(high, trend->v[i]);
	}
	for (size_t i = 0; i < TABLE_TREND; i++) {
		double part = high > low ? (trend->v[i] - low) / (high - low) : 0;

		if (isnan(trend->v[i]))
			buf_char(out, ' ');
		else
			buf_str(out, (ascii ? signs : bars)[lround(part * 7)]);
	}
}
