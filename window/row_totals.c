#include "window/row_totals.h"

#include <math.h>

/* The next row of a media type of the queue, from row *i on, which becomes the one after it. NULL:
 * there is none. */
static const struct row *next_media(const struct row_window *w, size_t queue, size_t *i)
{
	const struct row_window *whole = w->whole ? w->whole : w;

	while (*i < whole->nrow) {
		const struct row *row = &whole->row[(*i)++];

		if (row->media && row->queue == queue)
			return row;
	}
	return NULL;
}

double row_totals_sum(const struct row_window *w, size_t queue, const char *metric,
	const char *path, enum row_statistic stat)
{
	const struct row *row;
	bool any = false;
	double sum = 0;

	for (size_t i = 0; (row = next_media(w, queue, &i)); ) {
		const struct row_series *s = row_find(row, ROW_TOTAL, metric, path);

		sum += s ? s->stat[stat] : 0;
		any = any || s;
	}
	return any ? sum : NAN;
}

static double plain(const struct row *row, const char *metric, const char *path)
{
	const struct row_series *s = row_find(row, ROW_PLAIN, metric, path);

	return s ? s->stat[STAT_VALUE] : NAN;
}

double row_totals_ratio(const struct row_window *w, size_t queue, const char *metric)
{
	double numerators = 0, denominators = 0;
	const struct row *row;

	for (size_t i = 0; (row = next_media(w, queue, &i)); ) {
		double numerator = plain(row, metric, "numerator");
		double denominator = plain(row, metric, "denominator");

		if (isnan(numerator) || isnan(denominator))
			continue;
		numerators += numerator;
		denominators += denominator;
	}
	return denominators > 0 ? numerators / denominators : NAN;
}
