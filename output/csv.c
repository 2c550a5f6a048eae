/*
 * CSV output (-f csv, RFC 4180 with LF): the header, and a line for each series of each row of a
 * closed window. The first window with a row decides which columns there are: a column for each
 * member that its rows have, more for gauges, ages and totals, and one for labels, the last.
 */
#include "output/list.h"

#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "util/base.h"
#include "util/text.h"
#include "util/time.h"

/* What a line is about. series NULL: the row has no series. */
struct line {
	const struct row_window *w;
	const struct row *row;
	const struct row_series *series;
};

static void put_number(struct buf *out, double x)
{
	buf_char(out, ',');
	if (!isnan(x))
		json_put_double(out, x);
}

static void put_text(struct buf *out, const char *text)
{
	buf_char(out, ',');
	text_put_csv(out, text ? text : "");
}

/* The same for a text that is made in scratch, which is freed. */
static void put_made(struct buf *out, struct buf *scratch)
{
	if (buf_char(scratch, '\0'))
		put_text(out, scratch->data);
	else
		out->failed = true;
	buf_free(scratch);
}

static void put_span(struct buf *out, const struct line *line)
{
	const struct row_window *w = line->w;
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

	time_format_ms(start, w->start_ms);
	time_format_ms(end, line->row->end_ms);
	buf_printf(out, "%lld,%s,%s,%s", (long long)w->index, start, end,
		line->row->partial ? "true" : "false");
	put_number(out, line->row->coverage);
}

static void put_metric(struct buf *out, const struct line *line)
{
	struct buf name = { 0 };

	if (line->series)
		buf_printf(&name, "%s.%s", line->series->metric, line->series->path);
	put_made(out, &name);
}

/* A plain number goes to `last`. */
static void put_statistics(struct buf *out, const struct line *line)
{
	const struct row_series *series = line->series;

	for (enum row_statistic s = STAT_COUNT; s <= STAT_P99; s++) {
		bool alone = s == STAT_LAST && series && series->kind == ROW_PLAIN;

		put_number(out, series ? series->stat[alone ? STAT_VALUE : s] : NAN);
	}
}

static void put_counts(struct buf *out, const struct line *line)
{
	const struct row *row = line->row;

	buf_printf(out, ",%llu,%llu,%llu,%llu,%llu,%lld,%lld", (unsigned long long)row->updates,
		(unsigned long long)row->rejected[VERDICT_OUTLIER],
		(unsigned long long)row->rejected[VERDICT_STALE],
		(unsigned long long)row->rejected[VERDICT_DUPLICATE],
		(unsigned long long)row->rejected[VERDICT_INVALID],
		(long long)line->w->start_ms, (long long)row->end_ms);
}

static void put_gauge(struct buf *out, const struct line *line)
{
	const struct row_series *series = line->series;

	buf_char(out, ',');
	if (series && !isnan(series->stat[STAT_CARRIED]))
		buf_str(out, series->stat[STAT_CARRIED] != 0 ? "true" : "false");
	for (enum row_statistic s = STAT_OBSERVED_MS; s <= STAT_DELTA; s++)
		put_number(out, series ? series->stat[s] : NAN);
}

/* `NAME=VALUE;NAME=VALUE`, with a backslash before each `;` and `\` of a value */
static void put_labels(struct buf *out, const struct line *line)
{
	const struct row_labels *labels = line->row->labels;
	struct buf text = { 0 };

	for (size_t i = 0; labels && i < labels->n; i++) {
		buf_printf(&text, "%s%s=", i ? ";" : "", labels->v[i].name);
		for (const char *s = labels->v[i].value; *s; s++)
			buf_printf(&text, *s == ';' || *s == '\\' ? "\\%c" : "%c", *s);
	}
	put_made(out, &text);
}

/* Columns in their order: some that put() prints, or one of a member. */
static const struct column {
	const char *names;
	void (*put)(struct buf *out, const struct line *line);
	enum row_member member;		/* if put is NULL */
	bool of_gauges, of_labels;	/* they are there only if the window has them */
} columns[] = {
	{ .names = "window,start,end,partial,coverage", .put = put_span },
	{ .member = ROW_QUEUE_ID },
	{ .names = ",metric", .put = put_metric },
	{ .names = ",count,last,min,max,mean,stddev,p50,p90,p95,p99", .put = put_statistics },
	{ .names = ",updates,outlier,stale,duplicate,invalid,startMs,endMs", .put = put_counts },
	{ .member = ROW_MEDIA },
	{ .member = ROW_QUEUE_NAME },
	{ .names = ",carried,observedMs,events,total,delta", .put = put_gauge, .of_gauges = true },
	{ .names = ",labels", .put = put_labels, .of_labels = true }
};

struct csv {
	bool header;			/* print it before the first row */
	bool begun;			/* a row has been printed */
	bool has[ARRAY_LEN(columns)];
};

/* line NULL: the header */
static void put_line(const struct csv *csv, struct buf *out, const struct line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct column *c = &columns[i];

		if (!csv->has[i])
			continue;
		if (c->put && line)
			c->put(out, line);
		else if (c->put)
			buf_str(out, c->names);
		else
			put_text(out, line ? row_text(line->row, c->member)
				: row_members[c->member].name);
	}
	buf_char(out, '\n');
}

static void begin(struct csv *csv, const struct row_window *w, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct column *c = &columns[i];

		csv->has[i] = (c->put || row_window_has(w, c->member))
			&& (!c->of_gauges || w->has_gauges) && (!c->of_labels || w->has_labels);
	}
	if (csv->header)
		put_line(csv, out, NULL);
	csv->begun = true;
}

static bool put(void *state, const struct row_window *w, struct buf *out)
{
	struct csv *csv = state;

	if (!csv->begun && w->nrow)
		begin(csv, w, out);
	for (size_t i = 0; i < w->nrow && !out->failed; i++) {
		const struct row *row = &w->row[i];

		if (!row->nseries)
			put_line(csv, out, &(struct line){ w, row, NULL });
		for (size_t k = 0; k < row->nseries; k++)
			put_line(csv, out, &(struct line){ w, row, &row->series[k] });
	}
	return !out->failed;
}

static void *new(const struct output_conf *conf)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (csv)
		csv->header = conf->header;
	return csv;
}

const struct output output_csv = {
	.new = new, .free = free, .put = put, .put_list = list_put_csv
};
