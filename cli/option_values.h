/* Parses, stores and prints the values of options, according to their kind. Used only in cli/. */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "util/buf.h"

struct command_line;
struct option_def;

enum option_kind {
	KIND_NONE,		/* nothing is stored */
	KIND_FLAG,		/* bool; the default is the opposite of what the option sets */
	KIND_LEVEL,		/* enum audit_level */
	KIND_DURATION,		/* int64_t, ms */
	KIND_DURATION_OR_0,	/* the same; 0 is valid too, and needs no unit */
	KIND_COUNT,		/* uint32_t; 0: not given */
	KIND_SIZE,		/* uint64_t, bytes */
	KIND_WORD,		/* an enum: the index in the list of words */
	KIND_SET,		/* unsigned: bit i stands for word i of the list */
	KIND_CHOICE,		/* const char *, a word of the list */
	KIND_TEXT,		/* const char *, as given */
	KIND_INPUT,		/* const char *, a file to read */
	KIND_OUTPUT,		/* const char *, a file to write; NULL or `-`: stdout */
	KIND_SIDE_FILE,		/* const char *, a file to write, which cannot be `-` */
	KIND_LIST,		/* struct lines */
	KIND_TARGETS		/* struct targets */
};

/* The words that are valid as the value of an option. */
struct option_words {
	const char *const *v;
	size_t n;
};
extern const struct option_words metric_words, interval_words, format_words, time_words,
	source_words, subscribe_words, audit_words, callback_words, check_words, stat_words,
	media_words;

/* Parses and stores a value of the current option; adds a problem if it is bad. */
void option_values_set(struct command_line *p, const char *value);

/* Setters of --label, --expect and --run. */
void option_values_set_label(struct command_line *p, const char *value);
void option_values_set_expect(struct command_line *p, const char *value);
void option_values_set_run(struct command_line *p, const char *value);

/* Appends the stored value as JSON. brief: the length of a list in place of the list. */
void option_values_put(struct buf *out, const struct option_def *d, const struct options *set,
	bool brief);

/* Returns the value of an option that is stored as a const char *; NULL: not given. */
const char *option_values_text(const struct option_def *d, const struct options *set);

bool option_values_lists_failed(const struct options *set);	/* a list lacks lines: no memory */
void option_values_lists_free(struct options *set);		/* frees all lists */

#endif
