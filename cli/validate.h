/*
 * Checks that need more than one option, when all are read: the recording of --replay, defaults
 * that depend on other options, credentials, options that exclude each other, files that must not
 * be the same, and the environment of TLS and proxies.
 */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "cli/command_line.h"

/* Waits for a recording from standard input or a pipe, unless there is a problem already. */
void validate(struct command_line *p);

#endif
