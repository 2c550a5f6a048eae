/*
 * CSV output (-f csv, RFC 4180 with LF): the header, and a line for each series of each row of a
 * closed window. Windows that have media types have more columns, after the others; the stream has
 * one more if the name of a queue is known when the first row is printed. One for labels is the
 * last.
 */
#include "output/output.h"

#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "util/text.h"
#include "util/time.h"

#define HEADER "window,start,end,partial,coverage,queueId,metric,count,last,min,max," \
	"mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"
#define NAME_HEADER ",queueName"
#define MEDIA_HEADER ",mediaType,queueName,carried,observedMs,events,total,delta"

static void put_number(struct buf *out, double x)
{
	buf_char(out, ',');
	if (!isnan(x))
		json_put_double(out, x);
}

/* window,start,end,partial,coverage,queueId */
static void put_span(struct buf *out, const struct row_window *w, const struct row *row)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

	time_format_ms(start, w->start_ms);
	time_format_ms(end, w->end_ms);
	buf_printf(out, "%lld,%s,%s,%s", (long long)w->index, start, end,
		w->partial ? "true" : "false");
	put_number(out, row->coverage);
	buf_printf(out, ",%s", row->queue_id);
}

/* metric */
static bool put_series_name(struct buf *out, const struct row_series *series)
{
	struct buf name = { 0 };
	bool ok = buf_printf(&name, "%s.%s", series->metric, series->path)
		&& buf_char(&name, '\0');

	if (ok)
		text_put_csv(out, name.data);
	buf_free(&name);
	return ok;
}

/* count,last,min,max,mean,stddev,p50,p90,p95,p99; a plain number goes to `last`. */
static void put_statistics(struct buf *out, const struct row_series *series)
{
	for (enum row_statistic s = STAT_COUNT; s <= STAT_P99; s++) {
		bool alone = s == STAT_LAST && series && series->kind == ROW_PLAIN;

		put_number(out, series ? series->stat[alone ? STAT_VALUE : s] : NAN);
	}
}

/* updates,outlier,stale,duplicate,invalid,startMs,endMs */
static void put_counts(struct buf *out, const struct row_window *w, const struct row *row)
{
	buf_printf(out, ",%llu,%llu,%llu,%llu,%llu,%lld,%lld", (unsigned long long)row->updates,
		(unsigned long long)row->rejected[VERDICT_OUTLIER],
		(unsigned long long)row->rejected[VERDICT_STALE],
		(unsigned long long)row->rejected[VERDICT_DUPLICATE],
		(unsigned long long)row->rejected[VERDICT_INVALID],
		(long long)w->start_ms, (long long)w->end_ms);
}

/* mediaType,queueName,carried,observedMs,events,total,delta */
static void put_media(struct buf *out, const struct row *row, const struct row_series *series)
{
	buf_char(out, ',');
	text_put_csv(out, row->media ? row->media : "");
	buf_char(out, ',');
	text_put_csv(out, row->queue_name ? row->queue_name : "");
	buf_char(out, ',');
	if (series && !isnan(series->stat[STAT_CARRIED]))
		buf_str(out, series->stat[STAT_CARRIED] != 0 ? "true" : "false");
	for (enum row_statistic s = STAT_OBSERVED_MS; s <= STAT_DELTA; s++)
		put_number(out, series ? series->stat[s] : NAN);
}

/* labels: `NAME=VALUE;NAME=VALUE`, with a backslash before each `;` and `\` of a value. */
static bool put_labels(struct buf *out, const struct row_labels *labels)
{
	struct buf text = { 0 };
	bool ok;

	for (size_t i = 0; labels && i < labels->n; i++) {
		buf_printf(&text, "%s%s=", i ? ";" : "", labels->v[i].name);
		for (const char *s = labels->v[i].value; *s; s++)
			buf_printf(&text, *s == ';' || *s == '\\' ? "\\%c" : "%c", *s);
	}
	buf_char(out, ',');
	ok = buf_char(&text, '\0') && text_put_csv(out, text.data);
	buf_free(&text);
	return ok;
}

struct csv {
	bool header;		/* the header has not been printed */
	bool begun;		/* a row has been printed */
	bool names;		/* rows of the stream have the column queueName */
};

/* series NULL: the row has no series. */
static bool put_line(const struct csv *csv, struct buf *out, const struct row_window *w,
	const struct row *row, const struct row_series *series)
{
	put_span(out, w, row);
	buf_char(out, ',');
	if (series && !put_series_name(out, series))
		return false;
	put_statistics(out, series);
	put_counts(out, w, row);
	if (w->has_media) {
		put_media(out, row, series);
	} else if (csv->names) {
		buf_char(out, ',');
		text_put_csv(out, row->queue_name ? row->queue_name : "");
	}
	if (w->has_labels && !put_labels(out, row->labels))
		return false;
	buf_char(out, '\n');
	return !out->failed;
}

static bool put(void *state, const struct row_window *w, struct buf *out)
{
	struct csv *csv = state;

	if (!csv->begun)
		csv->names = w->has_names;
	for (size_t i = 0; i < w->nrow; i++) {
		const struct row *row = &w->row[i];

		if (csv->header)
			buf_printf(out, "%s%s%s\n", HEADER, w->has_media ? MEDIA_HEADER
				: csv->names ? NAME_HEADER : "", w->has_labels ? ",labels" : "");
		csv->header = false;
		csv->begun = true;
		if (!row->nseries && !put_line(csv, out, w, row, NULL))
			return false;
		for (size_t k = 0; k < row->nseries; k++)
			if (!put_line(csv, out, w, row, &row->series[k]))
				return false;
	}
	return true;
}

static void *new(const struct output_conf *conf)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (csv)
		csv->header = conf->header;
	return csv;
}

const struct output output_csv = {
	.new = new, .free = free, .put = put, .features = OUTPUT_LISTS
};
