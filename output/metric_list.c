#include "output/metric_list.h"

#include <string.h>

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
	const char *name, *meaning, *source, *kind, *unit;
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
	e->unit = e->doc->type.is_time ? "ms" : "count";
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
		e->name = e->doc->name.s;
		e->meaning = e->doc->meaning;
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

static void put_alarm(struct buf *out, const void *item)
{
	const struct entry *e = item;

	buf_printf(out, "%s.%s", e->name, e->doc->alarm);
}

static void put_numbers(struct buf *out, const void *item)
{
	const struct entry *e = item;

	for (size_t i = 0; i < e->nnumber; i++)
		buf_printf(out, "%s%s", i ? " " : "", e->number[i].path);
}

/* Appends the paths of all statistics, as rows have them. */
static void put_statistics(struct buf *out, const void *item)
{
	const struct entry *e = item;
	const char *before = "";

	for (size_t i = 0; i < e->nnumber; i++)
		for (enum row_statistic s = 0; s < STATS; s++) {
			if (!row_kind_has(e->number[i].kind, s))
				continue;
			buf_printf(out, "%s%s.%s%s%s", before, e->name, e->number[i].path,
				s == STAT_VALUE ? "" : ".",
				s == STAT_VALUE ? "" : row_stat_names[s]);
			before = " ";
		}
}

#define METRIC { "metric", LIST_TEXT, NULL, offsetof(struct entry, name) }
#define MEMBER(member) { #member, LIST_TEXT, NULL, offsetof(struct entry, member) }
#define ALARM { "alarm", LIST_TEXT, put_alarm, 0 }

bool metric_list_put(const struct metric_list *list, const struct list_conf *conf,
	struct buf *out)
{
	static const struct list_column data[] = {
		METRIC, MEMBER(source), MEMBER(kind), MEMBER(unit),
		{ "statistics", LIST_WORDS, put_statistics, 0 }, ALARM, MEMBER(meaning)
	};
	static const struct list_column table[] = {
		METRIC, MEMBER(kind), MEMBER(unit), ALARM, MEMBER(source),
		{ "numbers", LIST_TEXT, put_numbers, 0 }, MEMBER(meaning)
	};
	static const struct list_columns columns = { data, ARRAY_LEN(data), table,
		ARRAY_LEN(table) };
	struct buf entries = { 0 };
	struct entry e;

	for (size_t at = 0; next(list, &at, &e); )
		buf_add(&entries, &e, sizeof(e));
	out->failed = !list_put(&(struct list){ &columns, entries.data, entries.len / sizeof(e),
		sizeof(e), conf, { 0 } }, out) || entries.failed;
	buf_free(&entries);
	return !out->failed;
}
