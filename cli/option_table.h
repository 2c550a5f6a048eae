/*
 * The table of options. It has one entry per option: name, help text, the modes in which it can be
 * used, where and how its value is stored, and its default. Parsing, --help, checks for options
 * that exclude each other, --dry-run and the audit event run.start all loop over the table.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/option_values.h"
#include "util/buf.h"

#define OPTIONS_MAX 80

/* What the program does, as bits. At most one of the bits of the two sources is set, and none while
 * the source is unknown. */
enum option_mode {
	MODE_STREAM = 1, MODE_NOTIFICATIONS = 2, MODE_REPLAY = 4, MODE_NOW = 8, MODE_CHECK = 16,
	MODE_LIST = 32, MODE_DOCTOR = 64,
	MODE_RUN = 127,		/* all of these */
	MODE_VERIFY = 128,	/* --verify-audit */
	MODE_METRICS = 256,	/* --list-metrics */
	MODE_NO_RUN = MODE_VERIFY | MODE_METRICS
};

struct option_def {
	const char *name, *flag;	/* the same, but flag begins with `--` */
	char letter;			/* 0: none */
	unsigned modes;			/* the modes in which it can be used */
	const char *arg;		/* its value in --help, in brackets if it may be absent;
					   NULL: it takes none */
	const char *help;		/* what it does, see option_table_help */
	enum output_feature outputs;	/* the help ends in the words of the outputs with this;
					   0: it does not */
	enum option_kind kind;		/* how the value is stored */
	size_t at;			/* offset of the value in struct options */
	/* Parses and stores a value; NULL: option_values_set does, according to kind. */
	void (*set)(struct command_line *p, const char *value);
	const struct option_words *words;	/* the valid values; NULL: not a list */
	/* Says why the file cannot be used, or returns NULL; NULL: checked elsewhere. */
	const char *(*unfit)(const char *path);
	int64_t number;			/* shortest duration in ms; or what a flag sets */
	const char *initial;		/* default as a user would write it; or NULL */
	const char *initial_text;	/* default in words, only for --help; or NULL */
	unsigned enters;		/* the mode that the option turns on; 0: none */
	const char *needs;		/* option that must be given too; or NULL */
	enum output_feature needs_output;	/* or an output with this feature; 0: none */
	const char *not_with;		/* option that cannot be given too; or NULL */
	const char *group;		/* --help: title of the group that starts here; or NULL */
	bool common;			/* --help without a group shows it */
	bool is_secret;			/* a URL that may hold a secret: messages shorten it */
	bool only_flag;			/* it cannot be in a configuration file */
};

extern const struct option_def option_table[];	/* in the order of --help and --dry-run */
extern const size_t option_table_len;
#define FOR_EACH_OPTION(d) \
	for (const struct option_def *d = option_table; d < option_table + option_table_len; d++)

/* Writes the whole help. */
void option_table_help(const struct option_def *d, char *out, size_t size);

/* Returns the option of that name, without dashes. It must exist. */
const struct option_def *option_table_find(const char *name);
/* The same for a name of any text; NULL: there is no such option. */
const struct option_def *option_table_look_up(const char *name, size_t len);

/* The option that must be given too; NULL: none. modes and format are those of what the program
 * does; FORMATS: the format is unknown. */
const struct option_def *option_table_needed(const struct option_def *d, unsigned modes,
	enum format format);

/* True for an option that only notifications have, so that giving it chooses them. */
bool option_table_chooses_notifications(const struct option_def *d);

/* True for a name such as `token`, which users may expect to take a secret. There is no such
 * option. The name could be an abbreviation of another option, whose error message would then show
 * the secret. */
bool option_table_tries_secret(const char *name, size_t len);

#endif
