/*
 * Decides which options of a configuration file a run uses, sets them, and names their lines in
 * messages. An option of the file is ignored if it is also given as a flag, or if it cannot be used
 * in the mode of the run, so one file can serve runs of both sources and --list-queues.
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

/* The file of --config, or else of $GSQSTAT_CONFIG; NULL: none. */
const char *config_args_path(const struct config_flags *flags);

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

/* In problems and warnings from the index `first` on, names file and line in place of an option
 * that comes from the file. entry NULL: looks for the one with the value that the line quotes. */
void config_args_name_lines(const struct command_line *p, struct lines *lines, size_t first,
	const struct config_entry *entry);

#endif
