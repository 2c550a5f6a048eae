#include "run/sinks.h"

#include <stdlib.h>

#include "audit/hash_chain.h"
#include "output/csv.h"
#include "output/prometheus.h"
#include "util/buf.h"
#include "window/row.h"

struct sinks {
	struct sinks_conf conf;
	bool csv_header;		/* is still to be printed */
	struct table *table;		/* NULL: another format */
	struct buf text;	/* rows of one window */
	struct buf json;	/* the same as NDJSON, for `closed` */
	struct hash_chain_work *work;	/* for their digest */
	struct row_window reading;
	struct buf exposed;		/* the last whole window */
	bool has_exposed;
	size_t skipped;			/* numbers that it lacks */
	bool ends_run;
};

struct sinks *sinks_new(const struct sinks_conf *conf)
{
	struct sinks *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->conf = *conf;
	f->csv_header = conf->header;
	f->work = hash_chain_work_new(NULL, 0);
	if (conf->format == FORMAT_TABLE)
		f->table = table_new(&conf->table);
	if (!f->work || (conf->format == FORMAT_TABLE && !f->table)) {
		sinks_free(f);
		return NULL;
	}
	return f;
}

void sinks_free(struct sinks *f)
{
	if (!f)
		return;
	hash_chain_work_free(f->work);
	table_free(f->table);
	buf_free(&f->text);
	buf_free(&f->json);
	buf_free(&f->exposed);
	row_window_free(&f->reading);
	free(f);
}

static void held(void *arg, const struct threshold_hit *hit)
{
	struct sinks *f = arg;

	audit_events_held(f->conf.report, hit);
	f->ends_run = f->conf.fail_fast;
}

static bool exposes(const struct sinks *f)
{
	return f->conf.format == FORMAT_PROMETHEUS;
}

/* Whether nothing is printed while a window is flushed. */
static bool has_no_rows(const struct sinks *f)
{
	return f->conf.plugin || exposes(f);
}

/* Whether anything looks at numbers. */
static bool reads(const struct sinks *f)
{
	return f->table || f->conf.thresholds || has_no_rows(f);
}

static enum status expose(struct sinks *f, struct err *err)
{
	if (f->reading.partial)
		return ST_OK;
	buf_clear(&f->exposed);
	if (!prometheus_put(&f->exposed, &f->reading, f->conf.queues_alone, &f->skipped))
		return err_nomem(err);
	f->has_exposed = true;
	return writer_is_replaceable(f->conf.out)
		? writer_replace(f->conf.out, &f->exposed, err) : ST_OK;
}

static enum status judge(struct sinks *f, struct err *err)
{
	if ((f->conf.thresholds
		&& !thresholds_judge(f->conf.thresholds, &f->reading, held, f))
	    || (f->conf.plugin && !nagios_take(f->conf.plugin, &f->reading)))
		return err_nomem(err);
	return exposes(f) ? expose(f, err) : ST_OK;
}

static bool put_table(struct sinks *f)
{
	struct table_screen screen = { .width = TABLE_WIDTH };
	size_t columns = 0;

	screen.colour = writer_terminal(f->conf.out, &columns, &screen.height) && f->conf.colour;
	if (columns)
		screen.width = columns;
	if (f->conf.columns)
		screen.width = f->conf.columns;
	return table_render(f->table, &f->reading, &screen, &f->text);
}

static bool put_stream_rows(struct sinks *f, const struct stream_window *w)
{
	switch (f->conf.format) {
	case FORMAT_NDJSON:
		return ndjson_put_stream_window(&f->text, w, &f->conf.stream);
	case FORMAT_CSV:
		return csv_put_stream_window(&f->text, &f->csv_header, w, f->conf.stream.metric);
	case FORMAT_TABLE:
		return put_table(f);
	case FORMAT_PROMETHEUS:		/* expose() */
		break;
	}
	return true;
}

static bool put_queue_rows(struct sinks *f, const struct queue_window *w)
{
	const char *const *name = f->conf.queue_name;

	switch (f->conf.format) {
	case FORMAT_NDJSON:
		return ndjson_put_queue_window(&f->text, w, name, f->conf.queues_alone);
	case FORMAT_CSV:
		return csv_put_queue_window(&f->text, &f->csv_header, w, name,
			f->conf.queues_alone);
	case FORMAT_TABLE:
		return put_table(f);
	case FORMAT_PROMETHEUS:		/* expose() */
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

/* Before the rows are out's: it takes the buffer. */
static void tell_closed(struct sinks *f, const struct stream_window *w, const struct buf *rows)
{
	const double ms = (double)(w->end_ms - w->start_ms);
	struct payload_window told = {
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

	f->conf.closed(f->conf.arg, &told);
}

/* Whether NDJSON is to be made beside what is printed. */
static bool asks_for_json(const struct sinks *f)
{
	return f->conf.closed && (f->conf.plugin || f->conf.format != FORMAT_NDJSON);
}

static void begin(struct sinks *f)
{
	buf_clear(&f->text);
	buf_clear(&f->json);
}

/* The rows are rendered, the numbers read: to all who want them. */
static enum status hand_out(struct sinks *f, const struct stream_window *w, size_t nqueue,
	struct err *err)
{
	char digest[HASH_CHAIN_HEX + 1] = "";
	struct audit_events_row_bytes bytes = { digest, f->text.len };
	enum status st;

	if (audit_events_wants_windows(f->conf.report)
	    && !hash_chain_hash(f->work, f->text.data, f->text.len, digest))
		return err_nomem(err);
	if (f->conf.closed)
		tell_closed(f, w, asks_for_json(f) ? &f->json : &f->text);
	st = writer_window(f->conf.out, &f->text, err);
	if (st != ST_OK)
		return st;
	audit_events_window(f->conf.report, w, nqueue, bytes);
	return judge(f, err);
}

enum status sinks_window(struct sinks *f, const struct stream_window *w, struct err *err)
{
	struct stream_window told = *w;
	bool ok = !reads(f) || row_window_take_stream(&f->reading, w, f->conf.stream.metric);

	begin(f);
	if (f->conf.plugin)
		told.nrow = 0;
	if (!has_no_rows(f))
		ok = ok && put_stream_rows(f, w);
	if (asks_for_json(f))
		ok = ok && ndjson_put_stream_window(&f->json, w, &f->conf.stream);
	return ok ? hand_out(f, &told, w->nrow, err) : err_nomem(err);
}

enum status sinks_board(struct sinks *f, const struct queue_window *w, size_t nqueue,
	struct err *err)
{
	struct stream_window told = {
		.index = w->index,
		.start_ms = w->start_ms,
		.end_ms = w->end_ms,
		.partial = w->partial,
		.nrow = f->conf.plugin ? 0 : f->conf.queues_alone ? nqueue : w->nrow,
		.updates = w->updates,
		.rejected = { [VERDICT_DUPLICATE] = w->duplicates, [VERDICT_INVALID] = w->invalid },
		.lag_mean_us = w->lag_mean_us,
		.coverage_e4 = w->coverage_e4
	};
	bool ok = !reads(f) || row_window_take_queue(&f->reading, w, f->conf.queue_name);

	begin(f);
	if (!has_no_rows(f))
		ok = ok && put_queue_rows(f, w);
	if (asks_for_json(f))
		ok = ok && ndjson_put_queue_window(&f->json, w, f->conf.queue_name,
			f->conf.queues_alone);
	return ok ? hand_out(f, &told, nqueue, err) : err_nomem(err);
}

enum status sinks_end(struct sinks *f, struct lines *warnings, struct err *err)
{
	if (!exposes(f))
		return ST_OK;
	if (!f->has_exposed)
		lines_add(warnings, "there was no whole window, so nothing is exposed");
	if (f->skipped)
		lines_add(warnings, "%zu numbers are not exposed: others have the same name",
			f->skipped);
	return writer_is_replaceable(f->conf.out) ? ST_OK
		: writer_window(f->conf.out, &f->exposed, err);
}

void sinks_names(struct sinks *f, const char *const *name)
{
	f->conf.queue_name = name;
}

bool sinks_ends_run(const struct sinks *f)
{
	return f->ends_run;
}
