/*
 * What depends on more than one option, once all are read: what a recording says, defaults that
 * follow from others, options that exclude each other, files that may not be one; and what the
 * environment says of TLS and proxies.
 */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "cli/option_values.h"

/* What a replay's recording says of its source, queues and interval, before anything depends on
 * them. Standard input and pipes are waited for, unless the command line is wrong already. */
void validate_recording(struct option_values *p);
void validate_derive(struct option_values *p);
void validate_options(struct option_values *p);
void validate_files(struct option_values *p);
void validate_environment(struct option_values *p);	/* once the credentials are read */

#endif
