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

/* Statistics of a total that are series of their own, each with one number. */
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
			snprintf(why, size, "name a statistic, for example %.100s.%s", text,
				text[0] == 'o' ? "last" : "delta");
			break;
		}
		snprintf(why, size, "'%.100s' is neither a field of a row nor METRIC.STAT or "
			"METRIC.FIELD.STAT%s%s%s", text, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
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

/* Whether series of the kind have the statistic. Totals also have a least and a greatest, which are
 * series of their own. */
static bool can_be(const struct row_name *name, enum row_kind kind)
{
	if (kind == ROW_TOTAL && (name->stat == STAT_NAMES
	    || (!name->path_len && (name->stat == STAT_MIN || name->stat == STAT_MAX))))
		return true;
	return name->stat < STAT_NAMES && row_kind_has(kind, name->stat);
}

static bool explain_kind(const struct row_name *name, enum row_kind kind, const char *is,
	char *why, size_t size)
{
	const char *last = strrchr(name->rest, '.');
	const bool total = kind == ROW_TOTAL;
	const char *end = total && !name->path_len ? "count." : "";

	if (can_be(name, kind))
		return true;
	snprintf(why, size, "%.100s %s, which has no %.100s; the nearest is %.100s.%.*s%s%s",
		name->metric, is, last ? last + 1 : name->rest, name->metric,
		(int)(name->path_len + (name->path_len != 0)), name->rest, end,
		total ? "delta" : "last");
	return false;
}

bool row_name_is_possible(const struct row_name *name, bool notifications, bool now, char *why,
	size_t size)
{
	const char *metric = name->metric;
	struct metric_type type;

	if (name->field < ROW_FIELDS)
		return true;
	if (!notifications)
		return explain_kind(name, ROW_SAMPLE, "is a metric of the stream", why, size);
	type = metric_type_of(slice_of(metric));
	if (now && !observation_query_bit(slice_of(metric))) {
		snprintf(why, size, "%.100s is no metric that --now can ask for, as it is no "
			"gauge; what it can have is, for example, oWaiting.last", metric);
		return false;
	}
	switch (type.kind) {
	case METRIC_GAUGE: return explain_kind(name, ROW_GAUGE, "is a gauge", why, size);
	case METRIC_AGE: return explain_kind(name, ROW_AGE, "is an age", why, size);
	case METRIC_TOTAL:	/* those with o have statistics of their own */
		return type.name || explain_kind(name, ROW_TOTAL, "is a total", why, size);
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

/* Whether the name is of a statistic of the series. */
static bool is_of(const struct row_name *name, const struct row_series *series)
{
	if (strcmp(series->metric, name->metric) != 0)
		return false;
	if (series->kind == ROW_PLAIN)
		return strcmp(series->path, name->rest) == 0;
	return name->stat < STAT_NAMES && row_kind_has(series->kind, name->stat)
		&& has_path(series, name);
}

/* The first series of that name that has the statistic; NULL: none. (`tWait.max` may be a series,
 * or a statistic of `tWait.count`.) */
static const struct row_series *find_series(const struct row *row,
	const struct row_name *name, enum row_statistic *stat)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *series = &row->series[i];

		*stat = series->kind == ROW_PLAIN ? STAT_VALUE : name->stat;
		if (is_of(name, series) && !isnan(series->stat[*stat]))
			return series;
	}
	return NULL;
}

bool row_name_is_in(const struct row *row, const struct row_name *name)
{
	if (name->field < ROW_FIELDS)
		return true;
	for (size_t i = 0; i < row->nseries; i++)
		if (is_of(name, &row->series[i]))
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
