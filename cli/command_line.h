/*
 * The command line while it is parsed: which options were given, where their values come from, and
 * the problems that were found. Used only in cli/.
 */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include <stdbool.h>

#include "cli/config_file.h"
#include "cli/option_table.h"
#include "cli/options.h"
#include "util/lines.h"

struct option_state {
	bool given;
	bool bad;		/* a problem with its value was added */
	bool unknown;		/* the value is in a recording that was not read */
	const char *value;	/* the last one given; NULL: not given, or it takes none */
	const char *shown;	/* printed by --dry-run in place of the stored value; or NULL */
	const char *from;	/* printed by --dry-run: "flag", …; NULL: "default". Of the source
				   also "--now" and other options, and GSQSTAT_SOURCE. */
	const char *flag;	/* its name in messages; NULL: as on the command line */
	const struct config_entry *entry;	/* the last one it comes from; NULL: none */
};

struct command_line {
	struct options *set;
	struct options_made *made;
	struct lines problems;
	const struct option_def *current;	/* the option whose value is being set */
	const struct config_entry *entry;	/* where that comes from; NULL: no file */
	struct option_state state[OPTIONS_MAX];	/* by index in option_table */
	unsigned modes;			/* bits of enum option_mode; the source is settled last */
	bool defaults;			/* the value being set is a default */
	const char *help_topic;		/* of --help; NULL: none */
	bool help, version, queue_stdin, outlier_none, secret_given;
	bool misread;			/* an option is unknown, or not given as it must be: what
					   follows may mean something else */
	const struct option_def *implying;	/* the option that implies notifications; or NULL */
	struct lines operands;		/* queue IDs */
	struct queue_index named;	/* the queues of set->queues, to find one again */
	size_t ids;			/* how many IDs were given, also those of other shards */
};

/* Parses and stores a value of the option; NULL: it takes none. entry: the line of the
 * configuration file that it comes from; NULL: none. */
void command_line_apply(struct command_line *p, const struct option_def *d, const char *value,
	const struct config_entry *entry);

/* The name of these is that of an option in the table, without dashes. */
struct option_state *command_line_state(struct command_line *p, const char *name);
bool command_line_given(const struct command_line *p, const char *name);
bool command_line_bad(const struct command_line *p, const char *name);

/* How a message begins that is about the option: `--window`, or `FILE:3: window` if it comes from
 * that line of the configuration file. The text is static or belongs to that file. */
const char *command_line_flag(const struct command_line *p, const char *name);
/* The same for one of its values: the line that has it, or that contains it in a list. */
const char *command_line_value_flag(const struct command_line *p, const char *name,
	const char *value);
/* What follows the name of another option in a message: ` (FILE:3)` if that comes from the
 * configuration file; else "". */
const char *command_line_place(const struct command_line *p, const char *name);

/* Adds the problem `--OPTION 'VALUE': TEXT` for a value of the current option, which then counts as
 * bad. text says what is wrong or what the value must be, such as "must be 1 to 1000000". */
void command_line_problem(struct command_line *p, const char *value, const char *text);

/* Adds the problem `FLAG 'PATH': cannot be read: WHY`, unless why is NULL. */
void command_line_file_problem(struct command_line *p, const char *flag, const char *path,
	const char *why);

/* Returns the index of a word in its list, or -1: then the hint lists the words and suggests the
 * nearest, as in `must be stream or notifications; did you mean stream?` */
int command_line_find_word(const char *value, const struct option_words *words, char *hint,
	size_t size);
/* The same for a value of the current option; adds the hint as a problem. */
int command_line_word(struct command_line *p, const char *value, const struct option_words *words);

#endif
