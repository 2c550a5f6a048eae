/* Queues as the command line and files name them: each once, in order, in lower case. */
#ifndef CLI_QUEUE_ARGS_H
#define CLI_QUEUE_ARGS_H

#include "cli/option_values.h"

/* ID[,ID]...; what they came from stands in a line that complains. */
void queue_args_add(struct option_values *p, const char *value, const char *from);

/* One ID a line; "-" is stdin. */
void queue_args_read(struct option_values *p, const char *path);

#endif
