/*
 * A list as a table for people: aligned columns that fit the width. If they do not fit, columns
 * before the last one are left out, from the right, but not those that are kept. The last one is
 * wrapped between words.
 */
#ifndef OUTPUT_LIST_TABLE_H
#define OUTPUT_LIST_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"

struct list_table {
	const char *const *title;	/* of the columns, at most LIST_TABLE_COLUMNS */
	size_t ncolumn;
	size_t kept;			/* columns that are never left out, besides the first */
	struct lines cells;		/* row by row */
	bool header;			/* print the titles */
	bool bold;			/* in bold */
	bool ascii;			/* only ASCII */
	size_t width;			/* in columns of the terminal */
};

#define LIST_TABLE_COLUMNS 8

/* Sets width and bold for standard output, or another descriptor. */
void list_table_fit(struct list_table *t, int fd);
/* Appends the table. False: out of memory. */
bool list_table_put(const struct list_table *t, struct buf *out);

#endif
