#include "output/csv.h"

#include "json.h"
#include "util/text.h"
#include "util/time.h"

/* --- columns of both kinds of rows ---------------------------------------------------- */

static void put_header(struct buf *out, bool *header, const char *columns)
{
	if (*header)
		buf_printf(out, "%s\n", columns);
	*header = false;
}

static void put_number(struct buf *out, double x)
{
	buf_char(out, ',');
	json_put_double(out, x);
}

static void put_known(struct buf *out, bool known, double x)
{
	if (known)
		put_number(out, x);
	else
		buf_char(out, ',');
}

struct span {
	int64_t index, start_ms, end_ms;
	bool partial;
	int coverage_e4;	/* -1: not known */
};

/* window,start,end,partial,coverage,queueId */
static void put_span(struct buf *out, const struct span *span, const char *queue_id)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

	time_format_ms(start, span->start_ms);
	time_format_ms(end, span->end_ms);
	buf_printf(out, "%lld,%s,%s,%s,", (long long)span->index, start, end,
		span->partial ? "true" : "false");
	if (span->coverage_e4 >= 0)
		json_put_double(out, span->coverage_e4 / 10000.0);
	buf_printf(out, ",%s", queue_id);
}

/* metric */
static bool put_series_name(struct buf *out, const char *metric, const char *path)
{
	struct buf name = { 0 };
	bool ok = buf_printf(&name, "%s.%s", metric, path) && buf_char(&name, '\0');

	buf_char(out, ',');
	if (ok)
		text_put_csv(out, name.data);
	buf_free(&name);
	return ok;
}

/* metric,count,last,min,max,mean,stddev,p50,p90,p95,p99 of a row that has no series */
static void put_no_series(struct buf *out)
{
	buf_str(out, ",,,,,,,,,,,");
}

/* updates,outlier,stale,duplicate,invalid,startMs,endMs */
static void put_counts(struct buf *out, const struct span *span, uint64_t updates,
	const uint64_t rejected[VERDICT_REJECTS])
{
	buf_printf(out, ",%llu,%llu,%llu,%llu,%llu,%lld,%lld", (unsigned long long)updates,
		(unsigned long long)rejected[VERDICT_OUTLIER],
		(unsigned long long)rejected[VERDICT_STALE],
		(unsigned long long)rejected[VERDICT_DUPLICATE],
		(unsigned long long)rejected[VERDICT_INVALID],
		(long long)span->start_ms, (long long)span->end_ms);
}

/* --- stream windows ------------------------------------------------------------------- */

static bool put_field(struct buf *out, const struct accumulator_field *field, const char *metric)
{
	struct sample_summary s;

	if (!sample_summarise(&field->sample, 1, &s)
	    || !put_series_name(out, metric, field->path))
		return false;
	buf_printf(out, ",%llu", (unsigned long long)s.count);
	put_number(out, s.last);
	put_number(out, s.min);
	put_number(out, s.max);
	put_number(out, s.mean);
	put_number(out, s.stddev);
	put_number(out, s.p50);
	put_number(out, s.p90);
	put_number(out, s.p95);
	put_number(out, s.p99);
	return true;
}

/* field NULL: the row has none. */
static bool put_stream_line(struct buf *out, const struct stream_window *window,
	const struct stream_window_row *row, const struct accumulator_field *field,
	const char *const *metric)
{
	const struct span span = { window->index, window->start_ms, window->end_ms,
		window->partial, row->coverage_e4 };

	put_span(out, &span, row->queue_id);
	if (!field)
		put_no_series(out);
	else if (!put_field(out, field, metric[field->metric]))
		return false;
	put_counts(out, &span, row->updates, row->rejected);
	buf_char(out, '\n');
	return !out->failed;
}

bool csv_put_stream_window(struct buf *out, bool *header, const struct stream_window *window,
	const char *const *metric)
{
	for (size_t i = 0; i < window->nrow; i++) {
		const struct stream_window_row *row = &window->row[i];

		put_header(out, header, CSV_STREAM_HEADER);
		if (!row->nfield && !put_stream_line(out, window, row, NULL, metric))
			return false;
		for (size_t k = 0; k < row->nfield; k++)
			if (!put_stream_line(out, window, row, row->field[k], metric))
				return false;
	}
	return true;
}

/* --- queue windows -------------------------------------------------------------------- */

static double ms_of(int64_t us)
{
	return (double)us / 1000;
}

static void put_gauge(struct buf *out, const struct gauge_summary *g)
{
	put_known(out, g->known, g->last);
	put_known(out, g->observed, g->min);
	put_known(out, g->observed, g->max);
	put_known(out, g->observed, g->mean);
	put_known(out, g->observed, g->stddev);
	put_known(out, g->observed, g->p50);
	put_known(out, g->observed, g->p90);
	put_known(out, g->observed, g->p95);
	put_known(out, g->observed, g->p99);
}

static bool put_series(struct buf *out, const struct series_result *result)
{
	if (!put_series_name(out, result->metric, result->path))
		return false;
	buf_char(out, ',');		/* no count: a series is weighed by time */
	switch (result->kind) {
	case SERIES_GAUGE:
		put_gauge(out, &result->is.gauge);
		break;
	case SERIES_AGE:
		put_known(out, result->is.age.has_last, ms_of(result->is.age.last_us));
		buf_char(out, ',');
		put_known(out, result->is.age.has_most, ms_of(result->is.age.most_us));
		buf_str(out, ",,,,,,");
		break;
	case SERIES_PLAIN:
		put_known(out, result->is.total.has_total, result->is.total.total);
		buf_str(out, ",,,,,,,,");
		break;
	case SERIES_TOTAL:		/* has columns of its own */
		buf_str(out, ",,,,,,,,,");
		break;
	}
	return true;
}

/* carried,observedMs,events,total,delta */
static void put_more(struct buf *out, const struct series_result *result)
{
	if (result && result->kind == SERIES_GAUGE) {
		buf_printf(out, ",%s", result->is.gauge.carried ? "true" : "false");
		put_number(out, ms_of((int64_t)result->is.gauge.observed_us));
		buf_printf(out, ",%llu,,", (unsigned long long)result->is.gauge.events);
	} else if (result && result->kind == SERIES_TOTAL) {
		buf_str(out, ",,,");
		put_known(out, result->is.total.has_total, result->is.total.total);
		put_known(out, result->is.total.has_delta, result->is.total.delta);
	} else {
		buf_str(out, ",,,,,");
	}
}

/* result NULL: the row has none. */
static bool put_queue_line(struct buf *out, const struct queue_window *window,
	const struct queue_window_row *row, const struct series_result *result, const char *name)
{
	const struct span span = { window->index, window->start_ms, window->end_ms,
		window->partial, window->coverage_e4 };
	const uint64_t rejected[VERDICT_REJECTS] = { [VERDICT_DUPLICATE] = row->duplicates,
		[VERDICT_INVALID] = row->invalid };

	put_span(out, &span, row->queue_id);
	if (!result)
		put_no_series(out);
	else if (!put_series(out, result))
		return false;
	put_counts(out, &span, row->updates, rejected);
	buf_char(out, ',');
	text_put_csv(out, row->media ? row->media : "");
	buf_char(out, ',');
	text_put_csv(out, name ? name : "");
	put_more(out, result);
	buf_char(out, '\n');
	return !out->failed;
}

bool csv_put_queue_window(struct buf *out, bool *header, const struct queue_window *window,
	const char *const *queue_name, bool queues_alone)
{
	for (size_t i = 0; i < window->nrow; i++) {
		const struct queue_window_row *row = &window->row[i];
		const char *name = queue_name ? queue_name[row->queue] : NULL;

		if (queues_alone && row->media)
			continue;
		put_header(out, header, CSV_QUEUE_HEADER);
		if (!row->nresult && !put_queue_line(out, window, row, NULL, name))
			return false;
		for (size_t k = 0; k < row->nresult; k++)
			if (!put_queue_line(out, window, row, &row->result[k], name))
				return false;
	}
	return true;
}
