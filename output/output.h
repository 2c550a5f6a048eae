/*
 * A form of output, as run/sinks.c lists them. A new one is a file in output/ that defines a
 * struct output, a line in that list, and a word of -f.
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
	bool header;			/* titles before the rows */
	bool ascii;			/* only ASCII, also in names */
	bool trend;			/* false: there is only one window */
	int64_t window_ms;		/* decides how much of a time is shown */
	size_t columns;			/* width of lines; 0: the terminal's */
	bool colour;			/* on a terminal */
	unsigned stats;			/* of --stat: bits by enum row_statistic */
	const struct writer *writer;
};

struct output {
	/* NULL: out of memory. An output without state has neither of them. */
	void *(*new)(const struct output_conf *conf);
	void (*free)(void *state);
	/* Appends the window. False: out of memory. */
	bool (*put)(void *state, const struct row_window *w, struct buf *out);
	/* At the end of the run: says what the text lacks. NULL: nothing. */
	void (*warn)(void *state, struct lines *warnings);
	/* Only whole windows count, and each replaces the one before: in a file at once, elsewhere
	 * at the end of the run. */
	bool only_last;
};

extern const struct output output_ndjson, output_csv, output_table, output_prometheus,
	output_influx;

#endif
