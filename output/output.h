/*
 * What an output format defines: how a closed window becomes text. To add one, define a struct
 * output in a file in output/, and add a line to EACH_OUTPUT.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/alarms.h"
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
	int64_t delay_ms;		/* how long after its end a window closes */
	size_t columns;			/* width of lines; 0: the terminal's */
	bool colour;			/* on a terminal */
	unsigned stats;			/* of --stat: bits by enum row_statistic */
	const struct writer *writer;
	/* Of the window that put() gets, if the output has only_last; else of one before. */
	const struct alarms *alarms;
};

enum output_feature {
	OUTPUT_ANY = 1,			/* all outputs have it */
	OUTPUT_LISTS = 2,		/* --list-queues and --list-metrics can print it */
	OUTPUT_STATS = 4,		/* it prints the statistics of --stat */
	OUTPUT_SKETCH = 8,		/* it prints what --sketch adds */
	OUTPUT_RANGES = 16		/* it marks numbers out of the ranges of -W and -C */
};

struct list;

struct output {
	/* new returns NULL: out of memory. Both are NULL if the output has no state. */
	void *(*new)(const struct output_conf *conf);
	void (*free)(void *state);
	/* Appends the window. False: out of memory. */
	bool (*put)(void *state, const struct row_window *w, struct buf *out);
	/* Appends a list: one of the functions of list.h. NULL: the output prints no lists. */
	void (*put_list)(struct list *list, struct buf *out);
	/* At the end of the run: adds warnings about numbers that were left out. May be NULL. */
	void (*warn)(void *state, struct lines *warnings);
	/* Only the last window that is not partial is printed: a file is replaced at each window;
	 * elsewhere the window is written at the end of the run. */
	bool only_last;
	unsigned features;		/* bits of enum output_feature; the first two are implied */
	/* Names, up to a NULL, that --label cannot have: the output, or what reads it, gives them a
	 * meaning. Those of statistics and row_members need not be here. NULL: none. */
	const char *const *own_labels;
};

/* All outputs, in the order in which texts list them: the name in enum format, and the word of -f,
 * with which the name of the struct ends. */
#define EACH_OUTPUT(ONE) \
	ONE(NDJSON, ndjson) \
	ONE(CSV, csv) \
	ONE(TABLE, table) \
	ONE(PROMETHEUS, prometheus) \
	ONE(INFLUX, influx) \
	ONE(HTML, html)

#define OUTPUT_FORMAT(name, word) FORMAT_##name,
#define OUTPUT_DECLARED(name, word) extern const struct output output_##word;
enum format { EACH_OUTPUT(OUTPUT_FORMAT) FORMATS };
EACH_OUTPUT(OUTPUT_DECLARED)

extern const struct output *const outputs[FORMATS];
extern const char *const output_words[FORMATS];

bool output_has(enum format format, enum output_feature feature);
/* Writes the words of the outputs with this feature, each behind `before`: `csv or table`. Cuts
 * what does not fit. */
void output_list(char *out, size_t size, const char *before, enum output_feature feature);

#endif
