/*
 * The text of --help: the most used options, or those of a group, or all.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>

#include "util/buf.h"

/* Puts the text into out, which must be empty. topic: "all" or the name of a group; NULL: the most
 * used options. False: there is no such group; the text is then an error message. */
bool help_put(struct buf *out, const char *topic);

/* Puts the names of the groups with the separator between them. */
void help_put_group_names(struct buf *out, const char *separator);

#endif
