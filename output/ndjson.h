/*
 * NDJSON output (-f ndjson): the rows of a closed window as JSON objects (schema gsqstat/1), one a
 * line. Appends to memory; writer.h writes.
 */
#ifndef OUTPUT_NDJSON_H
#define OUTPUT_NDJSON_H

#include <stdbool.h>

#include "util/buf.h"
#include "window/row.h"

/* Appends every row of the window, each ended by LF. False: out of memory. */
bool ndjson_put(struct buf *out, const struct row_window *w);

#endif
