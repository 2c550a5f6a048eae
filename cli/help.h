/* --help and --version. The text of each option is in option_table.c. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "util/base.h"

enum status help_print(void);
enum status help_print_version(const char *versions);	/* of the libraries */

#endif
