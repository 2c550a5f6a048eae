/*
 * NDJSON output (-f ndjson): the rows of a closed window as JSON objects (schema gsqstat/1), one a
 * line. gsqstat-rows(5) describes what --sketch adds.
 */
#include "output/list.h"

#include <math.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/time.h"

static void put_number(struct buf *out, double x)
{
	if (isnan(x))
		buf_str(out, "null");
	else
		json_put_double(out, x);
}

static void put_text(struct buf *out, const char *before, const char *text)
{
	if (text)
		json_put_quoted(out, before, text);
	else
		buf_printf(out, "%snull", before);
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

/* Opens an object for each key of the path except the last, and prints the last key. */
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

/* Series are sorted, so that those below one key follow each other. Closes the objects of the
 * series before that this one does not share, and opens its own. */
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

static void put_statistics(struct buf *out, const struct row_window *w,
	const struct row_series *series)
{
	const char *sketch = row_window_sketch(w, series->sketch);
	char before = '{';

	if (series->kind == ROW_PLAIN) {
		put_number(out, series->stat[STAT_VALUE]);
		return;
	}
	for (enum row_statistic s = 0; s < STAT_NAMES; s++) {
		if (!row_kind_has(series->kind, s))
			continue;
		buf_printf(out, "%c\"%s\":", before, row_stat_names[s]);
		if (s == STAT_CARRIED)
			buf_str(out, series->stat[s] != 0 ? "true" : "false");
		else
			put_number(out, series->stat[s]);
		before = ',';
	}
	if (sketch)
		buf_printf(out, ",\"sketch\":\"%s\"", sketch);
	buf_char(out, '}');
}

static void put_metrics(struct buf *out, const struct row_window *w, const struct row *row)
{
	struct tree tree = { NULL, NULL };

	buf_str(out, ",\"metrics\":");
	for (size_t i = 0; i < row->nseries; i++) {
		tree_next(out, &tree, row->series[i].metric, row->series[i].path);
		put_statistics(out, w, &row->series[i]);
	}
	tree_end(out, &tree);
}

/* --- rows ----------------------------------------------------------------------------- */

static void put_span(struct buf *out, const struct row_window *w, const struct row *row)
{
	buf_printf(out, "{\"schema\":\"gsqstat/1\",\"window\":%lld,\"start\":",
		(long long)w->index);
	json_put_time_ms(out, w->start_ms);
	buf_str(out, ",\"end\":");
	json_put_time_ms(out, row->end_ms);
	buf_printf(out, ",\"startMs\":%lld,\"endMs\":%lld,\"partial\":%s,\"coverage\":",
		(long long)w->start_ms, (long long)row->end_ms,
		row->partial ? "true" : "false");
	put_number(out, row->coverage);
}

static void put_identity(struct buf *out, const struct row_window *w, const struct row *row)
{
	buf_printf(out, ",\"time\":\"%s\"", w->event_time ? "event" : "arrival");
	for (enum row_member m = 0; m < ROW_MEMBERS; m++) {
		const char *text = row_text(row, m);

		if (!row_window_has(w, m) || (!text && row_members[m].optional))
			continue;
		buf_printf(out, ",\"%s\":", row_members[m].name);
		put_text(out, "", text);
	}
}

static void put_counts(struct buf *out, const struct row *row)
{
	static const enum verdict order[] = {
		VERDICT_OUTLIER, VERDICT_STALE, VERDICT_DUPLICATE, VERDICT_INVALID
	};

	buf_printf(out, ",\"updates\":%llu,\"rejected\":{", (unsigned long long)row->updates);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		buf_printf(out, "%s\"%s\":%llu", i ? "," : "", verdict_name(order[i]),
			(unsigned long long)row->rejected[order[i]]);
	buf_printf(out, "},\"clockSkew\":%llu,\"quantiles\":\"%s\",\"accuracy\":",
		(unsigned long long)row->clock_skew, row->sketch ? "sketch" : "exact");
	put_number(out, row->accuracy);
}

static void put_lag(struct buf *out, const struct row *row)
{
	buf_str(out, ",\"lagMs\":");
	if (isnan(row->lag_ms[LAG_MEAN])) {
		buf_str(out, "null");
		return;
	}
	for (enum row_lag s = 0; s < LAG_STATS; s++) {
		buf_printf(out, "%c\"%s\":", s ? ',' : '{', row_lag_names[s]);
		put_number(out, row->lag_ms[s]);
	}
	buf_char(out, '}');
}

static void put_us(struct buf *out, const char *before, int64_t us)
{
	if (us == NO_TIME)
		buf_printf(out, "%snull", before);
	else
		buf_printf(out, "%s%lld", before, (long long)us);
}

/* What joining rows needs besides the sketches of the metrics. */
static void put_sketch(struct buf *out, const struct row_window *w, const struct row *row)
{
	const char *lag = row_window_sketch(w, row->lag_sketch);

	if (w->shard.n)
		buf_printf(out, ",\"shard\":\"%u/%u\"", w->shard.k, w->shard.n);
	put_us(out, ",\"sketch\":{\"v\":1,\"connectedUs\":", row->connected_us);
	buf_printf(out, lag ? ",\"lag\":\"%s\"" : ",\"lag\":null", lag);
	if (w->has_gauges && !row->media)
		put_us(out, ",\"since\":", row->since_us);
	buf_char(out, '}');
}

static void put_labels(struct buf *out, const struct row_labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : ",\"labels\":{", labels->v[i].name);
		json_put_string(out, labels->v[i].value, strlen(labels->v[i].value));
	}
	buf_char(out, '}');
}

static bool put(void *state, const struct row_window *w, struct buf *out)
{
	(void)state;
	for (size_t i = 0; i < w->nrow && !out->failed; i++) {
		const struct row *row = &w->row[i];

		put_span(out, w, row);
		put_identity(out, w, row);
		put_counts(out, row);
		put_metrics(out, w, row);
		put_lag(out, row);
		buf_str(out, ",\"updatesPerSecond\":");
		put_number(out, row->updates_per_second);
		if (w->has_sketch)
			put_sketch(out, w, row);
		if (row->labels)
			put_labels(out, row->labels);
		buf_str(out, "}\n");
	}
	return !out->failed;
}

const struct output output_ndjson = { .put = put, .put_list = list_put_ndjson,
	.features = OUTPUT_SKETCH };
