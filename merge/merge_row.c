#include "merge/merge_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message/metric_types.h"
#include "message/source_kind.h"
#include "util/base.h"
#include "util/time.h"
#include "window/coverage.h"

void merge_row_free(struct merge_row *row)
{
	for (size_t i = 0; i < row->nseries; i++)
		sketch_free(&row->series[i].sketch);
	free(row->series);
	sample_free(&row->lag_us);
	*row = MERGE_ROW_NONE;
}

/* --- series --------------------------------------------------------------------------- */

static bool reserve(struct merge_row *row, size_t n)
{
	size_t cap = row->cap ? 2 * row->cap : 16;
	struct merge_series *series;

	if (n <= row->cap)
		return true;
	series = reallocarray(row->series, cap, sizeof(*series));
	if (!series)
		return false;
	row->series = series;
	row->cap = cap;
	return true;
}

struct merge_series *merge_row_add_series(struct merge_row *row, size_t at, const char *metric,
	const char *path, enum row_kind kind)
{
	struct merge_series *s;

	if (!reserve(row, row->nseries + 1))
		return NULL;
	s = &row->series[at];
	memmove(s + 1, s, (row->nseries - at) * sizeof(*s));
	row->nseries++;
	*s = (struct merge_series){ .metric = metric, .path = path, .kind = kind,
		.start_ms = row->start_ms, .sketch = { .arrival_us = NO_TIME } };
	for (enum row_statistic i = 0; i < STATS; i++)
		s->stat[i] = NAN;
	return s;
}

static bool is_same(const struct merge_series *a, const struct merge_series *b)
{
	return a->path == b->path && a->metric == b->metric;
}

/* The index of the series in the row, looking first where it probably is. nseries: none. */
static size_t find(const struct merge_row *row, const struct merge_series *s, size_t likely)
{
	if (likely < row->nseries && is_same(&row->series[likely], s))
		return likely;
	for (size_t i = 0; i < row->nseries; i++)
		if (is_same(&row->series[i], s))
			return i;
	return row->nseries;
}

static int compare(const struct merge_series *a, const struct merge_series *b)
{
	const int by_metric = strcmp(a->metric, b->metric);

	return by_metric ? by_metric : strcmp(a->path, b->path);
}

/* The order of metrics is that of -m, which rows do not have. */
static size_t metric_order(const char *metric)
{
	const struct metric_doc *doc;
	size_t i = 0;

	while ((doc = metric_types_doc(i)) && !slice_is(doc->name, metric))
		i++;
	return i;
}

/* Whether a series that only `next` has comes before one of `row`: as in `next`, if that has both;
 * else as in a list of all metrics. */
static bool comes_before(const struct merge_row *next, size_t at, const struct merge_series *other)
{
	const struct merge_series *s = &next->series[at];
	size_t a, b;

	if (s->metric == other->metric)
		return compare(s, other) < 0;
	for (size_t i = 0; i < next->nseries; i++)
		if (next->series[i].metric == other->metric)
			return at < i;
	a = metric_order(s->metric);
	b = metric_order(other->metric);
	return a != b ? a < b : compare(s, other) < 0;
}

/* Where in `row` to insert series `at` of `next`, which is behind series `from` of `row`. */
static size_t place_of(const struct merge_row *row, const struct merge_row *next, size_t at,
	size_t from)
{
	while (from < row->nseries && !comes_before(next, at, &row->series[from]))
		from++;
	return from;
}

/* --- joining --------------------------------------------------------------------------- */

static double sum_or_null(double a, double b)
{
	return a + b;	/* NaN stays NaN */
}

/* Whether the last value of `next` replaces that of s: if it has one, and s none or an older one.
 * At the same arrival, the later row wins. */
static bool is_later(const struct merge_series *s, const struct merge_series *next,
	enum row_statistic stat)
{
	if (isnan(s->stat[stat]) != isnan(next->stat[stat]))
		return isnan(s->stat[stat]);
	return next->sketch.arrival_us >= s->sketch.arrival_us;
}

/* The statistic that is that of the latest row which has it. */
static enum row_statistic latest_of(enum row_kind kind)
{
	return kind == ROW_TOTAL ? STAT_TOTAL : kind == ROW_PLAIN ? STAT_VALUE : STAT_LAST;
}

static bool join_series(struct merge_series *s, struct merge_series *next)
{
	const enum row_statistic latest = latest_of(s->kind);

	if (is_later(s, next, latest)) {
		s->stat[latest] = next->stat[latest];
		s->sketch.arrival_us = next->sketch.arrival_us;
	}
	if (s->kind == ROW_GAUGE) {
		s->stat[STAT_CARRIED] *= next->stat[STAT_CARRIED];
		s->stat[STAT_EVENTS] += next->stat[STAT_EVENTS];
	}
	if (s->kind == ROW_AGE)
		s->stat[STAT_MAX] = fmax(s->stat[STAT_MAX], next->stat[STAT_MAX]);
	if (s->kind == ROW_TOTAL)
		s->stat[STAT_DELTA] = sum_or_null(s->stat[STAT_DELTA], next->stat[STAT_DELTA]);
	s->start_ms = next->start_ms;
	s->zero_us += next->zero_us;
	return sample_merge(&s->sketch.sample, &next->sketch.sample);
}

/* Moves the series to `row`. */
static bool add_series(struct merge_row *row, size_t at, struct merge_series *from)
{
	struct merge_series *s = merge_row_add_series(row, at, from->metric, from->path,
		from->kind);

	if (!s)
		return false;
	*s = *from;
	from->sketch = (struct sketch){ .arrival_us = NO_TIME };
	return true;
}

static const char *join_all(struct merge_row *row, struct merge_row *next)
{
	size_t likely = 0, at;

	for (size_t i = 0; i < next->nseries; i++) {
		struct merge_series *s = &next->series[i];

		at = find(row, s, likely);
		if (at == row->nseries) {
			at = place_of(row, next, i, likely);
			if (!add_series(row, at, s))
				return why_no_memory;
		} else if (row->series[at].kind != s->kind) {
			return "one of its metrics is of another kind in an earlier row";
		} else if (!join_series(&row->series[at], s)) {
			return why_no_memory;
		}
		likely = at + 1;
	}
	return NULL;
}

const char *merge_row_join(struct merge_row *row, struct merge_row *next)
{
	const char *why = join_all(row, next);

	if (!why && !sample_merge(&row->lag_us, &next->lag_us))
		why = why_no_memory;
	row->queue_name = next->queue_name ? next->queue_name : row->queue_name;
	if (row->interval != next->interval)
		row->interval = NULL;
	row->end_ms = next->end_ms;
	row->covered_ms += next->covered_ms;
	row->partial = row->partial || next->partial;
	row->connected_us = row->connected_us == NO_TIME || next->connected_us == NO_TIME ? NO_TIME
		: row->connected_us + next->connected_us;
	row->since_us = next->since_us > row->since_us ? next->since_us : row->since_us;
	row->zero_us += next->zero_us;
	row->updates += next->updates;
	for (size_t i = 0; i < VERDICT_REJECTS; i++)
		row->rejected[i] += next->rejected[i];
	row->clock_skew += next->clock_skew;
	row->sources += next->sources;
	row->last_start_ms = next->last_start_ms;
	merge_row_free(next);
	return why;
}

/* --- zeros ----------------------------------------------------------------------------- */

/* Adds the time for which the gauge was 0, because rows of complete snapshots do not have it. */
static bool add_zeros(struct merge_series *s, const struct merge_row *queue)
{
	struct sample *sample = &s->sketch.sample;
	const int64_t us = queue->zero_us - s->zero_us;

	if (s->kind != ROW_GAUGE
	    || metric_type_of(slice_of(s->metric))->kind != METRIC_GAUGE || us <= 0)
		return true;
	if (s->start_ms < queue->last_start_ms && queue->since_us > s->sketch.arrival_us) {
		s->stat[STAT_LAST] = 0;
		s->sketch.arrival_us = queue->since_us;
	}
	return sample_add_time(sample, 0, (uint64_t)us);
}

bool merge_row_complete(struct merge_row *row, const struct merge_row *queue)
{
	for (size_t i = 0; i < row->nseries; i++)
		if (!add_zeros(&row->series[i], queue))
			return false;
	row->connected_us = queue->connected_us;
	row->covered_ms = queue->covered_ms;
	row->partial = row->partial || queue->partial;
	return true;
}

/* --- printing --------------------------------------------------------------------------- */

/* Whether the series is the sum over qualifiers that the row has as series, too. */
static bool is_sum(const struct merge_row *row, const struct merge_series *s)
{
	const char *dot;

	if (s->kind != ROW_GAUGE || strcmp(s->path, "count") != 0)
		return false;
	for (size_t i = 0; i < row->nseries; i++) {
		dot = strrchr(row->series[i].path, '.');
		if (row->series[i].metric == s->metric && dot && strcmp(dot, ".count") == 0)
			return true;
	}
	return false;
}

static bool put_gauge(const struct merge_series *s, struct row_series *out, struct row_window *w)
{
	const struct sample *held = &s->sketch.sample;
	struct sample_summary summary;

	out->stat[STAT_LAST] = s->stat[STAT_LAST];
	out->stat[STAT_CARRIED] = s->stat[STAT_CARRIED];
	out->stat[STAT_OBSERVED_MS] = (double)held->count / US_PER_MS;
	out->stat[STAT_EVENTS] = s->stat[STAT_EVENTS];
	if (!held->count)
		return true;
	if (!sample_summarise(held, 1, &summary))
		return false;
	row_series_set(out, &summary);
	row_window_accuracy(w, sample_is_exact(held), sample_accuracy(held));
	return true;
}

static bool put_series(const struct merge_row *row, struct merge_series *s, struct row_window *w)
{
	struct sample *sample = &s->sketch.sample;
	struct row_series *out;

	if (s->kind == ROW_SAMPLE) {
		sample->last = s->stat[STAT_LAST];
		return row_window_add_sample(w, s->metric, s->path, sample, s->sketch.arrival_us);
	}
	out = row_window_add_series(w, s->metric, s->path, s->kind);
	if (s->kind == ROW_GAUGE) {
		out->sum = is_sum(row, s);
		return put_gauge(s, out, w)
			&& row_window_add_sketch(w, sample, true, s->sketch.arrival_us);
	}
	for (enum row_statistic i = 0; i < STATS; i++)
		out->stat[i] = s->stat[i];
	return s->kind == ROW_PLAIN || row_window_add_sketch(w, NULL, false, s->sketch.arrival_us);
}

void merge_row_describe(const struct merge_row *row, struct row_window *w)
{
	const bool named = row->notifications || row->queue_name;

	w->source = source_kind_names[row->notifications ? SOURCE_NOTIFICATIONS : SOURCE_STREAM];
	w->members = 1u << ROW_QUEUE_ID | 1u << (row->notifications ? ROW_MEDIA : ROW_INTERVAL)
		| (named ? 1u << ROW_QUEUE_NAME : 0);
	w->has_gauges = row->notifications;
	w->has_labels = row->labels;
	w->event_time = row->event_time;
	w->start_ms = row->start_ms;
	w->end_ms = row->end_ms;
}

bool merge_row_put(struct merge_row *row, size_t queue, struct row_window *w)
{
	const int64_t length_ms = w->end_ms - w->start_ms;
	struct row out = {
		.queue = queue,
		.queue_id = row->queue_id,
		.queue_name = row->queue_name,
		.media = row->media,
		.labels = row->labels,
		.interval = row->interval,
		.coverage = coverage_share(row->connected_us != NO_TIME, row->connected_us,
			(struct coverage_span){ 0, length_ms * US_PER_MS }),
		.connected_us = row->connected_us,
		.since_us = row->since_us,
		.updates = row->updates,
		.clock_skew = row->clock_skew
	};

	memcpy(out.rejected, row->rejected, sizeof(out.rejected));
	w->partial = row->partial || row->covered_ms < length_ms;
	row_window_add(w, &out);
	for (size_t i = 0; i < row->nseries; i++)
		if (!put_series(row, &row->series[i], w))
			return false;
	return row_window_set_lag(w, &row->lag_us);
}
