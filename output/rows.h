/*
 * A closed window as the bytes of its rows: NDJSON (schema gsqstat/1) or CSV (RFC 4180
 * with LF). Renders into memory; writer.h delivers.
 */
#ifndef OUTPUT_ROWS_H
#define OUTPUT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/stream_window.h"

/* The last two are no rows, but table.h's and prometheus.h's. */
enum rows_format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_PROMETHEUS };

struct rows_conf {
	enum rows_format format;
	bool header;			/* CSV: a header row before the first row */
	enum stream_window_time time;
	const char *interval;		/* NULL: each queue's own (replay without -i) */
	const char *const *metric;	/* names, by the index that fields carry; borrowed */
};

struct rows {		/* the renderer's state: only whether the header is out */
	struct rows_conf conf;
	bool header_done;
};

/* Appends every row of the window, each ended by LF; false: out of memory. */
bool rows_render(struct rows *rows, const struct stream_window *window, struct buf *out);

/* --- what rows of every source have in common --- */

#define ROWS_CSV_HEADER "window,start,end,partial,coverage,queueId,metric,count,last,min,max," \
	"mean,stddev,p50,p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs"

struct rows_span {
	int64_t index;
	int64_t start_ms, end_ms;
	bool partial;
	int coverage_e4;	/* -1: not known */
};

void rows_put_span(struct buf *out, const struct rows_span *span);	/* `{` to coverage */
void rows_put_quantiles(struct buf *out, bool exact, double accuracy);
void rows_put_figure(struct buf *out, const char *key, double x);	/* ,"key":x */
bool rows_put_lag(struct buf *out, const struct sample *lag_us);	/* false: out of memory */

/* A metric's figures as nested objects: next() up to each one's value, then end(). */
struct rows_tree {	/* all NULL at first */
	const char *metric, *path;
};
void rows_tree_next(struct buf *out, struct rows_tree *tree, const char *metric,
	const char *path);
void rows_tree_end(struct buf *out, const struct rows_tree *tree);

void rows_csv_span(struct buf *out, const struct rows_span *span, const char *queue_id);
void rows_csv_double(struct buf *out, double x);		/* behind a comma */

#endif
