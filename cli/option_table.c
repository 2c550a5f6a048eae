#include "cli/option_table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/config_args.h"
#include "cli/metric_args.h"
#include "cli/queue_args.h"
#include "cli/shard_args.h"
#include "util/base.h"
#include "util/files.h"
#include "util/lines.h"

/* Sets kind and offset of a value. _Generic makes a member of another type a compiler error. */
#define STORE(k, type, member) .kind = KIND_##k, .at = offsetof(struct options, member) \
	+ _Generic(&((struct options *)0)->member, type *: 0) /* NOLINT(*-macro-parentheses) */

#define OPTION(text) text, "--" text
#define FLAG(member) STORE(FLAG, bool, member), .number = true
#define NO_FLAG(member) STORE(FLAG, bool, member), .number = false
#define LEVEL(value) STORE(LEVEL, enum audit_level, level), .number = value
#define DURATION(member, least) STORE(DURATION, int64_t, member), .number = least
#define DURATION_OR_0(member, least) STORE(DURATION_OR_0, int64_t, member), .number = least
#define WORD(member, list) STORE(WORD, unsigned, member), .words = &list
#define SET(member, list) STORE(SET, unsigned, member), .words = &list
#define CHOICE(member, list) STORE(CHOICE, const char *, member), .words = &list
#define TEXT(member) STORE(TEXT, const char *, member)
#define INPUT(member, check) STORE(INPUT, const char *, member), .unfit = check
#define SIDE_FILE(member) STORE(SIDE_FILE, const char *, member)
#define LIST(member) STORE(LIST, struct lines, member)
#define COMMON .common = true

const struct option_def option_table[] = {
	{ OPTION("queue"), 'q', MODE_RUN & ~MODE_LIST, "ID[,ID]...", "watch this queue; repeatable",
		LIST(queues), .set = queue_args_ids, .group = "Queues and metrics", COMMON },
	{ OPTION("queue-file"), 'Q', MODE_RUN & ~MODE_LIST, "FILE",
		"read queue IDs and names from FILE (- is stdin)", LIST(queue_files),
		.set = queue_args_file, COMMON },
	{ OPTION("queue-name"), 0, MODE_RUN & ~(MODE_STREAM | MODE_LIST), "PATTERN",
		"watch queues by name, * is any text; repeatable", LIST(queue_names),
		.set = queue_args_name, COMMON },
	{ OPTION("shard"), 0, MODE_RUN & ~MODE_LIST, "K/N",
		"watch only the queues of shard K, 0 to N-1", TEXT(shard_text),
		.set = shard_args_set },
	{ OPTION("skip-refused"), 0, MODE_RUN & ~MODE_STREAM, NULL,
		"go on without queues that the service refuses",
		FLAG(skip_refused) },
	{ OPTION("list-queues"), 0, MODE_RUN & ~(MODE_STREAM | MODE_DOCTOR), NULL,
		"print all queues with their names, then exit", FLAG(list_queues),
		.enters = MODE_LIST, COMMON },
	{ OPTION("metric"), 'm', MODE_RUN | MODE_METRICS, "NAME[,NAME]...",
		"print these metrics, see --list-metrics", LIST(patterns),
		.set = metric_args_metrics,
		.initial = "state,queueState,conversationCount,waitTime", COMMON },
	{ OPTION("list-metrics"), 0, MODE_METRICS, NULL,
		"print all metrics and what they mean, then exit", FLAG(list_metrics),
		.enters = MODE_METRICS, COMMON },
	{ OPTION("interval"), 'i', MODE_RUN & ~MODE_NOTIFICATIONS, "ISO8601",
		"get updates every PT10S, PT15S, PT30S, PT1M, PT2M",
		CHOICE(interval, interval_words), .initial = "PT10S" },
	{ OPTION("window"), 'w', MODE_RUN & ~MODE_NOW, "DURATION", "set the length of a window",
		DURATION(window_ms, 100), .initial_text = "30s, or the interval if longer",
		.group = "Windows", COMMON },
	{ OPTION("count"), 'n', MODE_RUN & ~MODE_NOW, "N", "print N windows, then exit",
		STORE(COUNT, uint32_t, count), .initial_text = "1; on replay all", COMMON },
	{ OPTION("align"), 0, MODE_RUN & ~MODE_NOW, NULL,
		"start windows at multiples of their length", FLAG(align) },
	{ OPTION("now"), 0, MODE_RUN & ~(MODE_STREAM | MODE_LIST), NULL,
		"print one row per queue as it is now, then exit", FLAG(now), .enters = MODE_NOW,
		COMMON },
	{ OPTION("time"), 0, MODE_RUN, "CLOCK", "sort frames by arrival, or event (stream only)",
		WORD(time, time_words), .initial_text = "arrival; on replay event" },
	{ OPTION("lateness"), 0, MODE_RUN & ~MODE_NOTIFICATIONS, "DURATION",
		"accept timestamps up to this far in the past", DURATION(lateness_ms, 1),
		.initial_text = "two intervals" },
	{ OPTION("format"), 'f', (MODE_RUN & ~MODE_CHECK) | MODE_METRICS, "FORMAT",
		"print ", .outputs = OUTPUT_ANY,
		WORD(format, format_words), .initial_text = "ndjson, or table on a terminal",
		.group = "Output", COMMON },
	{ OPTION("stat"), 0, MODE_RUN & ~(MODE_CHECK | MODE_LIST), "NAME[,NAME]...",
		"print these statistics in ", .outputs = OUTPUT_STATS, SET(stats, stat_words),
		.initial = "last,mean,max,p95,delta,total" },
	{ OPTION("sketch"), 0, MODE_RUN & ~(MODE_CHECK | MODE_LIST | MODE_DOCTOR),
		NULL, "add to rows what joining them needs, in ", .outputs = OUTPUT_SKETCH,
		FLAG(sketch) },
	{ OPTION("media"), 0, MODE_RUN & ~(MODE_STREAM | MODE_NOW | MODE_LIST), "TYPE[,TYPE]...",
		"print rows of these media types; repeatable", SET(media, media_words),
		.initial = "all" },
	{ OPTION("label"), 0, MODE_RUN & ~(MODE_CHECK | MODE_LIST), "NAME=VALUE",
		"add this label to each row; repeatable", LIST(label_texts),
		.set = option_values_set_label },
	{ OPTION("no-header"), 0, MODE_RUN | MODE_METRICS, NULL,
		"print CSV or a table without its header", NO_FLAG(header) },
	{ OPTION("ascii"), 0, MODE_RUN | MODE_METRICS, NULL,
		"draw the table in ASCII only", FLAG(ascii) },
	{ OPTION("utc"), 0, MODE_RUN, NULL,
		"show UTC in a table on a terminal and a page", FLAG(utc) },
	{ OPTION("output"), 'o', MODE_RUN & ~(MODE_CHECK | MODE_DOCTOR), "FILE",
		"write to FILE, which is replaced at the end",
		STORE(OUTPUT, const char *, output), .initial_text = "stdout", COMMON },
	{ OPTION("record"), 0, MODE_RUN & ~(MODE_NOW | MODE_LIST | MODE_DOCTOR), "FILE",
		"save every frame for --replay", SIDE_FILE(record), .not_with = "replay", COMMON },
	{ OPTION("rejects"), 0, MODE_RUN & ~(MODE_LIST | MODE_DOCTOR), "FILE",
		"save every rejected frame and the reason", SIDE_FILE(rejects) },
	{ OPTION("dry-run"), 0, MODE_RUN, NULL, "check everything, print the settings, then exit",
		FLAG(dry_run), COMMON },
	{ OPTION("doctor"), 0, MODE_RUN, NULL, "check each step of a run, print no rows, and exit",
		FLAG(doctor), .enters = MODE_DOCTOR, COMMON },
	{ OPTION("fail-if"), 0, MODE_RUN & ~(MODE_CHECK | MODE_LIST | MODE_DOCTOR), "EXPR",
		"exit with 1 if EXPR, e.g. state.waiting.max>10", LIST(fail_if),
		.group = "Thresholds", COMMON },
	{ OPTION("fail-fast"), 0, MODE_RUN, NULL, "exit after the first window in which EXPR holds",
		FLAG(fail_fast), .needs = "fail-if" },
	{ OPTION("check"), 0, MODE_RUN & ~(MODE_LIST | MODE_DOCTOR), "FORM",
		"print one line as a monitoring plugin: nagios", CHOICE(check, check_words),
		.enters = MODE_CHECK, COMMON },
	{ OPTION("warning"), 'W', MODE_RUN, "RULE",
		"WARNING if out of range, e.g. oWaiting.last=:10",
		LIST(warning), .needs = "check", .needs_output = OUTPUT_RANGES, COMMON },
	{ OPTION("critical"), 'C', MODE_RUN, "RULE", "CRITICAL if out of range: oWaiting.last=:20",
		LIST(critical), .needs = "check", .needs_output = OUTPUT_RANGES, COMMON },
	{ OPTION("callback"), 0, MODE_RUN & ~(MODE_CHECK | MODE_LIST | MODE_DOCTOR), "URL",
		"POST each window to URL, or to the URL in @FILE",
		STORE(TARGETS, struct targets, targets), .is_secret = true, .group = "Callbacks",
		COMMON },
	{ OPTION("callback-header-file"), 0, MODE_RUN, "FILE", "add the header lines in FILE",
		INPUT(targets.header_file, NULL), .needs = "callback" },
	{ OPTION("callback-format"), 0, MODE_RUN, "FORM", "send windows as plain or cloudevents",
		WORD(targets.format, callback_words), .needs = "callback", .initial = "plain" },
	{ OPTION("callback-key-file"), 0, MODE_RUN, "FILE",
		"sign with the keys in FILE, a whsec_... a line",
		INPUT(targets.key_file, NULL), .needs = "callback" },
	{ OPTION("callback-timeout"), 0, MODE_RUN, "DURATION", "limit the time of one request",
		DURATION(targets.timeout_ms, 1), .needs = "callback", .initial = "15s" },
	{ OPTION("callback-spool"), 0, MODE_RUN, "DIR",
		"keep undelivered windows in DIR for a later run",
		TEXT(targets.spool), .needs = "callback" },
	{ OPTION("callback-spool-max"), 0, MODE_RUN, "SIZE",
		"limit the size of the spool, in K, M or G",
		STORE(SIZE, uint64_t, targets.spool_max), .needs = "callback", .initial = "64M" },
	{ OPTION("callback-allow-private"), 0, MODE_RUN, NULL,
		"allow addresses that are not public",
		FLAG(targets.allow_private), .needs = "callback" },
	{ OPTION("replay"), 0, MODE_RUN & ~(MODE_NOW | MODE_LIST | MODE_DOCTOR), "FILE",
		"read a recording, not the network; - is stdin", INPUT(replay, files_unreadable),
		.enters = MODE_REPLAY, .group = "Source", COMMON },
	{ OPTION("source"), 0, MODE_RUN | MODE_METRICS, "SOURCE",
		"use stream or notifications; replay: as recorded",
		WORD(source, source_words), .initial = "stream", COMMON },
	{ OPTION("host"), 'H', MODE_RUN, "HOST",
		"connect to a region, domain, HOST[:PORT] or URL", TEXT(host),
		.initial_text = "$GENESYS_API_HOST", COMMON },
	{ OPTION("subscribe"), 0, MODE_RUN & ~MODE_NOTIFICATIONS, "HOW",
		"send the queues in the url, or in a message",
		WORD(subscribe, subscribe_words),
		.initial = "url" },
	{ OPTION("no-snapshot"), 0, MODE_RUN & ~(MODE_STREAM | MODE_NOW), NULL,
		"do not ask for the current values at the start", NO_FLAG(snapshot) },
	{ OPTION("resync"), 0, MODE_RUN & ~(MODE_STREAM | MODE_REPLAY | MODE_NOW), "DURATION",
		"ask for all values again this often; 0 is never", DURATION_OR_0(resync_ms, 100),
		.not_with = "no-snapshot", .initial = "5m" },
	{ OPTION("cacert"), 0, MODE_RUN, "FILE", "trust the certificates in FILE (PEM)",
		INPUT(cacert, files_no_certificates), .initial_text = "the system's" },
	{ OPTION("connect-timeout"), 0, MODE_RUN, "DURATION", "limit the time of one handshake",
		DURATION(connect_timeout_ms, 1), .initial = "15s" },
	{ OPTION("retry-for"), 0, MODE_RUN, "DURATION", "retry this long before giving up",
		DURATION_OR_0(retry_for_ms, 0), .initial = "60s" },
	{ OPTION("idle-timeout"), 0, MODE_RUN, "DURATION",
		"reconnect after this long without a message", DURATION(idle_timeout_ms, 1),
		.initial_text = "two intervals; for notifications 40s" },
	{ OPTION("pong-timeout"), 0, MODE_RUN & ~MODE_STREAM, "DURATION",
		"reconnect after this long without a pong", DURATION(pong_timeout_ms, 1),
		.initial = "10s" },
	{ OPTION("outlier"), 0, MODE_RUN & ~MODE_NOTIFICATIONS, "EXPR",
		"drop frames with METRIC.FIELD OP NUMBER, or none", LIST(outlier_text),
		.set = metric_args_outlier, .initial = "waitTime.avg>30000" },
	{ OPTION("profile"), 0, MODE_RUN & ~MODE_STREAM, "NAME", "log in with this profile of gc",
		TEXT(profile), .group = "Credentials" },
	{ OPTION("token-margin"), 0, MODE_RUN, "DURATION",
		"renew the token this long before it expires",
		DURATION(token_margin_ms, 1), .initial = "60s" },
	{ OPTION("no-cache"), 0, MODE_RUN, NULL, "do not read or write the cache", NO_FLAG(cache) },
	{ OPTION("client-secret-file"), 0, MODE_RUN, "FILE", "read the client secret from FILE",
		INPUT(client_secret_file, NULL), .not_with = "profile" },
	{ OPTION("audit"), 0, MODE_RUN, "FORM", "write audit lines to stderr: json, logfmt or none",
		WORD(audit, audit_words), .initial = "json", .group = "Messages" },
	{ OPTION("audit-file"), 0, MODE_RUN, "FILE", "append audit lines to FILE, not to stderr",
		SIDE_FILE(audit_file) },
	{ OPTION("audit-chain"), 0, MODE_RUN, NULL, "link each audit line to the one before",
		FLAG(audit_chain), .needs = "audit-file" },
	{ OPTION("audit-key-file"), 0, MODE_RUN | MODE_VERIFY, "FILE",
		"sign each audit line with the key in FILE",
		INPUT(audit_key_file, NULL), .needs = "audit-chain" },
	{ OPTION("verify-audit"), 0, MODE_VERIFY, "FILE",
		"check an audit chain, then exit; - is stdin",
		INPUT(verify_audit, files_unreadable), .enters = MODE_VERIFY },
	{ OPTION("expect"), 0, MODE_VERIFY, "HASH",
		"fail unless the last line of the chain has HASH", TEXT(expect),
		.set = option_values_set_expect },
	{ OPTION("rows"), 0, MODE_VERIFY, "FILE", "check the rows in FILE by the chain; - is stdin",
		INPUT(rows, files_unreadable) },
	{ OPTION("run"), 0, MODE_VERIFY, "ID", "compare only the rows of this run", TEXT(run),
		.set = option_values_set_run, .needs = "rows" },
	{ OPTION("config"), 0, MODE_RUN | MODE_NO_RUN, "FILE",
		"read options from FILE, one a line; - is stdin", INPUT(config, NULL),
		.set = config_args_set, .initial_text = "$GSQSTAT_CONFIG", .only_flag = true,
		COMMON },
	{ OPTION("verbose"), 'v', MODE_RUN, NULL, "print more on stderr", LEVEL(LEVEL_DEBUG) },
	{ OPTION("silent"), 's', MODE_RUN, NULL, "print only errors, and if numbers may be wrong",
		LEVEL(LEVEL_DOUBT), COMMON },
	{ OPTION("help"), 'h', MODE_RUN, "[GROUP]", "print this help, or all options of a group",
		.kind = KIND_NONE, .only_flag = true, COMMON },
	{ OPTION("version"), 'V', MODE_RUN, NULL,
		"print the versions of gsqstat and its libraries", .kind = KIND_NONE,
		.only_flag = true }
};

const size_t option_table_len = ARRAY_LEN(option_table);
_Static_assert(ARRAY_LEN(option_table) <= OPTIONS_MAX, "OPTIONS_MAX is too small");

void option_table_help(const struct option_def *d, char *out, size_t size)
{
	const size_t used = (size_t)snprintf(out, size, "%s", d->help);

	if (d->outputs)
		output_list(out + used, size - used, "", d->outputs);
}

const struct option_def *option_table_find(const char *name)
{
	const struct option_def *d = option_table;

	while (strcmp(d->name, name) != 0) {
		d++;
		assert(d < option_table + option_table_len);
	}
	return d;
}

const struct option_def *option_table_look_up(const char *name, size_t len)
{
	FOR_EACH_OPTION(d)
		if (strlen(d->name) == len && memcmp(d->name, name, len) == 0)
			return d;
	return NULL;
}

const struct option_def *option_table_needed(const struct option_def *d, unsigned modes,
	enum format format)
{
	if (!d->needs || (modes & MODE_VERIFY && d->modes & MODE_RUN)
	    || (d->needs_output && format != FORMATS && output_has(format, d->needs_output)))
		return NULL;
	return option_table_find(d->needs);
}

bool option_table_chooses_notifications(const struct option_def *d)
{
	return (d->modes & (MODE_STREAM | MODE_NOTIFICATIONS)) == MODE_NOTIFICATIONS;
}

bool option_table_tries_secret(const char *name, size_t len)
{
	static const char *const tried[] = { "token", "access-token", "secret", "password" };
	static const char file[] = "client-secret-file";
	const size_t least = strlen("cl"), most = strlen("client-secret");

	for (size_t i = 0; i < ARRAY_LEN(tried); i++)
		if (strlen(tried[i]) == len && strncmp(name, tried[i], len) == 0)
			return true;
	return len >= least && len <= most && strncmp(name, file, len) == 0;
}
