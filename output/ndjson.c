#include "output/ndjson.h"

#include <math.h>
#include <string.h>

#include "json.h"

/* --- members of both kinds of rows ---------------------------------------------------- */

static void put_key(struct buf *out, const char *key)
{
	buf_str(out, ",\"");
	buf_str(out, key);
	buf_str(out, "\":");
}

static void put_number(struct buf *out, const char *key, double x)
{
	put_key(out, key);
	json_put_double(out, x);
}

static void put_double_or_null(struct buf *out, bool known, double x)
{
	if (known)
		json_put_double(out, x);
	else
		buf_str(out, "null");
}

static void put_text_or_null(struct buf *out, const char *text)
{
	if (text)
		json_put_string(out, text, strlen(text));
	else
		buf_str(out, "null");
}

struct span {
	int64_t index, start_ms, end_ms;
	bool partial;
	int coverage_e4;	/* -1: not known */
};

/* From `{` to `coverage`. */
static void put_span(struct buf *out, const struct span *span)
{
	buf_printf(out, "{\"schema\":\"gsqstat/1\",\"window\":%lld,\"start\":",
		(long long)span->index);
	json_put_time_ms(out, span->start_ms);
	put_key(out, "end");
	json_put_time_ms(out, span->end_ms);
	buf_printf(out, ",\"startMs\":%lld,\"endMs\":%lld,\"partial\":%s,\"coverage\":",
		(long long)span->start_ms, (long long)span->end_ms,
		span->partial ? "true" : "false");
	put_double_or_null(out, span->coverage_e4 >= 0, span->coverage_e4 / 10000.0);
}

static void put_counts(struct buf *out, uint64_t updates, const uint64_t rejected[VERDICT_REJECTS],
	uint64_t clock_skew)
{
	static const enum verdict order[] = {
		VERDICT_OUTLIER, VERDICT_STALE, VERDICT_DUPLICATE, VERDICT_INVALID
	};

	buf_printf(out, ",\"updates\":%llu,\"rejected\":{", (unsigned long long)updates);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		buf_printf(out, "%s\"%s\":%llu", i ? "," : "", verdict_name(order[i]),
			(unsigned long long)rejected[order[i]]);
	buf_printf(out, "},\"clockSkew\":%llu", (unsigned long long)clock_skew);
}

static void put_quantiles(struct buf *out, bool exact, double accuracy)
{
	buf_printf(out, ",\"quantiles\":\"%s\"", exact ? "exact" : "sketch");
	put_number(out, "accuracy", accuracy);
}

static bool put_lag(struct buf *out, const struct sample *lag_us)
{
	struct sample_summary s;

	put_key(out, "lagMs");
	if (!lag_us->count) {
		buf_str(out, "null");
		return true;
	}
	if (!sample_summarise(lag_us, 1000, &s))
		return false;
	buf_str(out, "{\"mean\":");
	json_put_double(out, s.mean);
	put_number(out, "max", s.max);
	put_number(out, "p50", s.p50);
	put_number(out, "p95", s.p95);
	put_number(out, "p99", s.p99);
	buf_char(out, '}');
	return true;
}

/* From `updatesPerSecond` to the LF. */
static void put_end(struct buf *out, uint64_t updates, const struct span *span)
{
	put_number(out, "updatesPerSecond",
		(double)updates * 1000 / (double)(span->end_ms - span->start_ms));
	buf_str(out, "}\n");
}

/* --- series as nested objects --------------------------------------------------------- */

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

/* Opens an object for each key of the path but the last, and prints that one. */
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

/* The object of `metrics`: tree_next() up to each series' value, then tree_end(). */
struct tree {		/* the last series; all NULL at first */
	const char *metric, *path;
};

/* Series come sorted, so that those below one key follow each other: each closes the objects
 * that it does not share with the one before, and opens its own. */
static void tree_next(struct buf *out, struct tree *tree, const char *metric, const char *path)
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
	*tree = (struct tree){ metric, path };
}

static void tree_end(struct buf *out, const struct tree *tree)
{
	if (!tree->metric)
		buf_char(out, '{');
	for (size_t n = tree->metric ? count_dots(tree->path) + 1 : 0; n > 0; n--)
		buf_char(out, '}');
	buf_char(out, '}');
}

/* --- stream windows ------------------------------------------------------------------- */

static bool put_field(struct buf *out, const struct accumulator_field *field)
{
	struct sample_summary s;

	if (!sample_summarise(&field->sample, 1, &s))
		return false;
	buf_printf(out, "{\"count\":%llu", (unsigned long long)s.count);
	put_number(out, "last", s.last);
	put_number(out, "min", s.min);
	put_number(out, "max", s.max);
	put_number(out, "mean", s.mean);
	put_number(out, "stddev", s.stddev);
	put_number(out, "p50", s.p50);
	put_number(out, "p90", s.p90);
	put_number(out, "p95", s.p95);
	put_number(out, "p99", s.p99);
	buf_char(out, '}');
	return true;
}

static bool put_fields(struct buf *out, const struct stream_window_row *row,
	const char *const *metric)
{
	struct tree tree = { NULL, NULL };

	put_key(out, "metrics");
	for (size_t i = 0; i < row->nfield; i++) {
		const struct accumulator_field *f = row->field[i];

		tree_next(out, &tree, metric[f->metric], f->path);
		if (!put_field(out, f))
			return false;
	}
	tree_end(out, &tree);
	return true;
}

/* Of all quantiles of the row the least accurate. */
static void put_stream_quantiles(struct buf *out, const struct stream_window_row *row)
{
	bool exact = sample_is_exact(&row->lag_us);
	double worst = sample_accuracy(&row->lag_us);

	for (size_t i = 0; i < row->nfield; i++) {
		exact = exact && sample_is_exact(&row->field[i]->sample);
		worst = fmax(worst, sample_accuracy(&row->field[i]->sample));
	}
	put_quantiles(out, exact, worst);
}

static bool put_stream_row(struct buf *out, const struct stream_window *window,
	const struct stream_window_row *row, const struct ndjson_stream *stream)
{
	const struct span span = { window->index, window->start_ms, window->end_ms,
		window->partial, row->coverage_e4 };

	put_span(out, &span);
	buf_printf(out, ",\"time\":\"%s\",\"queueId\":\"%s\",\"interval\":",
		stream->time == TIME_EVENT ? "event" : "arrival", row->queue_id);
	put_text_or_null(out, stream->interval ? stream->interval : row->interval);
	put_counts(out, row->updates, row->rejected, row->clock_skew);
	put_stream_quantiles(out, row);
	if (!put_fields(out, row, stream->metric) || !put_lag(out, &row->lag_us))
		return false;
	put_end(out, row->updates, &span);
	return !out->failed;
}

bool ndjson_put_stream_window(struct buf *out, const struct stream_window *window,
	const struct ndjson_stream *stream)
{
	for (size_t i = 0; i < window->nrow; i++)
		if (!put_stream_row(out, window, &window->row[i], stream))
			return false;
	return true;
}

/* --- queue windows -------------------------------------------------------------------- */

static double ms_of(int64_t us)
{
	return (double)us / 1000;
}

static void put_known(struct buf *out, const char *key, bool known, double x)
{
	put_key(out, key);
	put_double_or_null(out, known, x);
}

static void put_gauge(struct buf *out, const struct gauge_summary *g)
{
	buf_str(out, "{\"last\":");
	put_double_or_null(out, g->known, g->last);
	put_known(out, "min", g->observed, g->min);
	put_known(out, "max", g->observed, g->max);
	put_known(out, "mean", g->observed, g->mean);
	put_known(out, "stddev", g->observed, g->stddev);
	put_known(out, "p50", g->observed, g->p50);
	put_known(out, "p90", g->observed, g->p90);
	put_known(out, "p95", g->observed, g->p95);
	put_known(out, "p99", g->observed, g->p99);
	buf_printf(out, ",\"carried\":%s", g->carried ? "true" : "false");
	put_number(out, "observedMs", ms_of((int64_t)g->observed_us));
	buf_printf(out, ",\"events\":%llu}", (unsigned long long)g->events);
}

static void put_age(struct buf *out, const struct age *a)
{
	buf_str(out, "{\"last\":");
	put_double_or_null(out, a->has_last, ms_of(a->last_us));
	put_known(out, "max", a->has_most, ms_of(a->most_us));
	buf_char(out, '}');
}

static void put_total(struct buf *out, const struct total_summary *t)
{
	buf_str(out, "{\"total\":");
	put_double_or_null(out, t->has_total, t->total);
	put_known(out, "delta", t->has_delta, t->delta);
	buf_char(out, '}');
}

static void put_result(struct buf *out, const struct series_result *result)
{
	switch (result->kind) {
	case SERIES_GAUGE:
		put_gauge(out, &result->is.gauge);
		break;
	case SERIES_AGE:
		put_age(out, &result->is.age);
		break;
	case SERIES_TOTAL:
		put_total(out, &result->is.total);
		break;
	case SERIES_PLAIN:
		put_double_or_null(out, result->is.total.has_total, result->is.total.total);
		break;
	}
}

static void put_results(struct buf *out, const struct queue_window_row *row)
{
	struct tree tree = { NULL, NULL };

	put_key(out, "metrics");
	for (size_t i = 0; i < row->nresult; i++) {
		tree_next(out, &tree, row->result[i].metric, row->result[i].path);
		put_result(out, &row->result[i]);
	}
	tree_end(out, &tree);
}

/* Of all quantiles of the row the least accurate. */
static void put_queue_quantiles(struct buf *out, const struct queue_window_row *row)
{
	bool exact = sample_is_exact(&row->lag_us);
	double worst = sample_accuracy(&row->lag_us);

	for (size_t i = 0; i < row->nresult; i++) {
		exact = exact && !row->result[i].sketch;
		worst = fmax(worst, row->result[i].accuracy);
	}
	put_quantiles(out, exact, worst);
}

static bool put_queue_row(struct buf *out, const struct queue_window *window,
	const struct queue_window_row *row, const char *name)
{
	const struct span span = { window->index, window->start_ms, window->end_ms,
		window->partial, window->coverage_e4 };
	const uint64_t rejected[VERDICT_REJECTS] = { [VERDICT_DUPLICATE] = row->duplicates,
		[VERDICT_INVALID] = row->invalid };

	put_span(out, &span);
	buf_printf(out, ",\"time\":\"arrival\",\"queueId\":\"%s\"", row->queue_id);
	if (name) {
		put_key(out, "queueName");
		put_text_or_null(out, name);
	}
	put_key(out, "mediaType");
	put_text_or_null(out, row->media);
	put_counts(out, row->updates, rejected, row->clock_skew);
	put_queue_quantiles(out, row);
	put_results(out, row);
	if (!put_lag(out, &row->lag_us))
		return false;
	put_end(out, row->updates, &span);
	return !out->failed;
}

bool ndjson_put_queue_window(struct buf *out, const struct queue_window *window,
	const char *const *queue_name, bool queues_alone)
{
	for (size_t i = 0; i < window->nrow; i++) {
		const struct queue_window_row *row = &window->row[i];
		const char *name = queue_name ? queue_name[row->queue] : NULL;

		if (!(queues_alone && row->media) && !put_queue_row(out, window, row, name))
			return false;
	}
	return true;
}
