/*
 * Reads the command line. All values are checked, and all bad ones are reported at once. The
 * options themselves are in option_table.c.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "auth/creds.h"
#include "output/format.h"
#include "output/nagios.h"
#include "output/threshold.h"
#include "source/recording.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "webhook/target.h"
#include "window/stream_window.h"

#define QUEUES_MAX 50		/* of a live run, from the stream */

enum options_subscribe { SUBSCRIBE_URL, SUBSCRIBE_MESSAGE };

/*
 * What was asked, and what the checks made of it. They open the recording, which may be a pipe that
 * can be read only once, and parse expressions: a run takes these as they are.
 */
struct options {
	struct lines queues;		/* IDs: distinct, lower case, in order */
	const char *source;		/* as given, or the default */
	bool notifications;		/* the source is notifications; else the stream */
	struct lines queue_names;	/* patterns, as given */
	struct lines queue_files;
	bool skip_refused, list_queues;
	bool now;			/* --now: one snapshot, no windows */
	bool snapshot;			/* false: --no-snapshot */
	int64_t resync_ms;		/* between snapshots; 0: only after a lost connection */
	struct lines patterns;		/* of -m, or its default */
	const char *metric[METRIC_MAX];	/* static names: first nasked of -m, then those that
					   only --outlier needs */
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
	unsigned stats;			/* of prometheus and influx: bits by enum row_statistic */
	bool header;
	bool ascii;			/* of a table */
	const char *output;		/* NULL or "-": stdout; borrowed from argv */
	const char *record;
	const char *rejects;
	const char *replay;		/* NULL: a live run */
	struct recording *recording;	/* of --replay, still at its beginning; else NULL */
	bool source_recorded;		/* the source is not from --source but from the recording */
	bool queues_recorded;		/* only the recording says which queues */
	bool dry_run;
	struct targets targets;		/* of --callback; n is 0: none */
	enum options_subscribe subscribe;
	const char *cacert;
	const char *ca_file;		/* $SSL_CERT_FILE, if --cacert is not given */
	int64_t connect_timeout_ms;
	int64_t retry_for_ms;
	int64_t idle_timeout_ms, pong_timeout_ms;
	struct filter outlier[FILTERS_MAX];
	char *outlier_path[FILTERS_MAX];	/* owns the text of their paths */
	size_t noutlier;
	bool outlier_given;		/* else the filter is the default one */
	struct lines outlier_text;	/* as given, for run.start */
	struct scopes *scopes;		/* of thresholds and nagios; NULL: none */
	struct thresholds *thresholds;	/* NULL: none */
	struct lines fail_if;		/* as given */
	bool fail_fast;
	const char *check;		/* "nagios"; NULL: no check */
	struct nagios *nagios;		/* of --check */
	struct lines warning, critical;	/* ranges of --check, as given */
	int64_t token_margin_ms;
	bool cache;
	enum audit_format audit;
	const char *audit_file;		/* NULL: stderr */
	bool audit_chain;
	const char *audit_key_file;
	struct buf audit_key;		/* len 0: none; a secret */
	const char *verify_audit;	/* NULL: a run. Else only audit_key and: */
	const char *expect;		/* hash in lower case; NULL: any */
	const char *rows;
	const char *run;		/* ID; NULL: all runs of the log */
	char expect_text[65], run_text[37];
	bool audit_given;		/* --audit is given: also a terminal shows all events */
	enum audit_level level;		/* the least one that is written, by -v and -s */
	const char *host, *profile, *client_secret_file;	/* as given */
	struct creds creds;		/* what comes of them; empty with --replay */
	struct lines warnings;		/* written after run.start */
	char *settings_json;		/* {"window":"30s",…}, for run.start */
	char *first_problem;		/* PARSED_BAD: what --check prints */
};

enum options_parsed {
	PARSED_RUN,	/* *set is complete */
	PARSED_DONE,	/* --help, --version or --dry-run was printed: exit with *st */
	PARSED_BAD	/* errors were printed to stderr: exit with ST_USAGE */
};

/*
 * Reads argv and the environment. versions: of the libraries, for --version. Prints --help,
 * --version and --dry-run to stdout (*st is ST_OUTPUT if that fails), and errors to stderr. Opens
 * no output and sends nothing. set must be all zero; free it with options_free.
 */
enum options_parsed options_parse(struct options *set, int argc, char **argv,
	const char *versions, enum status *st);
void options_free(struct options *set);

/* Whether an argument is --check, for then also an error of the command line must be reported as
 * a Nagios plugin does it. */
bool options_ask_check(int argc, char **argv);

#endif
