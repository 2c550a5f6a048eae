/*
 * Decides which options of a configuration file a run uses, and sets them. An option of the file is
 * ignored if it is also given as a flag, or if it cannot be used in the mode of the run, so one
 * file can serve runs of both sources and --list-queues.
 */
#ifndef CLI_CONFIG_ARGS_H
#define CLI_CONFIG_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command_line.h"
#include "cli/config_file.h"

/* What the arguments of the program are, before the values are read. */
struct config_flags {
	bool given[OPTIONS_MAX];		/* by index in option_table */
	const char *value[OPTIONS_MAX];		/* the last one; NULL: none */
	bool operand;
};

#define CONFIG_VARIABLE "GSQSTAT_CONFIG"

/* The file of --config, or else of the variable; NULL: none. *flag: which of them names it. */
const char *config_args_path(const struct config_flags *flags, const char **flag);

/* Returns true if the option is given, by a flag or in the file (unless that line is ignored). Then
 * *value is the last value of the flag, or else of the file; NULL: it takes none. */
bool config_args_given(const struct config_file *c, const struct config_flags *flags,
	const struct option_def *d, const char **value);

/* Chooses among the entries of the file, as far as flags and the file itself say what the run
 * does. Returns true if the run is a --check, even if that option lacks its value. */
bool config_args_choose(struct config_file *c, const struct config_flags *flags);

/* Sets the chosen options. */
void config_args_apply(struct command_line *p);
/* Sets those that had to wait for the source, if they can be used with it. Call it once the source
 * is settled or cannot be known before the run. */
void config_args_apply_rest(struct command_line *p);

/* Setter of --config. */
void config_args_set(struct command_line *p, const char *value);

#endif
