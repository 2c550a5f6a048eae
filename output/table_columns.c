#include "output/table_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message/metric_types.h"
#include "util/base.h"
#include "util/buf.h"
#include "window/row_totals.h"

/* The numbers that are shown of each kind. */
static const struct {
	struct table_number number[2];
	size_t n;
	enum row_statistic trend;
} kinds[] = {
	[ROW_SAMPLE] = { { { "mean", STAT_MEAN, NUMBER_MEAN }, { "max", STAT_MAX, NUMBER_VALUE } },
		2, STAT_MEAN },
	[ROW_GAUGE] = { { { "last", STAT_LAST, NUMBER_VALUE }, { "max", STAT_MAX, NUMBER_VALUE } },
		2, STAT_MEAN },
	[ROW_AGE] = { { { "last", STAT_LAST, NUMBER_MS }, { "max", STAT_MAX, NUMBER_MS } },
		2, STAT_MAX },
	[ROW_TOTAL] = { { { "delta", STAT_DELTA, NUMBER_VALUE },
		{ "total", STAT_TOTAL, NUMBER_VALUE } }, 2, STAT_DELTA },
	[ROW_PLAIN] = { { { "value", STAT_VALUE, NUMBER_VALUE } }, 1, STAT_VALUE }
};

static struct table_column new_column(const char *metric, const char *path, enum row_kind kind)
{
	struct table_column column = { .metric = strdup(metric), .path = strdup(path),
		.kind = kind, .n = kinds[kind].n, .trend = kinds[kind].trend };

	memcpy(column.number, kinds[kind].number, sizeof(column.number));
	return column;
}

static void free_column(struct table_column *column)
{
	free(column->metric);
	free(column->path);
	free(column->label);
}

static bool is_complete(const struct table_column *column)
{
	return column->metric && column->path && column->label;
}

void table_columns_free(struct table_columns *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_column(&c->v[i]);
	c->n = 0;
}

/* --- the overview ------------------------------------------------------------------------- */

static const struct {
	const char *label, *narrow[2], *metric, *path;
} overview[] = {
	{ "waiting", { "", "waiting" }, "oWaiting", "count" },
	{ "longest wait", { "longest", "wait" }, "oLongestWaiting", "ageMs" },
	{ "on queue", { "on", "queue" }, "oOnQueueUsers", "count" },
	{ "idle", { "", "idle" }, "oOnQueueUsers", "IDLE.count" },
	{ "offered", { "", "offered" }, "nOffered", "count" },
	{ "abandoned", { "aban-", "doned" }, "tAbandon", "count" },
	{ "service level", { "service", "level" }, "oServiceLevel", "ratio" }
};

static enum row_kind kind_of(const struct metric_type *type)
{
	if (type->kind == METRIC_TOTAL)
		return type->is_ratio ? ROW_PLAIN : ROW_TOTAL;
	return type->kind == METRIC_AGE ? ROW_AGE : ROW_GAUGE;
}

bool table_columns_overview(struct table_columns *c, bool now)
{
	c->overview = true;
	for (size_t i = 0; i < ARRAY_LEN(overview); i++) {
		const struct metric_type *type = metric_type_of(slice_of(overview[i].metric));
		struct table_column *column = &c->v[c->n];

		if (now && type->kind == METRIC_TOTAL)
			continue;
		*column = new_column(overview[i].metric, overview[i].path, kind_of(type));
		column->label = strdup(overview[i].label);
		memcpy(column->narrow, overview[i].narrow, sizeof(column->narrow));
		column->alone = column->kind == ROW_TOTAL;
		column->is_ratio = type->is_ratio;
		column->of_agents = type->qualifier != NULL;
		if (now || column->of_agents || column->is_ratio)
			column->n = 1;
		c->n++;
		if (!is_complete(column))
			return false;
	}
	return true;
}

/* --- the series of rows ------------------------------------------------------------------- */

static bool is_of(const struct table_column *column, const struct row_series *f)
{
	return column->kind == f->kind && strcmp(column->path, f->path) == 0
		&& strcmp(column->metric, f->metric) == 0;
}

/* The metric and path without a usual ending of the path: `oWaiting`, `oOnQueueUsers.IDLE`. */
static char *make_label(const struct row_series *f)
{
	const char *unsaid = f->kind == ROW_AGE ? ".ageMs" : ".count";
	struct buf text = { 0 };

	buf_printf(&text, "%s.%s", f->metric, f->path);
	if (text.len > strlen(unsaid)
	    && memcmp(text.data + text.len - strlen(unsaid), unsaid, strlen(unsaid)) == 0)
		text.len -= strlen(unsaid);
	buf_char(&text, '\0');
	if (text.failed)
		buf_free(&text);
	return text.data;
}

static bool insert(struct table_columns *c, size_t at, const struct row_series *f)
{
	struct table_column column = new_column(f->metric, f->path, f->kind);

	column.label = make_label(f);
	if (!is_complete(&column)) {
		free_column(&column);
		return false;
	}
	for (size_t i = 0; row_stat_is_ms(f, column.number[0].stat) && i < column.n; i++)
		column.number[i].form = NUMBER_MS;
	memmove(&c->v[at + 1], &c->v[at], (c->n - at) * sizeof(column));
	c->v[at] = column;
	c->n++;
	return true;
}

static size_t place(const struct table_columns *c, const struct row_series *f, size_t from,
	size_t to)
{
	while (from < to && !is_of(&c->v[from], f))
		from++;
	return from;
}

/* Each new one is inserted after the series that it follows in this row. */
bool table_columns_learn(struct table_columns *c, const struct row *row, size_t *from)
{
	size_t at = 0;

	for (size_t i = 0; !c->overview && i < row->nseries; i++) {
		const struct row_series *f = &row->series[i];
		size_t k = place(c, f, at, c->n);

		if (k == c->n && place(c, f, 0, at) < at)
			k = place(c, f, 0, at);
		if (k < c->n) {
			at = k + 1;
		} else if (c->n < TABLE_COLUMNS_MAX) {
			if (!insert(c, at, f))
				return false;
			if (at < *from)
				*from = at;
			at++;
		}
	}
	return true;
}

/* --- values ------------------------------------------------------------------------------- */

double table_column_value(const struct table_column *column, const struct row_window *r,
	const struct row *row, enum row_statistic stat)
{
	const bool over_media = column->narrow[1] && !row->media;
	const struct row_series *series;

	if (over_media && column->is_ratio)
		return row_totals_ratio(r, row->queue, column->metric);
	if (over_media && column->kind == ROW_TOTAL)
		return row_totals_sum(r, row->queue, column->metric, column->path, stat);
	series = row_find(row, column->kind, column->metric, column->path);
	return series ? series->stat[stat] : NAN;
}
