/* Prints answers to stdout, and errors and warnings to stderr. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

/* Writes the whole text to stdout, even if that is non-blocking, and frees it. Returns
 * ST_READER_LEFT if it is a closed pipe; ST_OUTPUT after another error, which it reports. */
enum status print_text(struct buf *text);

/* Writes each line to stderr, after `gsqstat: ` and the prefix. Replaces control characters in the
 * lines, because they may quote input. */
void print_lines(const char *prefix, struct lines *lines);

#endif
