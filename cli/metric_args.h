/* Options that name metrics: --metric, --outlier, --fail-if, --check with its ranges. */
#ifndef CLI_METRIC_ARGS_H
#define CLI_METRIC_ARGS_H

#include "cli/command_line.h"

/* They store the values; metric_args_settle checks them when the source is known. */
void metric_args_metrics(struct command_line *p, const char *value);
void metric_args_outlier(struct command_line *p, const char *value);

/* Call when the source is known: checks the names, and finds the metrics of filters and
 * thresholds. */
void metric_args_settle(struct command_line *p);

void metric_args_free(struct options *set);

#endif
