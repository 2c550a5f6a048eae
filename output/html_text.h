/* Pieces of an HTML page: text that is inert, numbers as people read them, the hash of a Content
 * Security Policy, a line chart. */
#ifndef OUTPUT_HTML_TEXT_H
#define OUTPUT_HTML_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define HTML_NAME_MAX 80	/* characters, a combining one counts */

/* Appends text from outside: characters of HTML are escaped, unsafe ones (utf8.h) replaced. */
void html_put_text(struct buf *out, const char *s, size_t len);
/* The same for at most HTML_NAME_MAX characters, with an ellipsis in place of the rest. */
void html_put_name(struct buf *out, const char *name);

/* A time of day as `m:ss` or `h:mm:ss`, from ms. */
void html_put_clock(struct buf *out, double ms);
/* A share of 1 in per cent, rounded down, so that only all of it is 100%. */
void html_put_share(struct buf *out, double share);

/* Appends `'sha256-…'`, by which a policy allows an inline style or script of this text. */
void html_put_hash(struct buf *out, const char *text);

/* Appends the paths of a line through n values, at least 2, in a box of n - 1 by HTML_CHART_HEIGHT,
 * and of the area below it. A value that is NaN leaves a gap. */
#define HTML_CHART_HEIGHT 20
void html_put_line(struct buf *out, const double *v, size_t n);

#endif
