/*
 * The columns of a table: the series that its rows have, in their order; or the overview, which is
 * what a supervisor of a contact centre looks at first.
 */
#ifndef OUTPUT_TABLE_COLUMNS_H
#define OUTPUT_TABLE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/term_text.h"
#include "window/row.h"

#define TABLE_COLUMNS_MAX 128	/* the first ones are kept */
#define TABLE_NUMBER 5		/* columns of the terminal that a number takes */

struct table_number {
	const char *title;
	enum row_statistic stat;
	enum term_text_number form;
};

struct table_column {
	char *metric, *path, *label;	/* the label stands above the numbers */
	enum row_kind kind;
	struct table_number number[2];
	size_t n;			/* of the numbers: 1 or 2 */
	enum row_statistic trend;	/* the number that the trend is made of */
	/* Of the overview, where narrow screens show one number only: */
	const char *narrow[2];		/* its title in two lines; the first may be empty */
	size_t alone;			/* which of the numbers it is */
	bool is_ratio;			/* shown in per cent */
	bool of_agents;			/* the rows of media types have nothing */
};

struct table_columns {			/* start with all zero */
	struct table_column v[TABLE_COLUMNS_MAX];
	size_t n;
	bool overview;
};

/* Makes the columns of the overview. now: of --now, which has no totals. False: out of memory. */
bool table_columns_overview(struct table_columns *c, bool now);
void table_columns_free(struct table_columns *c);

/* Inserts columns for the series of the row that have none; not for the overview. Sets *from to the
 * place of the first new one, or leaves it. False: out of memory. */
bool table_columns_learn(struct table_columns *c, const struct row *row, size_t *from);

/* A statistic of the column in the row; NaN: null, or the row does not have it. In the overview the
 * row of a queue has totals too: the sum over its media types. */
double table_column_value(const struct table_column *column, const struct row_window *r,
	const struct row *row, enum row_statistic stat);

#endif
