#include "run/sinks.h"

#include <stdlib.h>

#include "audit/hash_chain.h"
#include "output/csv.h"
#include "output/ndjson.h"
#include "output/prometheus.h"
#include "util/buf.h"

struct sinks {
	struct sinks_conf conf;
	bool csv_header;		/* not printed yet */
	struct table *table;		/* NULL: another format */
	struct buf text;	/* rows of one window */
	struct buf json;	/* the same as NDJSON, for on_window */
	struct hash_chain_work *work;	/* for their digest */
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

static enum status put_prometheus(struct sinks *s, const struct row_window *w, struct err *err)
{
	if (w->partial)
		return ST_OK;
	buf_clear(&s->prometheus);
	if (!prometheus_put(&s->prometheus, w, s->conf.queues_alone, &s->skipped))
		return err_nomem(err);
	s->has_prometheus = true;
	return writer_is_replaceable(s->conf.writer)
		? writer_replace(s->conf.writer, &s->prometheus, err) : ST_OK;
}

static enum status judge(struct sinks *s, const struct row_window *w, struct err *err)
{
	if ((s->conf.thresholds
		&& !thresholds_judge(s->conf.thresholds, w, on_threshold, s))
	    || (s->conf.nagios && !nagios_take(s->conf.nagios, w)))
		return err_nomem(err);
	return is_prometheus(s) ? put_prometheus(s, w, err) : ST_OK;
}

static bool put_table(struct sinks *s, const struct row_window *w)
{
	struct table_screen terminal = { .width = TABLE_WIDTH };
	size_t columns = 0;

	terminal.colour = writer_terminal(s->conf.writer, &columns, &terminal.height)
		&& s->conf.colour;
	if (columns)
		terminal.width = columns;
	if (s->conf.columns)
		terminal.width = s->conf.columns;
	return table_render(s->table, w, &terminal, &s->text);
}

static bool put_rows(struct sinks *s, const struct row_window *w)
{
	switch (s->conf.format) {
	case FORMAT_NDJSON:
		return ndjson_put(&s->text, w, s->conf.queues_alone);
	case FORMAT_CSV:
		return csv_put(&s->text, &s->csv_header, w, s->conf.queues_alone);
	case FORMAT_TABLE:
		return put_table(s, w);
	case FORMAT_PROMETHEUS:		/* see put_prometheus */
		break;
	}
	return true;
}

/* Call before the writer takes the rows' buffer. */
static void deliver_window(struct sinks *s, const struct row_window *w, const struct buf *rows)
{
	struct payload_window payload = { .window = w, .rows = rows->data, .rows_len = rows->len };

	s->conf.on_window(s->conf.arg, &payload);
}

/* Whether NDJSON is needed besides what is printed. */
static bool needs_json(const struct sinks *s)
{
	return s->conf.on_window && (s->conf.nagios || s->conf.format != FORMAT_NDJSON);
}

/* How many rows are printed. */
static size_t rows_shown(const struct sinks *s, const struct row_window *w)
{
	return s->conf.nagios ? 0 : s->conf.queues_alone ? row_window_queues(w) : w->nrow;
}

/* The rows are in s->text and s->json as far as they are needed. */
static enum status output_window(struct sinks *s, const struct row_window *w, struct err *err)
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
	audit_events_window(s->conf.events, w, rows_shown(s, w), bytes);
	return judge(s, w, err);
}

enum status sinks_window(struct sinks *s, const struct row_window *w, struct err *err)
{
	buf_clear(&s->text);
	buf_clear(&s->json);
	if ((!prints_no_rows(s) && !put_rows(s, w))
	    || (needs_json(s) && !ndjson_put(&s->json, w, s->conf.queues_alone)))
		return err_nomem(err);
	return output_window(s, w, err);
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

bool sinks_ends_run(const struct sinks *s)
{
	return s->ends_run;
}
