/*
 * The table of options. An option is one line of it: names, help, the modes in which it has a
 * place, where its value is stored and how, its default. Parsing, --help, conflicts, --dry-run and
 * the settings in run.start are loops over the table.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/option_values.h"
#include "util/buf.h"

#define OPTIONS_MAX 80

/* What the program is to do, as bits: one source or both unknown, and any of the others. */
enum option_mode {
	MODE_STREAM = 1, MODE_NOTIFICATIONS = 2, MODE_REPLAY = 4, MODE_NOW = 8, MODE_CHECK = 16,
	MODE_LIST = 32,
	MODE_RUN = 63,		/* all of these */
	MODE_VERIFY = 64	/* --verify-audit, which is not a run */
};

struct option_def {
	const char *name;
	char letter;			/* 0: none */
	unsigned modes;			/* those in which the option has a place */
	const char *arg;		/* NULL: it takes none */
	const char *help;
	enum option_kind kind;		/* of its value */
	size_t at;			/* where that is stored in struct options */
	void (*set)(struct command_line *p, const char *value);	/* stores it; NULL: by kind */
	const struct option_words *words;	/* allowed as its value */
	const char *(*unfit)(const char *path);	/* why an input cannot be used; or NULL */
	int64_t number;			/* least ms of a duration; what a flag sets */
	const char *initial;		/* default, as a user would write it; NULL: see the next */
	const char *initial_text;	/* a default in words, for --help alone; or NULL */
	unsigned enters;		/* the mode that the option chooses */
	const char *needs;		/* the option without which it has no effect */
	const char *not_with;		/* the option that it contradicts */
	const char *group;	/* in --help: the title of the group that begins here; or NULL */
	bool is_secret;			/* its value may hold one: error messages cut it */
};

extern const struct option_def option_table[];	/* in the order of --help and --dry-run */
extern const size_t option_table_len;
#define FOR_EACH_OPTION(d) \
	for (const struct option_def *d = option_table; d < option_table + option_table_len; d++)

/* The option of that name, without dashes; there must be one. */
const struct option_def *option_table_find(const char *name);

void option_table_put_help(struct buf *out);	/* --help */

#endif
