/*
 * The command line: one table of options, from which parsing, --help, defaults and
 * --dry-run come; every value checked, all bad ones reported in one go. Only gsqstat.c and
 * run.c include this.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "auth/creds.h"
#include "output/nagios.h"
#include "output/format.h"
#include "output/threshold.h"
#include "source/recording.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "webhook/target.h"
#include "window/stream_window.h"

#define QUEUES_MAX 50		/* of a live run, from the stream */
#define NOTICE_QUEUES_MAX 500	/* the same from the notification service */

enum options_subscribe { SUBSCRIBE_URL, SUBSCRIBE_MESSAGE };

struct options {
	struct lines queues;		/* distinct, lower case, in order */
	bool notices;			/* --source notifications; else the stream */
	struct lines queue_names;	/* patterns, as given */
	bool skip_refused, list_queues;
	bool now;			/* one snapshot, no windows */
	bool snapshot;			/* false: --no-snapshot */
	int64_t resync_ms;		/* between snapshots; 0: only after a loss */
	struct lines patterns;		/* of -m, or its default */
	const char *metric[METRIC_MAX];	/* static names: first nasked by -m, then those that
					   outlier rules alone name */
	size_t nmetric, nasked;
	const char *interval;		/* "PT10S"; static */
	bool interval_given;
	int64_t interval_ms;
	int64_t window_ms;
	uint32_t count;			/* 0: all (replay without -n) */
	bool align;
	enum stream_window_time time;
	int64_t lateness_ms;
	enum format format;
	bool header;
	bool ascii;			/* of a table */
	const char *output;		/* NULL or "-": stdout; borrowed from argv */
	const char *record;
	const char *rejects;
	const char *replay;		/* NULL: a live run */
	struct recording *tape;		/* of a replay, still at its beginning */
	bool source_recorded;		/* the source is not from --source but from the recording */
	bool queues_recorded;		/* nothing names a queue but the recording */
	bool dry_run;
	struct targets callbacks;	/* n is 0: none */
	enum options_subscribe subscribe;
	const char *cacert;
	int64_t connect_timeout_ms;
	int64_t retry_for_ms;
	int64_t idle_timeout_ms, pong_timeout_ms;
	struct filter outlier[FILTERS_MAX];
	char *outlier_path[FILTERS_MAX];	/* what their paths point into */
	size_t noutlier;
	bool outlier_given;		/* else the rule is the default one */
	struct lines outlier_text;	/* as given, for run.start */
	struct thresholds *thresholds;	/* NULL: none */
	struct lines fail_if;		/* as given */
	bool fail_fast;
	struct nagios *plugin;		/* --check; NULL: no check */
	struct lines warning, critical;	/* its ranges, as given */
	int64_t token_margin_ms;
	bool cache;
	enum audit_format audit;
	const char *audit_file;		/* NULL: stderr */
	bool audit_chain;
	struct buf audit_key;		/* len 0: none; a secret */
	const char *verify_audit;	/* NULL: a run; else all else but these is of no use: */
	const char *expect;		/* in lower case; NULL: whatever the log's end is */
	const char *rows;
	const char *run;		/* NULL: all runs of the log */
	char expect_text[65], run_text[37];
	bool audit_given;		/* --audit is; else a terminal shows warnings alone */
	enum audit_level level;		/* threshold, by -v and -s */
	struct creds creds;		/* empty on replay */
	struct lines warnings;		/* to be told after run.start */
	char *settings_json;		/* {"window":"30s",…}, for run.start */
	char *flaw;			/* of PARSED_BAD: the first one, as it was told */
};

enum options_parsed {
	PARSED_RUN,	/* *set is complete */
	PARSED_DONE,	/* --help, --version, --dry-run: printed; end with *st */
	PARSED_BAD	/* usage lines are on stderr; end with ST_USAGE */
};

/*
 * Reads argv and the environment; versions are the libraries', for --version. Writes help,
 * version and dry-run to stdout (checked:
 * *st is ST_OUTPUT if that failed) and usage errors to stderr as `gsqstat: …` lines. Opens
 * no output and sends nothing. set is all zero before and freed by options_free.
 */
enum options_parsed options_parse(struct options *set, int argc, char **argv,
	const char *versions, enum status *st);
void options_free(struct options *set);

/* Whether a word of argv is --check: then all that goes wrong has a plugin's status and line,
 * also where it is not understood. */
bool options_ask_check(int argc, char **argv);

#endif
