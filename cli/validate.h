/*
 * Checks that need more than one option, after all are parsed: the recording of --replay, defaults
 * that depend on other options, credentials, options that exclude each other, files that must not
 * be the same, and environment variables of TLS and proxies.
 */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "cli/command_line.h"

/* Completes *p->set, and adds problems and warnings. If the recording is stdin or a pipe, it waits
 * for the first lines, unless there is a problem already. */
void validate(struct command_line *p);

#endif
