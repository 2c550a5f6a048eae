/* Chooses the source of a run. */
#ifndef CLI_SOURCE_CHOICE_H
#define CLI_SOURCE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command_line.h"

/* Sets the source to that of --source. If it is not given, sets it to notifications if another
 * option is given that only they have, and else to $GSQSTAT_SOURCE or the default. Call it when all
 * options are read. */
void source_choice_settle(struct command_line *p);

/* Sets the source in place of --source. from says what chose it, see struct option_state. */
void source_choice_set(struct command_line *p, bool notifications, const char *from);

/* Writes why an option that only the other source has cannot be used, such as "needs --source
 * stream". Returns why. */
const char *source_choice_conflict(const struct command_line *p, char *why, size_t size);

#endif
