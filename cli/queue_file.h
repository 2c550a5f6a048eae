/*
 * Reads the text of a --queue-file, in one of two forms:
 *
 *   ID [NAME]      a queue a line; the name is the rest of the line
 *   id,name,...    CSV (RFC 4180); the first line has the names of the columns, in any order
 *
 * In both, blank lines and lines that begin with `#` are skipped.
 */
#ifndef CLI_QUEUE_FILE_H
#define CLI_QUEUE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

struct queue_file {		/* set text and size, and the rest to zero; text is borrowed */
	const char *text;
	size_t size, at;
	size_t line;		/* the number of the next line, less one */
	bool begun, csv;
	size_t id_column, name_column;
	struct buf id, name, other;	/* a field of CSV */
};

struct queue_file_entry {
	size_t line;		/* its first line, from 1 */
	const char *id;		/* as it is in the file; NULL: the line cannot be read */
	size_t id_len;
	const char *name;	/* NULL: none */
	const char *why;	/* what is wrong with the line or the name; NULL: nothing */
};

/* Reads the next queue. False: there are no more. The texts are valid until the next call. */
bool queue_file_next(struct queue_file *f, struct queue_file_entry *e);
void queue_file_free(struct queue_file *f);	/* frees the members, not f itself */

#endif
