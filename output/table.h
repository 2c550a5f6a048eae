/*
 * Table output (-f table): the rows of a closed window as lines for people, in columns that fit
 * the width, with a header that is repeated. Appends to a buffer, which writer.h writes.
 */
#ifndef OUTPUT_TABLE_H
#define OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "output/output.h"
#include "util/buf.h"
#include "window/row.h"

#define TABLE_WIDTH 80		/* columns, if the terminal's width is unknown */
#define TABLE_WIDTH_MIN 40

struct table_screen {		/* may change from window to window */
	size_t width;			/* columns */
	size_t height;			/* lines of the terminal; 0: not a terminal */
	bool colour;
	bool local_time;		/* of $TZ; false: UTC */
};

struct table;		/* the state of output_table */

/* Appends a line for each row of the window, and the header when it is due. False: out of
 * memory. */
bool table_render(struct table *t, const struct row_window *r, const struct table_screen *screen,
	struct buf *out);

#endif
