#include "row.h"

#include <math.h>
#include <string.h>

#include "json.h"

static const char *const reject_keys[FATE_REJECTS] = {
	[FATE_INVALID] = "invalid",
	[FATE_DUPLICATE] = "duplicate",
	[FATE_STALE] = "stale",
	[FATE_OUTLIER] = "outlier"
};

/* The order in which they are printed, which is not the order in which they are judged. */
static const enum fate reject_order[] = {
	FATE_OUTLIER, FATE_STALE, FATE_DUPLICATE, FATE_INVALID
};

static void put_key(struct buf *out, const char *key)
{
	buf_printf(out, ",\"%s\":", key);
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

static void put_figure(struct buf *out, const char *key, double x)
{
	put_key(out, key);
	json_put_double(out, x);
}

static bool put_field(struct buf *out, const struct field *field)
{
	struct summary s;

	if (!sample_summarise(&field->sample, 1, &s))
		return false;
	buf_str(out, "{\"count\":");
	put_u64(out, s.count);
	put_figure(out, "last", s.last);
	put_figure(out, "min", s.min);
	put_figure(out, "max", s.max);
	put_figure(out, "mean", s.mean);
	put_figure(out, "stddev", s.stddev);
	put_figure(out, "p50", s.p50);
	put_figure(out, "p90", s.p90);
	put_figure(out, "p95", s.p95);
	put_figure(out, "p99", s.p99);
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
 * Fields come sorted, so that those below one key stand together: each closes what the next
 * does not share, and opens the rest.
 */
static bool put_metrics(struct buf *out, const struct rows *rows, const struct row *row)
{
	const struct field *last = NULL;

	buf_char(out, '{');
	for (size_t i = 0; i < row->nfield; i++) {
		const struct field *f = row->field[i];
		bool same = last && last->metric == f->metric;
		size_t shared = same ? shared_keys(last->path, f->path) : 0;

		if (last)
			for (size_t n = count_dots(last->path + shared) + !same; n > 0; n--)
				buf_char(out, '}');
		buf_str(out, last ? "," : "");
		if (!same)
			buf_printf(out, "\"%s\":{", rows->conf.metric[f->metric]);
		open_keys(out, f->path + shared);
		if (!put_field(out, f))
			return false;
		last = f;
	}
	for (size_t n = last ? count_dots(last->path) + 1 : 0; n > 0; n--)
		buf_char(out, '}');
	buf_char(out, '}');
	return true;
}

static bool put_lag(struct buf *out, const struct sample *lag_us)
{
	struct summary s;

	if (!lag_us->count) {
		buf_str(out, "null");
		return true;
	}
	if (!sample_summarise(lag_us, 1000, &s))
		return false;
	buf_str(out, "{\"mean\":");
	json_put_double(out, s.mean);
	put_figure(out, "max", s.max);
	put_figure(out, "p50", s.p50);
	put_figure(out, "p95", s.p95);
	put_figure(out, "p99", s.p99);
	buf_char(out, '}');
	return true;
}

/* The row's worst quantile decides. */
static void put_accuracy(struct buf *out, const struct row *row)
{
	bool exact = sample_is_exact(&row->lag_us);
	double worst = sample_accuracy(&row->lag_us);

	for (size_t i = 0; i < row->nfield; i++) {
		exact = exact && sample_is_exact(&row->field[i]->sample);
		worst = fmax(worst, sample_accuracy(&row->field[i]->sample));
	}
	buf_printf(out, ",\"quantiles\":\"%s\"", exact ? "exact" : "sketch");
	put_figure(out, "accuracy", worst);
}

static void put_window(struct buf *out, const struct rows *rows, const struct window *window,
	const struct row *row)
{
	const char *interval = rows->conf.interval ? rows->conf.interval : row->interval;

	buf_printf(out, "{\"schema\":\"gsqstat/1\",\"window\":%lld,\"start\":",
		(long long)window->index);
	json_put_time_ms(out, window->start_ms);
	put_key(out, "end");
	json_put_time_ms(out, window->end_ms);
	buf_printf(out, ",\"startMs\":%lld,\"endMs\":%lld,\"partial\":%s,\"coverage\":",
		(long long)window->start_ms, (long long)window->end_ms,
		window->partial ? "true" : "false");
	put_coverage(out, row->coverage_e4, "null");
	buf_printf(out, ",\"time\":\"%s\",\"queueId\":\"%s\",\"interval\":",
		rows->conf.time == TIME_EVENT ? "event" : "arrival", row->queue_id);
	if (interval)
		json_put_string(out, interval, strlen(interval));
	else
		buf_str(out, "null");
}

static bool put_ndjson(struct buf *out, const struct rows *rows, const struct window *window,
	const struct row *row)
{
	double ms = (double)(window->end_ms - window->start_ms);

	put_window(out, rows, window, row);
	put_key(out, "updates");
	put_u64(out, row->updates);
	buf_str(out, ",\"rejected\":{");
	for (size_t i = 0; i < ARRAY_LEN(reject_order); i++)
		buf_printf(out, "%s\"%s\":%llu", i ? "," : "", reject_keys[reject_order[i]],
			(unsigned long long)row->rejected[reject_order[i]]);
	buf_str(out, "},\"clockSkew\":");
	put_u64(out, row->clock_skew);
	put_accuracy(out, row);
	put_key(out, "metrics");
	if (!put_metrics(out, rows, row))
		return false;
	put_key(out, "lagMs");
	if (!put_lag(out, &row->lag_us))
		return false;
	put_figure(out, "updatesPerSecond", (double)row->updates * 1000 / ms);
	buf_str(out, "}\n");
	return true;
}

/* --- CSV ---------------------------------------------------------------------------- */

static const char csv_header[] = "window,start,end,partial,coverage,queueId,metric,count,last,"
	"min,max,mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,"
	"endMs\n";

/* RFC 4180 §2: quotes only where the text needs them. */
static void csv_text(struct buf *out, const char *s)
{
	if (!s[strcspn(s, ",\"\r\n")]) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	for (; *s; s++) {
		if (*s == '"')
			buf_char(out, '"');
		buf_char(out, *s);
	}
	buf_char(out, '"');
}

static void csv_double(struct buf *out, double x)
{
	buf_char(out, ',');
	json_put_double(out, x);
}

static bool csv_field(struct buf *out, const struct rows *rows, const struct field *field)
{
	struct buf name = { 0 };
	struct summary s;
	bool ok = sample_summarise(&field->sample, 1, &s);

	ok = buf_printf(&name, "%s.%s", rows->conf.metric[field->metric], field->path) && ok
		&& buf_char(&name, '\0');
	if (ok) {
		csv_text(out, name.data);
		buf_printf(out, ",%llu", (unsigned long long)s.count);
		csv_double(out, s.last);
		csv_double(out, s.min);
		csv_double(out, s.max);
		csv_double(out, s.mean);
		csv_double(out, s.stddev);
		csv_double(out, s.p50);
		csv_double(out, s.p90);
		csv_double(out, s.p95);
		csv_double(out, s.p99);
	}
	buf_free(&name);
	return ok;
}

static bool csv_row(struct buf *out, const struct rows *rows, const struct window *window,
	const struct row *row, const struct field *field)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

	time_format_ms(start, window->start_ms);
	time_format_ms(end, window->end_ms);
	buf_printf(out, "%lld,%s,%s,%s,", (long long)window->index, start, end,
		window->partial ? "true" : "false");
	put_coverage(out, row->coverage_e4, "");
	buf_printf(out, ",%s,", row->queue_id);
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

static bool put_csv(struct buf *out, struct rows *rows, const struct window *window,
	const struct row *row)
{
	if (rows->conf.header && !rows->header_done)
		buf_str(out, csv_header);
	rows->header_done = true;
	if (!row->nfield)
		return csv_row(out, rows, window, row, NULL);
	for (size_t i = 0; i < row->nfield; i++)
		if (!csv_row(out, rows, window, row, row->field[i]))
			return false;
	return true;
}

bool rows_render(struct rows *rows, const struct window *window, struct buf *out)
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
