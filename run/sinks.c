#include "run/sinks.h"

#include <stdlib.h>

#include "audit/hash_chain.h"
#include "output/csv.h"
#include "output/prometheus.h"
#include "util/buf.h"
#include "window/row.h"

struct sinks {
	struct sinks_conf conf;
	bool csv_header;		/* not printed yet */
	struct table *table;		/* NULL: another format */
	struct buf text;	/* rows of one window */
	struct buf json;	/* the same as NDJSON, for on_window */
	struct hash_chain_work *work;	/* for their digest */
	struct row_window rows;	/* the same as values, for all but NDJSON and CSV */
	struct buf prometheus;		/* the last whole window */
	bool has_prometheus;
	size_t skipped;			/* values that it lacks */
	bool ends_run;
};

struct sinks *sinks_new(const struct sinks_conf *conf)
{
	struct sinks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = *conf;
	s->csv_header = conf->header;
	s->work = hash_chain_work_new(NULL, 0);
	if (conf->format == FORMAT_TABLE)
		s->table = table_new(&conf->table);
	if (!s->work || (conf->format == FORMAT_TABLE && !s->table)) {
		sinks_free(s);
		return NULL;
	}
	return s;
}

void sinks_free(struct sinks *s)
{
	if (!s)
		return;
	hash_chain_work_free(s->work);
	table_free(s->table);
	buf_free(&s->text);
	buf_free(&s->json);
	buf_free(&s->prometheus);
	row_window_free(&s->rows);
	free(s);
}

static void on_threshold(void *arg, const struct threshold_hit *hit)
{
	struct sinks *s = arg;

	audit_events_threshold(s->conf.events, hit);
	s->ends_run = s->conf.fail_fast;
}

static bool is_prometheus(const struct sinks *s)
{
	return s->conf.format == FORMAT_PROMETHEUS;
}

/* Whether a window is not printed when it is over. */
static bool prints_no_rows(const struct sinks *s)
{
	return s->conf.nagios || is_prometheus(s);
}

/* Whether anything uses the values of rows. */
static bool needs_rows(const struct sinks *s)
{
	return s->table || s->conf.thresholds || prints_no_rows(s);
}

static enum status put_prometheus(struct sinks *s, struct err *err)
{
	if (s->rows.partial)
		return ST_OK;
	buf_clear(&s->prometheus);
	if (!prometheus_put(&s->prometheus, &s->rows, s->conf.queues_alone, &s->skipped))
		return err_nomem(err);
	s->has_prometheus = true;
	return writer_is_replaceable(s->conf.writer)
		? writer_replace(s->conf.writer, &s->prometheus, err) : ST_OK;
}

static enum status judge(struct sinks *s, struct err *err)
{
	if ((s->conf.thresholds
		&& !thresholds_judge(s->conf.thresholds, &s->rows, on_threshold, s))
	    || (s->conf.nagios && !nagios_take(s->conf.nagios, &s->rows)))
		return err_nomem(err);
	return is_prometheus(s) ? put_prometheus(s, err) : ST_OK;
}

static bool put_table(struct sinks *s)
{
	struct table_screen terminal = { .width = TABLE_WIDTH };
	size_t columns = 0;

	terminal.colour = writer_terminal(s->conf.writer, &columns, &terminal.height)
		&& s->conf.colour;
	if (columns)
		terminal.width = columns;
	if (s->conf.columns)
		terminal.width = s->conf.columns;
	return table_render(s->table, &s->rows, &terminal, &s->text);
}

static bool put_stream_rows(struct sinks *s, const struct stream_window *w)
{
	switch (s->conf.format) {
	case FORMAT_NDJSON:
		return ndjson_put_stream_window(&s->text, w, &s->conf.stream);
	case FORMAT_CSV:
		return csv_put_stream_window(&s->text, &s->csv_header, w, s->conf.stream.metric);
	case FORMAT_TABLE:
		return put_table(s);
	case FORMAT_PROMETHEUS:		/* see put_prometheus */
		break;
	}
	return true;
}

static bool put_queue_rows(struct sinks *s, const struct queue_window *w)
{
	const char *const *name = s->conf.queue_name;

	switch (s->conf.format) {
	case FORMAT_NDJSON:
		return ndjson_put_queue_window(&s->text, w, name, s->conf.queues_alone);
	case FORMAT_CSV:
		return csv_put_queue_window(&s->text, &s->csv_header, w, name,
			s->conf.queues_alone);
	case FORMAT_TABLE:
		return put_table(s);
	case FORMAT_PROMETHEUS:		/* see put_prometheus */
		break;
	}
	return true;
}

static uint64_t frames_of(const struct stream_window *w)
{
	uint64_t n = w->updates;

	for (size_t i = 0; i < VERDICT_REJECTS; i++)
		n += w->rejected[i];
	return n;
}

/* Call before the writer takes the rows' buffer. */
static void deliver_window(struct sinks *s, const struct stream_window *w, const struct buf *rows)
{
	const double ms = (double)(w->end_ms - w->start_ms);
	struct payload_window payload = {
		.index = w->index,
		.start_ms = w->start_ms,
		.end_ms = w->end_ms,
		.frames = frames_of(w),
		.updates = w->updates,
		.lag_mean_us = w->lag_mean_us,
		.updates_per_second = (double)w->updates * 1000 / ms,
		.coverage_e4 = w->coverage_e4,
		.rows = rows->data,
		.rows_len = rows->len
	};

	s->conf.on_window(s->conf.arg, &payload);
}

/* Whether NDJSON is needed besides what is printed. */
static bool needs_json(const struct sinks *s)
{
	return s->conf.on_window && (s->conf.nagios || s->conf.format != FORMAT_NDJSON);
}

static void begin(struct sinks *s)
{
	buf_clear(&s->text);
	buf_clear(&s->json);
}

/* The rows are in s->text, s->json and s->rows as far as they are needed. w: the counts. */
static enum status output_window(struct sinks *s, const struct stream_window *w, size_t nqueue,
	struct err *err)
{
	char digest[HASH_CHAIN_HEX + 1] = "";
	struct audit_events_row_bytes bytes = { digest, s->text.len };
	enum status st;

	if (audit_events_wants_windows(s->conf.events)
	    && !hash_chain_hash(s->work, s->text.data, s->text.len, digest))
		return err_nomem(err);
	if (s->conf.on_window)
		deliver_window(s, w, needs_json(s) ? &s->json : &s->text);
	st = writer_window(s->conf.writer, &s->text, err);
	if (st != ST_OK)
		return st;
	audit_events_window(s->conf.events, w, nqueue, bytes);
	return judge(s, err);
}

enum status sinks_stream_window(struct sinks *s, const struct stream_window *w, struct err *err)
{
	struct stream_window counts = *w;
	bool ok = !needs_rows(s) || row_window_take_stream(&s->rows, w, s->conf.stream.metric);

	begin(s);
	if (s->conf.nagios)
		counts.nrow = 0;
	if (!prints_no_rows(s))
		ok = ok && put_stream_rows(s, w);
	if (needs_json(s))
		ok = ok && ndjson_put_stream_window(&s->json, w, &s->conf.stream);
	return ok ? output_window(s, &counts, w->nrow, err) : err_nomem(err);
}

enum status sinks_queue_window(struct sinks *s, const struct queue_window *w, size_t nqueue,
	struct err *err)
{
	struct stream_window counts = {
		.index = w->index,
		.start_ms = w->start_ms,
		.end_ms = w->end_ms,
		.partial = w->partial,
		.nrow = s->conf.nagios ? 0 : s->conf.queues_alone ? nqueue : w->nrow,
		.updates = w->updates,
		.rejected = { [VERDICT_DUPLICATE] = w->duplicates, [VERDICT_INVALID] = w->invalid },
		.lag_mean_us = w->lag_mean_us,
		.coverage_e4 = w->coverage_e4
	};
	bool ok = !needs_rows(s) || row_window_take_queue(&s->rows, w, s->conf.queue_name);

	begin(s);
	if (!prints_no_rows(s))
		ok = ok && put_queue_rows(s, w);
	if (needs_json(s))
		ok = ok && ndjson_put_queue_window(&s->json, w, s->conf.queue_name,
			s->conf.queues_alone);
	return ok ? output_window(s, &counts, nqueue, err) : err_nomem(err);
}

enum status sinks_end(struct sinks *s, struct lines *warnings, struct err *err)
{
	if (!is_prometheus(s))
		return ST_OK;
	if (!s->has_prometheus)
		lines_add(warnings, "there was no whole window, so nothing is exposed");
	if (s->skipped)
		lines_add(warnings, "%zu numbers are not exposed: others have the same name",
			s->skipped);
	return writer_is_replaceable(s->conf.writer) ? ST_OK
		: writer_window(s->conf.writer, &s->prometheus, err);
}

void sinks_set_names(struct sinks *s, const char *const *name)
{
	s->conf.queue_name = name;
}

bool sinks_ends_run(const struct sinks *s)
{
	return s->ends_run;
}
