/* The trend of a table: one number of each row over the last windows, drawn as a bar chart. */
#ifndef OUTPUT_TABLE_TREND_H
#define OUTPUT_TABLE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "window/row.h"

#define TABLE_TREND 8		/* windows, each one column wide */

struct table_trend {
	size_t queue;
	char *media;		/* NULL: the queue's own row */
	double v[TABLE_TREND];	/* the newest last; NaN: none */
	uint64_t seen;		/* the window of the newest value, as counted by `windows` */
};

struct table_trends {		/* start with all zero */
	struct table_trend *v;
	size_t n, cap;
	size_t last;		/* search from here: rows usually come in the same order */
	uint64_t windows;	/* count them here, before the first value of each */
};

void table_trends_free(struct table_trends *t);
/* Drops all values. */
void table_trends_clear(struct table_trends *t);
/* Adds the value of the present window, and returns the trend of the row, borrowed until the next
 * call. Windows without this row leave gaps, and so do those before its first window. NULL: out of
 * memory. */
const struct table_trend *table_trends_add(struct table_trends *t, const struct row *row,
	double value);
void table_trend_put(const struct table_trend *trend, bool ascii, struct buf *out);

#endif
