/* --shard: which of the queues belong to this run. */
#ifndef CLI_SHARD_ARGS_H
#define CLI_SHARD_ARGS_H

#include "cli/command_line.h"
#include "cli/config_args.h"

/* Notes the shard before options that name queues are read; they may come before --shard. A bad
 * value is reported when the option is set. */
void shard_args_find(struct command_line *p, const struct config_flags *flags);

void shard_args_set(struct command_line *p, const char *value);	/* K/N, or N */

#endif
