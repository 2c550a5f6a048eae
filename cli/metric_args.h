/* What is wanted of the frames: the metrics of -m, the rules that drop one, and thresholds. */
#ifndef CLI_METRIC_ARGS_H
#define CLI_METRIC_ARGS_H

#include "cli/option_values.h"

/* NAME[,NAME]...; which names are allowed depends on the source, which may yet come. */
void metric_args_metrics(struct option_values *p, const char *value);
void metric_args_rule(struct option_values *p, const char *value);
void metric_args_threshold(struct option_values *p, const char *value);
void metric_args_check(struct option_values *p, const char *value);
void metric_args_range(struct option_values *p, const char *value);

/* Whether -m asks for the metric; else why, in words that name it, says so. */
bool metric_args_has(const struct option_values *p, const char *metric, char *why, size_t size);

/* Once the source is known: checks the names, and finds each rule's and threshold's metric. */
void metric_args_settle(struct option_values *p);

void metric_args_free(struct options *set);

#endif
