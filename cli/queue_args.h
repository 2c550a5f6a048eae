/* Queue IDs of --queue, --queue-file and operands: kept once each, in order, in lower case. */
#ifndef CLI_QUEUE_ARGS_H
#define CLI_QUEUE_ARGS_H

#include "cli/option_values.h"

/* ID[,ID]...; from: the option, for error messages. */
void queue_args_add(struct option_values *p, const char *value, const char *from);

/* One ID a line; "-" is stdin. */
void queue_args_read(struct option_values *p, const char *path);

#endif
