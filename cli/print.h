/* Text for the user: to stdout whole, or lines to stderr. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

/* Writes all of the text to stdout, also where that is non-blocking, and frees it. */
enum status print_text(struct buf *text);

/* Writes `gsqstat: `, the prefix and the line to stderr, for each line. Lines may quote input, so
 * control characters in them are replaced. */
void print_lines(const char *prefix, struct lines *lines);

#endif
