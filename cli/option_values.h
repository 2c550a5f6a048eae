/* The values of options: read, stored and shown by kind. For cli/ alone. */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "util/buf.h"

struct command_line;
struct option_def;

enum option_kind {
	KIND_NONE,		/* it has no value to keep */
	KIND_FLAG,		/* bool; the default is the opposite of what the option sets */
	KIND_LEVEL,		/* enum audit_level */
	KIND_DURATION,		/* int64_t, ms */
	KIND_DURATION_OR_0,	/* the same; 0 needs no unit, and the least is for others */
	KIND_COUNT,		/* uint32_t; 0: none */
	KIND_SIZE,		/* uint64_t, bytes */
	KIND_WORD,		/* an enum, by the place in the list of words */
	KIND_SET,		/* unsigned, a bit for each word by its place in the list */
	KIND_CHOICE,		/* const char *, in the list of words */
	KIND_TEXT,		/* const char *, as given */
	KIND_INPUT,		/* the same, a file to read */
	KIND_OUTPUT,		/* the same, a file to write to; NULL or `-`: stdout */
	KIND_SIDE_FILE,		/* the same, but not `-` */
	KIND_LIST,		/* struct lines */
	KIND_TARGETS		/* struct targets */
};

/* The words that an option takes as its value. */
struct option_words {
	const char *const *v;
	size_t n;
};
extern const struct option_words metric_words, interval_words, format_words, time_words,
	source_words, subscribe_words, audit_words, callback_words, check_words, stat_words;

/* Stores a value of the current option, or adds a problem. */
void option_values_set(struct command_line *p, const char *value);

/* Setters of --expect and --run. */
void option_values_set_expect(struct command_line *p, const char *value);
void option_values_set_run(struct command_line *p, const char *value);

/* Writes the stored value as JSON. brief: the length of a list in place of the list. */
void option_values_put(struct buf *out, const struct option_def *d, const struct options *set,
	bool brief);

/* The value of an option that is stored as a const char *. */
const char *option_values_text(const struct option_def *d, const struct options *set);

/* Of all options that are lists. */
bool option_values_lists_failed(const struct options *set);	/* memory ran out */
void option_values_lists_free(struct options *set);

#endif
