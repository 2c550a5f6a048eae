/*
 * The names by which --fail-if and --check refer to a number of a row: a field of the row, or a
 * statistic of one of its series.
 */
#ifndef WINDOW_ROW_NAME_H
#define WINDOW_ROW_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "window/row.h"

enum row_name_field {
	ROW_WINDOW, ROW_START_MS, ROW_END_MS, ROW_PARTIAL, ROW_COVERAGE, ROW_UPDATES,
	ROW_OUTLIER, ROW_STALE, ROW_DUPLICATE, ROW_INVALID, ROW_CLOCK_SKEW, ROW_ACCURACY,
	ROW_LAG_MEAN, ROW_LAG_MAX, ROW_LAG_P50, ROW_LAG_P95, ROW_LAG_P99,
	ROW_UPDATES_PER_SECOND, ROW_FIELDS
};
extern const char *const row_name_fields[ROW_FIELDS];	/* `coverage`, `lagMs.max` */

/*
 * For example `coverage`, `waitTime.avg.max`, `oWaiting.max` or `oServiceLevel.ratio`. The path
 * `count`, or `ageMs` of an age, may be left out, so `oWaiting.max` is `oWaiting.count.max`. A
 * series that is one number has no statistics: its name ends with the path, as in
 * `oServiceLevel.ratio`.
 */
struct row_name {
	enum row_name_field field;	/* ROW_FIELDS: a statistic of a metric */
	const char *metric;
	const char *rest;	/* what follows the metric: `avg.max` */
	size_t path_len;	/* bytes of the path in `rest`; 0: there is only a statistic */
	enum row_statistic stat;	/* STAT_VALUE: the series has to be one number */
	char *text;		/* metric and rest point into it */
};

enum row_name_flaw {
	ROW_NAME_GOOD,
	ROW_NAME_NO_METRIC,	/* neither a field nor METRIC.STAT or METRIC.FIELD.STAT */
	ROW_NAME_NO_STAT,	/* it does not end in a statistic */
	ROW_NAME_NO_MEMORY
};

/* Parses a name. After a flaw, *part is the part of the text that is wrong; it points into `name`.
 * Call row_name_free in any case. */
enum row_name_flaw row_name_parse(struct row_name *name, const char *text, const char **part);
/* Whether both names refer to the same number, as `oWaiting.max` and `oWaiting.count.max` do. */
bool row_name_same(const struct row_name *a, const struct row_name *b);
/* Writes an error message about the flaw; nothing for ROW_NAME_GOOD. */
void row_name_explain(enum row_name_flaw flaw, const char *text, const char *part, char *why,
	size_t size);
void row_name_free(struct row_name *name);

/*
 * Whether a row can ever have the number, in a run with this source (notifications, or else the
 * stream), and with or without --now. False: writes an error message to `why`, which suggests a
 * number that a row can have.
 */
bool row_name_is_possible(const struct row_name *name, bool notifications, bool now, char *why,
	size_t size);

/* Whether the name refers to a statistic of the series, of which metric, path and kind count. */
bool row_name_is_of(const struct row_name *name, const struct row_series *series);
/* Whether the row has the number, even if it is null. */
bool row_name_is_in(const struct row *row, const struct row_name *name);
/* The number; NaN: it is null, or the row does not have it. */
double row_name_value(const struct row_window *r, const struct row *row,
	const struct row_name *name);

/* Whether the number is a time in milliseconds. */
bool row_name_is_ms(const struct row *row, const struct row_name *name);

#endif
