#include "cli/option_table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/metric_args.h"
#include "cli/queue_args.h"
#include "util/base.h"
#include "util/lines.h"

#define HELP_COLUMN 31

/* How and where a value is stored; does not compile if the member has another type. */
#define STORE(k, type, member) .kind = KIND_##k, .at = offsetof(struct options, member) \
	+ _Generic(&((struct options *)0)->member, type *: 0) /* NOLINT(*-macro-parentheses) */

#define FLAG(member) STORE(FLAG, bool, member), .number = true
#define NO_FLAG(member) STORE(FLAG, bool, member), .number = false
#define LEVEL(value) STORE(LEVEL, enum audit_level, level), .number = value
#define DURATION(member, least) STORE(DURATION, int64_t, member), .number = least
#define DURATION_OR_0(member, least) STORE(DURATION_OR_0, int64_t, member), .number = least
#define WORD(member, list) STORE(WORD, unsigned, member), .words = &list
#define CHOICE(member, list) STORE(CHOICE, const char *, member), .words = &list
#define TEXT(member) STORE(TEXT, const char *, member)
#define SIDE_FILE(member) STORE(SIDE_FILE, const char *, member)
#define LIST(member) STORE(LIST, struct lines, member)

const struct option_def option_table[] = {
	{ "queue", 'q', WATCH, "ID[,ID]...", "queue to watch; repeatable",
		MODE_RUN & ~MODE_LIST, LIST(queues), .set = queue_args_ids },
	{ "queue-file", 'Q', WATCH, "FILE", "one queue ID a line, - is stdin; repeatable",
		MODE_RUN & ~MODE_LIST, LIST(queue_files), .set = queue_args_file },
	{ "queue-name", 0, WATCH, "PATTERN", "queue by its name, * is any text; repeatable",
		MODE_RUN & ~(MODE_STREAM | MODE_LIST), LIST(queue_names), .set = queue_args_name },
	{ "skip-refused", 0, WATCH, NULL, "a queue that is refused is no failure",
		MODE_RUN & ~MODE_STREAM, FLAG(skip_refused) },
	{ "list-queues", 0, WATCH, NULL, "print all queues with their names, then exit",
		MODE_RUN & ~MODE_STREAM, FLAG(list_queues), .enters = MODE_LIST },
	{ "metric", 'm', WATCH, "NAME[,NAME]...", "metrics to print; of notifications: gsqstat(1)",
		MODE_RUN, LIST(patterns), .set = metric_args_metrics,
		.initial = "state,queueState,conversationCount,waitTime" },
	{ "interval", 'i', WATCH, "ISO8601", "PT10S PT15S PT30S PT1M PT2M",
		MODE_RUN & ~MODE_NOTIFICATIONS, CHOICE(interval, interval_words),
		.initial = "PT10S" },
	{ "window", 'w', WINDOWS, "DURATION", "length of a window",
		MODE_RUN & ~MODE_NOW, DURATION(window_ms, 100),
		.initial_text = "30s, or the interval if longer" },
	{ "count", 'n', WINDOWS, "N", "windows to print, then exit",
		MODE_RUN & ~MODE_NOW, STORE(COUNT, uint32_t, count),
		.initial_text = "1, on replay all" },
	{ "align", 0, WINDOWS, NULL, "begin windows at multiples of their length",
		MODE_RUN & ~MODE_NOW, FLAG(align) },
	{ "now", 0, WINDOWS, NULL, "no windows: what holds now, a row a queue",
		MODE_RUN & ~(MODE_STREAM | MODE_LIST), FLAG(now), .enters = MODE_NOW },
	{ "time", 0, WINDOWS, "CLOCK", "arrival or event: whose clock places a frame",
		MODE_RUN, WORD(time, time_words), .initial_text = "arrival, on replay event" },
	{ "lateness", 0, WINDOWS, "DURATION", "how far behind a timestamp may be",
		MODE_RUN & ~MODE_NOTIFICATIONS, DURATION(lateness_ms, 1),
		.initial_text = "two intervals" },
	{ "format", 'f', OUTPUT, "FORMAT", "ndjson, csv, table, prometheus, influx",
		MODE_RUN & ~MODE_CHECK, WORD(format, format_words), .initial = "ndjson" },
	{ "no-header", 0, OUTPUT, NULL, "CSV or table without its header",
		MODE_RUN, NO_FLAG(header) },
	{ "ascii", 0, OUTPUT, NULL, "table in ASCII alone", MODE_RUN, FLAG(ascii) },
	{ "output", 'o', OUTPUT, "FILE", "write to FILE, replaced whole at the end",
		MODE_RUN & ~MODE_CHECK, TEXT(output), .initial_text = "stdout" },
	{ "record", 0, OUTPUT, "FILE", "keep every frame, for --replay",
		MODE_RUN & ~(MODE_NOW | MODE_LIST), SIDE_FILE(record), .not_with = "replay" },
	{ "rejects", 0, OUTPUT, "FILE", "keep every rejected frame and why",
		MODE_RUN, SIDE_FILE(rejects) },
	{ "dry-run", 0, OUTPUT, NULL, "check all, print the settings, send nothing",
		MODE_RUN, FLAG(dry_run) },
	{ "fail-if", 0, THRESHOLDS, "EXPR", "exit 1 if EXPR holds in a window; repeatable",
		MODE_RUN & ~(MODE_CHECK | MODE_LIST), LIST(fail_if) },
	{ "fail-fast", 0, THRESHOLDS, NULL, "end with the first window in which one holds",
		MODE_RUN, FLAG(fail_fast), .needs = "fail-if" },
	{ "check", 0, THRESHOLDS, "FORM", "nagios: one line and status of a plugin, no rows",
		MODE_RUN & ~MODE_LIST, CHOICE(check, check_words), .enters = MODE_CHECK },
	{ "warning", 'W', THRESHOLDS, "PATH=RANGE", "its range for WARNING; repeatable",
		MODE_RUN, LIST(warning), .needs = "check" },
	{ "critical", 'C', THRESHOLDS, "PATH=RANGE", "its range for CRITICAL; repeatable",
		MODE_RUN, LIST(critical), .needs = "check" },
	{ "callback", 0, CALLBACKS, "URL", "POST each window there (or to what @FILE holds)",
		MODE_RUN & ~(MODE_CHECK | MODE_LIST),
		STORE(TARGETS, struct targets, targets), .is_secret = true },
	{ "callback-header-file", 0, CALLBACKS, "FILE", "header lines to add, one a line",
		MODE_RUN, TEXT(targets.header_file), .needs = "callback" },
	{ "callback-format", 0, CALLBACKS, "FORM", "plain or cloudevents",
		MODE_RUN, WORD(targets.format, callback_words), .needs = "callback",
		.initial = "plain" },
	{ "callback-key-file", 0, CALLBACKS, "FILE", "keys to sign with, a whsec_... a line",
		MODE_RUN, TEXT(targets.key_file), .needs = "callback" },
	{ "callback-timeout", 0, CALLBACKS, "DURATION", "bound of one request",
		MODE_RUN, DURATION(targets.timeout_ms, 1), .needs = "callback", .initial = "15s" },
	{ "callback-spool", 0, CALLBACKS, "DIR", "keep there what does not arrive, for a later run",
		MODE_RUN, TEXT(targets.spool), .needs = "callback" },
	{ "callback-spool-max", 0, CALLBACKS, "SIZE", "bytes that it may hold, with K, M or G",
		MODE_RUN, STORE(SIZE, uint64_t, targets.spool_max), .needs = "callback",
		.initial = "64M" },
	{ "callback-allow-private", 0, CALLBACKS, NULL, "also to addresses that are not public",
		MODE_RUN, FLAG(targets.allow_private), .needs = "callback" },
	{ "replay", 0, SOURCE, "FILE", "read a recording, not the network; - is stdin",
		MODE_RUN & ~(MODE_NOW | MODE_LIST), TEXT(replay), .enters = MODE_REPLAY },
	{ "source", 0, SOURCE, "SOURCE", "stream, or notifications; a recording says it",
		MODE_RUN, CHOICE(source, source_words), .initial = "stream" },
	{ "host", 'H', SOURCE, "HOST", "AWS region, domain, HOST[:PORT] or URL",
		MODE_RUN, TEXT(host), .initial_text = "$GENESYS_API_HOST" },
	{ "subscribe", 0, SOURCE, "HOW", "url or message: where the payload travels",
		MODE_RUN & ~MODE_NOTIFICATIONS, WORD(subscribe, subscribe_words),
		.initial = "url" },
	{ "no-snapshot", 0, SOURCE, NULL, "do not ask for values that hold at the start",
		MODE_RUN & ~(MODE_STREAM | MODE_NOW), NO_FLAG(snapshot) },
	{ "resync", 0, SOURCE, "DURATION", "how often to ask for all values again; 0 is never",
		MODE_RUN & ~(MODE_STREAM | MODE_REPLAY | MODE_NOW),
		DURATION_OR_0(resync_ms, 100), .not_with = "no-snapshot", .initial = "5m" },
	{ "cacert", 0, SOURCE, "FILE", "certificates to trust (PEM)",
		MODE_RUN, TEXT(cacert), .initial_text = "the system's" },
	{ "connect-timeout", 0, SOURCE, "DURATION", "bound of one handshake",
		MODE_RUN, DURATION(connect_timeout_ms, 1), .initial = "15s" },
	{ "retry-for", 0, SOURCE, "DURATION", "how long to try (again) before giving up",
		MODE_RUN, DURATION_OR_0(retry_for_ms, 0), .initial = "60s" },
	{ "idle-timeout", 0, SOURCE, "DURATION", "so long without a message is a lost stream",
		MODE_RUN, DURATION(idle_timeout_ms, 1),
		.initial_text = "two intervals, for notifications 40s" },
	{ "pong-timeout", 0, SOURCE, "DURATION", "so long without an answer to a ping, likewise",
		MODE_RUN & ~MODE_STREAM, DURATION(pong_timeout_ms, 1), .initial = "10s" },
	{ "outlier", 0, SOURCE, "EXPR", "drop frames for which EXPR holds, or none",
		MODE_RUN & ~MODE_NOTIFICATIONS, LIST(outlier_text), .set = metric_args_outlier,
		.initial = "waitTime.avg>30000" },
	{ "profile", 0, CREDENTIALS, "NAME", "log in as gc does with this profile",
		MODE_RUN & ~MODE_STREAM, TEXT(profile) },
	{ "token-margin", 0, CREDENTIALS, "DURATION", "renew the token this long before its end",
		MODE_RUN, DURATION(token_margin_ms, 1), .initial = "60s" },
	{ "no-cache", 0, CREDENTIALS, NULL, "read and keep nothing in the cache",
		MODE_RUN, NO_FLAG(cache) },
	{ "client-secret-file", 0, CREDENTIALS, "FILE", "the client secret",
		MODE_RUN, TEXT(client_secret_file), .not_with = "profile" },
	{ "audit", 0, MESSAGES, "FORM", "json, logfmt or none: lines on stderr",
		MODE_RUN, WORD(audit, audit_words), .initial = "json" },
	{ "audit-file", 0, MESSAGES, "FILE", "append those lines to FILE instead",
		MODE_RUN, SIDE_FILE(audit_file) },
	{ "audit-chain", 0, MESSAGES, NULL, "bind each line of FILE to the one before",
		MODE_RUN, FLAG(audit_chain), .needs = "audit-file" },
	{ "audit-key-file", 0, MESSAGES, "FILE", "and sign each with this key",
		MODE_RUN | MODE_VERIFY, TEXT(audit_key_file), .needs = "audit-chain" },
	{ "verify-audit", 0, MESSAGES, "FILE", "no run: check such a chain; - is stdin",
		MODE_VERIFY, TEXT(verify_audit), .enters = MODE_VERIFY },
	{ "expect", 0, MESSAGES, "HASH", "the hash that its last line must have",
		MODE_VERIFY, TEXT(expect), .set = option_values_set_expect },
	{ "rows", 0, MESSAGES, "FILE", "rows that it must tell of; - is stdin",
		MODE_VERIFY, TEXT(rows) },
	{ "run", 0, MESSAGES, "ID", "they are of this run alone",
		MODE_VERIFY, TEXT(run), .set = option_values_set_run, .needs = "rows" },
	{ "verbose", 'v', MESSAGES, NULL, "more on stderr", MODE_RUN, LEVEL(LEVEL_DEBUG) },
	{ "silent", 's', MESSAGES, NULL, "only errors, and warnings of wrong numbers",
		MODE_RUN, LEVEL(LEVEL_DOUBT) },
	{ "help", 'h', MESSAGES, NULL, "print this", MODE_RUN, .kind = KIND_NONE },
	{ "version", 'V', MESSAGES, NULL, "print the versions", MODE_RUN, .kind = KIND_NONE }
};

const size_t option_table_len = ARRAY_LEN(option_table);
_Static_assert(ARRAY_LEN(option_table) <= OPTIONS_MAX, "OPTIONS_MAX is too small");

const struct option_def *option_table_find(const char *name)
{
	const struct option_def *d = option_table;

	while (strcmp(d->name, name) != 0) {
		d++;
		assert(d < option_table + option_table_len);
	}
	return d;
}

/* --- --help ------------------------------------------------------------------------- */

static const char *const group_titles[GROUPS] = {
	"Queues and metrics", "Windows", "Output", "Thresholds", "Callbacks", "Source",
	"Credentials", "Messages"
};

static void put_option(struct buf *out, const struct option_def *d)
{
	char head[80];
	const char *initial = d->initial ? d->initial : d->initial_text;
	int n = snprintf(head, sizeof(head), "  %c%c%c --%s%s%s", d->letter ? '-' : ' ',
		d->letter ? d->letter : ' ', d->letter ? ',' : ' ', d->name, d->arg ? " " : "",
		d->arg ? d->arg : "");

	if (n >= HELP_COLUMN)
		buf_printf(out, "%s\n%*s%s\n", head, HELP_COLUMN, "", d->help);
	else
		buf_printf(out, "%-*s%s\n", HELP_COLUMN, head, d->help);
	if (initial)
		buf_printf(out, "%*s[%s]\n", HELP_COLUMN, "", initial);
}

void option_table_put_help(struct buf *out)
{
	buf_str(out, "Usage: gsqstat [OPTION]... [QUEUE_ID]...\n"
		"Prints statistics of Genesys Cloud routing queues, window by window, and "
		"exits.\n");
	for (enum option_group g = 0; g < GROUPS; g++) {
		buf_printf(out, "\n%s:\n", group_titles[g]);
		FOR_EACH_OPTION(d)
			if (d->group == g)
				put_option(out, d);
	}
	buf_str(out, "\nDURATION is a number with ms, s, m or h, or ISO 8601 (PT1M30S). What "
		"stands in\nbrackets is the default. Credentials come from the environment or a "
		"file, see\ngsqstat(1).\n");
}
