/*
 * Reads a configuration file (--config): long options, one a line, in the form that curl's -K
 * takes. This only reads the lines; config_args.h decides which of them a run uses.
 *
 *	# a comment
 *	window = 5m
 *	queue-name "Sales EMEA*"	# within quotes: \\ \" \n \t
 *	--align
 */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/option_table.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/text.h"

#define CONFIG_FROM_SIZE (TEXT_SHOWN_SIZE + 24)

enum config_use {
	CONFIG_IGNORED,		/* replaced by a flag, or without a place in the mode, or bad */
	CONFIG_USED,
	CONFIG_LATER		/* depends on the source, which is not known yet */
};

struct config_entry {
	const struct option_def *option;
	const char *value;		/* NULL: it has none */
	size_t line;			/* from 1 */
	char from[CONFIG_FROM_SIZE];	/* `NAME:LINE` */
	/* The same for messages: `NAME:LINE: OPTION`, and ` (NAME:LINE)` */
	char flag[CONFIG_FROM_SIZE + 32], place[CONFIG_FROM_SIZE + 4];
	enum config_use use;		/* until config_args_choose: used unless bad */
};

struct config_file {
	char name[TEXT_SHOWN_SIZE];	/* for messages: its path, shortened, or "stdin" */
	struct buf text;		/* the values point into it */
	struct config_entry *v;		/* the options that exist, in the order of the lines */
	size_t n, cap;
	struct lines problems;		/* `NAME:LINE: TEXT`, or why it cannot be read */
};

/* Reads the lines of c->text. All of c but name and text must be zero. */
void config_file_parse(struct config_file *c);

/* Reads the file (`-`: stdin) and its lines. *c must be all zero. flag: what named the file. */
void config_file_read(struct config_file *c, const char *path, const char *flag);
void config_file_free(struct config_file *c);

#endif
