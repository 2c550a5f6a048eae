#include "output/queue_rows.h"

#include <math.h>
#include <string.h>

#include "json.h"
#include "util/text.h"

#define CSV_HEADER ROWS_CSV_HEADER ",mediaType,queueName,carried,observedMs,events,total,delta\n"

static struct rows_span span_of(const struct queue_window *w)
{
	return (struct rows_span){ w->index, w->start_ms, w->end_ms, w->partial, w->coverage_e4 };
}

static const char *name_of(const struct queue_rows *panel, const struct queue_window_row *row)
{
	return panel->name ? panel->name[row->queue] : NULL;
}

static double ms_of(int64_t us)
{
	return (double)us / 1000;
}

/* --- NDJSON ------------------------------------------------------------------------- */

static void put_known(struct buf *out, const char *key, bool known, double x)
{
	if (known)
		rows_put_figure(out, key, x);
	else
		buf_printf(out, ",\"%s\":null", key);
}

static void put_gauge(struct buf *out, const struct gauge_summary *g)
{
	buf_str(out, "{\"last\":");
	if (g->known)
		json_put_double(out, g->last);
	else
		buf_str(out, "null");
	put_known(out, "min", g->observed, g->min);
	put_known(out, "max", g->observed, g->max);
	put_known(out, "mean", g->observed, g->mean);
	put_known(out, "stddev", g->observed, g->stddev);
	put_known(out, "p50", g->observed, g->p50);
	put_known(out, "p90", g->observed, g->p90);
	put_known(out, "p95", g->observed, g->p95);
	put_known(out, "p99", g->observed, g->p99);
	buf_printf(out, ",\"carried\":%s", g->carried ? "true" : "false");
	rows_put_figure(out, "observedMs", ms_of((int64_t)g->observed_us));
	buf_printf(out, ",\"events\":%llu}", (unsigned long long)g->events);
}

static void put_age(struct buf *out, const struct age *a)
{
	buf_str(out, "{\"last\":");
	if (a->has_last)
		json_put_double(out, ms_of(a->last_us));
	else
		buf_str(out, "null");
	put_known(out, "max", a->has_most, ms_of(a->most_us));
	buf_char(out, '}');
}

static void put_total(struct buf *out, const struct total_summary *t)
{
	buf_str(out, "{\"total\":");
	if (t->has_total)
		json_put_double(out, t->total);
	else
		buf_str(out, "null");
	put_known(out, "delta", t->has_delta, t->delta);
	buf_char(out, '}');
}

static void put_fact(struct buf *out, const struct series_result *f)
{
	switch (f->kind) {
	case SERIES_GAUGE:
		put_gauge(out, &f->is.gauge);
		break;
	case SERIES_AGE:
		put_age(out, &f->is.age);
		break;
	case SERIES_TOTAL:
		put_total(out, &f->is.total);
		break;
	case SERIES_PLAIN:
		if (f->is.total.has_total)
			json_put_double(out, f->is.total.total);
		else
			buf_str(out, "null");
		break;
	}
}

static void put_metrics(struct buf *out, const struct queue_window_row *row)
{
	struct rows_tree tree = { NULL, NULL };

	for (size_t i = 0; i < row->nresult; i++) {
		rows_tree_next(out, &tree, row->result[i].metric, row->result[i].path);
		put_fact(out, &row->result[i]);
	}
	rows_tree_end(out, &tree);
}

/* The row's worst quantile decides. */
static void put_quantiles(struct buf *out, const struct queue_window_row *row)
{
	bool exact = sample_is_exact(&row->lag_us);
	double worst = sample_accuracy(&row->lag_us);

	for (size_t i = 0; i < row->nresult; i++) {
		exact = exact && !row->result[i].sketch;
		worst = fmax(worst, row->result[i].accuracy);
	}
	rows_put_quantiles(out, exact, worst);
}

static bool put_ndjson(struct buf *out, const struct queue_rows *panel,
	const struct queue_window *window, const struct queue_window_row *row)
{
	struct rows_span span = span_of(window);
	const char *name = name_of(panel, row);

	rows_put_span(out, &span);
	buf_printf(out, ",\"time\":\"arrival\",\"queueId\":\"%s\"", row->queue_id);
	if (name) {
		buf_str(out, ",\"queueName\":");
		json_put_string(out, name, strlen(name));
	}
	buf_str(out, ",\"mediaType\":");
	if (row->media)
		json_put_string(out, row->media, strlen(row->media));
	else
		buf_str(out, "null");
	buf_printf(out, ",\"updates\":%llu,\"rejected\":{\"outlier\":0,\"stale\":0,"
		"\"duplicate\":%llu,\"invalid\":%llu},\"clockSkew\":%llu",
		(unsigned long long)row->updates, (unsigned long long)row->duplicates,
		(unsigned long long)row->invalid, (unsigned long long)row->clock_skew);
	put_quantiles(out, row);
	buf_str(out, ",\"metrics\":");
	put_metrics(out, row);
	buf_str(out, ",\"lagMs\":");
	if (!rows_put_lag(out, &row->lag_us))
		return false;
	rows_put_figure(out, "updatesPerSecond",
		(double)row->updates * 1000 / (double)(window->end_ms - window->start_ms));
	buf_str(out, "}\n");
	return true;
}

/* --- CSV ---------------------------------------------------------------------------- */

static void csv_known(struct buf *out, bool known, double x)
{
	if (known)
		rows_csv_double(out, x);
	else
		buf_char(out, ',');
}

/* metric,count,last,min,max,mean,stddev,p50,p90,p95,p99 */
static bool csv_figures(struct buf *out, const struct series_result *f)
{
	const struct gauge_summary *g = &f->is.gauge;
	struct buf name = { 0 };

	if (!buf_printf(&name, "%s.%s", f->metric, f->path) || !buf_char(&name, '\0')) {
		buf_free(&name);
		return false;
	}
	text_put_csv(out, name.data);
	buf_free(&name);
	buf_char(out, ',');		/* it has no count: time weighs */
	switch (f->kind) {
	case SERIES_GAUGE:
		csv_known(out, g->known, g->last);
		csv_known(out, g->observed, g->min);
		csv_known(out, g->observed, g->max);
		csv_known(out, g->observed, g->mean);
		csv_known(out, g->observed, g->stddev);
		csv_known(out, g->observed, g->p50);
		csv_known(out, g->observed, g->p90);
		csv_known(out, g->observed, g->p95);
		csv_known(out, g->observed, g->p99);
		break;
	case SERIES_AGE:
		csv_known(out, f->is.age.has_last, ms_of(f->is.age.last_us));
		buf_char(out, ',');
		csv_known(out, f->is.age.has_most, ms_of(f->is.age.most_us));
		buf_str(out, ",,,,,,");
		break;
	case SERIES_PLAIN:
		csv_known(out, f->is.total.has_total, f->is.total.total);
		buf_str(out, ",,,,,,,,");
		break;
	case SERIES_TOTAL:
		buf_str(out, ",,,,,,,,,");
		break;
	}
	return true;
}

/* carried,observedMs,events,total,delta */
static void csv_more(struct buf *out, const struct series_result *f)
{
	if (f && f->kind == SERIES_GAUGE) {
		buf_printf(out, ",%s", f->is.gauge.carried ? "true" : "false");
		rows_csv_double(out, ms_of((int64_t)f->is.gauge.observed_us));
		buf_printf(out, ",%llu,,", (unsigned long long)f->is.gauge.events);
	} else if (f && f->kind == SERIES_TOTAL) {
		buf_str(out, ",,,");
		csv_known(out, f->is.total.has_total, f->is.total.total);
		csv_known(out, f->is.total.has_delta, f->is.total.delta);
	} else {
		buf_str(out, ",,,,,");
	}
}

static bool csv_row(struct buf *out, const struct queue_rows *panel,
	const struct queue_window *window, const struct queue_window_row *row,
	const struct series_result *f)
{
	struct rows_span span = span_of(window);
	const char *name = name_of(panel, row);

	rows_csv_span(out, &span, row->queue_id);
	if (!f)
		buf_str(out, ",,,,,,,,,,");
	else if (!csv_figures(out, f))
		return false;
	buf_printf(out, ",%llu,0,0,%llu,%llu,%lld,%lld,", (unsigned long long)row->updates,
		(unsigned long long)row->duplicates, (unsigned long long)row->invalid,
		(long long)window->start_ms, (long long)window->end_ms);
	text_put_csv(out, row->media ? row->media : "");
	buf_char(out, ',');
	text_put_csv(out, name ? name : "");
	csv_more(out, f);
	buf_char(out, '\n');
	return true;
}

static bool put_csv(struct buf *out, struct queue_rows *panel, const struct queue_window *window,
	const struct queue_window_row *row)
{
	if (panel->header && !panel->header_done)
		buf_str(out, CSV_HEADER);
	panel->header_done = true;
	if (!row->nresult)
		return csv_row(out, panel, window, row, NULL);
	for (size_t i = 0; i < row->nresult; i++)
		if (!csv_row(out, panel, window, row, &row->result[i]))
			return false;
	return true;
}

bool queue_rows_render(struct queue_rows *panel, const struct queue_window *window, struct buf *out)
{
	for (size_t i = 0; i < window->nrow; i++) {
		bool ok;

		if (panel->queues_alone && window->row[i].media)
			continue;
		ok = panel->format == FORMAT_CSV
			? put_csv(out, panel, window, &window->row[i])
			: put_ndjson(out, panel, window, &window->row[i]);

		if (!ok || out->failed)
			return false;
	}
	return true;
}
