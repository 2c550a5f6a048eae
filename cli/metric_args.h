/* Options that name metrics: --metric, --outlier, --fail-if, --check with its ranges. */
#ifndef CLI_METRIC_ARGS_H
#define CLI_METRIC_ARGS_H

#include "cli/option_values.h"

/* They store the values; metric_args_settle checks them when the source is known. */
void metric_args_metrics(struct option_values *p, const char *value);
void metric_args_outlier(struct option_values *p, const char *value);
void metric_args_threshold(struct option_values *p, const char *value);
void metric_args_check(struct option_values *p, const char *value);
void metric_args_range(struct option_values *p, const char *value);

/* Whether --metric asks for this metric; if not, why gets the error text. */
bool metric_args_has(const struct option_values *p, const char *metric, char *why, size_t size);

/* Call when the source is known: checks the names, and finds the metrics of filters and
 * thresholds. */
void metric_args_settle(struct option_values *p);

void metric_args_free(struct options *set);

#endif
