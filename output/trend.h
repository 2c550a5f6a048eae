/* Trends: one number of each row over the last windows. */
#ifndef OUTPUT_TREND_H
#define OUTPUT_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "window/row.h"

struct trend {
	size_t queue;
	char *media;		/* NULL: the queue's own row */
	double *v;		/* of each window, the newest last; NaN: none */
	uint64_t seen;		/* the window of the newest value, as counted by `windows` */
};

struct trends {			/* start with all zero but the length */
	size_t length;		/* windows that a trend has */
	struct trend *v;
	size_t n, cap;
	size_t last;		/* search from here: rows usually come in the same order */
	uint64_t windows;	/* count them here, before the first value of each */
};

void trends_free(struct trends *t);
/* Drops all values. */
void trends_clear(struct trends *t);
/* Adds the value of the present window, and returns the trend of the row, borrowed until the next
 * call. Windows without this row leave gaps, and so do those before its first window. NULL: out of
 * memory. */
const struct trend *trends_add(struct trends *t, const struct row *row, double value);
/* Draws n values as a bar chart, each one column wide. */
void trend_put_bars(const double *v, size_t n, bool ascii, struct buf *out);
/* The smallest and the largest of n values and 0. */
void trend_range(const double *v, size_t n, double *low, double *high);

#endif
