#include "output/rows.h"

#include <math.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/text.h"
#include "util/time.h"

/* The order in which they are printed, which is not the order in which they are judged. */
static const enum verdict reject_order[] = {
	VERDICT_OUTLIER, VERDICT_STALE, VERDICT_DUPLICATE, VERDICT_INVALID
};

static void put_key(struct buf *out, const char *key)
{
	buf_str(out, ",\"");
	buf_str(out, key);
	buf_str(out, "\":");
}

static void put_u64(struct buf *out, uint64_t n)
{
	buf_printf(out, "%llu", (unsigned long long)n);
}

static void put_coverage(struct buf *out, int e4, const char *unknown)
{
	if (e4 < 0)
		buf_str(out, unknown);
	else
		json_put_double(out, e4 / 10000.0);
}

/* --- NDJSON ------------------------------------------------------------------------- */

void rows_put_figure(struct buf *out, const char *key, double x)
{
	put_key(out, key);
	json_put_double(out, x);
}

static bool put_field(struct buf *out, const struct accumulator_field *field)
{
	struct sample_summary s;

	if (!sample_summarise(&field->sample, 1, &s))
		return false;
	buf_str(out, "{\"count\":");
	put_u64(out, s.count);
	rows_put_figure(out, "last", s.last);
	rows_put_figure(out, "min", s.min);
	rows_put_figure(out, "max", s.max);
	rows_put_figure(out, "mean", s.mean);
	rows_put_figure(out, "stddev", s.stddev);
	rows_put_figure(out, "p50", s.p50);
	rows_put_figure(out, "p90", s.p90);
	rows_put_figure(out, "p95", s.p95);
	rows_put_figure(out, "p99", s.p99);
	buf_char(out, '}');
	return true;
}

/* How many bytes of whole keys, dots included, two paths share. */
static size_t shared_keys(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static size_t count_dots(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '.';
	return n;
}

/* Opens an object for each key of the path but the last, and names that one. */
static void open_keys(struct buf *out, const char *path)
{
	const char *dot;

	for (; (dot = strchr(path, '.')); path = dot + 1) {
		json_put_string(out, path, (size_t)(dot - path));
		buf_str(out, ":{");
	}
	json_put_string(out, path, strlen(path));
	buf_char(out, ':');
}

/*
 * Figures come sorted, so that those below one key stand together: each closes what it does
 * not share with the one before, and opens the rest.
 */
void rows_tree_next(struct buf *out, struct rows_tree *tree, const char *metric, const char *path)
{
	bool same = tree->metric && strcmp(tree->metric, metric) == 0;
	size_t shared = same ? shared_keys(tree->path, path) : 0;

	if (!tree->metric)
		buf_char(out, '{');
	else
		for (size_t n = count_dots(tree->path + shared) + !same; n > 0; n--)
			buf_char(out, '}');
	buf_str(out, tree->metric ? "," : "");
	if (!same) {
		json_put_string(out, metric, strlen(metric));
		buf_str(out, ":{");
	}
	open_keys(out, path + shared);
	*tree = (struct rows_tree){ metric, path };
}

void rows_tree_end(struct buf *out, const struct rows_tree *tree)
{
	if (!tree->metric)
		buf_char(out, '{');
	for (size_t n = tree->metric ? count_dots(tree->path) + 1 : 0; n > 0; n--)
		buf_char(out, '}');
	buf_char(out, '}');
}

static bool put_metrics(struct buf *out, const struct rows *rows,
	const struct stream_window_row *row)
{
	struct rows_tree tree = { NULL, NULL };

	for (size_t i = 0; i < row->nfield; i++) {
		const struct accumulator_field *f = row->field[i];

		rows_tree_next(out, &tree, rows->conf.metric[f->metric], f->path);
		if (!put_field(out, f))
			return false;
	}
	rows_tree_end(out, &tree);
	return true;
}

bool rows_put_lag(struct buf *out, const struct sample *lag_us)
{
	struct sample_summary s;

	if (!lag_us->count) {
		buf_str(out, "null");
		return true;
	}
	if (!sample_summarise(lag_us, 1000, &s))
		return false;
	buf_str(out, "{\"mean\":");
	json_put_double(out, s.mean);
	rows_put_figure(out, "max", s.max);
	rows_put_figure(out, "p50", s.p50);
	rows_put_figure(out, "p95", s.p95);
	rows_put_figure(out, "p99", s.p99);
	buf_char(out, '}');
	return true;
}

/* The row's worst quantile decides. */
static void put_accuracy(struct buf *out, const struct stream_window_row *row)
{
	bool exact = sample_is_exact(&row->lag_us);
	double worst = sample_accuracy(&row->lag_us);

	for (size_t i = 0; i < row->nfield; i++) {
		exact = exact && sample_is_exact(&row->field[i]->sample);
		worst = fmax(worst, sample_accuracy(&row->field[i]->sample));
	}
	rows_put_quantiles(out, exact, worst);
}

void rows_put_span(struct buf *out, const struct rows_span *span)
{
	buf_printf(out, "{\"schema\":\"gsqstat/1\",\"window\":%lld,\"start\":",
		(long long)span->index);
	json_put_time_ms(out, span->start_ms);
	put_key(out, "end");
	json_put_time_ms(out, span->end_ms);
	buf_printf(out, ",\"startMs\":%lld,\"endMs\":%lld,\"partial\":%s,\"coverage\":",
		(long long)span->start_ms, (long long)span->end_ms,
		span->partial ? "true" : "false");
	put_coverage(out, span->coverage_e4, "null");
}

void rows_put_quantiles(struct buf *out, bool exact, double accuracy)
{
	buf_printf(out, ",\"quantiles\":\"%s\"", exact ? "exact" : "sketch");
	rows_put_figure(out, "accuracy", accuracy);
}

static struct rows_span span_of(const struct stream_window *window,
	const struct stream_window_row *row)
{
	return (struct rows_span){ window->index, window->start_ms, window->end_ms,
		window->partial, row->coverage_e4 };
}

static void put_window(struct buf *out, const struct rows *rows, const struct stream_window *window,
	const struct stream_window_row *row)
{
	const char *interval = rows->conf.interval ? rows->conf.interval : row->interval;
	struct rows_span span = span_of(window, row);

	rows_put_span(out, &span);
	buf_printf(out, ",\"time\":\"%s\",\"queueId\":\"%s\",\"interval\":",
		rows->conf.time == TIME_EVENT ? "event" : "arrival", row->queue_id);
	if (interval)
		json_put_string(out, interval, strlen(interval));
	else
		buf_str(out, "null");
}

static bool put_ndjson(struct buf *out, const struct rows *rows, const struct stream_window *window,
	const struct stream_window_row *row)
{
	double ms = (double)(window->end_ms - window->start_ms);

	put_window(out, rows, window, row);
	put_key(out, "updates");
	put_u64(out, row->updates);
	buf_str(out, ",\"rejected\":{");
	for (size_t i = 0; i < ARRAY_LEN(reject_order); i++)
		buf_printf(out, "%s\"%s\":%llu", i ? "," : "", verdict_name(reject_order[i]),
			(unsigned long long)row->rejected[reject_order[i]]);
	buf_str(out, "},\"clockSkew\":");
	put_u64(out, row->clock_skew);
	put_accuracy(out, row);
	put_key(out, "metrics");
	if (!put_metrics(out, rows, row))
		return false;
	put_key(out, "lagMs");
	if (!rows_put_lag(out, &row->lag_us))
		return false;
	rows_put_figure(out, "updatesPerSecond", (double)row->updates * 1000 / ms);
	buf_str(out, "}\n");
	return true;
}

/* --- CSV ---------------------------------------------------------------------------- */

void rows_csv_double(struct buf *out, double x)
{
	buf_char(out, ',');
	json_put_double(out, x);
}

static bool csv_field(struct buf *out, const struct rows *rows,
	const struct accumulator_field *field)
{
	struct buf name = { 0 };
	struct sample_summary s;
	bool ok = sample_summarise(&field->sample, 1, &s);

	ok = buf_printf(&name, "%s.%s", rows->conf.metric[field->metric], field->path) && ok
		&& buf_char(&name, '\0');
	if (ok) {
		text_put_csv(out, name.data);
		buf_printf(out, ",%llu", (unsigned long long)s.count);
		rows_csv_double(out, s.last);
		rows_csv_double(out, s.min);
		rows_csv_double(out, s.max);
		rows_csv_double(out, s.mean);
		rows_csv_double(out, s.stddev);
		rows_csv_double(out, s.p50);
		rows_csv_double(out, s.p90);
		rows_csv_double(out, s.p95);
		rows_csv_double(out, s.p99);
	}
	buf_free(&name);
	return ok;
}

void rows_csv_span(struct buf *out, const struct rows_span *span, const char *queue_id)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

	time_format_ms(start, span->start_ms);
	time_format_ms(end, span->end_ms);
	buf_printf(out, "%lld,%s,%s,%s,", (long long)span->index, start, end,
		span->partial ? "true" : "false");
	put_coverage(out, span->coverage_e4, "");
	buf_printf(out, ",%s,", queue_id);
}

static bool csv_row(struct buf *out, const struct rows *rows, const struct stream_window *window,
	const struct stream_window_row *row, const struct accumulator_field *field)
{
	struct rows_span span = span_of(window, row);

	rows_csv_span(out, &span, row->queue_id);
	if (!field)
		buf_str(out, ",,,,,,,,,,");
	else if (!csv_field(out, rows, field))
		return false;
	buf_printf(out, ",%llu", (unsigned long long)row->updates);
	for (size_t i = 0; i < ARRAY_LEN(reject_order); i++)
		buf_printf(out, ",%llu", (unsigned long long)row->rejected[reject_order[i]]);
	buf_printf(out, ",%lld,%lld\n", (long long)window->start_ms, (long long)window->end_ms);
	return true;
}

static bool put_csv(struct buf *out, struct rows *rows, const struct stream_window *window,
	const struct stream_window_row *row)
{
	if (rows->conf.header && !rows->header_done)
		buf_str(out, ROWS_CSV_HEADER "\n");
	rows->header_done = true;
	if (!row->nfield)
		return csv_row(out, rows, window, row, NULL);
	for (size_t i = 0; i < row->nfield; i++)
		if (!csv_row(out, rows, window, row, row->field[i]))
			return false;
	return true;
}

bool rows_render(struct rows *rows, const struct stream_window *window, struct buf *out)
{
	for (size_t i = 0; i < window->nrow; i++) {
		bool ok = rows->conf.format == FORMAT_CSV
			? put_csv(out, rows, window, &window->row[i])
			: put_ndjson(out, rows, window, &window->row[i]);

		if (!ok || out->failed)
			return false;
	}
	return true;
}
