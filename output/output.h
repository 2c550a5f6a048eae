/*
 * What an output format defines: how a closed window becomes text. run/sinks.c has the list of all
 * formats. To add one, define a struct output in a file in output/, and add it to that list and to
 * the words of -f.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/writer.h"
#include "util/buf.h"
#include "util/lines.h"
#include "window/row.h"

struct output_conf {		/* what an output may depend on; pointers are borrowed */
	bool header;			/* print column titles before the rows */
	bool overview;			/* a table has the columns of table_columns_overview */
	bool now;			/* of --now: present values only */
	bool ascii;			/* only ASCII, also in names */
	bool trend;			/* false: there is only one window */
	bool utc;			/* on a terminal too; elsewhere times are always UTC */
	int64_t window_ms;		/* a window's length: how precise times are shown */
	size_t columns;			/* width of lines; 0: the terminal's */
	bool colour;			/* on a terminal */
	unsigned stats;			/* of --stat: bits by enum row_statistic */
	const struct writer *writer;
};

struct output {
	/* new returns NULL: out of memory. Both are NULL if the output has no state. */
	void *(*new)(const struct output_conf *conf);
	void (*free)(void *state);
	/* Appends the window. False: out of memory. */
	bool (*put)(void *state, const struct row_window *w, struct buf *out);
	/* At the end of the run: adds warnings about numbers that were left out. May be NULL. */
	void (*warn)(void *state, struct lines *warnings);
	/* Only the last window that is not partial is printed: a file is replaced at each window;
	 * elsewhere the window is written at the end of the run. */
	bool only_last;
};

extern const struct output output_ndjson, output_csv, output_table, output_prometheus,
	output_influx;

#endif
