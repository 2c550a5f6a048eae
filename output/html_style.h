/* The style sheet and the script of the page of -f html. They are the same in every page. */
#ifndef OUTPUT_HTML_STYLE_H
#define OUTPUT_HTML_STYLE_H

#include "util/buf.h"

void html_style_put(struct buf *out);
/* Shows the element `old` while the page is older than its attribute data-old says. */
extern const char html_script[];

#endif
