/*
 * A closed window as lines for people: one a row, in columns that fit the width, with a
 * header that comes again. Renders into memory from what it is handed; writer.h delivers.
 */
#ifndef OUTPUT_TABLE_H
#define OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "window/row.h"

#define TABLE_WIDTH 80		/* where nobody says */
#define TABLE_WIDTH_MIN 40

struct table_conf {
	bool header;
	bool ascii;			/* signs and names in ASCII alone */
	bool trend;			/* false: there is one window alone */
	bool queues_alone;		/* no lines of media types */
	int64_t window_ms;		/* for how much of a time is of interest */
};

struct table_screen {		/* may change from window to window */
	size_t width;			/* columns */
	size_t height;			/* lines of the terminal; 0: it goes elsewhere */
	bool colour;
};

struct table;

struct table *table_new(const struct table_conf *conf);	/* NULL: out of memory */
void table_free(struct table *t);

/* Appends a line for each row of the window, and the header where it is time for it. False:
 * out of memory. */
bool table_render(struct table *t, const struct row_window *r, const struct table_screen *screen,
	struct buf *out);

#endif
