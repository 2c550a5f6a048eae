#include "run/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/proxy_env.h"
#include "source/channel_api.h"
#include "util/buf.h"
#include "util/terminal.h"
#include "util/time.h"

#define QUEUES_MET_MAX 10000	/* queues of a replayed stream */
#define NOW_MS 1		/* length of the window of --now */

static struct stream_windows_conf windows_conf(const struct options *set)
{
	return (struct stream_windows_conf){
		.lateness_ms = set->lateness_ms,
		.time = set->time,
		.nconnection = 1,
		.queue = (const char *const *)set->queues.v,
		.nqueue = set->queues.n,
		.metric = set->metric,
		.interval = set->interval,
		.queue_max = QUEUES_MET_MAX,
		.labels = set->labels.n ? &set->labels : NULL,
		.sketch = set->sketch,
		.shard = set->shard,
		.outlier = set->outlier,
		.noutlier = set->noutlier
	};
}

enum status setup_files(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	enum status st = writer_open(&run->writer, set->output, &run->warnings, err);

	if (st == ST_OK && set->record)
		st = side_file_open(&run->record, "--record", set->record, err);
	if (st == ST_OK && set->rejects)
		st = side_file_open(&run->rejects, "--rejects", set->rejects, err);
	if (st == ST_OK && !run->input->real_time)
		writer_be_patient(run->writer);
	return st;
}

static void deliver_window(void *arg, const struct payload_window *window)
{
	struct run *run = arg;
	struct payload_window w = *window;

	w.run = audit_run_id(run->audit);
	deliveries_window(run->deliveries, &w);
}

enum status setup_sinks(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct sinks_conf conf = {
		.format = set->format,
		.media = set->now ? 1u << MEDIA_NONE : set->media,
		.output = { .header = set->header, .overview = set->overview, .now = set->now,
			.ascii = set->ascii, .utc = set->utc,
			.trend = set->count != 1, .window_ms = set->window_ms,
			.delay_ms = set->time == TIME_EVENT ? set->lateness_ms : 0,
			.columns = terminal_columns(), .colour = terminal_has_colours(),
			.stats = set->stats, .writer = run->writer },
		.totals = &run->totals,
		.events = run->events,
		.writer = run->writer,
		.ahead = run->input->real_time ? 0 : RUN_AHEAD,
		.thresholds = run->made->thresholds,
		.fail_fast = set->fail_fast,
		.check = set->check != NULL,
		.ranges = run->made->ranges,
		.on_window = set->targets.n ? deliver_window : NULL,
		.arg = run
	};

	run->sinks = sinks_new(&conf);
	return run->sinks ? ST_OK : err_nomem(err);
}

struct pipeline_conf setup_pipeline_conf(struct run *run)
{
	const struct options *set = run->set;

	return (struct pipeline_conf){
		.source = set->source,
		.clock = {
			.length_us = (set->now ? NOW_MS : set->window_ms) * US_PER_MS,
			.align = set->align,
			.count = set->count
		},
		.queue_windows = {
			.queue = (const char *const *)run->queues.v,
			.nqueue = run->queues.n,
			.any = run->any_queue,
			.pattern = (const char *const *)set->patterns.v,
			.npattern = set->patterns.n,
			.labels = set->labels.n ? &set->labels : NULL,
			.sketch = set->sketch,
			.shard = set->shard,
			.asked = channel_api_query_metrics((const char *const *)set->patterns.v,
				set->patterns.n)
		},
		.starts_connected = !set->snapshot,
		.stream_windows = windows_conf(set),
		.metric = set->metric,
		.nmetric = set->nmetric,
		.nasked = set->nasked,
		.default_outlier = set->outlier_given || !set->outlier_text.n
			? NULL : set->outlier_text.v[0],
		.sinks = run->sinks,
		.totals = &run->totals,
		.events = run->events,
		.rejects = run->rejects
	};
}

struct token_conf setup_token_conf(const struct options *set)
{
	return (struct token_conf){
		.margin_ms = set->token_margin_ms,
		.lock_wait_us = set->connect_timeout_ms * US_PER_MS,
		.request_us = set->connect_timeout_ms * US_PER_MS
	};
}

struct stream_conf setup_stream_conf(const struct options *set)
{
	return (struct stream_conf){
		.base_url = set->creds.base_url,
		.payload_as_message = set->subscribe == SUBSCRIBE_MESSAGE,
		.connect_timeout_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS,
		.idle_timeout_us = set->idle_timeout_ms * US_PER_MS
	};
}

struct channel_conf setup_channel_conf(const struct options *set, int64_t began_us)
{
	return (struct channel_conf){
		.api_url = set->creds.base_url,
		.plain = set->creds.plain,
		.pattern = (const char *const *)set->patterns.v,
		.npattern = set->patterns.n,
		.snapshot = set->snapshot,
		.resync_us = set->resync_ms * US_PER_MS,
		.once = set->now,
		.skip_refused = set->skip_refused,
		.connect_timeout_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS,
		.idle_timeout_us = set->idle_timeout_ms * US_PER_MS,
		.pong_timeout_us = set->pong_timeout_ms * US_PER_MS,
		.began_us = began_us,
		.margin_us = set->token_margin_ms * US_PER_MS
	};
}

struct queue_lookup_conf setup_lookup_conf(const struct options *set)
{
	return (struct queue_lookup_conf){
		.api_url = set->creds.base_url,
		.client = set->cache ? set->creds.client_id : NULL,
		.fresh = set->task == TASK_LIST_QUEUES,
		.request_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS
	};
}

/*
 * Opens stderr again in non-blocking mode if it is a terminal or a pipe. Otherwise a write could
 * block even after poll(2): a stopped terminal counts as writable when there is room for one byte,
 * and another process can fill a pipe first. The original descriptor stays blocking, because other
 * processes share it.
 */
static int open_stderr(void)
{
	struct stat st;
	bool may_wait = isatty(STDERR_FILENO)
		|| (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode));
	int fd = may_wait ? open("/proc/self/fd/2",
		O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;

	return fd < 0 ? dup(STDERR_FILENO) : fd;
}

/* The lines of --doctor say what the sentences of warnings would. -s leaves no lines out of a file,
 * because they prove the rows. */
static struct audit *make_audit(const struct run *run)
{
	const struct options *set = run->set;
	const bool doctor = set->task == TASK_DOCTOR && set->audit == AUDIT_PLAIN
		&& set->level != LEVEL_DEBUG;
	const bool file = set->audit_file && set->level > LEVEL_INFO;

	return audit_new(set->audit, doctor ? LEVEL_ERROR : file ? LEVEL_INFO : set->level,
		run->stderr_fd);
}

enum status setup_progress(struct run *run, struct err *err)
{
	const struct options *set = run->set;

	if (set->task == TASK_DOCTOR || set->level >= LEVEL_DOUBT || !isatty(run->stderr_fd)
	    || !terminal_is_smart()) {
		audit_events_tell_retries(run->events);
		return ST_OK;
	}
	run->progress = progress_new(run->stderr_fd, run->now_us);
	if (!run->progress)
		return err_nomem(err);
	audit_before(run->audit, progress_wipe, run->progress);
	writer_before(run->writer, progress_wipe, run->progress);
	return ST_OK;
}

static enum status open_audit(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct audit_file *file = NULL;
	enum status st;

	run->stderr_fd = open_stderr();
	if (run->stderr_fd < 0)
		return errno == EMFILE
			? err_set(err, ST_NET,
				"out of file descriptors: raise the limit (ulimit -n)")
			: err_set(err, ST_OUTPUT, "cannot open standard error: %s",
				strerror(errno));
	run->audit = make_audit(run);
	if (!run->audit)
		return err_nomem(err);
	if (!set->audit_file)
		return ST_OK;
	st = audit_file_open(&file, set->audit_file, set->audit_chain,
		set->audit_key.len ? &set->audit_key : NULL, err);
	if (st == ST_OK)
		audit_take_file(run->audit, file);
	else
		audit_file_close(file);
	return st;
}

enum status setup_audit(struct run *run, struct err *err)
{
	enum status st = open_audit(run, err);

	if (st != ST_OK)
		return st;
	run->events = audit_events_new(run->audit, &run->totals);
	if (!run->events)
		return err_nomem(err);
	if (run->set->source == SOURCE_NOTIFICATIONS && !run->set->now)
		audit_events_counts_resyncs(run->events);
	if (run->set->task == TASK_REPLAY && !run->set->queues_recorded)
		audit_events_hide_foreign(run->events);
	return ST_OK;
}

bool setup_secret(struct run *run, const char *secret)
{
	return !secret || audit_secret(run->audit, secret, strlen(secret));
}

static bool keep_secret(void *run, const char *secret)
{
	return setup_secret(run, secret);
}

enum status setup_net(struct run *run, struct err *err)
{
	struct http_conf conf = { .cacert = run->set->cacert, .plain = run->set->creds.plain };

	if (run->http)
		return ST_OK;
	if (!proxy_env_secrets(keep_secret, run))
		return err_nomem(err);
	return http_new(&run->http, &conf, err);
}

static void report_delivery(void *arg, const struct deliveries_event *event)
{
	struct run *run = arg;

	audit_events_delivery(run->events, event);
}

enum status setup_deliveries(struct run *run, struct err *err)
{
	const struct targets *t = &run->set->targets;
	struct deliveries_conf conf = {
		.targets = t,
		.run = audit_run_id(run->audit),
		.start_ms = run->clock->real_start_us / US_PER_MS,
		.retry_for_us = run->set->retry_for_ms * US_PER_MS,
		.report = report_delivery,
		.arg = run
	};
	enum status st = setup_net(run, err);
	const char *secret;

	for (size_t at = 0; (secret = targets_secret(t, &at)); )
		if (!setup_secret(run, secret))
			return err_nomem(err);
	if (st == ST_OK && t->spool)
		st = spool_open(&run->spool, t->spool, t->spool_max, err);
	if (st != ST_OK)
		return st;
	conf.http = run->http;
	conf.spool = run->spool;
	run->deliveries = deliveries_new(&conf);
	if (!run->deliveries)
		return err_nomem(err);
	audit_events_set_deliveries(run->events, run->deliveries);
	return ST_OK;
}
