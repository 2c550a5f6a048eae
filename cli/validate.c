#include "cli/validate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit_file.h"
#include "cli/metric_args.h"
#include "cli/option_table.h"
#include "net/proxy_env.h"
#include "output/side_file.h"
#include "output/writer.h"
#include "source/recording.h"
#include "util/base.h"
#include "util/files.h"
#include "util/secret_file.h"
#include "util/lines.h"
#include "util/replace_file.h"
#include "util/text.h"
#include "util/time.h"
#include "webhook/target.h"

#define LATENESS_WINDOWS_MAX 60
#define NOTIFICATION_IDLE_MS 40000

/* --- a recording -------------------------------------------------------------------- */

static bool names_queues(const struct option_values *p)
{
	return p->given[OPT_QUEUE] || p->given[OPT_QUEUE_FILE] || p->given[OPT_QUEUE_NAME]
		|| p->operands.n;
}

static bool has_line(const struct lines *lines, const char *s)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], s) == 0)
			return true;
	return false;
}

/* The queues of the recording; if queues are named, only these. */
static void take_queues(struct option_values *p, const struct lines *recorded)
{
	struct lines *queues = &p->set->queues;

	p->set->queues_recorded = !names_queues(p);
	for (size_t i = 0; p->set->queues_recorded && i < recorded->n; i++)
		if (!has_line(queues, recorded->v[i]))
			lines_add(queues, "%s", recorded->v[i]);
	for (size_t i = 0; recorded->n && i < queues->n; i++)
		if (!has_line(recorded, queues->v[i]))
			lines_add(&p->problems, "queue %s is not in the recording",
				queues->v[i]);
}

static void take_head(struct option_values *p, const struct recording_head *head)
{
	struct options *set = p->set;

	if (!p->given[OPT_SOURCE]) {
		set->notifications = head->source == SOURCE_NOTIFICATIONS;
		set->source_recorded = head->source != SOURCE_UNKNOWN;
	}
	take_queues(p, &head->queues);
	for (size_t i = 0; !p->given[OPT_INTERVAL] && i < interval_words.n; i++)
		if (strcmp(head->interval, interval_words.v[i]) == 0) {
			set->interval = interval_words.v[i];
			time_parse_duration_ms(set->interval, &set->interval_ms);
			p->interval_recorded = true;
		}
}

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void validate_recording(struct option_values *p)
{
	struct options *set = p->set;
	struct recording_head head = { .source = SOURCE_UNKNOWN };
	bool regular = set->replay && is_regular(set->replay);
	struct err err;

	if (!set->replay || set->verify_audit)
		return;
	if (files_unreadable(set->replay) || p->given[OPT_NOW] || p->given[OPT_LIST_QUEUES]
	    || (!regular && (p->problems.n || set->dry_run))) {
		/* unknown until the run: what depends on the source is not checked */
		p->unread = true;
		p->bad[OPT_SOURCE] = p->bad[OPT_SOURCE] || !p->given[OPT_SOURCE];
		set->queues_recorded = !names_queues(p);
		return;
	}
	if (recording_open(&set->recording, set->replay, &err) != ST_OK
	    || recording_peek(set->recording, !p->given[OPT_SOURCE], &head, &err) != ST_OK)
		lines_add(&p->problems, "%s", err.text);
	else
		take_head(p, &head);
	p->problems.failed = p->problems.failed || head.queues.failed;
	lines_free(&head.queues);
}

void validate_derive(struct option_values *p)
{
	struct options *set = p->set;

	metric_args_settle(p);
	set->audit_given = p->given[OPT_AUDIT];
	if (!p->given[OPT_WINDOW])
		set->window_ms = set->interval_ms > 30000 ? set->interval_ms : 30000;
	if (!p->given[OPT_COUNT])
		set->count = set->replay ? 0 : 1;
	if (!p->given[OPT_TIME])
		set->time = set->replay && !set->notifications ? TIME_EVENT : TIME_ARRIVAL;
	if (!p->given[OPT_IDLE_TIMEOUT])
		set->idle_timeout_ms = set->notifications ? NOTIFICATION_IDLE_MS
			: 2 * set->interval_ms;
	if (!p->given[OPT_LATENESS]) {
		set->lateness_ms = 2 * set->interval_ms;
		if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms)
			set->lateness_ms = LATENESS_WINDOWS_MAX * set->window_ms;
	}
}

/* --- options beside each other ------------------------------------------------------ */

/* The option is valid by itself, but not with the others. */
static void misplaced(struct option_values *p, enum option_id id, const char *allowed)
{
	const char *value = p->value[id];
	char text[TEXT_SHOWN_SIZE] = "";

	if (!p->given[id] || p->bad[id])
		return;
	if (value && id == OPT_CALLBACK && value[0] != '@')
		target_shown(text, value);
	else if (value)
		text_shown(text, value, strlen(value));
	lines_add(&p->problems, "--%s%s%s%s: allowed is %s", option_table[id].name,
		value ? " '" : "", text, value ? "'" : "", allowed);
}

static void check_source(struct option_values *p)
{
	const char *allowed = p->set->notifications ? "--source stream alone"
		: "--source notifications alone";

	if (p->bad[OPT_SOURCE])
		return;
	if (p->set->source_recorded)
		allowed = p->set->notifications ? "a recording of the stream alone"
			: "a recording of notifications alone";
	for (enum option_id id = 0; id < OPTIONS; id++)
		if (option_values_is_foreign(p, id))
			misplaced(p, id, allowed);
	if (p->set->notifications && p->set->time == TIME_EVENT)
		misplaced(p, OPT_TIME, p->set->source_recorded
			? "arrival, as the recording is of notifications"
			: "arrival, or --source stream");
}

/* Where rival is given, id must not be: it contradicts it, or has no effect. */
static const struct {
	enum option_id rival, id;
	const char *allowed;
} rivals[] = {
	{ OPT_REPLAY, OPT_RECORD, "a live run, not --replay" },
	{ OPT_PROFILE, OPT_CLIENT_SECRET_FILE, "a run without --profile" },
	{ OPT_NOW, OPT_WINDOW, "a run of windows, not --now" },
	{ OPT_NOW, OPT_COUNT, "a run of windows, not --now" },
	{ OPT_NOW, OPT_ALIGN, "a run of windows, not --now" },
	{ OPT_NOW, OPT_RECORD, "a run of windows, not --now" },
	{ OPT_NOW, OPT_REPLAY, "a run of windows, not --now" },
	{ OPT_NOW, OPT_NO_SNAPSHOT, "a run of windows, not --now" },
	{ OPT_NOW, OPT_RESYNC, "a run of windows, not --now" },
	{ OPT_NO_SNAPSHOT, OPT_RESYNC, "a run without --no-snapshot" },
	{ OPT_REPLAY, OPT_RESYNC, "a live run, not --replay" },
	{ OPT_CHECK, OPT_FORMAT, "a run without --check" },
	{ OPT_CHECK, OPT_OUTPUT, "a run without --check" },
	{ OPT_CHECK, OPT_FAIL_IF, "a run without --check" },
	{ OPT_CHECK, OPT_CALLBACK, "a run without --check" },
	{ OPT_LIST_QUEUES, OPT_CALLBACK, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_FAIL_IF, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_CHECK, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_QUEUE, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_QUEUE_FILE, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_QUEUE_NAME, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_NOW, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_RECORD, "a run without --list-queues" },
	{ OPT_LIST_QUEUES, OPT_REPLAY, "a run without --list-queues" }
};

static void check_rivals(struct option_values *p)
{
	char text[TEXT_SHOWN_SIZE];

	if (!p->given[OPT_FAIL_IF])
		misplaced(p, OPT_FAIL_FAST, "a run with --fail-if");
	if (!p->given[OPT_CHECK]) {
		misplaced(p, OPT_WARNING, "a run with --check");
		misplaced(p, OPT_CRITICAL, "a run with --check");
	}
	for (size_t i = 0; i < ARRAY_LEN(rivals); i++)
		if (p->given[rivals[i].rival])
			misplaced(p, rivals[i].id, rivals[i].allowed);
	if (p->given[OPT_LIST_QUEUES] && p->set->format > FORMAT_CSV)
		misplaced(p, OPT_FORMAT, "ndjson or csv with --list-queues");
	if (p->given[OPT_LIST_QUEUES] && p->operands.n)
		lines_add(&p->problems, "QUEUE_ID '%s': allowed is a run without --list-queues",
			text_shown(text, p->operands.v[0], strlen(p->operands.v[0])));
	if (p->outlier_none && p->set->noutlier && p->given[OPT_OUTLIER])
		lines_add(&p->problems, "--outlier 'none': allowed is no other --outlier beside "
			"it");
	if (p->set->replay && strcmp(p->set->replay, "-") == 0 && p->queue_stdin)
		lines_add(&p->problems, "--queue-file '-': stdin is what --replay - reads");
}

/* Options that have no effect without --callback. */
static void check_callbacks(struct option_values *p)
{
	struct options *set = p->set;

	if (p->given[OPT_CALLBACK]) {
		if (!set->targets.spool)
			misplaced(p, OPT_CALLBACK_SPOOL_MAX, "a run with --callback-spool");
	} else {
		for (enum option_id id = OPT_CALLBACK_HEADER_FILE;
		     id <= OPT_CALLBACK_ALLOW_PRIVATE; id++)
			misplaced(p, id, "a run with --callback");
	}
	targets_check(&set->targets, &p->problems, &set->warnings);
}

static void check_times(struct option_values *p)
{
	struct options *set = p->set;
	char window[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX], late[DURATION_TEXT_MAX];

	if (set->notifications || p->bad[OPT_SOURCE])
		return;
	time_format_duration(window, set->window_ms);
	time_format_duration(most, LATENESS_WINDOWS_MAX * set->window_ms);
	time_format_duration(late, set->lateness_ms);
	if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms && !p->bad[OPT_WINDOW]
	    && !p->bad[OPT_INTERVAL])
		lines_add(&p->problems, "--lateness '%s': allowed is 60 windows at most, that is "
			"%s", late, most);
	if (set->window_ms < set->interval_ms)
		lines_add(&set->warnings, "--window %s is shorter than --interval %s: windows "
			"without an update are to be expected", window, set->interval);
}

/* A recording of the stream shows its queues itself. */
static void check_queues(struct option_values *p)
{
	struct options *set = p->set;
	const size_t most = set->notifications ? NOTIFICATION_QUEUES_MAX : QUEUES_MAX;

	if (set->list_queues
	    || (p->given[OPT_REPLAY] && (!set->notifications || p->bad[OPT_SOURCE])))
		return;
	if (!set->queues.n && !names_queues(p) && !p->given[OPT_REPLAY])
		lines_add(&p->problems, "no queue: name one by --queue, --queue-file%s or as an "
			"operand", set->notifications ? ", --queue-name" : "");
	if (set->queues.n > most && !p->bad[OPT_QUEUE])
		lines_add(&p->problems, "--queue: %zu queues; allowed are %zu at most",
			set->queues.n, most);
}

/* Options that need --audit-file, and those that go with --verify-audit, which is not a run. */
static void check_audit(struct option_values *p)
{
	static const enum option_id verified[] = { OPT_EXPECT, OPT_ROWS, OPT_RUN };
	const char *const run = "a run, not --verify-audit", *const log = "--verify-audit alone";
	char text[TEXT_SHOWN_SIZE];

	if (p->set->audit != AUDIT_JSON && p->set->audit_file)
		misplaced(p, OPT_AUDIT, "json beside --audit-file");
	if (!p->set->audit_file)
		misplaced(p, OPT_AUDIT_CHAIN, "a run with --audit-file");
	if (!p->set->audit_chain && !p->set->verify_audit)
		misplaced(p, OPT_AUDIT_KEY_FILE, "a run with --audit-chain, or --verify-audit");
	for (size_t i = 0; !p->set->verify_audit && i < ARRAY_LEN(verified); i++)
		misplaced(p, verified[i], log);
	if (!p->set->verify_audit)
		return;
	if (!p->set->rows)
		misplaced(p, OPT_RUN, "a place beside --rows");
	if (p->set->rows && strcmp(p->set->rows, "-") == 0
	    && strcmp(p->set->verify_audit, "-") == 0)
		lines_add(&p->problems, "--rows '-': stdin is what --verify-audit - reads");
	for (enum option_id id = 0; id < OPT_HELP; id++)
		if (id < OPT_AUDIT_KEY_FILE || id > OPT_RUN)
			misplaced(p, id, run);
	if (p->operands.n)
		lines_add(&p->problems, "QUEUE_ID '%s': allowed is %s", text_shown(text,
			p->operands.v[0], strlen(p->operands.v[0])), run);
}

void validate_options(struct option_values *p)
{
	check_audit(p);
	if (p->set->verify_audit)
		return;
	check_source(p);
	check_rivals(p);
	check_callbacks(p);
	check_times(p);
	check_queues(p);
}

/* --- files -------------------------------------------------------------------------- */

static void check_same_files(struct option_values *p)
{
	const struct options *set = p->set;
	const struct files_use fixed[] = {
		{ "--output", set->output && !files_is_stdout(set->output) ? set->output : "-",
			true, false },
		{ "--record", set->record, true, false },
		{ "--rejects", set->rejects, true, false },
		{ "--audit-file", set->audit_file, true, false },
		{ "standard error", "-", true, true },
		{ "--replay", set->replay, false, false },
		{ "--cacert", set->cacert, false, false },
		{ "SSL_CERT_FILE", p->ca_file, false, false },
		{ "--client-secret-file", p->secret_file, false, false },
		{ "--audit-key-file", p->audit_key_file, false, false },
		{ "--verify-audit", set->verify_audit, false, false },
		{ "--rows", set->rows, false, false },
		{ "CREDENTIALS_DIRECTORY", set->creds.secret_path, false, false },
		{ "--profile", set->creds.profile_path, false, false },
		{ "--callback-header-file", set->targets.header_file, false, false },
		{ "--callback-key-file", set->targets.key_file, false, false }
	};
	const struct lines *urls = &set->targets.files;
	const size_t n = ARRAY_LEN(fixed), most = n + p->queue_files.n;
	struct files_use *use = calloc(most + urls->n, sizeof(*use));

	if (!use) {
		p->problems.failed = true;
		return;
	}
	memcpy(use, fixed, sizeof(fixed));
	for (size_t i = 0; i < p->queue_files.n; i++)
		use[n + i] =
			(struct files_use){ "--queue-file", p->queue_files.v[i], false, false };
	for (size_t i = 0; i < urls->n; i++)
		use[most + i] = (struct files_use){ "--callback", urls->v[i], false, false };
	files_check(use, most + urls->n, &p->problems);
	free(use);
}

static void check_output(struct option_values *p, const char *flag, const char *path,
	enum status (*check)(const char *path, struct err *err))
{
	size_t len = path ? strlen(path) : 0;
	struct err err;

	if (!len || strcmp(path, "-") == 0)
		return;
	if (path[len - 1] == '/')
		lines_add(&p->problems, "%s %.100s: cannot be made: %s", flag, path,
			strerror(EISDIR));
	else if (check(path, &err) != ST_OK)
		lines_add(&p->problems, "%s %s", flag, err.text);
}

/* The node exporter of Prometheus must never read half a file. */
static void check_prometheus(struct option_values *p)
{
	const struct options *set = p->set;

	if (set->format == FORMAT_PROMETHEUS && set->output
	    && replace_file_is_mount_point(set->output) && !files_is_stdout(set->output))
		lines_add(&p->problems, "--output %.100s: it is a mount point, so it cannot be "
			"replaced as a whole; mount its directory", set->output);
}

static void check_audit_file(struct option_values *p)
{
	const struct options *set = p->set;
	const char *path = set->audit_file, *why;
	char text[TEXT_SHOWN_SIZE];
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) != 0 && !files_has_foreign_link(path)) {
		check_output(p, "--audit-file", path, side_file_check);
		return;
	}
	why = audit_file_unfit(path, set->audit_chain, set->audit_key.len ? &set->audit_key : NULL);
	if (why)
		lines_add(&p->problems, "--audit-file '%s': cannot be appended to: %s",
			text_shown(text, path, strlen(path)), why);
}

static void check_key(struct option_values *p)
{
	unsigned exposed;

	if (p->audit_key_file)
		option_values_file_problem(p, "--audit-key-file", p->audit_key_file,
			secret_file_read(SECRET_FILE_KEY, p->audit_key_file, &p->set->audit_key,
				&exposed));
}

void validate_files(struct option_values *p)
{
	const struct options *set = p->set;

	check_same_files(p);
	check_output(p, "--output", set->output, writer_check);
	check_prometheus(p);
	check_output(p, "--record", set->record, side_file_check);
	check_output(p, "--rejects", set->rejects, side_file_check);
	check_key(p);
	check_audit_file(p);
	if (set->verify_audit)
		option_values_file_problem(p, "--verify-audit", set->verify_audit,
			files_unreadable(set->verify_audit));
	if (set->rows)
		option_values_file_problem(p, "--rows", set->rows, files_unreadable(set->rows));
	if (set->replay)
		option_values_file_problem(p, "--replay", set->replay,
			files_unreadable(set->replay));
	if (set->cacert)
		option_values_file_problem(p, "--cacert", set->cacert,
			files_no_certificates(set->cacert));
}

/* --- the environment ----------------------------------------------------------------- */

/* $SSL_CERT_DIR can be a list. */
static void check_directories(struct option_values *p, const char *list)
{
	char *copy = strdup(list), *rest = copy, *one;

	if (!copy) {
		p->problems.failed = true;
		return;
	}
	while ((one = strsep(&rest, ":")))
		if (*one)
			option_values_file_problem(p, "SSL_CERT_DIR", one, files_no_directory(one));
	free(copy);
}

void validate_environment(struct option_values *p)
{
	const struct options *set = p->set;
	const char *directories = getenv("SSL_CERT_DIR");

	if (set->verify_audit || (set->replay && !set->targets.n)
	    || (set->creds.plain && !set->targets.n))
		return;		/* neither TLS nor a proxy */
	proxy_env_check(&p->problems);
	if (p->ca_file)
		option_values_file_problem(p, "SSL_CERT_FILE", p->ca_file,
			files_no_certificates(p->ca_file));
	if (!set->cacert && directories)
		check_directories(p, directories);
}
