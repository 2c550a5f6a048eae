/* Options that name queues. IDs are kept once each, in order, in lower case. */
#ifndef CLI_QUEUE_ARGS_H
#define CLI_QUEUE_ARGS_H

#include "cli/command_line.h"

void queue_args_ids(struct command_line *p, const char *value);	/* --queue: ID[,ID]... */
void queue_args_operand(struct command_line *p, const char *value);	/* the same */
void queue_args_name(struct command_line *p, const char *value);	/* --queue-name */

/* --queue-file: one ID a line; "-" is stdin. */
void queue_args_file(struct command_line *p, const char *path);

#endif
