/*
 * A number of a row by its name, as thresholds and checks name it: a member of the row, or a
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
 * `coverage`, `waitTime.avg.max`, `oWaiting.max` (a path may leave out its `count`, and an age its
 * `ageMs`), `oServiceLevel.ratio` (a series that is one number).
 */
struct row_name {
	enum row_name_field field;	/* ROW_FIELDS: a statistic of a metric */
	const char *metric;
	const char *rest;	/* all behind the metric: `avg.max` */
	size_t path_len;	/* of the path in it, before the statistic; 0: none */
	enum row_statistic stat;	/* STAT_VALUE: the series has to be one number */
	char *text;		/* metric and rest point into it */
};

enum row_name_flaw {
	ROW_NAME_GOOD,
	ROW_NAME_NO_METRIC,	/* it is no member of a row, and it has no metric before a dot */
	ROW_NAME_NO_STAT,	/* *part is no statistic */
	ROW_NAME_NO_MEMORY
};

/* *part: what is wrong, within name's text. Call row_name_free in any case. */
enum row_name_flaw row_name_parse(struct row_name *name, const char *text, const char **part);
/* Whether both are one number, however they are written: `oWaiting.max`, `oWaiting.count.max`. */
bool row_name_same(const struct row_name *a, const struct row_name *b);
/* Puts the flaw of text, or of part of it, into words. */
void row_name_explain(enum row_name_flaw flaw, const char *text, const char *part, char *why,
	size_t size);
void row_name_free(struct row_name *name);

/*
 * Whether a row of such a run can ever have the number: of the stream or of notifications, and of
 * these with --now. False: why gives the reason, and a near number that it can have.
 */
bool row_name_is_possible(const struct row_name *name, bool notifications, bool now, char *why,
	size_t size);

/* Whether the row has such a number, which may be null. */
bool row_name_is_in(const struct row *row, const struct row_name *name);
/* NaN: the number is null, or the row has no such number. */
double row_name_value(const struct row_window *r, const struct row *row,
	const struct row_name *name);

/* Whether the number is in milliseconds. */
bool row_name_is_ms(const struct row *row, const struct row_name *name);

#endif
