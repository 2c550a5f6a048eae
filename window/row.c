#include "window/row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/text.h"

const char *const stat_names[STAT_NAMES] = {
	[STAT_COUNT] = "count", [STAT_LAST] = "last", [STAT_MIN] = "min", [STAT_MAX] = "max",
	[STAT_MEAN] = "mean", [STAT_STDDEV] = "stddev", [STAT_P50] = "p50", [STAT_P90] = "p90",
	[STAT_P95] = "p95", [STAT_P99] = "p99", [STAT_CARRIED] = "carried",
	[STAT_OBSERVED_MS] = "observedMs", [STAT_EVENTS] = "events", [STAT_TOTAL] = "total",
	[STAT_DELTA] = "delta"
};

const char *const row_field_names[ROW_FIELDS] = {
	[ROW_WINDOW] = "window", [ROW_START_MS] = "startMs", [ROW_END_MS] = "endMs",
	[ROW_PARTIAL] = "partial", [ROW_COVERAGE] = "coverage", [ROW_UPDATES] = "updates",
	[ROW_OUTLIER] = "rejected.outlier", [ROW_STALE] = "rejected.stale",
	[ROW_DUPLICATE] = "rejected.duplicate", [ROW_INVALID] = "rejected.invalid",
	[ROW_CLOCK_SKEW] = "clockSkew", [ROW_ACCURACY] = "accuracy",
	[ROW_LAG_MEAN] = "lagMs.mean", [ROW_LAG_MAX] = "lagMs.max", [ROW_LAG_P50] = "lagMs.p50",
	[ROW_LAG_P95] = "lagMs.p95", [ROW_LAG_P99] = "lagMs.p99",
	[ROW_UPDATES_PER_SECOND] = "updatesPerSecond"
};

void row_window_free(struct row_window *r)
{
	free(r->row);
	free(r->series);
	*r = (struct row_window){ 0 };
}

/* --- from a window ------------------------------------------------------------------- */

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
	struct row_series *f = &r->series[r->nseries++];

	*f = (struct row_series){ .metric = metric, .path = path, .kind = kind };
	for (enum row_statistic s = 0; s < STATS; s++)
		f->stat[s] = NAN;
	return f;
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
	struct row_series *f = add_series(r, metric, field->path, ROW_SAMPLE);
	struct sample_summary s;

	if (!sample_summarise(&field->sample, 1, &s))
		return false;
	f->stat[STAT_COUNT] = (double)s.count;
	f->stat[STAT_LAST] = s.last;
	f->stat[STAT_MIN] = s.min;
	f->stat[STAT_MAX] = s.max;
	f->stat[STAT_MEAN] = s.mean;
	f->stat[STAT_STDDEV] = s.stddev;
	f->stat[STAT_P50] = s.p50;
	f->stat[STAT_P90] = s.p90;
	f->stat[STAT_P95] = s.p95;
	f->stat[STAT_P99] = s.p99;
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

/* --- from the board's ----------------------------------------------------------------- */

static double known(bool is_known, double x)
{
	return is_known ? x : NAN;
}

static void take_gauge(struct row_series *f, const struct gauge_summary *g)
{
	f->stat[STAT_LAST] = known(g->known, g->last);
	f->stat[STAT_MIN] = known(g->observed, g->min);
	f->stat[STAT_MAX] = known(g->observed, g->max);
	f->stat[STAT_MEAN] = known(g->observed, g->mean);
	f->stat[STAT_STDDEV] = known(g->observed, g->stddev);
	f->stat[STAT_P50] = known(g->observed, g->p50);
	f->stat[STAT_P90] = known(g->observed, g->p90);
	f->stat[STAT_P95] = known(g->observed, g->p95);
	f->stat[STAT_P99] = known(g->observed, g->p99);
	f->stat[STAT_CARRIED] = g->carried;
	f->stat[STAT_OBSERVED_MS] = (double)g->observed_us / US_PER_MS;
	f->stat[STAT_EVENTS] = (double)g->events;
}

static void take_result(struct row_window *r, const struct series_result *result)
{
	static const enum row_kind kinds[] = {
		[SERIES_GAUGE] = ROW_GAUGE, [SERIES_AGE] = ROW_AGE, [SERIES_TOTAL] = ROW_TOTAL,
		[SERIES_PLAIN] = ROW_PLAIN
	};
	struct row_series *f = add_series(r, result->metric, result->path, kinds[result->kind]);
	const struct age *age = &result->is.age;
	const struct total_summary *total = &result->is.total;

	f->sum = result->sum;
	switch (result->kind) {
	case SERIES_GAUGE:
		take_gauge(f, &result->is.gauge);
		break;
	case SERIES_AGE:
		f->stat[STAT_LAST] = known(age->has_last, (double)age->last_us / US_PER_MS);
		f->stat[STAT_MAX] = known(age->has_most, (double)age->most_us / US_PER_MS);
		break;
	case SERIES_TOTAL:
		f->stat[STAT_TOTAL] = known(total->has_total, total->total);
		f->stat[STAT_DELTA] = known(total->has_delta, total->delta);
		break;
	case SERIES_PLAIN:
		f->stat[STAT_VALUE] = known(total->has_total, total->total);
		break;
	}
}

static bool take_board_row(struct row_window *r, const struct queue_window_row *from,
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
		if (!take_board_row(r, &w->row[i], name))
			return false;
	return true;
}

/* --- a number by name ----------------------------------------------------------------- */

/* What a total has beside its statistics: series of their own, each with one number. */
static const char *const plain_names[] = { "ratio", "numerator", "denominator", "target" };

static size_t place(const char *s, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(s, words[i]) != 0)
		i++;
	return i;
}

enum row_flaw row_name_parse(struct row_name *name, const char *text,
	const char **part)
{
	char *dot;
	const char *last;

	*name = (struct row_name){
		.field = (enum row_field)place(text, row_field_names, ROW_FIELDS),
		.text = strdup(text)
	};
	if (!name->text)
		return ROW_NO_MEMORY;
	if (name->field < ROW_FIELDS)
		return ROW_GOOD;
	*part = name->metric = name->text;
	dot = strchr(name->text, '.');
	if (!dot || dot == name->text || strstr(dot, ".."))
		return ROW_NO_METRIC;
	*dot = '\0';
	name->rest = dot + 1;
	last = strrchr(name->rest, '.');
	name->path_len = last ? (size_t)(last - name->rest) : 0;
	*part = last ? last + 1 : name->rest;
	name->stat = (enum row_statistic)place(*part, stat_names, STAT_NAMES);
	return name->stat < STAT_NAMES
		|| place(*part, plain_names, ARRAY_LEN(plain_names)) < ARRAY_LEN(plain_names)
		? ROW_GOOD : ROW_NO_STAT;
}

void row_name_free(struct row_name *name)
{
	free(name->text);
	*name = (struct row_name){ .field = ROW_FIELDS };
}

void row_say_flaw(enum row_flaw flaw, const char *text, const char *part, char *why,
	size_t size)
{
	char hint[256];
	const char *near;

	switch (flaw) {
	case ROW_GOOD:
		break;
	case ROW_NO_METRIC:
		near = nearest_word(text, row_field_names, ROW_FIELDS);
		snprintf(why, size, "'%.100s' is no field of a row and no METRIC.STAT or "
			"METRIC.FIELD.STAT%s%s%s", text, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
		break;
	case ROW_NO_STAT:
		words_hint(hint, sizeof(hint), part, stat_names, STAT_NAMES);
		snprintf(why, size, "'%.100s' is no statistic; allowed is one of%s", part, hint);
		break;
	case ROW_NO_MEMORY:
		snprintf(why, size, "out of memory");
		break;
	}
}

static bool is_meant(const struct row_series *f, const struct row_name *name)
{
	const char *rest = f->path + name->path_len;

	if (!name->path_len)
		return strcmp(f->path, f->kind == ROW_AGE ? "ageMs" : "count") == 0;
	return strncmp(f->path, name->rest, name->path_len) == 0
		&& (!*rest || strcmp(rest, ".count") == 0);
}

/* Of several that the name fits (`tWait.max` is one number, and could be a statistic of
 * `tWait.count`) the one that has it; NULL: none has. */
static const struct row_series *find_series(const struct row *row,
	const struct row_name *name, enum row_statistic *stat)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *f = &row->series[i];
		bool plain = f->kind == ROW_PLAIN;

		*stat = plain ? STAT_VALUE : name->stat;
		if (strcmp(f->metric, name->metric) == 0
		    && (plain ? strcmp(f->path, name->rest) == 0
			: *stat < STAT_NAMES && is_meant(f, name))
		    && !isnan(f->stat[*stat]))
			return f;
	}
	return NULL;
}

static double value_of_metric(const struct row *row, const struct row_name *name)
{
	enum row_statistic stat;
	const struct row_series *f = find_series(row, name, &stat);

	return f ? f->stat[stat] : NAN;
}

/* Of the stream waitTime alone tells times, of the service's totals those that begin with a t:
 * the sum, the least and the most of them. */
bool row_stat_is_ms(const struct row_series *f, enum row_statistic stat)
{
	static const char *const times[] = { "sum", "min", "max" };
	const char *dot = strrchr(f->path, '.'), *last = dot ? dot + 1 : f->path;

	switch (f->kind) {
	case ROW_SAMPLE:
		return stat != STAT_COUNT && strcmp(f->metric, "waitTime") == 0;
	case ROW_GAUGE:
		return stat == STAT_OBSERVED_MS;
	case ROW_AGE:
		return true;
	case ROW_TOTAL:
	case ROW_PLAIN:
		return f->metric[0] == 't' && place(last, times, ARRAY_LEN(times))
			< ARRAY_LEN(times);
	}
	return false;
}

bool row_is_ms(const struct row *row, const struct row_name *name)
{
	enum row_statistic stat;
	const struct row_series *f;

	if (name->field < ROW_FIELDS)
		return name->field == ROW_START_MS || name->field == ROW_END_MS
			|| (name->field >= ROW_LAG_MEAN && name->field <= ROW_LAG_P99);
	f = find_series(row, name, &stat);
	return f && row_stat_is_ms(f, stat);
}

double row_value(const struct row_window *r, const struct row *row,
	const struct row_name *name)
{
	switch (name->field) {
	case ROW_WINDOW: return (double)r->index;
	case ROW_START_MS: return (double)r->start_ms;
	case ROW_END_MS: return (double)r->end_ms;
	case ROW_PARTIAL: return r->partial;
	case ROW_COVERAGE: return row->coverage;
	case ROW_UPDATES: return (double)row->updates;
	case ROW_OUTLIER: return (double)row->rejected[VERDICT_OUTLIER];
	case ROW_STALE: return (double)row->rejected[VERDICT_STALE];
	case ROW_DUPLICATE: return (double)row->rejected[VERDICT_DUPLICATE];
	case ROW_INVALID: return (double)row->rejected[VERDICT_INVALID];
	case ROW_CLOCK_SKEW: return (double)row->clock_skew;
	case ROW_ACCURACY: return row->accuracy;
	case ROW_LAG_MEAN: return row->lag_ms[LAG_MEAN];
	case ROW_LAG_MAX: return row->lag_ms[LAG_MAX];
	case ROW_LAG_P50: return row->lag_ms[LAG_P50];
	case ROW_LAG_P95: return row->lag_ms[LAG_P95];
	case ROW_LAG_P99: return row->lag_ms[LAG_P99];
	case ROW_UPDATES_PER_SECOND: return row->updates_per_second;
	case ROW_FIELDS: break;
	}
	return value_of_metric(row, name);
}
