/*
 * The table of options: for each its names, its text in --help, its default, and the function that
 * stores its value. Everything that lists options is a loop over it.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include "cli/option_values.h"

extern const struct option_def option_table[OPTIONS];	/* by option_id */

#endif
