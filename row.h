/*
 * A closed window as the bytes of its rows: NDJSON (schema gsqstat/1) or CSV (RFC 4180
 * with LF). Renders into memory; out.h delivers.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"
#include "window.h"

enum row_format { FORMAT_NDJSON, FORMAT_CSV };

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

#endif
