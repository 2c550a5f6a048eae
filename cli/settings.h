/*
 * The settings of a run: all options with their values, and where each value comes from. Printed by
 * --dry-run, as JSON or as a table, and part of the audit event run.start.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/command_line.h"
#include "util/buf.h"

void settings_put(struct buf *out, const struct command_line *p);	/* as JSON */
/* As a table for the terminal on standard output, without the options that cannot be used in such
 * a run. A `*` marks what is not the default. False: out of memory. */
bool settings_put_table(struct buf *out, const struct command_line *p);
/* Those that are not the default, as text on one line, with a NUL. */
void settings_put_changed(struct buf *out, const struct command_line *p);

/* Writes only the values and a NUL, for run.start. If they are too long for an audit line, it
 * writes the lengths of lists in place of the lists. */
void settings_put_values(struct buf *out, const struct command_line *p);

#endif
