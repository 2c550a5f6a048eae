/* Chooses the source of a run. */
#ifndef CLI_SOURCE_CHOICE_H
#define CLI_SOURCE_CHOICE_H

#include <stddef.h>

#include "cli/command_line.h"
#include "message/source_kind.h"
#include "source/recording.h"

/* Settles the source, once all options are read: it is that of --source; else, of a replay, that of
 * the recording; else notifications, if another option is given that only they have; else that of
 * $GSQSTAT_SOURCE or the default. Adds its bit to the modes. head is what the recording says, and
 * NULL if there is none, or if it is not read before the run: then the source of a replay is
 * unknown. It is unknown, too, after a bad value. */
void source_choice_settle(struct command_line *p, const struct recording_head *head);

/* The bit of enum option_mode for the source; 0: it is unknown. */
unsigned source_choice_mode(enum source_kind source);

/* Writes why an option that only the other source has cannot be used, such as "needs --source
 * stream". Returns why. */
const char *source_choice_conflict(const struct command_line *p, char *why, size_t size);

#endif
