#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "paths.h"
#include "text.h"

#define DAY_MS (24LL * 3600 * 1000)
#define COUNT_MAX 1000000
#define LATENESS_WINDOWS_MAX 60
#define QUEUES_NAMED_MAX 10000		/* on replay */
#define QUEUE_FILE_MAX (4 << 20)
#define HELP_COLUMN 31

enum group { WATCH, WINDOWS, OUTPUT, SOURCE, CREDENTIALS, MESSAGES, GROUPS };

static const char *const group_titles[GROUPS] = {
	"Queues and metrics", "Windows", "Output", "Source", "Credentials", "Messages"
};

/* Each option's place in the table. */
enum option_id {
	OPT_QUEUE, OPT_QUEUE_FILE, OPT_METRIC, OPT_INTERVAL, OPT_WINDOW, OPT_COUNT, OPT_ALIGN,
	OPT_TIME, OPT_LATENESS, OPT_FORMAT, OPT_NO_HEADER, OPT_OUTPUT, OPT_RECORD, OPT_REJECTS,
	OPT_DRY_RUN, OPT_REPLAY, OPT_SOURCE, OPT_HOST, OPT_SUBSCRIBE, OPT_CACERT, OPT_CONNECT_TIMEOUT,
	OPT_RETRY_FOR, OPT_IDLE_TIMEOUT, OPT_OUTLIER, OPT_TOKEN_MARGIN, OPT_NO_CACHE,
	OPT_CLIENT_SECRET_FILE, OPT_AUDIT, OPT_VERBOSE, OPT_SILENT, OPT_HELP, OPT_VERSION,
	OPTIONS
};

#define LONG_KEY 256		/* the key of an option without a letter: this plus its place */

struct parse;

struct option_def {
	const char *name;
	char letter;			/* 0: none */
	enum group group;
	const char *arg;		/* NULL: it takes none */
	const char *initial;		/* as a user would write it; NULL: none, or derived */
	const char *initial_text;	/* what --help says of a derived default */
	const char *help;
	void (*set)(struct parse *p, const char *value);
};

struct parse {
	struct settings *set;
	struct lines problems;
	enum option_id now;		/* the option whose value is set */
	bool given[OPTIONS], bad[OPTIONS];
	bool defaults;			/* defaults are being applied */
	bool help, version, queue_stdin, outlier_none;
	struct lines queue_files;	/* inputs, for the check against outputs */
	struct lines queue_words;
	const char *host, *secret_file;
	const char *ca_file;		/* $SSL_CERT_FILE, where --cacert is not given */
};

static const char *const metrics[] = {
	"state", "queueState", "agentState", "conversationCount", "waitTime", "abandonedCount"
};
static const char *const intervals[] = { "PT10S", "PT15S", "PT30S", "PT1M", "PT2M" };
static const char *const formats[] = { "ndjson", "csv" };
static const char *const times[] = { "arrival", "event" };
static const char *const sources[] = { "stream", "notifications" };
static const char *const subscribes[] = { "url", "message" };
static const char *const audits[] = { "json", "logfmt", "none" };

static const struct option_def table[OPTIONS];

/* --- what is wrong ------------------------------------------------------------------ */

static void problem(struct parse *p, const char *value, const char *allowed)
{
	char text[SHOWN_SIZE];

	lines_add(&p->problems, "--%s '%s': allowed is %s", table[p->now].name,
		text_shown(text, value, strlen(value)), allowed);
	p->bad[p->now] = true;
}

/* The flag's file cannot be what it is for; no line where why is NULL. */
static void file_problem(struct parse *p, const char *flag, const char *path, const char *why)
{
	char text[SHOWN_SIZE];

	if (why)
		lines_add(&p->problems, "%s '%s': cannot be read: %s", flag,
			text_shown(text, path, strlen(path)), why);
}

/* The place of a word in its list, -1 after a line that names the words and the nearest. */
static int word(struct parse *p, const char *value, const char *const *words, size_t n)
{
	char hint[256], text[SHOWN_SIZE];

	for (size_t i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	words_hint(hint, sizeof(hint), value, words, n);
	lines_add(&p->problems, "--%s '%s': allowed is one of%s", table[p->now].name,
		text_shown(text, value, strlen(value)), hint);
	p->bad[p->now] = true;
	return -1;
}

static int64_t duration(struct parse *p, const char *value, int64_t least_ms,
	const char *allowed)
{
	int64_t ms;

	if (duration_parse_ms(value, &ms) && ms >= least_ms && ms <= DAY_MS)
		return ms;
	problem(p, value, allowed);
	return least_ms;
}

#define UNITS ", a number with ms, s, m or h (or ISO 8601)"

/* --- queues ------------------------------------------------------------------------- */

/* The name of what a queue came from stands in the line: an option, a file's line. */
static void add_queue(struct parse *p, const char *s, size_t len, const char *from)
{
	char id[UUID_LEN + 1], text[SHOWN_SIZE];
	struct lines *queues = &p->set->queues;

	if (!uuid_parse(s, len, id)) {
		lines_add(&p->problems, "%s '%s': allowed is a queue ID, that is a UUID like "
			"11111111-1111-4111-8111-111111111111", from, text_shown(text, s, len));
		return;
	}
	for (size_t i = 0; i < queues->n; i++)
		if (strcmp(queues->v[i], id) == 0) {
			lines_add(&p->set->warnings, "queue %s is named twice", id);
			return;
		}
	if (queues->n < QUEUES_NAMED_MAX) {
		lines_add(queues, "%s", id);
		return;
	}
	if (!p->bad[OPT_QUEUE])
		lines_add(&p->problems, "--queue: more than %d queues", QUEUES_NAMED_MAX);
	p->bad[OPT_QUEUE] = true;
}

/* ID[,ID]... */
static void add_queues(struct parse *p, const char *value, const char *from)
{
	for (;;) {
		size_t len = strcspn(value, ",");

		add_queue(p, value, len, from);
		if (!value[len])
			return;
		value += len + 1;
	}
}

static void set_queue(struct parse *p, const char *value)
{
	add_queues(p, value, "--queue");
}

static void queue_line(struct parse *p, const char *path, const char *s, size_t len,
	size_t number)
{
	char from[SHOWN_SIZE + 64], text[SHOWN_SIZE];

	snprintf(from, sizeof(from), "--queue-file %s, line %zu:",
		text_shown(text, path, strlen(path)), number);
	add_queue(p, s, len, from);
}

/* One ID a line; what follows a # and blanks around are no part of it. */
static void queue_lines(struct parse *p, const struct buf *file, const char *path)
{
	size_t at = 0, len, number = 0, found = 0;
	char text[SHOWN_SIZE];
	const char *s;

	while ((s = text_line(file->data, file->len, &at, &len))) {
		number++;
		if (!len)
			continue;
		found++;
		queue_line(p, path, s, len, number);
	}
	if (!found)
		lines_add(&p->problems, "--queue-file '%s': holds no queue ID",
			text_shown(text, path, strlen(path)));
}

static void set_queue_file(struct parse *p, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0, again = is_stdin && p->queue_stdin;
	struct buf text = { .limit = QUEUE_FILE_MAX };
	const char *why = again ? "stdin is read once" : paths_read(path, &text);

	p->queue_stdin = p->queue_stdin || is_stdin;
	if (!again)
		lines_add(&p->queue_files, "%s", path);
	if (why)
		file_problem(p, "--queue-file", path, why);
	else
		queue_lines(p, &text, path);
	buf_free(&text);
}

/* --- metrics and outliers ----------------------------------------------------------- */

/* The place of a metric among the decoded ones, added if it is new. */
static size_t metric_index(struct settings *set, const char *name)
{
	for (size_t i = 0; i < set->nmetric; i++)
		if (strcmp(set->metric[i], name) == 0)
			return i;
	set->metric[set->nmetric] = name;
	return set->nmetric++;
}

/* Which names are allowed depends on the source, which may yet come. */
static void set_metric(struct parse *p, const char *value)
{
	char *copy = strdup(value), *rest = copy, *name;

	if (!p->given[OPT_METRIC])
		lines_free(&p->set->patterns);
	p->given[OPT_METRIC] = !p->defaults;
	while (copy && (name = strsep(&rest, ",")))
		lines_add(&p->set->patterns, "%s", name);
	p->problems.failed = p->problems.failed || !copy;
	free(copy);
}

/* A name of the notification service's, or its beginning with a `*`. */
static bool is_pattern(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (strcmp(s, "*") == 0)
		return true;
	return len > 0 && len < FIELD_NAME_MAX && strchr("ont", s[0])
		&& (!s[len] || strcmp(s + len, "*") == 0);
}

static void derive_metrics(struct parse *p)
{
	static const char *const notice_metrics[] = {
		"oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers", "nOffered",
		"tWait", "tAbandon", "oServiceLevel"
	};
	struct settings *set = p->set;

	p->now = OPT_METRIC;
	if (set->notices && !p->given[OPT_METRIC]) {
		lines_free(&set->patterns);
		for (size_t i = 0; i < ARRAY_LEN(notice_metrics); i++)
			lines_add(&set->patterns, "%s", notice_metrics[i]);
	}
	for (size_t i = 0; i < set->patterns.n; i++) {
		const char *name = set->patterns.v[i];
		int known;

		if (set->notices) {
			if (!is_pattern(name))
				problem(p, name, "a metric of the notification service that "
					"begins with o, n or t, perhaps with a * at its end");
			continue;
		}
		known = word(p, name, metrics, ARRAY_LEN(metrics));
		if (known >= 0)
			metric_index(set, metrics[known]);
	}
	set->nasked = set->nmetric;
}

/* The rule keeps its own text, which its path points into. */
static void add_rule(struct parse *p, const char *value)
{
	static const char *const none[] = { "none" };
	struct settings *set = p->set;
	struct rule *rule = &set->outlier[set->noutlier];
	char *text = strdup(value);
	const char *metric;
	int known;

	if (!text) {
		p->problems.failed = true;
	} else if (!rule_parse(text, &metric, rule) || strlen(rule->path) >= FIELD_NAME_MAX) {
		problem(p, value, nearest_word(value, none, 1)
			? "METRIC.FIELD OP NUMBER, or none; did you mean none?"
			: "METRIC.FIELD OP NUMBER with one of > >= < <= == !=, or none");
	} else {
		known = word(p, metric, metrics, ARRAY_LEN(metrics));
		rule->metric = known < 0 ? 0 : (size_t)known;	/* a known one, for now */
		set->outlier_path[set->noutlier++] = text;
		lines_add(&set->outlier_text, "%s", value);
		return;
	}
	free(text);
}

static void clear_rules(struct settings *set)
{
	while (set->noutlier)
		free(set->outlier_path[--set->noutlier]);
	lines_free(&set->outlier_text);
}

static void set_outlier(struct parse *p, const char *value)
{
	if (!p->given[OPT_OUTLIER] && !p->defaults)
		clear_rules(p->set);
	p->given[OPT_OUTLIER] = !p->defaults;
	if (strcmp(value, "none") == 0)
		p->outlier_none = true;
	else if (p->set->noutlier < OUTLIERS_MAX)
		add_rule(p, value);
	else
		problem(p, value, "16 rules at most");
}

/* --- setters of one value ----------------------------------------------------------- */

static void set_interval(struct parse *p, const char *value)
{
	int i = word(p, value, intervals, ARRAY_LEN(intervals));

	p->set->interval = intervals[i < 0 ? 0 : i];
	p->set->interval_given = !p->defaults;
	duration_parse_ms(p->set->interval, &p->set->interval_ms);
}

static void set_window(struct parse *p, const char *value)
{
	p->set->window_ms = duration(p, value, 100, "100ms to 24h" UNITS);
}

/* Those of 1ms to 24h. */
static void set_duration(struct parse *p, const char *value)
{
	int64_t ms = duration(p, value, 1, "1ms to 24h" UNITS);

	switch (p->now) {
	case OPT_LATENESS: p->set->lateness_ms = ms; break;
	case OPT_CONNECT_TIMEOUT: p->set->connect_timeout_ms = ms; break;
	case OPT_IDLE_TIMEOUT: p->set->idle_timeout_ms = ms; break;
	case OPT_TOKEN_MARGIN: p->set->token_margin_ms = ms; break;
	default: break;
	}
}

static void set_count(struct parse *p, const char *value)
{
	size_t len = strlen(value);
	long n = len > 0 && len < 9 && !value[strspn(value, "0123456789")]
		? strtol(value, NULL, 10) : 0;

	if (n < 1 || n > COUNT_MAX)
		problem(p, value, "a number from 1 to 1000000");
	else
		p->set->count = (uint32_t)n;
}

static void set_retry_for(struct parse *p, const char *value)
{
	/* of all lengths nothing alone needs no unit */
	p->set->retry_for_ms = strcmp(value, "0") == 0 ? 0
		: duration(p, value, 0, "0 to 24h" UNITS);
}

/* One of a list, the first where it is none. */
static void set_word(struct parse *p, const char *value)
{
	const bool clock = p->now == OPT_TIME, form = p->now == OPT_FORMAT;
	const char *const *words = clock ? times : form ? formats
		: p->now == OPT_SUBSCRIBE ? subscribes : audits;
	int i = word(p, value, words, p->now == OPT_AUDIT ? ARRAY_LEN(audits) : 2);

	if (clock)
		p->set->time = i == 1 ? TIME_EVENT : TIME_ARRIVAL;
	else if (form)
		p->set->format = i == 1 ? FORMAT_CSV : FORMAT_NDJSON;
	else if (p->now == OPT_SUBSCRIBE)
		p->set->subscribe = i == 1 ? SUBSCRIBE_MESSAGE : SUBSCRIBE_URL;
	else
		p->set->audit = i < 0 ? AUDIT_JSON : (enum audit_format)i;
}

/* Options without a value. */
static void set_flag(struct parse *p, const char *value)
{
	struct settings *set = p->set;

	(void)value;
	switch (p->now) {
	case OPT_ALIGN: set->align = true; break;
	case OPT_NO_HEADER: set->header = false; break;
	case OPT_DRY_RUN: set->dry_run = true; break;
	case OPT_NO_CACHE: set->cache = false; break;
	case OPT_VERBOSE: set->level = LEVEL_DEBUG; break;
	case OPT_SILENT: set->level = LEVEL_ERROR; break;
	default: break;		/* --help and --version were looked for before */
	}
}

/* A file or a host, as it was given. */
static void set_name(struct parse *p, const char *value)
{
	struct settings *set = p->set;

	/* a file beside the rows: `-` would be neither stdout nor what was meant */
	if ((p->now == OPT_RECORD || p->now == OPT_REJECTS) && strcmp(value, "-") == 0) {
		problem(p, value, "a file; stdout is for rows");
		return;
	}
	switch (p->now) {
	case OPT_OUTPUT: set->output = value; break;
	case OPT_RECORD: set->record = value; break;
	case OPT_REJECTS: set->rejects = value; break;
	case OPT_REPLAY: set->replay = value; break;
	case OPT_HOST: p->host = value; break;
	case OPT_CACERT: set->cacert = value; break;
	case OPT_CLIENT_SECRET_FILE: p->secret_file = value; break;
	default: break;
	}
}

static void set_source(struct parse *p, const char *value)
{
	p->set->notices = word(p, value, sources, ARRAY_LEN(sources)) == 1;
}

/* --- the table ---------------------------------------------------------------------- */

static const struct option_def table[OPTIONS] = {
	[OPT_QUEUE] = { "queue", 'q', WATCH, "ID[,ID]...", NULL, NULL,
		"queue to watch; repeatable", set_queue },
	[OPT_QUEUE_FILE] = { "queue-file", 'Q', WATCH, "FILE", NULL, NULL,
		"one queue ID a line, - is stdin; repeatable", set_queue_file },
	[OPT_METRIC] = { "metric", 'm', WATCH, "NAME[,NAME]...",
		"state,queueState,conversationCount,waitTime", NULL,
		"metrics to print", set_metric },
	[OPT_INTERVAL] = { "interval", 'i', WATCH, "ISO8601", "PT10S", NULL,
		"PT10S PT15S PT30S PT1M PT2M", set_interval },
	[OPT_WINDOW] = { "window", 'w', WINDOWS, "DURATION", NULL,
		"30s, or the interval if longer", "length of a window", set_window },
	[OPT_COUNT] = { "count", 'n', WINDOWS, "N", NULL, "1, on replay all",
		"windows to print, then exit", set_count },
	[OPT_ALIGN] = { "align", 0, WINDOWS, NULL, NULL, NULL,
		"begin windows at multiples of their length", set_flag },
	[OPT_TIME] = { "time", 0, WINDOWS, "CLOCK", NULL, "arrival, on replay event",
		"arrival or event: whose clock places a frame", set_word },
	[OPT_LATENESS] = { "lateness", 0, WINDOWS, "DURATION", NULL, "two intervals",
		"how far behind a timestamp may be", set_duration },
	[OPT_FORMAT] = { "format", 'f', OUTPUT, "FORMAT", "ndjson", NULL,
		"ndjson or csv", set_word },
	[OPT_NO_HEADER] = { "no-header", 0, OUTPUT, NULL, NULL, NULL,
		"CSV without its header row", set_flag },
	[OPT_OUTPUT] = { "output", 'o', OUTPUT, "FILE", NULL, "stdout",
		"write to FILE, replaced whole at the end", set_name },
	[OPT_RECORD] = { "record", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every frame, for --replay", set_name },
	[OPT_REJECTS] = { "rejects", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every rejected frame and why", set_name },
	[OPT_DRY_RUN] = { "dry-run", 0, OUTPUT, NULL, NULL, NULL,
		"check all, print the settings, send nothing", set_flag },
	[OPT_REPLAY] = { "replay", 0, SOURCE, "FILE", NULL, NULL,
		"read a recording, not the network; - is stdin", set_name },
	[OPT_SOURCE] = { "source", 0, SOURCE, "SOURCE", "stream", NULL,
		"stream, or notifications", set_source },
	[OPT_HOST] = { "host", 'H', SOURCE, "HOST", NULL, "$GENESYS_API_HOST",
		"HOST[:PORT] or URL of the API", set_name },
	[OPT_SUBSCRIBE] = { "subscribe", 0, SOURCE, "HOW", "url", NULL,
		"url or message: where the payload travels", set_word },
	[OPT_CACERT] = { "cacert", 0, SOURCE, "FILE", NULL, "the system's",
		"certificates to trust (PEM)", set_name },
	[OPT_CONNECT_TIMEOUT] = { "connect-timeout", 0, SOURCE, "DURATION", "15s", NULL,
		"bound of one handshake", set_duration },
	[OPT_RETRY_FOR] = { "retry-for", 0, SOURCE, "DURATION", "60s", NULL,
		"how long to try (again) before giving up", set_retry_for },
	[OPT_IDLE_TIMEOUT] = { "idle-timeout", 0, SOURCE, "DURATION", NULL, "two intervals",
		"so long without a message is a lost stream", set_duration },
	[OPT_OUTLIER] = { "outlier", 0, SOURCE, "EXPR", "waitTime.avg>30000", NULL,
		"drop frames for which EXPR holds, or none", set_outlier },
	[OPT_TOKEN_MARGIN] = { "token-margin", 0, CREDENTIALS, "DURATION", "60s", NULL,
		"renew the token this long before its end", set_duration },
	[OPT_NO_CACHE] = { "no-cache", 0, CREDENTIALS, NULL, NULL, NULL,
		"read and keep no token in the cache", set_flag },
	[OPT_CLIENT_SECRET_FILE] = { "client-secret-file", 0, CREDENTIALS, "FILE", NULL, NULL,
		"the client secret", set_name },
	[OPT_AUDIT] = { "audit", 0, MESSAGES, "FORM", "json", NULL,
		"json, logfmt or none: lines on stderr", set_word },
	[OPT_VERBOSE] = { "verbose", 'v', MESSAGES, NULL, NULL, NULL,
		"more on stderr", set_flag },
	[OPT_SILENT] = { "silent", 's', MESSAGES, NULL, NULL, NULL,
		"errors alone on stderr", set_flag },
	[OPT_HELP] = { "help", 'h', MESSAGES, NULL, NULL, NULL, "print this", set_flag },
	[OPT_VERSION] = { "version", 'V', MESSAGES, NULL, NULL, NULL,
		"print the versions", set_flag }
};

/* --- reading argv ------------------------------------------------------------------- */

static void apply(struct parse *p, enum option_id id, const char *value)
{
	p->now = id;
	if (table[id].arg && strcmp(table[id].arg, "FILE") == 0 && !*value)
		problem(p, value, "the name of a file");
	else
		table[id].set(p, value);
	p->given[id] = !p->defaults;
}

static void apply_defaults(struct parse *p)
{
	p->set->header = p->set->cache = true;
	p->set->level = LEVEL_INFO;
	p->defaults = true;
	for (enum option_id id = 0; id < OPTIONS; id++)
		if (table[id].initial)
			apply(p, id, table[id].initial);
	p->defaults = false;
}

static void make_getopt(struct option longs[OPTIONS + 1], char shorts[2 * OPTIONS + 3])
{
	*shorts++ = '-';	/* argv as it is: for the first look alone */
	*shorts++ = ':';
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_def *d = &table[i];

		longs[i] = (struct option){ d->name, d->arg ? required_argument : no_argument,
			NULL, d->letter ? d->letter : LONG_KEY + (int)i };
		if (!d->letter)
			continue;
		*shorts++ = d->letter;
		if (d->arg)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[OPTIONS] = (struct option){ 0 };
}

static int id_of_key(int key)
{
	if (key >= LONG_KEY)
		return key - LONG_KEY;
	for (int i = 0; i < OPTIONS; i++)
		if (table[i].letter == key && key)
			return i;
	return -1;
}

/* A long option that is unknown, or the beginning of several. Where what was meant takes a
 * value, the word that follows is that and no queue. */
static void unknown_option(struct parse *p, const char *arg, const char *next)
{
	const char *all[OPTIONS], *fit[OPTIONS];
	char name[SHOWN_SIZE], hint[512];
	size_t len = strcspn(arg, "="), n = 0;
	bool value = true;

	text_shown(name, arg, len);
	for (size_t i = 0; i < OPTIONS; i++) {
		all[i] = table[i].name;
		if (strncmp(all[i], arg, len) == 0)
			fit[n++] = all[i];
	}
	if (n) {
		words_hint(hint, sizeof(hint), "", fit, n);
		lines_add(&p->problems, "option --%s is the beginning of%s", name, hint);
	} else {
		fit[0] = nearest_word(name, all, OPTIONS);
		n = fit[0] != NULL;
		lines_add(&p->problems, "unknown option --%s; %s%s%s", name,
			n ? "did you mean --" : "see --help", n ? fit[0] : "", n ? "?" : "");
	}
	for (size_t i = 0, k = 0; k < n; i++)
		if (all[i] == fit[k]) {
			value = value && table[i].arg;
			k++;
		}
	if (n && value && !arg[len] && next && (next[0] != '-' || !next[1]))
		optind++;
}

static void bad_option(struct parse *p, int code, int key, char **argv)
{
	char name[2] = { (char)key, '\0' };
	int id = id_of_key(key);

	if (id >= 0)
		lines_add(&p->problems, "--%s %s", table[id].name, code == ':'
			? "needs a value" : "takes no value");
	else if (key)
		lines_add(&p->problems, "unknown option -%s; see --help", name);
	else
		unknown_option(p, argv[optind - 1] + 2, argv[optind]);
}

/* Whether --help or --version is among the options: before any value is looked at, as one
 * may be a file to be read. */
static bool asks_for_help(struct parse *p, int argc, char **argv, const char *shorts,
	const struct option *longs)
{
	int key;

	optind = 0;	/* from the start, whatever was parsed before */
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		p->help = p->help || key == table[OPT_HELP].letter;
		p->version = p->version || key == table[OPT_VERSION].letter;
	}
	optind = 0;
	return p->help || p->version;
}

static void read_argv(struct parse *p, int argc, char **argv)
{
	struct option longs[OPTIONS + 1];
	char shorts[2 * OPTIONS + 3];
	int key;

	make_getopt(longs, shorts);
	opterr = 0;
	if (asks_for_help(p, argc, argv, shorts, longs))
		return;
	while ((key = getopt_long(argc, argv, shorts + 1, longs, NULL)) != -1) {
		if (key == '?' || key == ':')
			bad_option(p, key, optopt, argv);
		else
			apply(p, (enum option_id)id_of_key(key), optarg);
	}
	for (; optind < argc; optind++)
		lines_add(&p->queue_words, "%s", argv[optind]);
	for (size_t i = 0; i < p->queue_words.n; i++)
		add_queues(p, p->queue_words.v[i], "QUEUE_ID");
}

/* --- what depends on more than one option ------------------------------------------- */

static void derive(struct parse *p)
{
	struct settings *set = p->set;

	derive_metrics(p);
	if (!p->given[OPT_WINDOW])
		set->window_ms = set->interval_ms > 30000 ? set->interval_ms : 30000;
	if (!p->given[OPT_COUNT])
		set->count = set->replay ? 0 : 1;
	if (!p->given[OPT_TIME])
		set->time = set->replay && !set->notices ? TIME_EVENT : TIME_ARRIVAL;
	if (!p->given[OPT_IDLE_TIMEOUT])
		set->idle_timeout_ms = 2 * set->interval_ms;
	if (!p->given[OPT_LATENESS]) {
		set->lateness_ms = 2 * set->interval_ms;
		if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms)
			set->lateness_ms = LATENESS_WINDOWS_MAX * set->window_ms;
	}
	/* rules may name metrics that are decoded for them alone */
	for (size_t i = 0; i < set->noutlier; i++)
		set->outlier[i].metric = metric_index(set, metrics[set->outlier[i].metric]);
}

static void check_combinations(struct parse *p)
{
	struct settings *set = p->set;
	char window[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX], late[DURATION_TEXT_MAX];
	char text[SHOWN_SIZE];

	duration_format(window, set->window_ms);
	duration_format(most, LATENESS_WINDOWS_MAX * set->window_ms);
	duration_format(late, set->lateness_ms);
	if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms && !p->bad[OPT_WINDOW]
	    && !p->bad[OPT_INTERVAL])
		lines_add(&p->problems, "--lateness '%s': allowed is 60 windows at most, that is "
			"%s", late, most);
	if (set->window_ms < set->interval_ms)
		lines_add(&set->warnings, "--window %s is shorter than --interval %s: windows "
			"without an update are to be expected", window, set->interval);
	if (p->outlier_none && set->noutlier && p->given[OPT_OUTLIER])
		lines_add(&p->problems, "--outlier 'none': allowed is no other --outlier beside "
			"it");
	if (set->replay && set->record)
		lines_add(&p->problems, "--record '%s': allowed is a live run, not --replay",
			text_shown(text, set->record, strlen(set->record)));
	if (set->replay && strcmp(set->replay, "-") == 0 && p->queue_stdin)
		lines_add(&p->problems, "--queue-file '-': stdin is what --replay - reads");
	if (p->given[OPT_REPLAY])
		return;
	if (!set->queues.n && !p->given[OPT_QUEUE] && !p->given[OPT_QUEUE_FILE]
	    && !p->queue_words.n)
		lines_add(&p->problems, "no queue: name one by --queue, --queue-file or as an "
			"operand");
	if (set->queues.n > QUEUES_MAX && !p->bad[OPT_QUEUE])
		lines_add(&p->problems, "--queue: %zu queues; allowed are %d at most",
			set->queues.n, QUEUES_MAX);
}

/* --- files -------------------------------------------------------------------------- */

static void check_same_files(struct parse *p)
{
	const struct settings *set = p->set;
	const struct path_use fixed[] = {
		{ "--output", set->output ? set->output : "-", true, false },
		{ "--record", set->record, true, false },
		{ "--rejects", set->rejects, true, false },
		{ "standard error", "-", true, true },
		{ "--replay", set->replay, false, false },
		{ "--cacert", set->cacert, false, false },
		{ "SSL_CERT_FILE", p->ca_file, false, false },
		{ "--client-secret-file", p->secret_file, false, false },
		{ "CREDENTIALS_DIRECTORY", set->creds.secret_path, false, false }
	};
	const size_t n = ARRAY_LEN(fixed);
	struct path_use *use = calloc(n + p->queue_files.n, sizeof(*use));

	if (!use) {
		p->problems.failed = true;
		return;
	}
	memcpy(use, fixed, sizeof(fixed));
	for (size_t i = 0; i < p->queue_files.n; i++)
		use[n + i] = (struct path_use){ "--queue-file", p->queue_files.v[i], false, false };
	paths_check(use, n + p->queue_files.n, &p->problems);
	free(use);
}

static void check_output(struct parse *p, const char *flag, const char *path)
{
	size_t len = path ? strlen(path) : 0;
	struct err err;

	if (!len || strcmp(path, "-") == 0)
		return;
	if (path[len - 1] == '/')
		lines_add(&p->problems, "%s %.100s: cannot be made: %s", flag, path,
			strerror(EISDIR));
	else if (out_check(path, &err) != ST_OK)
		lines_add(&p->problems, "%s %s", flag, err.text);
}

static void check_files(struct parse *p)
{
	const struct settings *set = p->set;

	check_same_files(p);
	check_output(p, "--output", set->output);
	check_output(p, "--record", set->record);
	check_output(p, "--rejects", set->rejects);
	if (set->replay)
		file_problem(p, "--replay", set->replay, paths_unreadable(set->replay));
	if (set->cacert)
		file_problem(p, "--cacert", set->cacert, paths_no_certificates(set->cacert));
	if (p->ca_file && !set->creds.plain)
		file_problem(p, "SSL_CERT_FILE", p->ca_file, paths_no_certificates(p->ca_file));
}

/* --- --help and --version ----------------------------------------------------------- */

static void help_line(struct buf *out, const struct option_def *d)
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

static void put_help(struct buf *out)
{
	buf_str(out, "Usage: gsqstat [OPTION]... [QUEUE_ID]...\n"
		"Prints statistics of Genesys Cloud routing queues, window by window, and "
		"exits.\n");
	for (enum group g = 0; g < GROUPS; g++) {
		buf_printf(out, "\n%s:\n", group_titles[g]);
		for (size_t i = 0; i < OPTIONS; i++)
			if (table[i].group == g)
				help_line(out, &table[i]);
	}
	buf_str(out, "\nDURATION is a number with ms, s, m or h, or ISO 8601 (PT1M30S). What "
		"stands in\nbrackets is the default. Credentials come from the environment or a "
		"file, see\ngsqstat(1).\n");
}

/* --- --dry-run ---------------------------------------------------------------------- */

static void put_text(struct buf *out, const char *s)
{
	if (s)
		json_put_string(out, s, strlen(s));
	else
		buf_str(out, "null");
}

static void put_texts(struct buf *out, const char *const *v, size_t n)
{
	buf_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? "," : "");
		put_text(out, v[i]);
	}
	buf_char(out, ']');
}

static void put_lines(struct buf *out, const struct lines *lines)
{
	put_texts(out, (const char *const *)lines->v, lines->n);
}

static void put_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_MAX];

	duration_format(text, ms);
	put_text(out, text);
}

static void put_bool(struct buf *out, bool b)
{
	buf_str(out, b ? "true" : "false");
}

static void put_value(struct buf *out, const struct parse *p, enum option_id id)
{
	const struct settings *set = p->set;

	switch (id) {
	case OPT_QUEUE: put_lines(out, &set->queues); break;
	case OPT_QUEUE_FILE: put_lines(out, &p->queue_files); break;
	case OPT_METRIC: put_lines(out, &set->patterns); break;
	case OPT_SOURCE: put_text(out, sources[set->notices]); break;
	case OPT_INTERVAL: put_text(out, set->interval); break;
	case OPT_WINDOW: put_duration(out, set->window_ms); break;
	case OPT_COUNT:
		if (set->count)
			buf_printf(out, "%u", set->count);
		else
			buf_str(out, "null");
		break;
	case OPT_ALIGN: put_bool(out, set->align); break;
	case OPT_TIME: put_text(out, times[set->time == TIME_EVENT]); break;
	case OPT_LATENESS: put_duration(out, set->lateness_ms); break;
	case OPT_FORMAT: put_text(out, formats[set->format == FORMAT_CSV]); break;
	case OPT_NO_HEADER: put_bool(out, !set->header); break;
	case OPT_OUTPUT: put_text(out, set->output); break;
	case OPT_RECORD: put_text(out, set->record); break;
	case OPT_REJECTS: put_text(out, set->rejects); break;
	case OPT_DRY_RUN: put_bool(out, set->dry_run); break;
	case OPT_REPLAY: put_text(out, set->replay); break;
	case OPT_HOST: put_text(out, set->creds.base_url); break;
	case OPT_SUBSCRIBE: put_text(out, subscribes[set->subscribe]); break;
	case OPT_CACERT: put_text(out, set->cacert ? set->cacert : p->ca_file); break;
	case OPT_CONNECT_TIMEOUT: put_duration(out, set->connect_timeout_ms); break;
	case OPT_RETRY_FOR: put_duration(out, set->retry_for_ms); break;
	case OPT_IDLE_TIMEOUT: put_duration(out, set->idle_timeout_ms); break;
	case OPT_OUTLIER: put_lines(out, &set->outlier_text); break;
	case OPT_TOKEN_MARGIN: put_duration(out, set->token_margin_ms); break;
	case OPT_NO_CACHE: put_bool(out, !set->cache); break;
	case OPT_CLIENT_SECRET_FILE: put_text(out, p->secret_file); break;
	case OPT_AUDIT: put_text(out, audits[set->audit]); break;
	case OPT_VERBOSE: put_bool(out, set->level == LEVEL_DEBUG); break;
	case OPT_SILENT: put_bool(out, set->level == LEVEL_ERROR); break;
	case OPT_HELP:
	case OPT_VERSION:
	case OPTIONS: break;
	}
}

/* `flag`, `environment`, `file` or `default`; a queue may have come in two ways. */
static const char *origin(const struct parse *p, enum option_id id)
{
	if (p->given[id] || (id == OPT_QUEUE && p->queue_words.n))
		return "flag";
	if (id == OPT_QUEUE && p->given[OPT_QUEUE_FILE])
		return "file";
	if ((id == OPT_HOST && p->set->creds.host_from) || (id == OPT_CACERT && p->ca_file))
		return "environment";
	return "default";
}

static void put_secret(struct buf *out, const char *key, const char *from)
{
	bool file = from && (from[0] == '-' || from[0] == '$');

	buf_printf(out, ",\"%s\":{\"from\":%s}", key, !from ? "null" : file ? "\"file\""
		: "\"environment\"");
}

/* All settings with where they came from, secrets by that alone. */
static void put_settings(struct buf *out, const struct parse *p)
{
	buf_str(out, "{\"schema\":\"gsqstat-settings/1\"");
	for (enum option_id id = 0; id < OPT_HELP; id++) {
		buf_printf(out, ",\"%s\":{\"value\":", table[id].name);
		put_value(out, p, id);
		buf_printf(out, ",\"from\":\"%s\"}", origin(p, id));
	}
	put_secret(out, "client-id", p->set->creds.id_from);
	put_secret(out, "client-secret", p->set->creds.secret_from);
	buf_str(out, "}\n");
}

/* The values alone: an audit line has no room for more. */
static void put_values(struct buf *out, const struct parse *p)
{
	for (enum option_id id = 0; id < OPT_HELP; id++) {
		buf_printf(out, "%c\"%s\":", id ? ',' : '{', table[id].name);
		put_value(out, p, id);
	}
	buf_add(out, "}", 2);
}

/* --- all of it ---------------------------------------------------------------------- */

/* All of it to stdout, which others may have made non-blocking. Frees the text. */
static enum status print(struct buf *text)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int error = text->failed ? ENOMEM : 0;
	ssize_t n;

	for (size_t done = 0; !error && done < text->len; done += n > 0 ? (size_t)n : 0) {
		n = write(STDOUT_FILENO, text->data + done, text->len - done);
		if (n < 0 && errno != EINTR && (errno != EAGAIN || poll(&out, 1, -1) < 0))
			error = errno;
	}
	buf_free(text);
	if (!error)
		return ST_OK;
	if (error == EPIPE)
		return ST_READER_LEFT;
	fprintf(stderr, "gsqstat: standard output: %s\n", strerror(error));
	return ST_OUTPUT;
}

/* Lines with words from outside, for a terminal. */
static void print_lines(const char *what, struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		text_clean(lines->v[i]);
		fprintf(stderr, "gsqstat: %s%s\n", what, lines->v[i]);
	}
}

static enum status print_help_or_version(const struct parse *p, const char *versions)
{
	struct buf out = { 0 };

	if (p->help)
		put_help(&out);
	else
		buf_printf(&out, "gsqstat %s (%s)\n", GSQSTAT_VERSION, versions);
	return print(&out);
}

static enum status print_settings(const struct parse *p)
{
	struct buf out = { 0 };

	if (p->set->level <= LEVEL_WARNING)
		print_lines("warning: ", &p->set->warnings);
	put_settings(&out, p);
	return print(&out);
}

static void check_all(struct parse *p)
{
	struct settings *set = p->set;
	struct creds_conf conf = { p->secret_file, p->host, p->given[OPT_REPLAY] };
	const char *ca_file = getenv("SSL_CERT_FILE");
	struct buf json = { 0 };

	derive(p);
	if (!set->replay && !set->cacert && ca_file && *ca_file)
		p->ca_file = ca_file;
	creds_load(&set->creds, &conf, &p->problems, &set->warnings);
	check_combinations(p);
	check_files(p);
	put_values(&json, p);
	set->settings_json = json.data;
	if (json.failed || p->problems.failed || set->queues.failed || set->outlier_text.failed
	    || p->queue_files.failed || p->queue_words.failed)
		lines_add(&p->problems, "out of memory");
}

static enum parsed settle(struct parse *p, const char *versions, enum status *st)
{
	if (p->help || p->version) {
		*st = print_help_or_version(p, versions);
		return PARSED_DONE;
	}
	check_all(p);
	print_lines("", &p->problems);
	if (p->problems.n || p->problems.failed)
		return PARSED_BAD;
	if (!p->set->dry_run)
		return PARSED_RUN;
	*st = print_settings(p);
	return PARSED_DONE;
}

enum parsed options_parse(struct settings *set, int argc, char **argv, const char *versions,
	enum status *st)
{
	struct parse p = { .set = set };
	enum parsed parsed;

	apply_defaults(&p);
	read_argv(&p, argc, argv);
	parsed = settle(&p, versions, st);
	creds_wipe_environment();
	lines_free(&p.problems);
	lines_free(&p.queue_files);
	lines_free(&p.queue_words);
	return parsed;
}

void settings_free(struct settings *set)
{
	clear_rules(set);
	lines_free(&set->queues);
	lines_free(&set->patterns);
	lines_free(&set->warnings);
	creds_free(&set->creds);
	free(set->settings_json);
	*set = (struct settings){ 0 };
}
