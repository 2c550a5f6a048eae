#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "paths.h"
#include "text.h"

#define DAY_MS (24LL * 3600 * 1000)
#define COUNT_MAX 1000000
#define LATENESS_WINDOWS_MAX 60
#define SHOWN_MAX 100		/* bytes of a bad value that are shown */
#define QUEUE_LINE_MAX 4096
#define HELP_COLUMN 31

enum group { WATCH, WINDOWS, OUTPUT, SOURCE, CREDENTIALS, MESSAGES, GROUPS };

static const char *const group_titles[GROUPS] = {
	"Queues and metrics", "Windows", "Output", "Source", "Credentials", "Messages"
};

/* Each option's place in the table. */
enum option_id {
	OPT_QUEUE, OPT_QUEUE_FILE, OPT_METRIC, OPT_INTERVAL, OPT_WINDOW, OPT_COUNT, OPT_ALIGN,
	OPT_TIME, OPT_LATENESS, OPT_FORMAT, OPT_NO_HEADER, OPT_OUTPUT, OPT_RECORD, OPT_REJECTS,
	OPT_DRY_RUN, OPT_REPLAY, OPT_HOST, OPT_SUBSCRIBE, OPT_CACERT, OPT_CONNECT_TIMEOUT,
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
	bool given[OPTIONS];
	bool defaults;			/* defaults are being applied */
	bool help, version, queue_stdin, outlier_none;
	struct lines queue_files;	/* inputs, for the check against outputs */
	struct lines queue_words;
	const char *host, *secret_file;
};

static const char *const metrics[] = {
	"state", "queueState", "agentState", "conversationCount", "waitTime", "abandonedCount"
};
static const char *const intervals[] = { "PT10S", "PT15S", "PT30S", "PT1M", "PT2M" };
static const char *const formats[] = { "ndjson", "csv" };
static const char *const times[] = { "arrival", "event" };
static const char *const subscribes[] = { "url", "message" };
static const char *const audits[] = { "json", "logfmt", "none" };

static const struct option_def table[OPTIONS];

/* --- what is wrong ------------------------------------------------------------------ */

/* A value as it may be shown: cut, and without anything a terminal would obey. */
static const char *shown(const char *value, char out[SHOWN_MAX + 8])
{
	size_t len = strlen(value), cut = utf8_cut(value, len, SHOWN_MAX);

	for (size_t i = 0; i < cut; i++)
		out[i] = (unsigned char)value[i] < 0x20 || (unsigned char)value[i] >= 0x7F ? '?'
			: value[i];
	memcpy(out + cut, cut < len ? "..." : "", cut < len ? 4 : 1);
	return out;
}

static void problem(struct parse *p, const char *value, const char *allowed)
{
	char text[SHOWN_MAX + 8];

	lines_add(&p->problems, "--%s '%s': allowed is %s", table[p->now].name,
		shown(value, text), allowed);
}

/* The place of a word in its list, -1 after a line that names the words and the nearest. */
static int word(struct parse *p, const char *value, const char *const *words, size_t n)
{
	const char *near;
	char list[256] = "", text[SHOWN_MAX + 8];
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	for (size_t i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? " " : "",
			words[i]);
	near = nearest_word(value, words, n);
	lines_add(&p->problems, "--%s '%s': allowed is one of %s%s%s%s", table[p->now].name,
		shown(value, text), list, near ? "; did you mean " : "", near ? near : "",
		near ? "?" : "");
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

#define ANY_DURATION "1ms to 24h, a number with ms, s, m or h (or ISO 8601)"

/* --- queues ------------------------------------------------------------------------- */

/* The name of what a queue came from stands in the line: an option, a file's line. */
static void add_queue(struct parse *p, const char *s, size_t len, const char *from)
{
	char id[UUID_LEN + 1], text[SHOWN_MAX + 8], *copy;
	struct lines *queues = &p->set->queues;

	if (!uuid_parse(s, len, id)) {
		copy = strndup(s, len);
		lines_add(&p->problems, "%s '%s': allowed is a queue ID, that is a UUID like "
			"11111111-1111-4111-8111-111111111111", from,
			copy ? shown(copy, text) : "");
		free(copy);
		return;
	}
	for (size_t i = 0; i < queues->n; i++)
		if (strcmp(queues->v[i], id) == 0) {
			lines_add(&p->set->warnings, "queue %s is named twice", id);
			return;
		}
	lines_add(queues, "%s", id);
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

/* One ID a line; what follows a # and blanks around are no part of it. */
static void queue_line(struct parse *p, char *line, const char *path, unsigned number)
{
	char from[SHOWN_MAX + 64], text[SHOWN_MAX + 8];
	size_t len;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (len = strlen(line); len && strchr(" \t", line[len - 1]); len--)
		;
	if (!len)
		return;
	snprintf(from, sizeof(from), "--queue-file %s, line %u:", shown(path, text), number);
	add_queue(p, line, len, from);
}

static void set_queue_file(struct parse *p, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	size_t queues = p->set->queues.n, warnings = p->set->warnings.n, bad = p->problems.n;
	char *line = NULL, text[SHOWN_MAX + 8];
	size_t room = 0;
	unsigned number = 0;

	if (is_stdin)
		p->queue_stdin = true;
	else
		lines_add(&p->queue_files, "%s", path);
	while (f && getline(&line, &room, f) >= 0 && number < INT_MAX) {
		if (room > QUEUE_LINE_MAX)
			line[QUEUE_LINE_MAX - 1] = '\0';
		queue_line(p, line, path, ++number);
	}
	if (!f || ferror(f))
		lines_add(&p->problems, "--queue-file '%s': cannot be read: %s",
			shown(path, text), strerror(errno));
	else if (p->set->queues.n == queues && p->set->warnings.n == warnings
	    && p->problems.n == bad)
		lines_add(&p->problems, "--queue-file '%s': holds no queue ID",
			shown(path, text));
	free(line);
	if (f && !is_stdin)
		fclose(f);
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

static void set_metric(struct parse *p, const char *value)
{
	char *copy = strdup(value), *rest = copy, *name;

	if (!p->given[OPT_METRIC])
		p->set->nmetric = 0;
	p->given[OPT_METRIC] = !p->defaults;
	while (copy && (name = strsep(&rest, ","))) {
		int i = word(p, name, metrics, ARRAY_LEN(metrics));

		if (i >= 0)
			metric_index(p->set, metrics[i]);
	}
	p->set->nasked = p->set->nmetric;
	p->problems.failed = p->problems.failed || !copy;
	free(copy);
}

/* The rule keeps its own text, which its path points into. */
static void add_rule(struct parse *p, const char *value)
{
	struct settings *set = p->set;
	struct rule *rule = &set->outlier[set->noutlier];
	char *text = strdup(value);
	const char *metric;
	int known;

	if (!text) {
		p->problems.failed = true;
	} else if (!rule_parse(text, &metric, rule) || strlen(rule->path) >= FIELD_NAME_MAX) {
		problem(p, value, "METRIC.FIELD OP NUMBER with one of > >= < <= == !=, or none");
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
	p->set->window_ms = duration(p, value, 100, "100ms to 24h, a number with ms, s, m or h "
		"(or ISO 8601)");
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

static void set_align(struct parse *p, const char *value)
{
	(void)value;
	p->set->align = true;
}

static void set_time(struct parse *p, const char *value)
{
	p->set->time = word(p, value, times, ARRAY_LEN(times)) == 1 ? TIME_EVENT : TIME_ARRIVAL;
}

static void set_lateness(struct parse *p, const char *value)
{
	p->set->lateness_ms = duration(p, value, 1, ANY_DURATION);
}

static void set_format(struct parse *p, const char *value)
{
	p->set->format = word(p, value, formats, ARRAY_LEN(formats)) == 1 ? FORMAT_CSV
		: FORMAT_NDJSON;
}

static void set_no_header(struct parse *p, const char *value)
{
	(void)value;
	p->set->header = false;
}

static void set_output(struct parse *p, const char *value)
{
	p->set->output = value;
}

static void set_record(struct parse *p, const char *value)
{
	p->set->record = value;
}

static void set_rejects(struct parse *p, const char *value)
{
	p->set->rejects = value;
}

static void set_dry_run(struct parse *p, const char *value)
{
	(void)value;
	p->set->dry_run = true;
}

static void set_replay(struct parse *p, const char *value)
{
	p->set->replay = value;
}

static void set_host(struct parse *p, const char *value)
{
	p->host = value;
}

static void set_subscribe(struct parse *p, const char *value)
{
	p->set->subscribe = word(p, value, subscribes, ARRAY_LEN(subscribes)) == 1
		? SUBSCRIBE_MESSAGE : SUBSCRIBE_URL;
}

static void set_cacert(struct parse *p, const char *value)
{
	char text[SHOWN_MAX + 8];

	p->set->cacert = value;
	if (access(value, R_OK) != 0)
		lines_add(&p->problems, "--cacert '%s': cannot be read: %s", shown(value, text),
			strerror(errno));
}

static void set_connect_timeout(struct parse *p, const char *value)
{
	p->set->connect_timeout_ms = duration(p, value, 1, ANY_DURATION);
}

static void set_retry_for(struct parse *p, const char *value)
{
	/* of all lengths nothing alone needs no unit */
	p->set->retry_for_ms = strcmp(value, "0") == 0 ? 0
		: duration(p, value, 0, "0 to 24h, a number with ms, s, m or h (or ISO 8601)");
}

static void set_idle_timeout(struct parse *p, const char *value)
{
	p->set->idle_timeout_ms = duration(p, value, 1, ANY_DURATION);
}

static void set_token_margin(struct parse *p, const char *value)
{
	p->set->token_margin_ms = duration(p, value, 1, ANY_DURATION);
}

static void set_no_cache(struct parse *p, const char *value)
{
	(void)value;
	p->set->cache = false;
}

static void set_client_secret_file(struct parse *p, const char *value)
{
	p->secret_file = value;
}

static void set_audit(struct parse *p, const char *value)
{
	int i = word(p, value, audits, ARRAY_LEN(audits));

	p->set->audit = i < 0 ? AUDIT_JSON : (enum audit_format)i;
}

static void set_verbose(struct parse *p, const char *value)
{
	(void)value;
	p->set->level = LEVEL_DEBUG;
}

static void set_silent(struct parse *p, const char *value)
{
	(void)value;
	p->set->level = LEVEL_ERROR;
}

static void set_help(struct parse *p, const char *value)
{
	(void)value;
	p->help = true;
}

static void set_version(struct parse *p, const char *value)
{
	(void)value;
	p->version = true;
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
		"begin windows at multiples of their length", set_align },
	[OPT_TIME] = { "time", 0, WINDOWS, "CLOCK", NULL, "arrival, on replay event",
		"arrival or event: whose clock places a frame", set_time },
	[OPT_LATENESS] = { "lateness", 0, WINDOWS, "DURATION", NULL, "two intervals",
		"how far behind a timestamp may be", set_lateness },
	[OPT_FORMAT] = { "format", 'f', OUTPUT, "FORMAT", "ndjson", NULL,
		"ndjson or csv", set_format },
	[OPT_NO_HEADER] = { "no-header", 0, OUTPUT, NULL, NULL, NULL,
		"CSV without its header row", set_no_header },
	[OPT_OUTPUT] = { "output", 'o', OUTPUT, "FILE", NULL, "stdout",
		"write to FILE, replaced whole at the end", set_output },
	[OPT_RECORD] = { "record", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every frame, for --replay", set_record },
	[OPT_REJECTS] = { "rejects", 0, OUTPUT, "FILE", NULL, NULL,
		"keep every rejected frame and why", set_rejects },
	[OPT_DRY_RUN] = { "dry-run", 0, OUTPUT, NULL, NULL, NULL,
		"check all, print the settings, send nothing", set_dry_run },
	[OPT_REPLAY] = { "replay", 0, SOURCE, "FILE", NULL, NULL,
		"read a recording, not the network; - is stdin", set_replay },
	[OPT_HOST] = { "host", 'H', SOURCE, "HOST", NULL, "$GENESYS_API_HOST",
		"HOST[:PORT] or URL of the API", set_host },
	[OPT_SUBSCRIBE] = { "subscribe", 0, SOURCE, "HOW", "url", NULL,
		"url or message: where the payload travels", set_subscribe },
	[OPT_CACERT] = { "cacert", 0, SOURCE, "FILE", NULL, "the system's",
		"certificates to trust (PEM)", set_cacert },
	[OPT_CONNECT_TIMEOUT] = { "connect-timeout", 0, SOURCE, "DURATION", "15s", NULL,
		"bound of one handshake", set_connect_timeout },
	[OPT_RETRY_FOR] = { "retry-for", 0, SOURCE, "DURATION", "60s", NULL,
		"how long to try (again) before giving up", set_retry_for },
	[OPT_IDLE_TIMEOUT] = { "idle-timeout", 0, SOURCE, "DURATION", NULL, "two intervals",
		"so long without a message is a lost stream", set_idle_timeout },
	[OPT_OUTLIER] = { "outlier", 0, SOURCE, "EXPR", "waitTime.avg>30000", NULL,
		"drop frames for which EXPR holds, or none", set_outlier },
	[OPT_TOKEN_MARGIN] = { "token-margin", 0, CREDENTIALS, "DURATION", "60s", NULL,
		"renew the token this long before its end", set_token_margin },
	[OPT_NO_CACHE] = { "no-cache", 0, CREDENTIALS, NULL, NULL, NULL,
		"read and keep no token in the cache", set_no_cache },
	[OPT_CLIENT_SECRET_FILE] = { "client-secret-file", 0, CREDENTIALS, "FILE", NULL, NULL,
		"the client secret", set_client_secret_file },
	[OPT_AUDIT] = { "audit", 0, MESSAGES, "FORM", "json", NULL,
		"json, logfmt or none: lines on stderr", set_audit },
	[OPT_VERBOSE] = { "verbose", 'v', MESSAGES, NULL, NULL, NULL,
		"more on stderr", set_verbose },
	[OPT_SILENT] = { "silent", 's', MESSAGES, NULL, NULL, NULL,
		"errors alone on stderr", set_silent },
	[OPT_HELP] = { "help", 'h', MESSAGES, NULL, NULL, NULL, "print this", set_help },
	[OPT_VERSION] = { "version", 'V', MESSAGES, NULL, NULL, NULL,
		"print the versions", set_version }
};

/* --- reading argv ------------------------------------------------------------------- */

static void apply(struct parse *p, enum option_id id, const char *value)
{
	p->now = id;
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

static void make_getopt(struct option longs[OPTIONS + 1], char shorts[2 * OPTIONS + 2])
{
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

static void bad_option(struct parse *p, int code, int key, const char *arg)
{
	const char *names[OPTIONS], *near = NULL;
	char name[SHOWN_MAX + 8], text[SHOWN_MAX + 8];
	int id = id_of_key(key);

	if (id >= 0) {
		lines_add(&p->problems, "--%s %s", table[id].name, code == ':'
			? "needs a value" : "takes no value");
		return;
	}
	if (key) {
		snprintf(name, sizeof(name), "%c", key);
		lines_add(&p->problems, "unknown option -%s; see --help", shown(name, text));
		return;
	}
	for (size_t i = 0; i < OPTIONS; i++)
		names[i] = table[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	near = nearest_word(name, names, OPTIONS);
	lines_add(&p->problems, "unknown or ambiguous option --%s%s%s%s", shown(name, text),
		near ? "; did you mean --" : "; see --help", near ? near : "", near ? "?" : "");
}

static void read_argv(struct parse *p, int argc, char **argv)
{
	struct option longs[OPTIONS + 1];
	char shorts[2 * OPTIONS + 2];
	int key;

	make_getopt(longs, shorts);
	opterr = 0;
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (key == '?' || key == ':')
			bad_option(p, key, optopt, argv[optind - 1]);
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

	if (!p->given[OPT_WINDOW])
		set->window_ms = set->interval_ms > 30000 ? set->interval_ms : 30000;
	if (!p->given[OPT_COUNT])
		set->count = set->replay ? 0 : 1;
	if (!p->given[OPT_TIME])
		set->time = set->replay ? TIME_EVENT : TIME_ARRIVAL;
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
	char window[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];

	duration_format(window, set->window_ms);
	duration_format(most, LATENESS_WINDOWS_MAX * set->window_ms);
	if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms)
		lines_add(&p->problems, "--lateness: allowed is 60 windows at most, that is %s",
			most);
	if (set->window_ms < set->interval_ms)
		lines_add(&set->warnings, "--window %s is shorter than --interval %s: windows "
			"without an update are to be expected", window, set->interval);
	if (p->outlier_none && set->noutlier && p->given[OPT_OUTLIER])
		lines_add(&p->problems, "--outlier none: allowed is no other --outlier beside it");
	if (set->replay && set->record)
		lines_add(&p->problems, "--record: allowed is a live run, not --replay");
	if (set->replay && strcmp(set->replay, "-") == 0 && p->queue_stdin)
		lines_add(&p->problems, "--queue-file -: stdin is what --replay - reads");
	if (set->replay)
		return;
	if (!set->queues.n && !p->problems.n)
		lines_add(&p->problems, "no queue: name one by --queue, --queue-file or as an "
			"operand");
	if (set->queues.n > QUEUES_MAX)
		lines_add(&p->problems, "--queue: %zu queues; allowed are 50 at most",
			set->queues.n);
}

/* --- files -------------------------------------------------------------------------- */

static void check_same_files(struct parse *p)
{
	const struct settings *set = p->set;
	size_t n = 6 + p->queue_files.n;
	struct path_use *use = calloc(n, sizeof(*use));

	if (!use) {
		p->problems.failed = true;
		return;
	}
	use[0] = (struct path_use){ "--output", set->output ? set->output : "-", true };
	use[1] = (struct path_use){ "--record", set->record, true };
	use[2] = (struct path_use){ "--rejects", set->rejects, true };
	use[3] = (struct path_use){ "--replay", set->replay, false };
	use[4] = (struct path_use){ "--cacert", set->cacert, false };
	use[5] = (struct path_use){ "--client-secret-file", p->secret_file, false };
	for (size_t i = 6; i < n; i++)
		use[i] = (struct path_use){ "--queue-file", p->queue_files.v[i - 6], false };
	paths_check(use, n, &p->problems);
	free(use);
}

static void check_output(struct parse *p, const char *flag, const char *path)
{
	struct err err;

	if (path && strcmp(path, "-") != 0 && out_check(path, &err) != ST_OK)
		lines_add(&p->problems, "%s %s", flag, err.text);
}

static void check_files(struct parse *p)
{
	const struct settings *set = p->set;
	char text[SHOWN_MAX + 8];
	struct stat st;

	check_same_files(p);
	check_output(p, "--output", set->output);
	check_output(p, "--record", set->record);
	check_output(p, "--rejects", set->rejects);
	if (!set->replay || strcmp(set->replay, "-") == 0)
		return;
	if (access(set->replay, R_OK) != 0 || stat(set->replay, &st) != 0)
		lines_add(&p->problems, "--replay '%s': cannot be read: %s",
			shown(set->replay, text), strerror(errno));
	else if (S_ISDIR(st.st_mode))
		lines_add(&p->problems, "--replay '%s': is a directory", shown(set->replay, text));
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
	case OPT_METRIC: put_texts(out, set->metric, set->nasked); break;
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
	case OPT_CACERT: put_text(out, set->cacert); break;
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

/* `default`, `flag`, or the variable's name as `environment`. */
static const char *origin(const struct parse *p, enum option_id id)
{
	if (id == OPT_QUEUE && p->queue_words.n)
		return "flag";
	if (id == OPT_HOST && !p->given[id] && p->set->creds.host_from)
		return "environment";
	return p->given[id] ? "flag" : "default";
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

static enum status print(const struct buf *text)
{
	size_t done = 0;

	while (!text->failed && done < text->len) {
		ssize_t n = write(STDOUT_FILENO, text->data + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (!text->failed && done == text->len)
		return ST_OK;
	if (errno == EPIPE)
		return ST_READER_LEFT;
	fprintf(stderr, "gsqstat: standard output: %s\n",
		text->failed ? "out of memory" : strerror(errno));
	return ST_OUTPUT;
}

static enum status print_help_or_version(const struct parse *p, const char *versions)
{
	struct buf out = { 0 };
	enum status st;

	if (p->help)
		put_help(&out);
	else
		buf_printf(&out, "gsqstat %s (%s)\n", GSQSTAT_VERSION, versions);
	st = print(&out);
	buf_free(&out);
	return st;
}

static enum status print_settings(const struct parse *p)
{
	struct buf out = { 0 };
	enum status st;

	for (size_t i = 0; i < p->set->warnings.n; i++)
		fprintf(stderr, "gsqstat: warning: %s\n", p->set->warnings.v[i]);
	put_settings(&out, p);
	st = print(&out);
	buf_free(&out);
	return st;
}

static void check_all(struct parse *p)
{
	struct settings *set = p->set;
	struct creds_conf conf = { p->secret_file, p->host };
	struct buf json = { 0 };

	derive(p);
	if (!set->replay)
		creds_load(&set->creds, &conf, &p->problems, &set->warnings);
	check_combinations(p);
	check_files(p);
	put_values(&json, p);
	set->settings_json = json.data;
	if (json.failed || p->problems.failed || set->queues.failed)
		lines_add(&p->problems, "out of memory");
}

static enum parsed settle(struct parse *p, const char *versions, enum status *st)
{
	if (p->help || p->version) {
		*st = print_help_or_version(p, versions);
		return PARSED_DONE;
	}
	check_all(p);
	for (size_t i = 0; i < p->problems.n; i++)
		fprintf(stderr, "gsqstat: %s\n", p->problems.v[i]);
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
	lines_free(&set->warnings);
	creds_free(&set->creds);
	free(set->settings_json);
	*set = (struct settings){ 0 };
}
