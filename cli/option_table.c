#include "cli/option_table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/metric_args.h"
#include "cli/queue_args.h"
#include "util/lines.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define COUNT_MAX 1000000
#define SIZE_MOST (UINT64_C(1024) << 30)

/* --- setters ------------------------------------------------------------------------ */

static void set_queue(struct option_values *p, const char *value)
{
	queue_args_add(p, value, "--queue");
}

static void set_interval(struct option_values *p, const char *value)
{
	int i = option_values_word(p, value, &interval_words);

	p->set->interval = interval_words.v[i < 0 ? 0 : i];
	p->set->interval_given = !p->defaults;
	time_parse_duration_ms(p->set->interval, &p->set->interval_ms);
}

static void set_window(struct option_values *p, const char *value)
{
	p->set->window_ms = option_values_duration(p, value, 100, "100ms to 24h" DURATION_UNITS);
}

/* Durations from 1ms to 24h. */
static void set_duration(struct option_values *p, const char *value)
{
	int64_t ms = option_values_duration(p, value, 1, "1ms to 24h" DURATION_UNITS);

	switch (p->current) {
	case OPT_LATENESS: p->set->lateness_ms = ms; break;
	case OPT_CONNECT_TIMEOUT: p->set->connect_timeout_ms = ms; break;
	case OPT_IDLE_TIMEOUT: p->set->idle_timeout_ms = ms; break;
	case OPT_PONG_TIMEOUT: p->set->pong_timeout_ms = ms; break;
	case OPT_TOKEN_MARGIN: p->set->token_margin_ms = ms; break;
	case OPT_CALLBACK_TIMEOUT: p->set->targets.timeout_ms = ms; break;
	default: break;
	}
}

static void set_count(struct option_values *p, const char *value)
{
	size_t len = strlen(value);
	long n = len > 0 && len < 9 && !value[strspn(value, "0123456789")]
		? strtol(value, NULL, 10) : 0;

	if (n < 1 || n > COUNT_MAX)
		option_values_problem(p, value, "a number from 1 to 1000000");
	else
		p->set->count = (uint32_t)n;
}

static void set_resync(struct option_values *p, const char *value)
{
	p->set->resync_ms = strcmp(value, "0") == 0 ? 0
		: option_values_duration(p, value, 100, "0, or 100ms to 24h" DURATION_UNITS);
}

static void set_retry_for(struct option_values *p, const char *value)
{
	/* only 0 needs no unit */
	p->set->retry_for_ms = strcmp(value, "0") == 0 ? 0
		: option_values_duration(p, value, 0, "0 to 24h" DURATION_UNITS);
}

/* Options whose value is a word of a list; the first one if it is not in the list. */
static void set_word(struct option_values *p, const char *value)
{
	const bool clock = p->current == OPT_TIME, form = p->current == OPT_FORMAT;
	const struct option_values_words *words = clock ? &time_words : form ? &format_words
		: p->current == OPT_SUBSCRIBE ? &subscribe_words
		: p->current == OPT_CALLBACK_FORMAT ? &callback_words : &audit_words;
	int i = option_values_word(p, value, words);

	if (clock)
		p->set->time = i == 1 ? TIME_EVENT : TIME_ARRIVAL;
	else if (form)
		p->set->format = i < 0 ? FORMAT_NDJSON : (enum format)i;
	else if (p->current == OPT_SUBSCRIBE)
		p->set->subscribe = i == 1 ? SUBSCRIBE_MESSAGE : SUBSCRIBE_URL;
	else if (p->current == OPT_CALLBACK_FORMAT)
		p->set->targets.format = i == 1 ? PAYLOAD_CLOUDEVENTS : PAYLOAD_PLAIN;
	else
		p->set->audit = i < 0 ? AUDIT_JSON : (enum audit_format)i;
}

/* Options without a value. */
static void set_flag(struct option_values *p, const char *value)
{
	struct options *set = p->set;

	(void)value;
	switch (p->current) {
	case OPT_SKIP_REFUSED: set->skip_refused = true; break;
	case OPT_LIST_QUEUES: set->list_queues = true; break;
	case OPT_ALIGN: set->align = true; break;
	case OPT_NOW: set->now = true; break;
	case OPT_NO_SNAPSHOT: set->snapshot = false; break;
	case OPT_NO_HEADER: set->header = false; break;
	case OPT_ASCII: set->ascii = true; break;
	case OPT_DRY_RUN: set->dry_run = true; break;
	case OPT_FAIL_FAST: set->fail_fast = true; break;
	case OPT_CALLBACK_ALLOW_PRIVATE: set->targets.allow_private = true; break;
	case OPT_NO_CACHE: set->cache = false; break;
	case OPT_VERBOSE: set->level = LEVEL_DEBUG; break;
	case OPT_AUDIT_CHAIN: set->audit_chain = true; break;
	case OPT_SILENT: set->level = LEVEL_DOUBT; break;
	default: break;		/* --help and --version were handled before */
	}
}

/* Options whose value is kept as given: a file, a host or a profile. */
static void set_name(struct option_values *p, const char *value)
{
	struct options *set = p->set;

	/* `-` would be a file of that name, which nobody means */
	if ((p->current == OPT_RECORD || p->current == OPT_REJECTS || p->current == OPT_AUDIT_FILE)
	    && strcmp(value, "-") == 0) {
		option_values_problem(p, value, "a file; stdout is for rows");
		return;
	}
	switch (p->current) {
	case OPT_OUTPUT: set->output = value; break;
	case OPT_RECORD: set->record = value; break;
	case OPT_REJECTS: set->rejects = value; break;
	case OPT_REPLAY: set->replay = value; break;
	case OPT_HOST: p->host = value; break;
	case OPT_PROFILE: p->profile = value; break;
	case OPT_CACERT: set->cacert = value; break;
	case OPT_CLIENT_SECRET_FILE: p->secret_file = value; break;
	case OPT_AUDIT_FILE: set->audit_file = value; break;
	case OPT_AUDIT_KEY_FILE: p->audit_key_file = value; break;
	case OPT_VERIFY_AUDIT: set->verify_audit = value; break;
	case OPT_ROWS: set->rows = value; break;
	case OPT_CALLBACK_HEADER_FILE: set->targets.header_file = value; break;
	case OPT_CALLBACK_KEY_FILE: set->targets.key_file = value; break;
	case OPT_CALLBACK_SPOOL: set->targets.spool = value; break;
	default: break;
	}
}

/* The hash that --verify-audit prints at its end. */
static void set_expect(struct option_values *p, const char *value)
{
	struct options *set = p->set;
	size_t len = strlen(value);

	if (len != sizeof(set->expect_text) - 1 || value[strspn(value, "0123456789abcdefABCDEF")]) {
		option_values_problem(p, value, "a SHA-256, 64 hex digits");
		return;
	}
	for (size_t i = 0; i <= len; i++)
		set->expect_text[i] = (char)(value[i] >= 'A' && value[i] <= 'F'
			? value[i] | 0x20 : value[i]);
	set->expect = set->expect_text;
}

static void set_run(struct option_values *p, const char *value)
{
	if (text_parse_uuid(value, strlen(value), p->set->run_text))
		p->set->run = p->set->run_text;
	else
		option_values_problem(p, value, "the ID of a run, a UUID");
}

static void set_source(struct option_values *p, const char *value)
{
	p->set->notifications = option_values_word(p, value, &source_words) == 1;
}

static void set_callback(struct option_values *p, const char *value)
{
	targets_add(&p->set->targets, value, &p->problems, &p->set->warnings);
}

/* Bytes; K, M and G are powers of 1024. */
static void set_size(struct option_values *p, const char *value)
{
	static const char units[] = "KMG";
	size_t digits = strspn(value, "0123456789");
	const char *unit = value[digits] ? strchr(units, value[digits]) : NULL;
	uint64_t n = digits && digits < 10 ? strtoull(value, NULL, 10) : 0;

	if (unit)
		n <<= 10 * (unit - units + 1);
	if (n == 0 || n > SIZE_MOST || value[digits + (unit != NULL)])
		option_values_problem(p, value, "1 to 1024G, a number of bytes or with K, M or G");
	else
		p->set->targets.spool_max = n;
}

static void set_queue_name(struct option_values *p, const char *value)
{
	struct lines *names = &p->set->queue_names;

	if (!*value || !utf8_valid(value, strlen(value)))
		option_values_problem(p, value, "a queue's name, or a pattern with * for any text");
	else if (names->n == NOTIFICATION_QUEUES_MAX)
		option_values_problem(p, value, "500 names at most");
	else
		lines_add(names, "%s", value);
}

/* --- the table ---------------------------------------------------------------------- */

const struct option_def option_table[OPTIONS] = {
	[OPT_QUEUE] = { "queue", 'q', WATCH, "ID[,ID]...", NULL, NULL,
		"queue to watch; repeatable", set_queue },
	[OPT_QUEUE_FILE] = { "queue-file", 'Q', WATCH, "FILE", NULL, NULL,
		"one queue ID a line, - is stdin; repeatable", queue_args_read },
	[OPT_QUEUE_NAME] = { "queue-name", 0, WATCH, "PATTERN", NULL, NULL,
		"queue by its name, * is any text; repeatable", set_queue_name },
	[OPT_SKIP_REFUSED] = { "skip-refused", 0, WATCH, NULL, NULL, NULL,
		"a queue that is refused is no failure", set_flag },
	[OPT_LIST_QUEUES] = { "list-queues", 0, WATCH, NULL, NULL, NULL,
		"print all queues with their names, then exit", set_flag },
	[OPT_METRIC] = { "metric", 'm', WATCH, "NAME[,NAME]...",
		"state,queueState,conversationCount,waitTime", NULL,
		"metrics to print; of notifications: gsqstat(1)", metric_args_metrics },
	[OPT_INTERVAL] = { "interval", 'i', WATCH, "ISO8601", "PT10S", NULL,
		"PT10S PT15S PT30S PT1M PT2M", set_interval },
	[OPT_WINDOW] = { "window", 'w', WINDOWS, "DURATION", NULL,
		"30s, or the interval if longer", "length of a window", set_window },
	[OPT_COUNT] = { "count", 'n', WINDOWS, "N", NULL, "1, on replay all",
		"windows to print, then exit", set_count },
	[OPT_ALIGN] = { "align", 0, WINDOWS, NULL, NULL, NULL,
		"begin windows at multiples of their length", set_flag },
	[OPT_NOW] = { "now", 0, WINDOWS, NULL, NULL, NULL,
		"no windows: what holds now, a row a queue", set_flag },
	[OPT_TIME] = { "time", 0, WINDOWS, "CLOCK", NULL, "arrival, on replay event",
		"arrival or event: whose clock places a frame", set_word },
	[OPT_LATENESS] = { "lateness", 0, WINDOWS, "DURATION", NULL, "two intervals",
		"how far behind a timestamp may be", set_duration },
	[OPT_FORMAT] = { "format", 'f', OUTPUT, "FORMAT", "ndjson", NULL,
		"ndjson, csv, table or prometheus", set_word },
	[OPT_NO_HEADER] = { "no-header", 0, OUTPUT, NULL, NULL, NULL,
		"CSV or table without its header", set_flag },
	[OPT_ASCII] = { "ascii", 0, OUTPUT, NULL, NULL, NULL,
		"table in ASCII alone", set_flag },
	[OPT_OUTPUT] = { "output", 'o', OUTPUT, "FILE", NULL, "stdout",
		"write to FILE, replaced whole at the end", set_name },
	[OPT_RECORD] = { "record", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every frame, for --replay", set_name },
	[OPT_REJECTS] = { "rejects", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every rejected frame and why", set_name },
	[OPT_DRY_RUN] = { "dry-run", 0, OUTPUT, NULL, NULL, NULL,
		"check all, print the settings, send nothing", set_flag },
	[OPT_FAIL_IF] = { "fail-if", 0, THRESHOLDS, "EXPR", NULL, NULL,
		"exit 1 if EXPR holds in a window; repeatable", metric_args_threshold },
	[OPT_FAIL_FAST] = { "fail-fast", 0, THRESHOLDS, NULL, NULL, NULL,
		"end with the first window in which one holds", set_flag },
	[OPT_CHECK] = { "check", 0, THRESHOLDS, "FORM", NULL, NULL,
		"nagios: one line and status of a plugin, no rows", metric_args_check },
	[OPT_WARNING] = { "warning", 'W', THRESHOLDS, "PATH=RANGE", NULL, NULL,
		"its range for WARNING; repeatable", metric_args_range },
	[OPT_CRITICAL] = { "critical", 'C', THRESHOLDS, "PATH=RANGE", NULL, NULL,
		"its range for CRITICAL; repeatable", metric_args_range },
	[OPT_CALLBACK] = { "callback", 0, CALLBACKS, "URL", NULL, NULL,
		"POST each window there (or to what @FILE holds)", set_callback },
	[OPT_CALLBACK_HEADER_FILE] = { "callback-header-file", 0, CALLBACKS, "FILE", NULL, NULL,
		"header lines to add, one a line", set_name },
	[OPT_CALLBACK_FORMAT] = { "callback-format", 0, CALLBACKS, "FORM", "plain", NULL,
		"plain or cloudevents", set_word },
	[OPT_CALLBACK_KEY_FILE] = { "callback-key-file", 0, CALLBACKS, "FILE", NULL, NULL,
		"keys to sign with, a whsec_... a line", set_name },
	[OPT_CALLBACK_TIMEOUT] = { "callback-timeout", 0, CALLBACKS, "DURATION", "15s", NULL,
		"bound of one request", set_duration },
	[OPT_CALLBACK_SPOOL] = { "callback-spool", 0, CALLBACKS, "DIR", NULL, NULL,
		"keep there what does not arrive, for a later run", set_name },
	[OPT_CALLBACK_SPOOL_MAX] = { "callback-spool-max", 0, CALLBACKS, "SIZE", "64M", NULL,
		"bytes that it may hold, with K, M or G", set_size },
	[OPT_CALLBACK_ALLOW_PRIVATE] = { "callback-allow-private", 0, CALLBACKS, NULL, NULL, NULL,
		"also to addresses that are not public", set_flag },
	[OPT_REPLAY] = { "replay", 0, SOURCE, "FILE", NULL, NULL,
		"read a recording, not the network; - is stdin", set_name },
	[OPT_SOURCE] = { "source", 0, SOURCE, "SOURCE", "stream", NULL,
		"stream, or notifications; a recording says it", set_source },
	[OPT_HOST] = { "host", 'H', SOURCE, "HOST", NULL, "$GENESYS_API_HOST",
		"AWS region, domain, HOST[:PORT] or URL", set_name },
	[OPT_SUBSCRIBE] = { "subscribe", 0, SOURCE, "HOW", "url", NULL,
		"url or message: where the payload travels", set_word },
	[OPT_NO_SNAPSHOT] = { "no-snapshot", 0, SOURCE, NULL, NULL, NULL,
		"do not ask for values that hold at the start", set_flag },
	[OPT_RESYNC] = { "resync", 0, SOURCE, "DURATION", "5m", NULL,
		"how often to ask for all values again; 0 is never", set_resync },
	[OPT_CACERT] = { "cacert", 0, SOURCE, "FILE", NULL, "the system's",
		"certificates to trust (PEM)", set_name },
	[OPT_CONNECT_TIMEOUT] = { "connect-timeout", 0, SOURCE, "DURATION", "15s", NULL,
		"bound of one handshake", set_duration },
	[OPT_RETRY_FOR] = { "retry-for", 0, SOURCE, "DURATION", "60s", NULL,
		"how long to try (again) before giving up", set_retry_for },
	[OPT_IDLE_TIMEOUT] = { "idle-timeout", 0, SOURCE, "DURATION", NULL,
		"two intervals, for notifications 40s",
		"so long without a message is a lost stream", set_duration },
	[OPT_PONG_TIMEOUT] = { "pong-timeout", 0, SOURCE, "DURATION", "10s", NULL,
		"so long without an answer to a ping, likewise", set_duration },
	[OPT_OUTLIER] = { "outlier", 0, SOURCE, "EXPR", "waitTime.avg>30000", NULL,
		"drop frames for which EXPR holds, or none", metric_args_outlier },
	[OPT_PROFILE] = { "profile", 0, CREDENTIALS, "NAME", NULL, NULL,
		"log in as gc does with this profile", set_name },
	[OPT_TOKEN_MARGIN] = { "token-margin", 0, CREDENTIALS, "DURATION", "60s", NULL,
		"renew the token this long before its end", set_duration },
	[OPT_NO_CACHE] = { "no-cache", 0, CREDENTIALS, NULL, NULL, NULL,
		"read and keep nothing in the cache", set_flag },
	[OPT_CLIENT_SECRET_FILE] = { "client-secret-file", 0, CREDENTIALS, "FILE", NULL, NULL,
		"the client secret", set_name },
	[OPT_AUDIT] = { "audit", 0, MESSAGES, "FORM", "json", NULL,
		"json, logfmt or none: lines on stderr", set_word },
	[OPT_AUDIT_FILE] = { "audit-file", 0, MESSAGES, "FILE", NULL, NULL,
		"append those lines to FILE instead", set_name },
	[OPT_AUDIT_CHAIN] = { "audit-chain", 0, MESSAGES, NULL, NULL, NULL,
		"bind each line of FILE to the one before", set_flag },
	[OPT_AUDIT_KEY_FILE] = { "audit-key-file", 0, MESSAGES, "FILE", NULL, NULL,
		"and sign each with this key", set_name },
	[OPT_VERIFY_AUDIT] = { "verify-audit", 0, MESSAGES, "FILE", NULL, NULL,
		"no run: check such a chain; - is stdin", set_name },
	[OPT_EXPECT] = { "expect", 0, MESSAGES, "HASH", NULL, NULL,
		"the hash that its last line must have", set_expect },
	[OPT_ROWS] = { "rows", 0, MESSAGES, "FILE", NULL, NULL,
		"rows that it must tell of; - is stdin", set_name },
	[OPT_RUN] = { "run", 0, MESSAGES, "ID", NULL, NULL,
		"they are of this run alone", set_run },
	[OPT_VERBOSE] = { "verbose", 'v', MESSAGES, NULL, NULL, NULL,
		"more on stderr", set_flag },
	[OPT_SILENT] = { "silent", 's', MESSAGES, NULL, NULL, NULL,
		"only errors, and warnings of wrong numbers", set_flag },
	[OPT_HELP] = { "help", 'h', MESSAGES, NULL, NULL, NULL, "print this", set_flag },
	[OPT_VERSION] = { "version", 'V', MESSAGES, NULL, NULL, NULL,
		"print the versions", set_flag }
};
