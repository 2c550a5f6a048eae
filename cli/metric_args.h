/* Options that name metrics: --metric, --outlier, --fail-if, --check with its ranges. */
#ifndef CLI_METRIC_ARGS_H
#define CLI_METRIC_ARGS_H

#include "cli/command_line.h"

/* Store a value of --metric and --outlier. Call metric_args_settle after the last one. */
void metric_args_metrics(struct command_line *p, const char *value);
void metric_args_outlier(struct command_line *p, const char *value);

/* Whether --metric names a metric that only the notification service can have, such as oWaiting. */
bool metric_args_name_notifications(const struct command_line *p);

/* Checks the names of metrics, and parses --fail-if and the ranges of --check. Adds what is wrong
 * to p->problems. Call it when the source is known, because each source has its own metrics. */
void metric_args_settle(struct command_line *p);

void metric_args_free(struct options *set);

#endif
