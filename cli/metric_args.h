/* What is wanted of the frames: the metrics of -m, the rules that drop one, and thresholds. */
#ifndef CLI_METRIC_ARGS_H
#define CLI_METRIC_ARGS_H

#include "cli/option_values.h"

/* NAME[,NAME]...; which names are allowed depends on the source, which may yet come. */
void wanted_metrics(struct parse *p, const char *value);
void wanted_rule(struct parse *p, const char *value);
void wanted_threshold(struct parse *p, const char *value);
void wanted_check(struct parse *p, const char *value);
void wanted_range(struct parse *p, const char *value);

/* Whether -m asks for the metric; else why, in words that name it, says so. */
bool wanted_has(const struct parse *p, const char *metric, char *why, size_t size);

/* Once the source is known: checks the names, and finds each rule's and threshold's metric. */
void wanted_settle(struct parse *p);

void wanted_free(struct settings *set);

#endif
