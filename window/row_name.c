#include "window/row_name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/metric_types.h"
#include "message/observation_query.h"
#include "util/base.h"
#include "util/slice.h"
#include "util/text.h"

const char *const row_name_fields[ROW_FIELDS] = {
	[ROW_WINDOW] = "window", [ROW_START_MS] = "startMs", [ROW_END_MS] = "endMs",
	[ROW_PARTIAL] = "partial", [ROW_COVERAGE] = "coverage", [ROW_UPDATES] = "updates",
	[ROW_OUTLIER] = "rejected.outlier", [ROW_STALE] = "rejected.stale",
	[ROW_DUPLICATE] = "rejected.duplicate", [ROW_INVALID] = "rejected.invalid",
	[ROW_CLOCK_SKEW] = "clockSkew", [ROW_ACCURACY] = "accuracy",
	[ROW_LAG_MEAN] = "lagMs.mean", [ROW_LAG_MAX] = "lagMs.max", [ROW_LAG_P50] = "lagMs.p50",
	[ROW_LAG_P95] = "lagMs.p95", [ROW_LAG_P99] = "lagMs.p99",
	[ROW_UPDATES_PER_SECOND] = "updatesPerSecond"
};

/* Fields of a total that are series with one number, without a statistic. */
static const char *const plain_names[] = { "ratio", "numerator", "denominator", "target" };

static size_t word_index(const char *s, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(s, words[i]) != 0)
		i++;
	return i;
}

enum row_name_flaw row_name_parse(struct row_name *name, const char *text, const char **part)
{
	char *dot;
	const char *last;

	*name = (struct row_name){
		.field = (enum row_name_field)word_index(text, row_name_fields, ROW_FIELDS),
		.text = strdup(text)
	};
	if (!name->text)
		return ROW_NAME_NO_MEMORY;
	if (name->field < ROW_FIELDS)
		return ROW_NAME_GOOD;
	*part = name->metric = name->text;
	dot = strchr(name->text, '.');
	if (!dot || dot == name->text || strstr(dot, ".."))
		return ROW_NAME_NO_METRIC;
	*dot = '\0';
	name->rest = dot + 1;
	last = strrchr(name->rest, '.');
	name->path_len = last ? (size_t)(last - name->rest) : 0;
	*part = last ? last + 1 : name->rest;
	name->stat = (enum row_statistic)word_index(*part, row_stat_names, STAT_NAMES);
	return name->stat < STAT_NAMES
		|| word_index(*part, plain_names, ARRAY_LEN(plain_names))
			< ARRAY_LEN(plain_names)
		? ROW_NAME_GOOD : ROW_NAME_NO_STAT;
}

/* The path without what may be left out at its end. */
static struct slice short_path(const struct row_name *name)
{
	struct slice path = { name->rest, name->path_len };
	const size_t count = strlen("count");

	if (slice_is(path, "count") || slice_is(path, "ageMs"))
		path.len = 0;
	else if (path.len > count
	    && memcmp(path.s + path.len - count - 1, ".count", count + 1) == 0)
		path.len -= count + 1;
	return path;
}

bool row_name_same(const struct row_name *a, const struct row_name *b)
{
	if (a->field < ROW_FIELDS || b->field < ROW_FIELDS)
		return a->field == b->field;
	if (strcmp(a->metric, b->metric) != 0 || a->stat != b->stat)
		return false;
	return a->stat == STAT_NAMES ? strcmp(a->rest, b->rest) == 0
		: slice_same(short_path(a), short_path(b));
}

void row_name_free(struct row_name *name)
{
	free(name->text);
	*name = (struct row_name){ .field = ROW_FIELDS };
}

/* True for a word such as oWaiting. */
static bool is_notification_metric(const char *s)
{
	return strchr("ont", s[0]) && s[0] && s[1] >= 'A' && s[1] <= 'Z' && !strchr(s, '.');
}

void row_name_explain(enum row_name_flaw flaw, const char *text, const char *part, char *why,
	size_t size)
{
	char hint[256];
	const char *near;

	switch (flaw) {
	case ROW_NAME_GOOD:
		break;
	case ROW_NAME_NO_METRIC:
		near = text_nearest_word(text, row_name_fields, ROW_FIELDS);
		if (!near && is_notification_metric(text)) {
			snprintf(why, size, "'%.100s' needs a statistic, for example %.100s.%s",
				text, text, text[0] == 'o' ? "last" : "delta");
			break;
		}
		if (near)
			snprintf(why, size, "'%.100s' is not a metric or field; did you mean %s?",
				text, near);
		else
			snprintf(why, size, "'%.100s' is not a metric with a statistic, such as "
				"waitTime.avg.max, or a field, such as coverage", text);
		break;
	case ROW_NAME_NO_STAT:
		text_words_hint(hint, sizeof(hint), part, row_stat_names, STAT_NAMES);
		snprintf(why, size, "'%.100s' is not a statistic; use %s", part, hint);
		break;
	case ROW_NAME_NO_MEMORY:
		snprintf(why, size, "out of memory");
		break;
	}
}

/* Writes why a row cannot have the number, and one that it can have. Returns false. */
static bool explain(const struct row_name *name, const char *is, const char *near, char *why,
	size_t size)
{
	snprintf(why, size, "%.100s %s and has no %.100s; use for example %.100s.%s",
		name->metric, is, name->rest, name->metric, near);
	return false;
}

static bool can_be_of_stream(const struct row_name *name, char *why, size_t size)
{
	char near[256];

	if (name->stat < STAT_NAMES && row_kind_has(ROW_SAMPLE, name->stat))
		return true;
	snprintf(near, sizeof(near), "%.*s%slast", (int)(name->path_len), name->rest,
		name->path_len ? "." : "");
	return explain(name, "is a metric of the stream", near, why, size);
}

/* METRIC.STAT, METRIC.QUALIFIER.STAT. */
static bool can_be_gauge(const struct row_name *name, const struct metric_type *type, char *why,
	size_t size)
{
	const bool age = type->kind == METRIC_AGE;
	const struct slice path = { name->rest, name->path_len };
	char near[256];

	if (name->stat < STAT_NAMES && row_kind_has(age ? ROW_AGE : ROW_GAUGE, name->stat)
	    && (!path.len || type->qualifier || slice_is(path, age ? "ageMs" : "count")))
		return true;
	snprintf(near, sizeof(near), "%.*slast", type->qualifier ? (int)path.len + (path.len != 0)
		: 0, name->rest);
	return explain(name, age ? "is an age" : "is a gauge", near, why, size);
}

/* METRIC[.count].delta, .total; of times also METRIC.sum.delta, .total, METRIC.min, .max. */
static bool can_be_total(const struct row_name *name, bool time, char *why, size_t size)
{
	const struct slice path = { name->rest, name->path_len };
	const bool counts = !path.len || slice_is(path, "count"), sums = slice_is(path, "sum");
	const bool extreme = name->stat == STAT_MIN || name->stat == STAT_MAX;

	if (name->stat < STAT_NAMES && row_kind_has(ROW_TOTAL, name->stat)
	    && (counts || (time && sums)))
		return true;
	if (time && !path.len && extreme)
		return true;
	return explain(name, "is a total", time && (slice_is(path, "min") || slice_is(path, "max"))
		? (slice_is(path, "min") ? "min" : "max")
		: time && sums ? "sum.delta" : "count.delta", why, size);
}

bool row_name_is_possible(const struct row_name *name, bool notifications, bool now, char *why,
	size_t size)
{
	const char *metric = name->metric;
	const struct metric_type *type;

	if (name->field < ROW_FIELDS)
		return true;
	if (!notifications)
		return can_be_of_stream(name, why, size);
	type = metric_type_of(slice_of(metric));
	if (!strchr("ont", metric[0])) {
		snprintf(why, size, "'%.100s' is not a metric of the notification service", metric);
		return false;
	}
	if (now && !observation_query_bit(slice_of(metric))) {
		snprintf(why, size, "--now has no %.100s, only gauges and ages; "
			"use for example oWaiting.last", metric);
		return false;
	}
	switch (type->kind) {
	case METRIC_GAUGE:
	case METRIC_AGE: return can_be_gauge(name, type, why, size);
	case METRIC_TOTAL:
		if (!type->name)
			return can_be_total(name, type->is_time, why, size);
		return name->stat == STAT_NAMES || !type->is_ratio
			|| explain(name, "is a ratio", "ratio", why, size);
	case METRIC_OTHER: break;
	}
	return true;
}

static bool has_path(const struct row_series *series, const struct row_name *name)
{
	const char *rest = series->path + name->path_len;

	if (!name->path_len)
		return strcmp(series->path, series->kind == ROW_AGE ? "ageMs" : "count") == 0;
	return strncmp(series->path, name->rest, name->path_len) == 0
		&& (!*rest || strcmp(rest, ".count") == 0);
}

bool row_name_is_of(const struct row_name *name, const struct row_series *series)
{
	if (name->field < ROW_FIELDS || strcmp(series->metric, name->metric) != 0)
		return false;
	if (series->kind == ROW_PLAIN)
		return strcmp(series->path, name->rest) == 0;
	return name->stat < STAT_NAMES && row_kind_has(series->kind, name->stat)
		&& has_path(series, name);
}

/* The first series that the name refers to and that has a value; NULL: none. (`tWait.max` may be a
 * series, or a statistic of `tWait.count`.) */
static const struct row_series *find_series(const struct row *row,
	const struct row_name *name, enum row_statistic *stat)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *series = &row->series[i];

		*stat = series->kind == ROW_PLAIN ? STAT_VALUE : name->stat;
		if (row_name_is_of(name, series) && !isnan(series->stat[*stat]))
			return series;
	}
	return NULL;
}

bool row_name_is_in(const struct row *row, const struct row_name *name)
{
	if (name->field >= ROW_LAG_MEAN && name->field <= ROW_LAG_P99)
		return !isnan(row->lag_ms[0]);	/* else `lagMs` is null as a whole */
	if (name->field < ROW_FIELDS)
		return true;
	for (size_t i = 0; i < row->nseries; i++)
		if (row_name_is_of(name, &row->series[i]))
			return true;
	return false;
}

static double value_of_metric(const struct row *row, const struct row_name *name)
{
	enum row_statistic stat;
	const struct row_series *series = find_series(row, name, &stat);

	return series ? series->stat[stat] : NAN;
}

bool row_name_is_ms(const struct row *row, const struct row_name *name)
{
	enum row_statistic stat;
	const struct row_series *series;

	if (name->field < ROW_FIELDS)
		return name->field == ROW_START_MS || name->field == ROW_END_MS
			|| (name->field >= ROW_LAG_MEAN && name->field <= ROW_LAG_P99);
	series = find_series(row, name, &stat);
	return series && row_stat_is_ms(series, stat);
}

double row_name_value(const struct row_window *r, const struct row *row,
	const struct row_name *name)
{
	switch (name->field) {
	case ROW_WINDOW: return (double)r->index;
	case ROW_START_MS: return (double)r->start_ms;
	case ROW_END_MS: return (double)row->end_ms;
	case ROW_PARTIAL: return row->partial;
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
