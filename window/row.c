#include "window/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/time.h"

const char *const row_stat_names[STAT_NAMES] = {
	[STAT_COUNT] = "count", [STAT_LAST] = "last", [STAT_MIN] = "min", [STAT_MAX] = "max",
	[STAT_MEAN] = "mean", [STAT_STDDEV] = "stddev", [STAT_P50] = "p50", [STAT_P90] = "p90",
	[STAT_P95] = "p95", [STAT_P99] = "p99", [STAT_CARRIED] = "carried",
	[STAT_OBSERVED_MS] = "observedMs", [STAT_EVENTS] = "events", [STAT_TOTAL] = "total",
	[STAT_DELTA] = "delta"
};

void row_window_free(struct row_window *r)
{
	free(r->row);
	free(r->series);
	*r = (struct row_window){ 0 };
}

/* --- from a window of the stream ------------------------------------------------------ */

static bool reserve(struct row_window *r, size_t nrow, size_t nseries)
{
	if (nrow > r->caprow) {
		struct row *row = reallocarray(r->row, nrow, sizeof(*row));

		if (!row)
			return false;
		r->row = row;
		r->caprow = nrow;
	}
	if (nseries >= r->capseries) {	/* one more: an empty last row points there */
		struct row_series *series = reallocarray(r->series, nseries + 1,
			sizeof(*series));

		if (!series)
			return false;
		r->series = series;
		r->capseries = nseries + 1;
	}
	r->nrow = r->nseries = 0;
	return true;
}

static double coverage(int e4)
{
	return e4 < 0 ? NAN : e4 / 10000.0;
}

static double rate(const struct row_window *r, uint64_t updates)
{
	return (double)updates * 1000 / (double)(r->end_ms - r->start_ms);
}

static struct row_series *add_series(struct row_window *r, const char *metric,
	const char *path, enum row_kind kind)
{
	struct row_series *series = &r->series[r->nseries++];

	*series = (struct row_series){ .metric = metric, .path = path, .kind = kind };
	for (enum row_statistic s = 0; s < STATS; s++)
		series->stat[s] = NAN;
	return series;
}

static bool take_lag(struct row *row, const struct sample *lag_us)
{
	struct sample_summary s = { .mean = NAN, .max = NAN, .p50 = NAN, .p95 = NAN, .p99 = NAN };

	if (lag_us->count && !sample_summarise(lag_us, US_PER_MS, &s))
		return false;
	row->lag_ms[LAG_MEAN] = s.mean;
	row->lag_ms[LAG_MAX] = s.max;
	row->lag_ms[LAG_P50] = s.p50;
	row->lag_ms[LAG_P95] = s.p95;
	row->lag_ms[LAG_P99] = s.p99;
	row->accuracy = fmax(row->accuracy, sample_accuracy(lag_us));
	return true;
}

static bool take_field(struct row_window *r, const struct accumulator_field *field,
	const char *metric)
{
	struct row_series *series = add_series(r, metric, field->path, ROW_SAMPLE);
	struct sample_summary s;

	if (!sample_summarise(&field->sample, 1, &s))
		return false;
	series->stat[STAT_COUNT] = (double)s.count;
	series->stat[STAT_LAST] = s.last;
	series->stat[STAT_MIN] = s.min;
	series->stat[STAT_MAX] = s.max;
	series->stat[STAT_MEAN] = s.mean;
	series->stat[STAT_STDDEV] = s.stddev;
	series->stat[STAT_P50] = s.p50;
	series->stat[STAT_P90] = s.p90;
	series->stat[STAT_P95] = s.p95;
	series->stat[STAT_P99] = s.p99;
	return true;
}

static bool take_row(struct row_window *r, const struct stream_window_row *from,
	const char *const *metric)
{
	struct row *row = &r->row[r->nrow++];

	*row = (struct row){
		.queue = from->queue,
		.queue_id = from->queue_id,
		.coverage = coverage(from->coverage_e4),
		.updates = from->updates,
		.clock_skew = from->clock_skew,
		.updates_per_second = rate(r, from->updates),
		.series = r->series + r->nseries,
		.nseries = from->nfield
	};
	memcpy(row->rejected, from->rejected, sizeof(row->rejected));
	for (size_t i = 0; i < from->nfield; i++) {
		const struct accumulator_field *field = from->field[i];

		if (!take_field(r, field, metric[field->metric]))
			return false;
		row->accuracy = fmax(row->accuracy, sample_accuracy(&field->sample));
	}
	return take_lag(row, &from->lag_us);
}

bool row_window_take_stream(struct row_window *r, const struct stream_window *w,
	const char *const *metric)
{
	size_t nseries = 0;

	for (size_t i = 0; i < w->nrow; i++)
		nseries += w->row[i].nfield;
	if (!reserve(r, w->nrow, nseries))
		return false;
	r->index = w->index;
	r->start_ms = w->start_ms;
	r->end_ms = w->end_ms;
	r->partial = w->partial;
	r->coverage = coverage(w->coverage_e4);
	r->updates = w->updates;
	memcpy(r->rejected, w->rejected, sizeof(r->rejected));
	for (size_t i = 0; i < w->nrow; i++)
		if (!take_row(r, &w->row[i], metric))
			return false;
	return true;
}

/* --- from a window of notifications -------------------------------------------------- */

static double known(bool is_known, double x)
{
	return is_known ? x : NAN;
}

static void take_gauge(struct row_series *series, const struct gauge_summary *g)
{
	series->stat[STAT_LAST] = known(g->known, g->last);
	series->stat[STAT_MIN] = known(g->observed, g->min);
	series->stat[STAT_MAX] = known(g->observed, g->max);
	series->stat[STAT_MEAN] = known(g->observed, g->mean);
	series->stat[STAT_STDDEV] = known(g->observed, g->stddev);
	series->stat[STAT_P50] = known(g->observed, g->p50);
	series->stat[STAT_P90] = known(g->observed, g->p90);
	series->stat[STAT_P95] = known(g->observed, g->p95);
	series->stat[STAT_P99] = known(g->observed, g->p99);
	series->stat[STAT_CARRIED] = g->carried;
	series->stat[STAT_OBSERVED_MS] = (double)g->observed_us / US_PER_MS;
	series->stat[STAT_EVENTS] = (double)g->events;
}

static void take_result(struct row_window *r, const struct series_result *result)
{
	static const enum row_kind kinds[] = {
		[SERIES_GAUGE] = ROW_GAUGE, [SERIES_AGE] = ROW_AGE, [SERIES_TOTAL] = ROW_TOTAL,
		[SERIES_PLAIN] = ROW_PLAIN
	};
	struct row_series *series = add_series(r, result->metric, result->path,
		kinds[result->kind]);
	const struct age *age = &result->is.age;
	const struct total_summary *total = &result->is.total;

	series->sum = result->sum;
	switch (result->kind) {
	case SERIES_GAUGE:
		take_gauge(series, &result->is.gauge);
		break;
	case SERIES_AGE:
		series->stat[STAT_LAST] = known(age->has_last, (double)age->last_us / US_PER_MS);
		series->stat[STAT_MAX] = known(age->has_most, (double)age->most_us / US_PER_MS);
		break;
	case SERIES_TOTAL:
		series->stat[STAT_TOTAL] = known(total->has_total, total->total);
		series->stat[STAT_DELTA] = known(total->has_delta, total->delta);
		break;
	case SERIES_PLAIN:
		series->stat[STAT_VALUE] = known(total->has_total, total->total);
		break;
	}
}

static bool take_queue_row(struct row_window *r, const struct queue_window_row *from,
	const char *const *name)
{
	struct row *row = &r->row[r->nrow++];

	*row = (struct row){ .queue = from->queue,
		.queue_id = from->queue_id,
		.queue_name = name ? name[from->queue] : NULL,
		.media = from->media,
		.coverage = r->coverage,
		.updates = from->updates,
		.rejected = { [VERDICT_DUPLICATE] = from->duplicates,
			[VERDICT_INVALID] = from->invalid },
		.clock_skew = from->clock_skew,
		.updates_per_second = rate(r, from->updates),
		.series = r->series + r->nseries,
		.nseries = from->nresult };
	for (size_t i = 0; i < from->nresult; i++) {
		take_result(r, &from->result[i]);
		row->accuracy = fmax(row->accuracy, from->result[i].accuracy);
	}
	return take_lag(row, &from->lag_us);
}

bool row_window_take_queue(struct row_window *r, const struct queue_window *w,
	const char *const *name)
{
	size_t nseries = 0;

	for (size_t i = 0; i < w->nrow; i++)
		nseries += w->row[i].nresult;
	if (!reserve(r, w->nrow, nseries))
		return false;
	r->index = w->index;
	r->start_ms = w->start_ms;
	r->end_ms = w->end_ms;
	r->partial = w->partial;
	r->coverage = coverage(w->coverage_e4);
	r->updates = w->updates;
	memset(r->rejected, 0, sizeof(r->rejected));
	r->rejected[VERDICT_DUPLICATE] = w->duplicates;
	r->rejected[VERDICT_INVALID] = w->invalid;
	for (size_t i = 0; i < w->nrow; i++)
		if (!take_queue_row(r, &w->row[i], name))
			return false;
	return true;
}

/* Of the stream only waitTime is a time; of totals the sum, min and max of metrics that begin
 * with t. */
bool row_stat_is_ms(const struct row_series *series, enum row_statistic stat)
{
	const char *dot = strrchr(series->path, '.'), *last = dot ? dot + 1 : series->path;

	switch (series->kind) {
	case ROW_SAMPLE:
		return stat != STAT_COUNT && strcmp(series->metric, "waitTime") == 0;
	case ROW_GAUGE:
		return stat == STAT_OBSERVED_MS;
	case ROW_AGE:
		return true;
	case ROW_TOTAL:
	case ROW_PLAIN:
		return series->metric[0] == 't' && (strcmp(last, "sum") == 0
			|| strcmp(last, "min") == 0 || strcmp(last, "max") == 0);
	}
	return false;
}
