#include "flush.h"

#include <stdlib.h>

#include "chain.h"
#include "reading.h"

struct flush {
	struct flush_conf conf;
	struct rows rows;
	struct buf text;	/* rows of one window */
	struct chain_work *work;	/* for their digest */
	struct reading reading;
	bool ends_run;
};

struct flush *flush_new(const struct flush_conf *conf)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->conf = *conf;
	f->rows.conf = conf->rows;
	f->work = chain_work_new(NULL, 0);
	if (!f->work) {
		free(f);
		return NULL;
	}
	return f;
}

void flush_free(struct flush *f)
{
	if (!f)
		return;
	chain_work_free(f->work);
	buf_free(&f->text);
	reading_free(&f->reading);
	free(f);
}

static void held(void *arg, const struct threshold_hit *hit)
{
	struct flush *f = arg;

	report_held(f->conf.report, hit);
	f->ends_run = f->conf.fail_fast;
}

/* All that looks at numbers and not at rows. */
static bool judge(struct flush *f)
{
	return thresholds_judge(f->conf.thresholds, &f->reading, held, f);
}

static enum status put_rows(struct flush *f, bool rendered, const struct window *window,
	size_t nqueue, struct err *err)
{
	char digest[CHAIN_HEX + 1] = "";
	struct row_bytes bytes = { digest, f->text.len };
	enum status st;

	if (!rendered)
		return err_nomem(err);
	if (report_wants_windows(f->conf.report)
	    && !chain_hash(f->work, f->text.data, f->text.len, digest))
		return err_nomem(err);
	st = out_window(f->conf.out, &f->text, err);
	if (st == ST_OK)
		report_window(f->conf.report, window, nqueue, bytes);
	return st;
}

enum status flush_window(struct flush *f, const struct window *w, struct err *err)
{
	enum status st;

	buf_clear(&f->text);
	st = put_rows(f, rows_render(&f->rows, w, &f->text), w, w->nrow, err);
	if (st == ST_OK && f->conf.thresholds
	    && !(reading_take_window(&f->reading, w, f->rows.conf.metric) && judge(f)))
		return err_nomem(err);
	return st;
}

enum status flush_board(struct flush *f, const struct board_window *w, size_t nqueue,
	struct err *err)
{
	struct panel *panel = &f->conf.panel;
	struct window told = {
		.index = w->index,
		.start_ms = w->start_ms,
		.end_ms = w->end_ms,
		.partial = w->partial,
		.nrow = panel->queues_alone ? nqueue : w->nrow,
		.updates = w->updates,
		.rejected = { [FATE_DUPLICATE] = w->duplicates, [FATE_INVALID] = w->invalid },
		.lag_mean_us = w->lag_mean_us,
		.coverage_e4 = w->coverage_e4
	};
	enum status st;

	buf_clear(&f->text);
	st = put_rows(f, panel_render(panel, w, &f->text), &told, nqueue, err);
	if (st == ST_OK && f->conf.thresholds
	    && !(reading_take_board(&f->reading, w, panel->name) && judge(f)))
		return err_nomem(err);
	return st;
}

bool flush_ends_run(const struct flush *f)
{
	return f->ends_run;
}
