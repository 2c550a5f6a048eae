#include "output/metric_list.h"

#include <string.h>

#include "json.h"
#include "message/metric_types.h"
#include "util/base.h"
#include "util/text.h"
#include "window/row.h"

struct number {			/* of a metric in a row */
	const char *path;
	enum row_kind kind;
};

struct entry {
	const struct metric_doc *doc;
	const char *source, *kind, *unit;
	struct number number[4];
	size_t nnumber;
};

#define NUMBERS(e, ...) do { \
	const struct number all[] = { __VA_ARGS__ }; \
	\
	memcpy((e)->number, all, sizeof(all)); \
	(e)->nnumber = ARRAY_LEN(all); \
} while (0)

static void fill_stream(struct entry *e)
{
	const char *const *field = e->doc->fields;

	e->source = "stream";
	e->kind = "value";
	e->unit = strcmp(e->doc->name.s, "waitTime") == 0 ? "ms" : "count";
	NUMBERS(e, { field[0], ROW_SAMPLE }, { field[1], ROW_SAMPLE });
	e->nnumber -= !field[1];
}

static void fill_gauge(struct entry *e, const char *qualifier)
{
	e->kind = "gauge";
	e->unit = "count";
	NUMBERS(e, { "count", ROW_GAUGE }, { qualifier && qualifier[0] == 's'
		? "STATUS.count" : "PRESENCE.count", ROW_GAUGE });
	e->nnumber -= !qualifier;
}

static void fill_total(struct entry *e, const struct metric_type *type)
{
	e->kind = "total";
	e->unit = type->is_time ? "ms" : type->is_ratio ? "ratio" : "count";
	if (type->is_ratio)
		NUMBERS(e, { "ratio", ROW_PLAIN }, { "numerator", ROW_PLAIN },
			{ "denominator", ROW_PLAIN }, { "target", ROW_PLAIN });
	else
		NUMBERS(e, { "count", ROW_TOTAL }, { "sum", ROW_TOTAL }, { "min", ROW_PLAIN },
			{ "max", ROW_PLAIN });
	if (!type->is_time && !type->is_ratio)
		e->nnumber = 1;
}

static void fill_notifications(struct entry *e)
{
	const struct metric_type *type = &e->doc->type;

	e->source = "notifications";
	switch (type->kind) {
	case METRIC_GAUGE:
	case METRIC_OTHER:
		fill_gauge(e, type->qualifier);
		break;
	case METRIC_AGE:
		e->kind = "age";
		e->unit = "ms";
		NUMBERS(e, { "ageMs", ROW_AGE });
		break;
	case METRIC_TOTAL:
		fill_total(e, type);
		break;
	}
}

static bool matches_any(const struct metric_list *list, struct slice name)
{
	for (size_t i = 0; i < list->npattern; i++)
		if (text_matches(list->pattern[i], name.s, name.len))
			return true;
	return list->npattern == 0;
}

/* Fills *e with the next metric of the list; *at begins at 0. False: there is no more. */
static bool next(const struct metric_list *list, size_t *at, struct entry *e)
{
	while ((e->doc = metric_types_doc((*at)++))) {
		if (e->doc->type.name)
			fill_notifications(e);
		else
			fill_stream(e);
		if ((!list->source || strcmp(list->source, e->source) == 0)
		    && matches_any(list, e->doc->name))
			return true;
	}
	return false;
}

bool metric_list_has(const struct metric_list *list, const char *pattern)
{
	const struct metric_list one = { list->source, &pattern, 1 };
	struct entry e;
	size_t at = 0;

	return next(&one, &at, &e);
}

/* --- as text ---------------------------------------------------------------------------- */

static void add_numbers(struct lines *cells, const struct entry *e)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < e->nnumber; i++)
		buf_printf(&text, "%s%s", i ? " " : "", e->number[i].path);
	lines_add(cells, "%.*s", (int)text.len, text.data);
	cells->failed = cells->failed || text.failed;
	buf_free(&text);
}

/* Appends the paths of all statistics, as rows have them, each between the marks. */
static void put_statistics(struct buf *out, const struct entry *e, const char *mark,
	const char *between)
{
	const char *sep = "";

	for (size_t i = 0; i < e->nnumber; i++)
		for (enum row_statistic s = 0; s < STATS; s++) {
			if (!row_kind_has(e->number[i].kind, s))
				continue;
			buf_printf(out, "%s%s%s.%s%s%s%s", sep, mark, e->doc->name.s,
				e->number[i].path, s == STAT_VALUE ? "" : ".",
				s == STAT_VALUE ? "" : row_stat_names[s], mark);
			sep = between;
		}
}

bool metric_list_put_ndjson(const struct metric_list *list, struct buf *out)
{
	struct entry e;

	for (size_t at = 0; next(list, &at, &e); ) {
		buf_printf(out, "{\"metric\":\"%s\",\"source\":\"%s\",\"kind\":\"%s\","
			"\"unit\":\"%s\",\"statistics\":[", e.doc->name.s, e.source, e.kind,
			e.unit);
		put_statistics(out, &e, "\"", ",");
		buf_printf(out, "],\"alarm\":\"%s.%s\",\"meaning\":", e.doc->name.s, e.doc->alarm);
		json_put_string(out, e.doc->meaning, strlen(e.doc->meaning));
		buf_str(out, "}\n");
	}
	return !out->failed;
}

bool metric_list_put_csv(const struct metric_list *list, bool header, struct buf *out)
{
	struct entry e;

	buf_str(out, header ? "metric,source,kind,unit,statistics,alarm,meaning\n" : "");
	for (size_t at = 0; next(list, &at, &e); ) {
		buf_printf(out, "%s,%s,%s,%s,", e.doc->name.s, e.source, e.kind, e.unit);
		put_statistics(out, &e, "", " ");
		buf_printf(out, ",%s.%s,", e.doc->name.s, e.doc->alarm);
		text_put_csv(out, e.doc->meaning);
		buf_char(out, '\n');
	}
	return !out->failed;
}

bool metric_list_put_table(const struct metric_list *list, struct list_table *table,
	struct buf *out)
{
	static const char *const titles[] = { "metric", "kind", "unit", "alarm", "source",
		"numbers", "meaning" };
	struct entry e;
	bool ok;

	table->title = titles;
	table->ncolumn = ARRAY_LEN(titles);
	for (size_t at = 0; next(list, &at, &e); ) {
		lines_add(&table->cells, "%s", e.doc->name.s);
		lines_add(&table->cells, "%s", e.kind);
		lines_add(&table->cells, "%s", e.unit);
		lines_add(&table->cells, "%s.%s", e.doc->name.s, e.doc->alarm);
		lines_add(&table->cells, "%s", e.source);
		add_numbers(&table->cells, &e);
		lines_add(&table->cells, "%s", e.doc->meaning);
	}
	ok = list_table_put(table, out);
	lines_free(&table->cells);
	return ok;
}
