/* What is wanted of the frames: the metrics of -m, and the rules that drop one. */
#ifndef WANTED_H
#define WANTED_H

#include "parse.h"

/* NAME[,NAME]...; which names are allowed depends on the source, which may yet come. */
void wanted_metrics(struct parse *p, const char *value);
void wanted_rule(struct parse *p, const char *value);

/* Once the source is known: checks the names, and finds each rule's metric. */
void wanted_settle(struct parse *p);

void wanted_free(struct settings *set);

#endif
