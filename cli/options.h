/*
 * Parses the command line, checks all values, and reports all problems at once. The options are
 * listed in option_table.c.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "auth/creds.h"
#include "message/source_kind.h"
#include "output/output.h"
#include "output/nagios.h"
#include "output/threshold.h"
#include "source/recording.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/shard.h"
#include "webhook/target.h"
#include "window/queue_index.h"
#include "window/stream_window.h"

/* What the program does. A run is live unless an option says otherwise. */
enum task {
	TASK_LIVE, TASK_REPLAY, TASK_LIST_QUEUES, TASK_DOCTOR,
	TASK_VERIFY_AUDIT, TASK_LIST_METRICS	/* these two are no run */
};

enum options_subscribe { SUBSCRIBE_URL, SUBSCRIBE_MESSAGE };

struct config_file;
struct config_flags;

/*
 * The settings of a run: the values of options, and what the checks derived from them. Nothing
 * changes them during the run.
 */
struct options {
	enum task task;			/* derived from the options below */
	struct lines queues;		/* IDs in lower case, in order, each once */
	enum source_kind source;	/* known in a run; before it, see source_choice.h */
	struct lines queue_names;	/* patterns, as given */
	struct lines queue_files;
	struct queue_index file_names;	/* the queues that have a name in --queue-file */
	struct shard shard;		/* n 0: none; the lists above have only its queues */
	const char *shard_text;		/* K/N; NULL: not given */
	char shard_memory[24];		/* of shard_text */
	bool no_queue;			/* no queue that was named belongs to the shard */
	bool skip_refused, list_queues;
	bool now;			/* --now: one snapshot, no windows */
	bool snapshot;			/* false: --no-snapshot */
	int64_t resync_ms;		/* between snapshots; 0: only after a lost connection */
	struct lines patterns;		/* the values of -m, or its default */
	bool overview;			/* of notifications, by default: what a table shows */
	bool list_metrics;
	const char *metric[METRIC_MAX];	/* of the stream; static strings: first nasked of -m,
					   then those that only --outlier needs */
	size_t nmetric, nasked;
	const char *interval;		/* "PT10S"; static */
	bool interval_given;
	int64_t interval_ms;
	int64_t window_ms;
	uint32_t count;			/* 0: all (--replay without -n) */
	bool align;
	enum stream_window_time time;
	int64_t lateness_ms;
	enum format format;
	unsigned stats;			/* bits of enum row_statistic, for prometheus and influx */
	bool sketch;
	unsigned media;			/* bits of row_media_words */
	struct lines label_texts;	/* as given */
	struct row_labels labels;
	bool header;
	bool ascii;			/* of a table */
	bool utc;			/* of a table on a terminal; false: local time */
	const char *output;		/* NULL or "-": stdout; borrowed from argv */
	const char *record;
	const char *rejects;
	const char *replay;		/* a file; NULL: not given */
	bool queues_recorded;		/* the recording chose the queues */
	bool dry_run;
	bool doctor;
	struct targets targets;		/* of --callback; empty: not given */
	enum options_subscribe subscribe;
	const char *cacert;
	const char *ca_file;		/* $SSL_CERT_FILE, if --cacert is not given */
	int64_t connect_timeout_ms;
	int64_t retry_for_ms;
	int64_t idle_timeout_ms, pong_timeout_ms;
	struct filter outlier[FILTERS_MAX];
	char *outlier_path[FILTERS_MAX];	/* the texts that outlier[].path points into */
	size_t noutlier;
	bool outlier_given;		/* false: the filter is the default */
	struct lines outlier_text;	/* as given, for run.start */
	struct lines fail_if;		/* as given */
	bool fail_fast;
	const char *check;		/* "nagios"; NULL: no check */
	struct lines warning, critical;	/* ranges of --check, as given */
	int64_t token_margin_ms;
	bool cache;
	enum audit_format audit;
	const char *audit_file;		/* NULL: stderr */
	bool audit_chain;
	const char *audit_key_file;
	struct buf audit_key;		/* len 0: none; a secret */
	/* --verify-audit, which uses only audit_key and the next three */
	const char *verify_audit;
	const char *expect;		/* hash in lower case; NULL: any */
	const char *rows;
	const char *run;		/* ID; NULL: all runs of the log */
	char expect_text[65], run_text[37];	/* the memory of expect and run */
	enum audit_level level;		/* the lowest level that is written, see -v and -s */
	const char *host, *profile, *client_secret_file;	/* as given */
	struct creds creds;		/* from those or the environment; empty with --replay */
	struct lines warnings;		/* to be written after run.start */
	struct lines doubts;		/* warnings that --silent does not hide */
	const char *config;		/* of --config or the environment; NULL: none */
	struct config_file *config_file;	/* its lines; some values above point into it */
	char *settings_json;		/* {"window":"30s",…}, for run.start */
	char *settings_changed;		/* those that are not the default, as text; may be "" */
	char *first_problem;		/* after PARSED_BAD, for the line of --check */
};

/*
 * What the checks made of the settings and the run then changes. The checks open the recording,
 * which may be a pipe that can be read only once, and parse expressions; the run does not do that
 * again. The texts of expressions belong to the settings.
 */
struct options_made {
	struct recording *recording;	/* of --replay, still at its beginning; else NULL */
	struct scopes *scopes;		/* used by the next three; NULL: none */
	struct thresholds *thresholds;	/* NULL: none */
	struct nagios *ranges;		/* of --check, or of an output that marks numbers by them;
					   NULL: none */
};

enum options_parsed {
	PARSED_RUN,	/* *set and *made are complete */
	PARSED_DONE,	/* --help, --version, --dry-run or --list-metrics is done: exit with *st */
	PARSED_BAD	/* errors were printed to stderr: exit with ST_USAGE */
};

/*
 * Parses argv and the environment. versions are those of the libraries, for --version. Prints
 * --help, --version and --dry-run to stdout (*st is ST_OUTPUT if that fails), and errors to stderr.
 * Opens no output and sends nothing. *made must be all zero, and *set too, or as
 * options_read_config left it. *set borrows from argv. Free both, *made first.
 */
enum options_parsed options_parse(struct options *set, struct options_made *made, int argc,
	char **argv, const char *versions, enum status *st);
void options_made_free(struct options_made *made);
void options_free(struct options *set);

/* Notes the options among the arguments, even those that lack their value. It borrows from argv. */
void options_scan(struct config_flags *flags, int argc, char **argv);

/* True if an argument is --check. Then errors of the command line, too, must be reported as a
 * Nagios plugin reports them. */
bool options_ask_check(int argc, char **argv);

/* Reads the configuration file, if there is one; call it before options_parse, which reports
 * problems. True: the file asks for --check. */
bool options_read_config(struct options *set, int argc, char **argv);

#endif
