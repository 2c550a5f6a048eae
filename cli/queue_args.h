/* Options that name queues. Their IDs are stored in order and in lower case, each once. */
#ifndef CLI_QUEUE_ARGS_H
#define CLI_QUEUE_ARGS_H

#include "cli/command_line.h"

void queue_args_ids(struct command_line *p, const char *value);	/* --queue: ID[,ID]... */
void queue_args_operand(struct command_line *p, const char *value);	/* the same */
void queue_args_name(struct command_line *p, const char *value);	/* --queue-name */

/* --queue-file: see queue_file.h; "-" is stdin. */
void queue_args_file(struct command_line *p, const char *path);

#endif
