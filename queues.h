/* Queues as the command line and files name them: each once, in order, in lower case. */
#ifndef QUEUES_H
#define QUEUES_H

#include "parse.h"

/* ID[,ID]...; what they came from stands in a line that complains. */
void queues_add(struct parse *p, const char *value, const char *from);

/* One ID a line; "-" is stdin. */
void queues_read(struct parse *p, const char *path);

#endif
