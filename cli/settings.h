/*
 * The settings of a run as JSON: all options with their values, and where each value comes from.
 * Printed by --dry-run, and part of the audit event run.start.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/command_line.h"
#include "util/buf.h"

void settings_put(struct buf *out, const struct command_line *p);	/* for --dry-run */

/* Writes only the values and a NUL, for run.start. If they are too long for an audit line, it
 * writes the lengths of lists in place of the lists. */
void settings_put_values(struct buf *out, const struct command_line *p);

#endif
