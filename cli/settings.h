/*
 * The settings of a run as JSON: all options with their values, and where each value comes from.
 * Printed by --dry-run, and part of the audit event run.start.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/option_values.h"
#include "util/base.h"
#include "util/buf.h"

enum status settings_print(const struct option_values *p);	/* --dry-run, to stdout */

/* The values alone, with a NUL, for run.start. If they are too long for an audit line, lists
 * become their lengths. */
void settings_put_values(struct buf *out, const struct option_values *p);

#endif
