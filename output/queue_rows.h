/*
 * A closed window of the wallboard as the bytes of its rows: the envelope and the CSV columns
 * of rows.h, what a gauge, an age and a total have, and new CSV columns at the end.
 */
#ifndef OUTPUT_QUEUE_ROWS_H
#define OUTPUT_QUEUE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/rows.h"
#include "util/buf.h"
#include "window/queue_window.h"

struct queue_rows {
	enum rows_format format;
	bool header;			/* CSV: a header row before the first row */
	const char *const *name;	/* of queues, by number, or NULL; each may be NULL */
	bool queues_alone;		/* no rows of media types */
	bool header_done;
};

/* Appends every row of the window, each ended by LF; false: out of memory. */
bool queue_rows_render(struct queue_rows *panel, const struct queue_window *window,
	struct buf *out);

#endif
