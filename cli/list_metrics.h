/* --list-metrics: prints what is known about each metric. */
#ifndef CLI_LIST_METRICS_H
#define CLI_LIST_METRICS_H

#include "cli/command_line.h"
#include "util/buf.h"

/* Adds a problem for each pattern of --metric that matches no metric of the source. */
void list_metrics_settle(struct command_line *p);
/* Appends the list. If memory runs out, out->failed is set. */
void list_metrics_put(const struct command_line *p, struct buf *out);

#endif
