/*
 * The command line while it is read: kinds of options, their values, and errors of values. For
 * cli/ alone.
 */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "util/lines.h"

enum option_group {
	WATCH, WINDOWS, OUTPUT, THRESHOLDS, CALLBACKS, SOURCE, CREDENTIALS, MESSAGES, GROUPS
};

/* Each option's place in the table. */
enum option_id {
	OPT_QUEUE, OPT_QUEUE_FILE, OPT_QUEUE_NAME, OPT_SKIP_REFUSED, OPT_LIST_QUEUES,
	OPT_METRIC, OPT_INTERVAL, OPT_WINDOW, OPT_COUNT, OPT_ALIGN, OPT_NOW, OPT_TIME,
	OPT_LATENESS, OPT_FORMAT, OPT_NO_HEADER, OPT_ASCII, OPT_OUTPUT, OPT_RECORD, OPT_REJECTS,
	OPT_DRY_RUN, OPT_FAIL_IF, OPT_FAIL_FAST, OPT_CHECK, OPT_WARNING, OPT_CRITICAL,
	OPT_CALLBACK, OPT_CALLBACK_HEADER_FILE, OPT_CALLBACK_FORMAT, OPT_CALLBACK_KEY_FILE,
	OPT_CALLBACK_TIMEOUT, OPT_CALLBACK_SPOOL, OPT_CALLBACK_SPOOL_MAX,
	OPT_CALLBACK_ALLOW_PRIVATE, OPT_REPLAY, OPT_SOURCE, OPT_HOST, OPT_SUBSCRIBE,
	OPT_NO_SNAPSHOT, OPT_RESYNC, OPT_CACERT, OPT_CONNECT_TIMEOUT, OPT_RETRY_FOR,
	OPT_IDLE_TIMEOUT, OPT_PONG_TIMEOUT, OPT_OUTLIER, OPT_PROFILE, OPT_TOKEN_MARGIN,
	OPT_NO_CACHE, OPT_CLIENT_SECRET_FILE, OPT_AUDIT, OPT_AUDIT_FILE, OPT_AUDIT_CHAIN,
	OPT_AUDIT_KEY_FILE, OPT_VERIFY_AUDIT, OPT_EXPECT, OPT_ROWS, OPT_RUN, OPT_VERBOSE,
	OPT_SILENT, OPT_HELP, OPT_VERSION, OPTIONS
};

struct option_values;

struct option_def {
	const char *name;
	char letter;			/* 0: none */
	enum option_group group;
	const char *arg;		/* NULL: it takes none */
	const char *initial;		/* default, as a user would write it; NULL: see the next */
	const char *initial_text;	/* a default in words, for --help alone; or NULL */
	const char *help;
	void (*set)(struct option_values *p, const char *value);
};

struct option_values {
	struct options *set;
	struct lines problems;
	enum option_id current;		/* the option whose value is being set */
	bool given[OPTIONS], bad[OPTIONS];
	const char *value[OPTIONS];	/* the last one given; NULL: none, or it takes none */
	bool defaults;			/* defaults are being applied */
	bool unread;			/* the beginning of the recording was not read */
	bool interval_recorded;		/* the interval comes from the recording */
	bool help, version, queue_stdin, outlier_none, secret_given;
	struct lines queue_files;
	struct lines operands;		/* queue IDs */
	const char *host, *profile, *secret_file, *audit_key_file;
	const char *ca_file;		/* $SSL_CERT_FILE, if --cacert is not given */
};

/* The words that an option takes as its value. */
struct option_values_words {
	const char *const *v;
	size_t n;
};
extern const struct option_values_words metric_words, interval_words, format_words, time_words,
	source_words, subscribe_words, audit_words, callback_words, check_words;

#define DURATION_UNITS ", a number with ms, s, m or h (or ISO 8601)"

/* Whether the option has no effect with the source that is chosen. */
bool option_values_is_foreign(const struct option_values *p, enum option_id id);

/* Adds a problem for the value of the current option: "allowed is …", or a text of its own. */
void option_values_problem(struct option_values *p, const char *value, const char *allowed);
void option_values_problem_text(struct option_values *p, const char *value, const char *text);

/* Adds a problem for a file of that flag, unless why is NULL. */
void option_values_file_problem(struct option_values *p, const char *flag, const char *path,
	const char *why);

/* The index of a word in its list. -1: a problem was added that has the words and the nearest. */
int option_values_word(struct option_values *p, const char *value,
	const struct option_values_words *words);

/* A duration from least_ms to a day, in ms. least_ms: a problem may have been added. */
int64_t option_values_duration(struct option_values *p, const char *value, int64_t least_ms,
	const char *allowed);

#endif
