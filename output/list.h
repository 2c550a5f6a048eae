/* Prints a list (of queues, of metrics) as NDJSON, CSV, or a table for people. */
#ifndef OUTPUT_LIST_H
#define OUTPUT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "output/output.h"
#include "util/buf.h"

enum list_form {		/* of a value in NDJSON */
	LIST_TEXT,
	LIST_TEXT_OR_NULL,	/* empty text is null */
	LIST_WORDS		/* an array of words, which the text separates by blanks */
};

struct list_column {
	const char *name;
	enum list_form form;
	void (*put)(struct buf *out, const void *item);	/* appends the text */
	size_t at;	/* if put is NULL: the offset of the text in the item, a const char * */
};

struct list_columns {
	const struct list_column *data;		/* of NDJSON and CSV */
	size_t ndata;
	const struct list_column *table;	/* at most LIST_TABLE_COLUMNS, see list_table.h */
	size_t ntable;
};

struct list_conf {
	enum format format;	/* one with OUTPUT_LISTS */
	bool header;		/* print the names of the columns in CSV and in a table */
	bool ascii;		/* only ASCII in a table */
	int fd;			/* where it is printed: a table fits this terminal */
};

/* Appends a list of n items that are size bytes each. False: out of memory. */
bool list_put(const struct list_columns *columns, const void *items, size_t n, size_t size,
	const struct list_conf *conf, struct buf *out);

#endif
