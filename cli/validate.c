#include "cli/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_file.h"
#include "auth/creds.h"
#include "cli/config_args.h"
#include "cli/metric_args.h"
#include "cli/source_choice.h"
#include "net/proxy_env.h"
#include "output/side_file.h"
#include "output/writer.h"
#include "source/recording.h"
#include "source/source.h"
#include "util/base.h"
#include "util/files.h"
#include "util/lines.h"
#include "util/replace_file.h"
#include "util/secret_file.h"
#include "util/text.h"
#include "util/time.h"
#include "webhook/target.h"
#include "window/row.h"

#define LATENESS_WINDOWS_MAX 60
#define NOTIFICATION_IDLE_MS 40000

/* --- what the program does ------------------------------------------------------------ */

/* Without a run (--verify-audit, --list-metrics), other options that would start one change
 * nothing. Runs first: other checks need it. */
static void settle_task(struct command_line *p)
{
	static const struct {
		enum option_mode mode;
		enum task task;
	} tasks[] = {
		{ MODE_VERIFY, TASK_VERIFY_AUDIT }, { MODE_METRICS, TASK_LIST_METRICS },
		{ MODE_DOCTOR, TASK_DOCTOR }, { MODE_REPLAY, TASK_REPLAY },
		{ MODE_LIST, TASK_LIST_QUEUES }
	};
	size_t i = 0;

	while (i < ARRAY_LEN(tasks) && !(p->modes & tasks[i].mode))
		i++;
	if (i == ARRAY_LEN(tasks))
		return;
	p->set->task = tasks[i].task;
	if (tasks[i].mode & MODE_NO_RUN)
		p->modes = tasks[i].mode;
}

/* --- the source and the recording ---------------------------------------------------- */

static bool names_queues(const struct command_line *p)
{
	return command_line_given(p, "queue") || command_line_given(p, "queue-file")
		|| command_line_given(p, "queue-name") || p->operands.n;
}

/* Takes the queues of the recording, unless options name queues; these must be in it. */
static void take_queues(struct command_line *p, const struct lines *recorded)
{
	struct lines *queues = &p->set->queues;

	p->set->queues_recorded = !names_queues(p);
	if (p->set->queues_recorded && recorded->n)
		command_line_state(p, "queue")->from = "recording";
	for (size_t i = 0; p->set->queues_recorded && i < recorded->n; i++)
		if (shard_has(&p->set->shard, recorded->v[i])
		    && !lines_has(queues, recorded->v[i]))
			lines_add(queues, "%s", recorded->v[i]);
	for (size_t i = 0; recorded->n && i < queues->n; i++)
		if (!lines_has(recorded, queues->v[i]))
			lines_add(&p->problems, "queue %s is not in the recording",
				queues->v[i]);
}

/* Call it once the source is settled, or will not be known before the run. */
static void take_rest(struct command_line *p)
{
	config_args_apply_rest(p);
	p->set->interval_given = command_line_given(p, "interval");
}

static void take_head(struct command_line *p, const struct recording_head *head)
{
	struct options *set = p->set;

	source_choice_settle(p, head);
	take_rest(p);
	take_queues(p, &head->queues);
	for (size_t i = 0; !set->interval_given && i < interval_words.n; i++)
		if (strcmp(head->interval, interval_words.v[i]) == 0) {
			set->interval = interval_words.v[i];
			command_line_state(p, "interval")->from = "recording";
		}
}

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* For a recording that is not read before the run: marks the settings that depend on it as unknown,
 * for --dry-run. */
static void leave_unread(struct command_line *p)
{
	struct option_state *interval = command_line_state(p, "interval");

	source_choice_settle(p, NULL);
	take_rest(p);
	interval->unknown = !interval->given;
	interval->from = interval->given ? interval->from : "recording";
	if (p->set->source == SOURCE_UNKNOWN && !command_line_given(p, "metric"))
		command_line_state(p, "metric")->unknown = true;
	p->set->queues_recorded = !names_queues(p);
	if (p->set->queues_recorded)
		command_line_state(p, "queue")->from = "recording";
}

/* Settles the source, with source, queues and interval of the recording, if there is one. Runs
 * first: other checks need them. */
static void validate_source(struct command_line *p)
{
	struct options *set = p->set;
	struct recording_head head = { .source = SOURCE_UNKNOWN };
	bool regular = set->replay && is_regular(set->replay);
	struct err err;

	if (!set->replay || !(p->modes & MODE_REPLAY)) {
		source_choice_settle(p, NULL);
		take_rest(p);
		return;
	}
	if (files_unreadable(set->replay) || p->modes & (MODE_NOW | MODE_LIST | MODE_DOCTOR)
	    || (!regular && (p->problems.n || set->dry_run))) {
		leave_unread(p);
		return;
	}
	if (recording_open(&p->made->recording, set->replay,
		command_line_flag(p, "replay"), &err) != ST_OK
	    || recording_peek(p->made->recording, !command_line_given(p, "source"), &head, &err)
		!= ST_OK) {
		lines_add(&p->problems, "%s", err.text);
		source_choice_settle(p, &head);
	} else {
		take_head(p, &head);
	}
	p->problems.failed = p->problems.failed || head.queues.failed;
	lines_free(&head.queues);
}

static bool uses_network(const struct command_line *p)
{
	return p->modes & MODE_REPLAY ? p->set->targets.n : !(p->modes & MODE_NO_RUN);
}

static void find_certificates(struct command_line *p)
{
	const char *ca_file = getenv("SSL_CERT_FILE");

	if (!uses_network(p) || p->set->cacert || !ca_file || !*ca_file)
		return;
	p->set->ca_file = ca_file;
	command_line_state(p, "cacert")->shown = ca_file;
	command_line_state(p, "cacert")->from = "environment";
}

/* On a terminal people read the rows, elsewhere programs do. The line of --check is no row. */
static void choose_format(struct command_line *p)
{
	struct option_state *format = command_line_state(p, "format");
	const char *output = p->set->output;

	if (format->given || p->modes & (MODE_CHECK | MODE_VERIFY) || !isatty(STDOUT_FILENO)
	    || p->set->sketch || (output && !files_is_stdout(output)))
		return;
	p->set->format = FORMAT_TABLE;
	format->from = "default on a terminal";
}

static const char with_doctor[] = "default with --doctor";

/* On a terminal people read sentences, unless they ask for audit lines. So they do with --doctor,
 * which is for people. */
static void choose_audit(struct command_line *p)
{
	struct option_state *audit = command_line_state(p, "audit");
	const bool doctor = p->modes & MODE_DOCTOR;

	if (audit->given || p->set->audit_file || (!doctor && !isatty(STDERR_FILENO)))
		return;
	p->set->audit = AUDIT_PLAIN;
	audit->shown = "sentences";
	audit->from = doctor ? with_doctor : "default on a terminal";
}

/* --doctor checks the service, not the cache, and repeats nothing unless --retry-for is given. */
static void settle_doctor(struct command_line *p)
{
	struct option_state *cache = command_line_state(p, "no-cache");
	struct option_state *retry = command_line_state(p, "retry-for");

	if (p->set->task != TASK_DOCTOR)
		return;
	p->set->cache = false;
	cache->from = cache->given ? cache->from : with_doctor;
	if (retry->given)
		return;
	p->set->retry_for_ms = 0;
	retry->from = with_doctor;
}

/* Without snapshots none is repeated. */
static void settle_resync(struct command_line *p)
{
	if (p->set->snapshot)
		return;
	p->set->resync_ms = 0;
	command_line_state(p, "resync")->from = "default with --no-snapshot";
}

static void validate_derive(struct command_line *p)
{
	struct options *set = p->set;
	const bool notifications = set->source == SOURCE_NOTIFICATIONS;

	settle_doctor(p);
	settle_resync(p);
	time_parse_duration_ms(set->interval, &set->interval_ms);
	if (set->now || (!set->count && !(p->modes & MODE_REPLAY)))
		set->count = 1;
	metric_args_settle(p);
	find_certificates(p);
	choose_format(p);
	choose_audit(p);
	if (!set->window_ms)
		set->window_ms = set->interval_ms > 30000 ? set->interval_ms : 30000;
	if (!command_line_given(p, "time"))
		set->time = p->modes & MODE_REPLAY && !notifications ? TIME_EVENT : TIME_ARRIVAL;
	if (!set->idle_timeout_ms)
		set->idle_timeout_ms = notifications ? NOTIFICATION_IDLE_MS : 2 * set->interval_ms;
	if (!set->lateness_ms) {
		set->lateness_ms = 2 * set->interval_ms;
		if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms)
			set->lateness_ms = LATENESS_WINDOWS_MAX * set->window_ms;
	}
}

/* --- options used together ---------------------------------------------------------- */

/* Adds the problem `--OPTION 'VALUE' TEXT` for an option whose value is valid but does not fit the
 * other options; text is such as "needs --check". Adds none if the option was not given, or has a
 * problem already. Queue IDs that are operands count as --queue. */
static void misplaced(struct command_line *p, const struct option_def *d, const char *text)
{
	const struct option_state *state = &p->state[d - option_table];
	const char *value = state->value;
	char shown[TEXT_SHOWN_SIZE] = "";

	if (p->operands.n && strcmp(d->name, "queue") == 0)
		lines_add(&p->problems, "QUEUE_ID '%s' %s", text_shown(shown, p->operands.v[0],
			strlen(p->operands.v[0])), text);
	if (!state->given || state->bad)
		return;
	if (value && d->is_secret && value[0] != '@')
		target_shown(shown, value);
	else if (value)
		text_shown(shown, value, strlen(value));
	lines_add(&p->problems, "%s%s%s%s %s", command_line_flag(p, d->name),
		value ? " '" : "", shown, value ? "'" : "", text);
}

/* Reports that an option cannot be used with the other one. */
static void misplaced_with(struct command_line *p, const struct option_def *d,
	const struct option_def *other, const char *rest)
{
	char text[CONFIG_FROM_SIZE + 192];

	snprintf(text, sizeof(text), "cannot be used with %s%s%s", other->flag, rest,
		command_line_place(p, other->name));
	misplaced(p, d, text);
}

static void check_needs(struct command_line *p, const struct option_def *d)
{
	const struct option_def *needed = option_table_needed(d, p->modes, p->set->format);
	const bool unsure = d->needs_output && command_line_bad(p, "format");
	const bool verify_too = d->modes & MODE_RUN && d->modes & MODE_VERIFY;
	char text[128], formats[64] = "";

	if (!needed || unsure || command_line_given(p, needed->name))
		return;
	if (d->needs_output)
		output_list(formats, sizeof(formats), " or -f ", d->needs_output);
	snprintf(text, sizeof(text), "needs %s%s%s", needed->flag, formats,
		verify_too ? " or --verify-audit" : "");
	misplaced(p, d, text);
}

static void check_not_with(struct command_line *p, const struct option_def *d)
{
	if (d->not_with && command_line_given(p, d->not_with))
		misplaced_with(p, d, option_table_find(d->not_with), "");
}

/* Reports options that cannot be used with the source. */
static void check_source(struct command_line *p)
{
	const unsigned source = p->modes & (MODE_STREAM | MODE_NOTIFICATIONS);
	char text[CONFIG_FROM_SIZE + 128];

	source_choice_conflict(p, text, sizeof(text));
	FOR_EACH_OPTION(d)
		if (d->modes & MODE_RUN && source & ~d->modes)
			misplaced(p, d, text);
}

/* Reports options that cannot be used with the one that turned on a mode. */
static void check_modes(struct command_line *p)
{
	FOR_EACH_OPTION(mode)
		FOR_EACH_OPTION(d)
			if (p->modes & mode->enters && !(d->modes & mode->enters)
			    && (d->modes & MODE_RUN || p->modes & MODE_NO_RUN))
				misplaced_with(p, d, mode, "");
}

static void check_list_format(struct command_line *p, const char *list)
{
	char formats[128], text[136];

	if (output_has(p->set->format, OUTPUT_LISTS) || command_line_bad(p, "format"))
		return;
	output_list(formats, sizeof(formats), "", OUTPUT_LISTS);
	snprintf(text, sizeof(text), "; use %s", formats);
	misplaced_with(p, option_table_find("format"), option_table_find(list), text);
}

/* Reports options that do not fit a mode without a run: --verify-audit or --list-metrics. */
static void check_no_run(struct command_line *p)
{
	const struct options *set = p->set;
	const bool verify = p->modes & MODE_VERIFY;

	check_modes(p);
	FOR_EACH_OPTION(d)
		if (verify)
			check_needs(p, d);
	if (!verify && !command_line_state(p, "format")->entry)
		check_list_format(p, "list-metrics");
	if (verify && set->rows && strcmp(set->rows, "-") == 0
	    && strcmp(set->verify_audit, "-") == 0)
		lines_add(&p->problems, "--rows '-': --verify-audit - reads stdin already");
}

/* Reports options of a run that cannot be used together according to the table. */
static void check_table(struct command_line *p)
{
	FOR_EACH_OPTION(d)
		if (!(d->modes & MODE_RUN))
			misplaced(p, d, "needs --verify-audit");
	FOR_EACH_OPTION(d)
		if (d->modes & MODE_RUN)
			check_needs(p, d);
	FOR_EACH_OPTION(d)
		check_not_with(p, d);
	check_source(p);
	check_modes(p);
}

/* Reports `none` or `all` of --media beside another word. */
static void check_media(struct command_line *p)
{
	const unsigned words = p->set->media;

	for (size_t i = 0; i < MEDIA_TYPES && !command_line_bad(p, "media"); i++)
		if (words & 1u << i && words != 1u << i)
			lines_add(&p->problems, "%s '%s' cannot be used with other words",
				command_line_flag(p, "media"),
				row_media_words[i]);
}

/* Reports a second reader of stdin; the configuration file was the first. */
static void check_config_stdin(struct command_line *p)
{
	const struct options *set = p->set;

	if (!set->config || strcmp(set->config, "-") != 0)
		return;
	FOR_EACH_OPTION(d)
		if (d->unfit == files_unreadable && option_values_text(d, set)
		    && strcmp(option_values_text(d, set), "-") == 0)
			lines_add(&p->problems, "%s '-': --config - reads stdin already",
				command_line_flag(p, d->name));
}

/* Reports options that the format has no use for, unless they are from the configuration file. */
static void check_outputs(struct command_line *p)
{
	char words[128], text[192];

	if (command_line_bad(p, "format"))
		return;
	FOR_EACH_OPTION(d) {
		if (!d->outputs || d->kind == KIND_WORD || output_has(p->set->format, d->outputs)
		    || command_line_state(p, d->name)->entry)
			continue;
		output_list(words, sizeof(words), "-f ", d->outputs);
		snprintf(text, sizeof(text), "needs %s", words);
		misplaced(p, d, text);
	}
}

/* Reports values that exclude each other, of options that can be used together. */
static void check_values(struct command_line *p)
{
	struct options *set = p->set;
	char why[128], text[192];

	if (set->audit != AUDIT_JSON && set->audit_file)
		misplaced_with(p, option_table_find("audit"), option_table_find("audit-file"),
			", which takes only json");
	check_outputs(p);
	if (p->modes & MODE_NOTIFICATIONS && set->time == TIME_EVENT) {
		snprintf(text, sizeof(text), "%s; for notifications it is arrival",
			source_choice_conflict(p, why, sizeof(why)));
		misplaced(p, option_table_find("time"), text);
	}
	check_media(p);
	if (p->modes & MODE_LIST)
		check_list_format(p, "list-queues");
	if (command_line_given(p, "callback") && !set->targets.spool)
		misplaced(p, option_table_find("callback-spool-max"), "needs --callback-spool");
	if (p->outlier_none && set->noutlier && command_line_given(p, "outlier"))
		lines_add(&p->problems, "%s 'none' cannot be used with another --outlier",
			command_line_value_flag(p, "outlier", "none"));
	if (set->replay && strcmp(set->replay, "-") == 0 && p->queue_stdin)
		lines_add(&p->problems, "%s '-': --replay - reads stdin already",
			command_line_value_flag(p, "queue-file", "-"));
}

static void check_times(struct command_line *p)
{
	struct options *set = p->set;
	char window[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX], late[DURATION_TEXT_MAX];
	char interval[DURATION_TEXT_MAX];

	if (!(p->modes & MODE_STREAM))
		return;
	time_format_duration(window, set->window_ms);
	time_format_duration(most, LATENESS_WINDOWS_MAX * set->window_ms);
	time_format_duration(late, set->lateness_ms);
	time_format_duration(interval, set->interval_ms);
	if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms
	    && !command_line_bad(p, "window") && !command_line_bad(p, "interval"))
		lines_add(&p->problems, "%s '%s': must be at most 60 windows, that is %s",
			command_line_flag(p, "lateness"), late, most);
	if (set->window_ms < set->interval_ms)
		lines_add(&set->warnings, "%s %s is shorter than --interval %s: some windows will "
			"have no update; give --window %s or more",
			command_line_flag(p, "window"), window,
			set->interval, interval);
}

/* Adds a problem if the IDs of --queue, --queue-file and operands are too many for the source. */
static void check_queue_count(struct command_line *p)
{
	const struct options *set = p->set;
	const struct lines *files = &set->queue_files;
	const bool from_file = files->n == 1 && !command_line_given(p, "queue") && !p->operands.n;
	const size_t most = source_queues_max(set->source);
	char path[TEXT_SHOWN_SIZE] = "", text[CONFIG_FROM_SIZE + TEXT_SHOWN_SIZE + 32];

	if (set->queues.n <= most || command_line_bad(p, "queue"))
		return;
	snprintf(text, sizeof(text), "%s", command_line_flag(p, "queue"));
	if (from_file)
		snprintf(text, sizeof(text), "%s '%s'",
			command_line_flag(p, "queue-file"), text_shown(path, files->v[0],
			strlen(files->v[0])));
	if (set->source == SOURCE_NOTIFICATIONS)
		lines_add(&p->problems, "%s: %zu queues; --source notifications takes %zu", text,
			set->queues.n, most);
	else
		lines_add(&p->problems, "%s: %zu queues; the stream takes %zu (--source "
			"notifications takes %zu)", text, set->queues.n, most,
			source_queues_max(SOURCE_NOTIFICATIONS));
}

/* A replay of the stream needs no --queue: its frames name their queues. */
static void check_queues(struct command_line *p)
{
	struct options *set = p->set;
	const bool replay = p->modes & MODE_REPLAY;

	if (p->modes & MODE_LIST || (replay && !(p->modes & MODE_NOTIFICATIONS)))
		return;
	if (!set->queues.n && !names_queues(p) && !replay)
		lines_add(&p->problems, "no queue: give a queue ID, --queue%s or --queue-file",
			set->source == SOURCE_NOTIFICATIONS ? ", --queue-name" : "");
	check_queue_count(p);
}

/* Such a run has nothing to do, so it makes no request. --doctor checks what it can. */
static void settle_no_queue(struct command_line *p)
{
	struct options *set = p->set;

	set->no_queue = set->shard.n && names_queues(p) && !set->queues.n && !set->queue_names.n
		&& (set->task == TASK_LIVE || set->task == TASK_REPLAY);
}

static void check_targets(struct command_line *p)
{
	const struct targets_flags flags = {
		.header_file = command_line_flag(p, "callback-header-file"),
		.key_file = command_line_flag(p, "callback-key-file"),
		.spool = command_line_flag(p, "callback-spool")
	};

	targets_check(&p->set->targets, &flags, &p->problems, &p->set->warnings);
}

static void validate_options(struct command_line *p)
{
	check_config_stdin(p);
	if (p->modes & MODE_NO_RUN) {
		check_no_run(p);
		return;
	}
	check_table(p);
	check_values(p);
	check_targets(p);
	check_times(p);
	check_queues(p);
	settle_no_queue(p);
}

/* --- files -------------------------------------------------------------------------- */

/* Fills *use with the file of an option; an output that is not given is stdout. */
static void add_use(struct files_use *use, const struct option_def *d,
	const struct command_line *p)
{
	use->path = option_values_text(d, p->set);
	use->flag = use->path ? command_line_flag(p, d->name) : "standard output";
	use->output = d->kind != KIND_INPUT;
	if (use->path ? use->output && files_is_stdout(use->path) : d->kind == KIND_OUTPUT)
		use->path = "-";
}

static void check_same_files(struct command_line *p)
{
	const struct options *set = p->set;
	const struct files_use named[] = {
		{ "SSL_CERT_FILE", set->ca_file, false, false },
		{ "CREDENTIALS_DIRECTORY", set->creds.secret_path, false, false },
		{ command_line_flag(p, "profile"),
			set->creds.profile_path, false, false }
	};
	const struct lines *lists = &set->queue_files, *urls = &set->targets.files;
	size_t n = 0;
	struct files_use *use = calloc(OPTIONS_MAX + 1 + ARRAY_LEN(named) + lists->n + urls->n,
		sizeof(*use));

	if (!use) {
		p->problems.failed = true;
		return;
	}
	FOR_EACH_OPTION(d)
		if (d->kind == KIND_OUTPUT || d->kind == KIND_SIDE_FILE)
			add_use(&use[n++], d, p);
	use[n++] = (struct files_use){ "standard error", "-", true, true };
	FOR_EACH_OPTION(d)
		if (d->kind == KIND_INPUT)
			add_use(&use[n++], d, p);
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		use[n++] = named[i];
	for (size_t i = 0; i < lists->n; i++)
		use[n++] = (struct files_use){ command_line_value_flag(p, "queue-file",
			lists->v[i]), lists->v[i], false, false };
	for (size_t i = 0; i < urls->n; i++)
		use[n++] = (struct files_use){ command_line_value_flag(p, "callback",
			urls->v[i]), urls->v[i], false, false };
	files_check(use, n, &p->problems);
	free(use);
}

static void check_output(struct command_line *p, const char *option, const char *path,
	enum status (*check)(const char *path, struct err *err))
{
	const char *flag = command_line_flag(p, option);
	size_t len = path ? strlen(path) : 0;
	struct err err;

	if (!len || strcmp(path, "-") == 0)
		return;
	if (path[len - 1] == '/')
		lines_add(&p->problems, "%s '%.100s': must be a file, but the name ends "
			"in /", flag, path);
	else if (check(path, &err) != ST_OK)
		lines_add(&p->problems, "%s %s", flag, err.text);
}

/* The file for Prometheus' node exporter is replaced by a rename, so that it is never read half
 * written; a mount point cannot be replaced. */
static void check_replaced(struct command_line *p)
{
	const struct options *set = p->set;

	if (outputs[set->format]->only_last && set->output
	    && replace_file_is_mount_point(set->output) && !files_is_stdout(set->output))
		lines_add(&p->problems, "%s '%.100s': is a mount point, so it cannot be "
			"replaced as a whole; mount its directory",
			command_line_flag(p, "output"), set->output);
}

static void check_audit_file(struct command_line *p)
{
	const struct options *set = p->set;
	const char *path = set->audit_file, *why;
	char text[TEXT_SHOWN_SIZE];
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) != 0 && !files_has_foreign_link(path)) {
		check_output(p, "audit-file", path, side_file_check);
		return;
	}
	why = audit_file_unfit(path, set->audit_chain, set->audit_key.len ? &set->audit_key : NULL);
	if (why)
		lines_add(&p->problems, "%s '%s': cannot be appended to: %s",
			command_line_flag(p, "audit-file"),
			text_shown(text, path, strlen(path)), why);
}

static void check_key(struct command_line *p)
{
	const char *path = p->set->audit_key_file;
	unsigned exposed;

	if (path)
		command_line_file_problem(p,
			command_line_flag(p, "audit-key-file"), path,
			secret_file_read(SECRET_FILE_KEY, path, &p->set->audit_key, &exposed));
}

static void check_input(struct command_line *p, const struct option_def *d)
{
	const char *path = option_values_text(d, p->set);

	command_line_file_problem(p, command_line_flag(p, d->name), path, d->unfit(path));
}

static void validate_files(struct command_line *p)
{
	const struct options *set = p->set;

	check_same_files(p);
	check_output(p, "output", set->output, writer_check);
	check_replaced(p);
	check_output(p, "record", set->record, side_file_check);
	check_output(p, "rejects", set->rejects, side_file_check);
	check_key(p);
	check_audit_file(p);
	FOR_EACH_OPTION(d)
		if (d->unfit && option_values_text(d, set))
			check_input(p, d);
}

/* --- the environment ----------------------------------------------------------------- */

/* $SSL_CERT_DIR can be a list, separated by colons. */
static void check_directories(struct command_line *p, const char *list)
{
	char *copy = strdup(list), *rest = copy, *one;

	if (!copy) {
		p->problems.failed = true;
		return;
	}
	while ((one = strsep(&rest, ":")))
		if (*one)
			command_line_file_problem(p, "SSL_CERT_DIR", one, files_no_directory(one));
	free(copy);
}

static void validate_environment(struct command_line *p)
{
	const struct options *set = p->set;
	const char *directories = getenv("SSL_CERT_DIR");

	if (!uses_network(p) || (set->creds.plain && !set->targets.n))
		return;		/* the run uses neither TLS nor a proxy */
	proxy_env_check(&p->problems);
	if (set->ca_file)
		command_line_file_problem(p, "SSL_CERT_FILE", set->ca_file,
			files_no_certificates(set->ca_file));
	if (!set->cacert && directories)
		check_directories(p, directories);
}

/* --- all checks --------------------------------------------------------------------- */

static void load_creds(struct command_line *p)
{
	struct options *set = p->set;
	struct option_state *host = command_line_state(p, "host");
	const struct creds_conf conf = {
		.secret_file = set->client_secret_file,
		.secret_flag = command_line_flag(p, "client-secret-file"),
		.host_flag = command_line_flag(p, "host"),
		.profile_flag = command_line_flag(p, "profile"),
		.host = set->host,
		.profile = set->source == SOURCE_NOTIFICATIONS ? set->profile : NULL,
		.margin_ms = set->token_margin_ms,
		.notifications = set->source == SOURCE_NOTIFICATIONS,
		.flags_only = p->modes & (MODE_REPLAY | MODE_NO_RUN)
	};

	creds_load(&set->creds, &conf, &p->problems, &set->warnings);
	host->shown = set->creds.base_url;
	host->unknown = !host->shown;
	if (!host->given && set->creds.host_from)
		host->from = creds_origin(set->creds.host_from);
}

void validate(struct command_line *p)
{
	settle_task(p);
	validate_source(p);
	validate_derive(p);
	load_creds(p);
	validate_options(p);
	validate_files(p);
	validate_environment(p);
}
