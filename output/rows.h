/*
 * A closed window as the bytes of its rows: NDJSON (schema gsqstat/1) or CSV (RFC 4180
 * with LF). Renders into memory; writer.h delivers.
 */
#ifndef OUTPUT_ROWS_H
#define OUTPUT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/base.h"
#include "window/stream_window.h"

/* The last two are no rows, but table.h's and prometheus.h's. */
enum row_format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_PROMETHEUS };

struct row_conf {
	enum row_format format;
	bool header;			/* CSV: a header row before the first row */
	enum time_kind time;
	const char *interval;		/* NULL: each queue's own (replay without -i) */
	const char *const *metric;	/* names, by the index that fields carry; borrowed */
};

struct rows {		/* the renderer's state: only whether the header is out */
	struct row_conf conf;
	bool header_done;
};

/* Appends every row of the window, each ended by LF; false: out of memory. */
bool rows_render(struct rows *rows, const struct window *window, struct buf *out);

/* --- what rows of every source have in common --- */

#define ROW_CSV_HEADER "window,start,end,partial,coverage,queueId,metric,count,last,min,max," \
	"mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"

struct row_span {
	int64_t index;
	int64_t start_ms, end_ms;
	bool partial;
	int coverage_e4;	/* -1: not known */
};

void row_put_span(struct buf *out, const struct row_span *span);	/* `{` to coverage */
void row_put_quantiles(struct buf *out, bool exact, double accuracy);
void row_put_figure(struct buf *out, const char *key, double x);	/* ,"key":x */
bool row_put_lag(struct buf *out, const struct sample *lag_us);	/* false: out of memory */

/* A metric's figures as nested objects: next() up to each one's value, then end(). */
struct row_tree {	/* all NULL at first */
	const char *metric, *path;
};
void row_tree_next(struct buf *out, struct row_tree *tree, const char *metric,
	const char *path);
void row_tree_end(struct buf *out, const struct row_tree *tree);

void row_csv_span(struct buf *out, const struct row_span *span, const char *queue_id);
void row_csv_double(struct buf *out, double x);		/* behind a comma */

#endif
