/*
 * Totals of a whole queue. The service counts them for each media type only, so they are computed
 * from the rows of these, also of those that are not shown (see row_window.whole).
 */
#ifndef WINDOW_ROW_TOTALS_H
#define WINDOW_ROW_TOTALS_H

#include "window/row.h"

/* The sum of a statistic over the queue's media types that have the series, which is a ROW_TOTAL.
 * NaN: it is null in one of them, or none has it. */
double row_totals_sum(const struct row_window *w, size_t queue, const char *metric,
	const char *path, enum row_statistic stat);

/* The ratio of a metric with a numerator and a denominator: the sum of the numerators by the sum of
 * the denominators, over the queue's media types that have both. NaN: none has, or the denominators
 * are 0. */
double row_totals_ratio(const struct row_window *w, size_t queue, const char *metric);

#endif
