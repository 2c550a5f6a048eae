/*
 * The command line while it is read: which options were given, what is wrong with them, and where
 * their values come from. For cli/ alone.
 */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include <stdbool.h>

#include "cli/option_table.h"
#include "cli/options.h"
#include "util/lines.h"

struct option_state {
	bool given, bad;
	bool unknown;		/* only the recording, which was not read, knows the value */
	const char *value;	/* the last one given; NULL: none, or it takes none */
	const char *shown;	/* for --dry-run, in place of what is stored; or NULL */
	const char *from;	/* for --dry-run: "flag", "recording", …; NULL: "default" */
};

struct command_line {
	struct options *set;
	struct lines problems;
	const struct option_def *current;	/* the option whose value is being set */
	struct option_state state[OPTIONS_MAX];	/* by place in the table */
	unsigned modes;			/* option_mode; the source once it is known */
	bool defaults;			/* defaults are being applied */
	bool help, version, queue_stdin, outlier_none, secret_given;
	struct lines operands;		/* queue IDs */
};

/* Of the option of that name, without dashes. */
struct option_state *command_line_state(struct command_line *p, const char *name);
bool command_line_given(const struct command_line *p, const char *name);
bool command_line_bad(const struct command_line *p, const char *name);

/* Adds the problem `--OPTION 'VALUE': TEXT` for a value of the current option, which then counts as
 * bad. text says what is wrong or what the value must be, such as "must be 1 to 1000000". */
void command_line_problem(struct command_line *p, const char *value, const char *text);

/* Adds the problem `FLAG 'PATH': cannot be read: WHY`, unless why is NULL. */
void command_line_file_problem(struct command_line *p, const char *flag, const char *path,
	const char *why);

/* Returns the index of a word in its list, or -1: then it added a problem that lists the words and
 * suggests the nearest. */
int command_line_word(struct command_line *p, const char *value, const struct option_words *words);

#endif
