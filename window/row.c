#include "window/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message/metric_types.h"
#include "stats/sketch.h"
#include "util/slice.h"
#include "util/time.h"

const char *const row_stat_names[STAT_NAMES] = {
	[STAT_COUNT] = "count", [STAT_LAST] = "last", [STAT_MIN] = "min", [STAT_MAX] = "max",
	[STAT_MEAN] = "mean", [STAT_STDDEV] = "stddev", [STAT_P50] = "p50", [STAT_P90] = "p90",
	[STAT_P95] = "p95", [STAT_P99] = "p99", [STAT_CARRIED] = "carried",
	[STAT_OBSERVED_MS] = "observedMs", [STAT_EVENTS] = "events", [STAT_TOTAL] = "total",
	[STAT_DELTA] = "delta"
};

const char *const row_lag_names[LAG_STATS] = {
	[LAG_MEAN] = "mean", [LAG_MAX] = "max", [LAG_P50] = "p50", [LAG_P95] = "p95",
	[LAG_P99] = "p99"
};

const char *const row_media_words[MEDIA_WORDS] = {
	[MEDIA_NONE] = "none", [MEDIA_ALL] = "all", [MEDIA_TYPES] = "voice", "callback", "chat",
	"email", "message", "cobrowse", "internalmessage", "screenmonitoring", "screenshare",
	"video", "unknown"
};

const struct row_member_info row_members[ROW_MEMBERS] = {
	[ROW_QUEUE_ID] = { "queueId", "queue_id", false, offsetof(struct row, queue_id) },
	[ROW_INTERVAL] = { "interval", NULL, false, offsetof(struct row, interval) },
	[ROW_QUEUE_NAME] = { "queueName", "queue_name", true, offsetof(struct row, queue_name) },
	[ROW_MEDIA] = { "mediaType", "media", false, offsetof(struct row, media) }
};

const char *row_text(const struct row *row, enum row_member member)
{
	return *(const char *const *)((const char *)row + row_members[member].at);
}

void row_window_free(struct row_window *r)
{
	free(r->row);
	free(r->series);
	exact_sum_free(&r->lag_us);
	buf_free(&r->sketches);
	*r = (struct row_window){ 0 };
}

static double rate(const struct row_window *r, uint64_t updates)
{
	return (double)updates * 1000 / (double)(r->end_ms - r->start_ms);
}

size_t row_window_queues(const struct row_window *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nrow; i++)
		n += !r->row[i].media;
	return n;
}

uint64_t row_window_frames(const struct row_window *r)
{
	uint64_t n = r->updates;

	for (size_t i = 0; i < VERDICT_REJECTS; i++)
		n += r->rejected[i];
	return n;
}

double row_window_updates_per_second(const struct row_window *r)
{
	return rate(r, r->updates);
}

bool row_window_has(const struct row_window *r, enum row_member member)
{
	return r->members & 1u << member;
}

static bool has_media(unsigned words, const char *media)
{
	for (size_t i = MEDIA_TYPES; i < MEDIA_WORDS; i++)
		if (words & 1u << i && strcmp(row_media_words[i], media) == 0)
			return true;
	return words & 1u << MEDIA_ALL;
}

bool row_window_with_media(const struct row_window *r, unsigned words, struct row_window *out)
{
	struct row *row = reallocarray(out->row, r->nrow + 1, sizeof(*row));

	if (!row)
		return false;
	*out = *r;
	out->whole = r;
	out->row = row;
	out->series = NULL;
	out->lag_us = (struct exact_sum){ 0 };
	out->sketches = (struct buf){ 0 };
	out->nrow = 0;
	for (size_t i = 0; i < r->nrow; i++)
		if (!r->row[i].media || has_media(words, r->row[i].media))
			row[out->nrow++] = r->row[i];
	return true;
}

const char *row_id(const struct row *row)
{
	return row->queue_id;
}

const char *row_title(const struct row *row)
{
	return row->queue_name ? row->queue_name : row_id(row);
}

const struct row_series *row_find(const struct row *row, enum row_kind kind, const char *metric,
	const char *path)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *s = &row->series[i];

		if (s->kind == kind && strcmp(s->path, path) == 0 && strcmp(s->metric, metric) == 0)
			return s;
	}
	return NULL;
}

bool row_kind_has(enum row_kind kind, enum row_statistic stat)
{
	switch (kind) {
	case ROW_SAMPLE:
		return stat <= STAT_P99;
	case ROW_GAUGE:
		return stat >= STAT_LAST && stat <= STAT_EVENTS;
	case ROW_AGE:
		return stat == STAT_LAST || stat == STAT_MAX;
	case ROW_TOTAL:
		return stat == STAT_TOTAL || stat == STAT_DELTA;
	case ROW_PLAIN:
		return stat == STAT_VALUE;
	}
	return false;
}

/* Of totals, times are the sum, min and max of metrics that begin with t. */
bool row_stat_is_ms(const struct row_series *series, enum row_statistic stat)
{
	const char *dot = strrchr(series->path, '.'), *last = dot ? dot + 1 : series->path;

	switch (series->kind) {
	case ROW_SAMPLE:
		return stat != STAT_COUNT && metric_types_stream_is_time(series->metric);
	case ROW_GAUGE:
		return stat == STAT_OBSERVED_MS;
	case ROW_AGE:
		return stat != STAT_CARRIED && stat != STAT_EVENTS;
	case ROW_TOTAL:
	case ROW_PLAIN:
		return metric_type_of(slice_of(series->metric))->is_time
			&& (strcmp(last, "sum") == 0 || strcmp(last, "min") == 0
			    || strcmp(last, "max") == 0);
	}
	return false;
}

/* --- making it ------------------------------------------------------------------------ */

static bool reserve(struct row_window *r, size_t nrow, size_t nseries)
{
	if (nrow > r->caprow) {
		struct row *row = reallocarray(r->row, nrow, sizeof(*row));

		if (!row)
			return false;
		r->row = row;
		r->caprow = nrow;
	}
	if (nseries >= r->capseries) {	/* one more, for the pointer of a last row without series */
		struct row_series *series = reallocarray(r->series, nseries + 1,
			sizeof(*series));

		if (!series)
			return false;
		r->series = series;
		r->capseries = nseries + 1;
	}
	return true;
}

bool row_window_begin(struct row_window *r, size_t nrow, size_t nseries)
{
	if (!reserve(r, nrow, nseries))
		return false;
	exact_sum_free(&r->lag_us);
	buf_clear(&r->sketches);
	*r = (struct row_window){ .row = r->row, .caprow = r->caprow, .series = r->series,
		.capseries = r->capseries, .coverage = NAN, .lag_mean_us = NAN,
		.sketches = r->sketches };
	return true;
}

void row_window_add(struct row_window *r, const struct row *from)
{
	struct row *row = &r->row[r->nrow++];

	*row = *from;
	row->end_ms = r->end_ms;
	row->partial = r->partial;
	row->updates_per_second = rate(r, row->updates);
	row->series = r->series + r->nseries;
	for (enum row_lag s = 0; s < LAG_STATS; s++)
		row->lag_ms[s] = NAN;
	r->updates += row->updates;
	for (size_t i = 0; i < VERDICT_REJECTS; i++)
		r->rejected[i] += row->rejected[i];
}

static struct row *last_row(const struct row_window *r)
{
	return &r->row[r->nrow - 1];
}

struct row_series *row_window_add_series(struct row_window *r, const char *metric, const char *path,
	enum row_kind kind)
{
	struct row_series *series = &r->series[r->nseries++];

	*series = (struct row_series){ .metric = metric, .path = path, .kind = kind };
	for (enum row_statistic s = 0; s < STATS; s++)
		series->stat[s] = NAN;
	last_row(r)->nseries++;
	return series;
}

void row_window_accuracy(struct row_window *r, bool exact, double accuracy)
{
	struct row *row = last_row(r);

	row->sketch = row->sketch || !exact;
	row->accuracy = fmax(row->accuracy, accuracy);
}

void row_series_set(struct row_series *series, const struct sample_summary *s)
{
	series->stat[STAT_MIN] = s->min;
	series->stat[STAT_MAX] = s->max;
	series->stat[STAT_MEAN] = s->mean;
	series->stat[STAT_STDDEV] = s->stddev;
	series->stat[STAT_P50] = s->p50;
	series->stat[STAT_P90] = s->p90;
	series->stat[STAT_P95] = s->p95;
	series->stat[STAT_P99] = s->p99;
}

/* Writes a sketch and sets *at to its place. No sketch is at 0. */
static bool put_sketch(struct row_window *r, const struct sketch *s, size_t *at)
{
	if (!r->sketches.len)
		buf_char(&r->sketches, '\0');
	*at = r->sketches.len;
	return sketch_put(&r->sketches, s) && buf_char(&r->sketches, '\0');
}

const char *row_window_sketch(const struct row_window *r, size_t at)
{
	return at ? r->sketch_text + at : NULL;
}

bool row_window_add_sketch(struct row_window *r, const struct sample *sample, bool by_time,
	int64_t arrival_us)
{
	struct sketch s = { .arrival_us = arrival_us, .by_time = by_time };

	if (!r->has_sketch)
		return true;
	if (sample)
		s.sample = *sample;
	return put_sketch(r, &s, &r->series[r->nseries - 1].sketch);
}

bool row_window_add_sample(struct row_window *r, const char *metric, const char *path,
	const struct sample *sample, int64_t arrival_us)
{
	struct row_series *series = row_window_add_series(r, metric, path, ROW_SAMPLE);
	struct sample_summary s;

	if (!sample_summarise(sample, 1, &s))
		return false;
	series->stat[STAT_COUNT] = (double)s.count;
	series->stat[STAT_LAST] = s.last;
	row_series_set(series, &s);
	row_window_accuracy(r, sample_is_exact(sample), sample_accuracy(sample));
	return row_window_add_sketch(r, sample, false, arrival_us);
}

bool row_window_set_lag(struct row_window *r, const struct sample *lag_us)
{
	struct row *row = last_row(r);
	struct sample lag = *lag_us;
	struct sample_summary s;

	if (!lag.count)
		return true;
	lag.min = 0;	/* rows do not have the smallest lag, so --merge cannot use it */
	if (!sample_summarise(&lag, US_PER_MS, &s) || !exact_sum_merge(&r->lag_us, &lag_us->sum))
		return false;
	r->nlag += lag_us->count;
	row->lag_ms[LAG_MEAN] = s.mean;
	row->lag_ms[LAG_MAX] = s.max;
	row->lag_ms[LAG_P50] = s.p50;
	row->lag_ms[LAG_P95] = s.p95;
	row->lag_ms[LAG_P99] = s.p99;
	row_window_accuracy(r, sample_is_exact(lag_us), sample_accuracy(lag_us));
	return !r->has_sketch || put_sketch(r, &(struct sketch){ .arrival_us = NO_TIME,
		.sample = *lag_us }, &row->lag_sketch);
}

bool row_window_end(struct row_window *r)
{
	bool ok = !r->nlag || exact_sum_moments(&r->lag_us, NULL, r->nlag, 1, &r->lag_mean_us,
		NULL);

	exact_sum_free(&r->lag_us);
	r->sketch_text = r->sketches.data;
	return ok;
}
