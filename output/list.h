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

struct list {
	const struct list_columns *columns;
	const void *items;
	size_t n, size;		/* so many items of so many bytes each */
	const struct list_conf *conf;
	struct buf text;	/* start with all zero */
};

/* For put_list of struct output. */
void list_put_ndjson(struct list *l, struct buf *out);
void list_put_csv(struct list *l, struct buf *out);
void list_put_table(struct list *l, struct buf *out);

/* Appends the list. False: out of memory. */
bool list_put(struct list *l, struct buf *out);

#endif
