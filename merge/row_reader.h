/*
 * Reads rows of NDJSON that have sketches (--sketch), as output/ndjson.c prints them and
 * gsqstat-rows(5) describes them. Members may be in any order, and unknown ones are ignored.
 */
#ifndef MERGE_ROW_READER_H
#define MERGE_ROW_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/merge_row.h"

struct row_reader;

struct row_reader *row_reader_new(void);	/* NULL: out of memory */
/* Frees the texts that rows borrow, too. */
void row_reader_free(struct row_reader *r);

/* Reads a line into *row; pass that to merge_row_free(), also after a failure. Returns what is
 * wrong with the line (valid until the next call), NULL: nothing; or why_no_memory. */
const char *row_reader_read(struct row_reader *r, const char *line, size_t len,
	struct merge_row *row);

/* Finds when the row of the line starts, without reading the rest. False: the line is no row. */
bool row_reader_find_start(const char *line, size_t len, int64_t *start_ms);

#endif
