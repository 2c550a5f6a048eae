/*
 * Checks that need more than one option, when all are read: the recording of --replay, defaults
 * that depend on other options, options that exclude each other, files that must not be the same,
 * and the environment of TLS and proxies.
 */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "cli/command_line.h"

/* Reads source, queues and interval from the recording; call it first, for others depend on them.
 * Waits for standard input and pipes, unless the command line has an error already. */
void validate_recording(struct command_line *p);
void validate_derive(struct command_line *p);
void validate_options(struct command_line *p);
void validate_files(struct command_line *p);
void validate_environment(struct command_line *p);	/* after the credentials are read */

#endif
