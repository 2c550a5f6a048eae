/* What the command line prints of itself: --help, --version, --dry-run, complaints. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/option_values.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

/* To stdout: help, versions, settings; the text is freed. */
enum status help_print(struct buf *text);
enum status help_help(const struct option_values *p);
enum status help_version(const char *versions);
enum status help_settings(const struct option_values *p);

/* The settings' values alone, a NUL behind, for a line of the audit; where they are too long for
 * one, of each list its length alone. */
void help_put_values(struct buf *out, const struct option_values *p);

/* Lines with words from outside to stderr, fit for a terminal, `what` before each. */
void help_complain(const char *what, struct lines *lines);

#endif
