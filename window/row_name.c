#include "window/row_name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
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
		snprintf(why, size, "'%.100s' is no field of a row and no METRIC.STAT or "
			"METRIC.FIELD.STAT%s%s%s", text, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
		break;
	case ROW_NAME_NO_STAT:
		text_words_hint(hint, sizeof(hint), part, row_stat_names, STAT_NAMES);
		snprintf(why, size, "'%.100s' is no statistic; allowed is one of%s", part, hint);
		break;
	case ROW_NAME_NO_MEMORY:
		snprintf(why, size, "out of memory");
		break;
	}
}

static bool has_path(const struct row_series *series, const struct row_name *name)
{
	const char *rest = series->path + name->path_len;

	if (!name->path_len)
		return strcmp(series->path, series->kind == ROW_AGE ? "ageMs" : "count") == 0;
	return strncmp(series->path, name->rest, name->path_len) == 0
		&& (!*rest || strcmp(rest, ".count") == 0);
}

/* The first series of that name that has the statistic; NULL: none. (`tWait.max` may be a series,
 * or a statistic of `tWait.count`.) */
static const struct row_series *find_series(const struct row *row,
	const struct row_name *name, enum row_statistic *stat)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *series = &row->series[i];
		bool plain = series->kind == ROW_PLAIN;

		*stat = plain ? STAT_VALUE : name->stat;
		if (strcmp(series->metric, name->metric) == 0
		    && (plain ? strcmp(series->path, name->rest) == 0
			: *stat < STAT_NAMES && has_path(series, name))
		    && !isnan(series->stat[*stat]))
			return series;
	}
	return NULL;
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
