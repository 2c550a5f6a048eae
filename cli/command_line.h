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

/* Adds a problem for the value of the current option: "allowed is …", or a text of its own. */
void command_line_problem(struct command_line *p, const char *value, const char *allowed);
void command_line_problem_text(struct command_line *p, const char *value, const char *text);

/* Adds a problem for a file of that flag, unless why is NULL. */
void command_line_file_problem(struct command_line *p, const char *flag, const char *path,
	const char *why);

/* The index of a word in its list. -1: a problem was added that has the words and the nearest. */
int command_line_word(struct command_line *p, const char *value, const struct option_words *words);

#endif
