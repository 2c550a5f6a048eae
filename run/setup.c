#include "run/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/proxy_env.h"
#include "run/record.h"
#include "source/channel.h"
#include "source/channel_api.h"
#include "source/queue_cache.h"
#include "source/queue_match.h"
#include "util/buf.h"
#include "util/time.h"

#define QUEUES_MET_MAX 10000
#define NOW_MS 1		/* the length of the window of --now */

static struct stream_windows_conf windows_conf(const struct options *set)
{
	return (struct stream_windows_conf){
		.clock = { .length_us = set->window_ms * US_PER_MS, .align = set->align,
			.count = set->count },
		.lateness_ms = set->lateness_ms,
		.time = set->time,
		.replay = set->replay != NULL,
		.nstream = set->replay ? RECORDING_STREAMS : 1,
		.queue = (const char *const *)set->queues.v,
		.nqueue = set->queues.n,
		.metric = set->metric,
		.interval = set->replay && !set->interval_given ? NULL : set->interval,
		.queue_max = QUEUES_MET_MAX,
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
	run->recording = set->recording;
	if (st == ST_OK && set->replay)
		writer_be_patient(run->writer);
	return st;
}

/* $COLUMNS, the width that a shell sets; 0: it is not set. */
static size_t columns_wanted(void)
{
	const char *text = getenv("COLUMNS");
	size_t len = text ? strspn(text, "0123456789") : 0;

	return len && len < 6 && !text[len] ? strtoul(text, NULL, 10) : 0;
}

/* Whether the terminal understands colours and cursor movement. */
static bool has_smart_terminal(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

/* https://no-color.org: any value but an empty one counts. */
static bool may_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return !(no_color && *no_color) && has_smart_terminal();
}

static void deliver_window(void *arg, const struct payload_window *window)
{
	struct run *run = arg;
	struct payload_window w = *window;

	w.run = audit_run_id(run->audit);
	deliveries_window(run->deliveries, &w);
}

static struct sinks_conf sinks_conf(struct run *run)
{
	const struct options *set = run->set;

	return (struct sinks_conf){
		.format = set->format,
		.queues_alone = set->now,
		.output = { .header = set->header, .ascii = set->ascii, .trend = set->count != 1,
			.window_ms = set->window_ms, .columns = columns_wanted(),
			.colour = may_colour(), .writer = run->writer },
		.events = run->events,
		.writer = run->writer,
		.thresholds = set->thresholds,
		.fail_fast = set->fail_fast,
		.nagios = set->nagios,
		.on_window = set->targets.n ? deliver_window : NULL,
		.arg = run
	};
}

static struct pipeline_conf pipeline_conf(struct run *run)
{
	const struct options *set = run->set;

	return (struct pipeline_conf){
		.notifications = set->notifications,
		.queue_windows = {
			.clock = {
				.length_us = (set->now ? NOW_MS : set->window_ms) * US_PER_MS,
				.align = set->align,
				.count = set->now ? 1 : set->count
			},
			.replay = set->replay != NULL,
			.queue = (const char *const *)run->queues.v,
			.nqueue = run->queues.n,
			.queue_name = run->queue_name,
			.room = set->replay ? CHANNEL_QUEUES_MAX : 0,
			.any = run->any_queue,
			.pattern = (const char *const *)set->patterns.v,
			.npattern = set->patterns.n,
			.asked = channel_api_query_metrics((const char *const *)set->patterns.v,
				set->patterns.n)
		},
		.starts_connected = !set->snapshot,
		.stream_windows = windows_conf(set),
		.metric = set->metric,
		.nmetric = set->nmetric,
		.nasked = set->nasked,
		.ahead = set->replay ? RUN_REPLAY_AHEAD : 0,
		.replay = set->replay != NULL,
		.default_outlier = set->outlier_given || !set->outlier_text.n
			? NULL : set->outlier_text.v[0],
		.sinks = sinks_conf(run),
		.rejects = run->rejects
	};
}

static enum status make_pipeline(struct run *run, struct err *err)
{
	struct pipeline_conf conf = pipeline_conf(run);
	enum status st;

	pipeline_free(run->pipeline);
	st = pipeline_new(&run->pipeline, &conf, err);
	if (st != ST_OK) {	/* else the end of the run would use a half of it */
		pipeline_free(run->pipeline);
		run->pipeline = NULL;
	}
	return st;
}

/*
 * Opens stderr again in non-blocking mode if it is a terminal or a pipe. Writes to it could block
 * otherwise, even after poll(2): a stopped terminal counts as writable with room for one byte, and
 * another process can fill a pipe first. The original stays blocking, for others share it.
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

/* On a terminal people read rows and progress, so only warnings are shown there. */
static enum audit_level audit_level(const struct run *run)
{
	const struct options *set = run->set;

	return set->level == LEVEL_INFO && !set->audit_given && !set->audit_file
		&& isatty(run->stderr_fd)
		? LEVEL_WARNING : set->level;
}

enum status setup_progress(struct run *run, struct err *err)
{
	if (run->set->level >= LEVEL_DOUBT || !isatty(run->stderr_fd)
	    || !has_smart_terminal())
		return ST_OK;
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
			? err_set(err, ST_NET, "too few file descriptors, see ulimit -n")
			: err_set(err, ST_OUTPUT, "standard error: %s", strerror(errno));
	run->audit = audit_new(set->audit, audit_level(run), run->stderr_fd);
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

/* The size of run->queue_name: a replay can have queues that are in no list. */
static size_t names_room(const struct run *run)
{
	return run->queues.n + CHANNEL_QUEUES_MAX;
}

enum status setup_core(struct run *run, struct err *err)
{
	const struct lines *named = &run->set->queues;
	enum status st = open_audit(run, err);

	if (st != ST_OK)
		return st;
	run->events = audit_events_new(run->audit);
	for (size_t i = 0; i < named->n; i++)
		lines_add(&run->queues, "%s", named->v[i]);
	run->any_queue = run->set->replay && run->set->queues_recorded && !named->n;
	run->queue_name = calloc(names_room(run), sizeof(*run->queue_name));
	if (!run->events || run->queues.failed || !run->queue_name)
		return err_nomem(err);
	if (run->set->notifications && !run->set->now)
		audit_events_counts_resyncs(run->events);
	return make_pipeline(run, err);
}

bool setup_secret(struct run *run, const char *secret)
{
	return !secret || audit_secret(run->audit, secret, strlen(secret));
}

static enum status open_stream(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct stream_conf conf = {
		.base_url = set->creds.base_url,
		.payload_as_message = set->subscribe == SUBSCRIBE_MESSAGE,
		.connect_timeout_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS,
		.idle_timeout_us = set->idle_timeout_ms * US_PER_MS
	};

	run->payload = stream_payload((const char *const *)set->queues.v, set->queues.n,
		set->interval, set->metric, set->nasked);
	if (!run->payload)
		return err_nomem(err);
	conf.payload = run->payload;
	run->source.stream = stream_new(&conf, run->http, run->token, run->now_us);
	return run->source.stream ? ST_OK : err_nomem(err);
}

enum status setup_channel(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct channel_conf conf = {
		.api_url = set->creds.base_url,
		.plain = set->creds.plain,
		.pattern = (const char *const *)set->patterns.v,
		.npattern = set->patterns.n,
		.snapshot = set->snapshot,
		.resync_us = set->snapshot ? set->resync_ms * US_PER_MS : 0,
		.once = set->now,
		.skip_refused = set->skip_refused,
		.connect_timeout_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS,
		.idle_timeout_us = set->idle_timeout_ms * US_PER_MS,
		.pong_timeout_us = set->pong_timeout_ms * US_PER_MS,
		.began_us = run->began_us,
		.margin_us = set->token_margin_ms * US_PER_MS
	};

	run->source.channel = channel_new(&conf, (const char *const *)run->queues.v,
		run->queues.n, run->http, run->token, run->now_us);
	return run->source.channel ? ST_OK : err_nomem(err);
}

/* The names of --queue-name, and those before the colon of --fail-if. */
static void gather_names(struct run *run)
{
	const struct options *set = run->set;
	const char *name;

	for (size_t i = 0; i < set->queue_names.n; i++)
		lines_add(&run->wanted_names, "%s", set->queue_names.v[i]);
	for (size_t i = 0; set->thresholds && i < thresholds_count(set->thresholds); i++) {
		name = threshold_queue_name(set->thresholds, i);
		if (name)
			lines_add(&run->wanted_names, "%s", name);
	}
}

/* Queues by name are looked up before the source is opened. */
static enum status open_lookup(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct queue_lookup_conf conf = {
		.api_url = set->creds.base_url,
		.client = set->cache ? set->creds.client_id : NULL,
		.fresh = set->list_queues,
		.request_us = set->connect_timeout_ms * US_PER_MS,
		.retry_for_us = set->retry_for_ms * US_PER_MS
	};

	gather_names(run);
	if (run->wanted_names.failed)
		return err_nomem(err);
	conf.pattern = (const char *const *)run->wanted_names.v;
	conf.npattern = run->wanted_names.n;
	run->lookup = queue_lookup_new(&conf, run->http, run->token, run->now_us);
	return run->lookup ? ST_OK : err_nomem(err);
}

static bool keep_secret(void *run, const char *secret)
{
	return setup_secret(run, secret);
}

static enum status open_net(struct run *run, struct err *err)
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
	enum status st = open_net(run, err);
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

/* Rows have names also if all queues are named by ID: from the cache, without a request. */
static enum status cached_names(struct run *run, struct err *err)
{
	const struct creds *creds = &run->set->creds;
	struct queue_cache_key key = { creds->base_url, creds->client_id };
	struct lines problems = { 0 };
	enum status st;

	if (!run->set->cache || !creds->client_id
	    || !queue_cache_load(&key, NULL, 0, run->now_us, &run->queue_list, &run->warnings))
		return ST_OK;
	st = setup_names(run, &run->queue_list, &problems, err);
	lines_free(&problems);
	if (st == ST_OK)
		record_names(run);
	return st;
}

enum status setup_live(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	const struct creds *creds = &set->creds;
	struct token_conf token = {
		.margin_ms = set->token_margin_ms,
		.lock_wait_us = set->connect_timeout_ms * US_PER_MS,
		.request_us = set->connect_timeout_ms * US_PER_MS
	};
	enum status st = open_net(run, err);

	if (st != ST_OK)
		return st;
	if (!setup_secret(run, creds->secret) || !setup_secret(run, creds->access_token))
		return err_nomem(err);
	if (set->cache && creds->client_id && !creds->access_token)
		run->cache = token_cache_open(creds->base_url, creds->client_id, &run->warnings);
	run->token = token_new(&token, creds, run->cache, run->http);
	if (!run->token)
		return err_nomem(err);
	if (!set->notifications)
		return open_stream(run, err);
	if (set->queue_names.n || set->list_queues || thresholds_name_queues(set->thresholds))
		return open_lookup(run, err);
	st = cached_names(run, err);
	return st == ST_OK ? setup_channel(run, err) : st;
}

/* --- queues by name ------------------------------------------------------------------- */

static size_t queue_number(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->queues.n; i++)
		if (strcmp(run->queues.v[i], id) == 0)
			return i;
	return SIZE_MAX;
}

enum status setup_queue(struct run *run, const char *id, struct err *err)
{
	if (queue_number(run, id) == SIZE_MAX)
		lines_add(&run->queues, "%s", id);
	return run->queues.failed ? err_nomem(err) : ST_OK;
}

enum status setup_set_names(struct run *run, const struct queue_list *list, struct err *err)
{
	size_t n = names_room(run);
	const char **name = reallocarray(run->queue_name, n, sizeof(*name));

	if (!name)
		return err_nomem(err);
	run->queue_name = name;
	memset(name, 0, n * sizeof(*name));
	for (size_t i = 0; i < list->n; i++) {
		size_t queue = queue_number(run, list->v[i].id);

		if (queue != SIZE_MAX)
			name[queue] = list->v[i].name;
	}
	if (run->pipeline)
		pipeline_set_names(run->pipeline, name);
	return ST_OK;
}

enum status setup_names(struct run *run, const struct queue_list *list,
	struct lines *problems, struct err *err)
{
	const struct lines *patterns = &run->set->queue_names;
	struct queue_match_hits hits = { NULL, 0 };
	bool ok = queue_match(list, (const char *const *)patterns->v, patterns->n, &hits,
		problems);
	enum status st = ok ? ST_OK : err_nomem(err);

	for (size_t i = 0; st == ST_OK && i < hits.n; i++)
		st = setup_queue(run, hits.v[i]->id, err);
	free(hits.v);
	if (st == ST_OK)
		st = setup_set_names(run, list, err);
	return st == ST_OK ? make_pipeline(run, err) : st;
}

enum status setup_unknown_names(struct run *run, const struct lines *problems, struct err *err)
{
	for (size_t i = 1; i < problems->n; i++)
		lines_add(&run->warnings, "%s", problems->v[i]);
	return !problems->n ? ST_OK : err_set(err, ST_USAGE, "%s%s", problems->v[0],
		problems->n > 1 ? " (and other names, see above)" : "");
}

enum status setup_scopes(const struct run *run, struct err *err)
{
	struct buf why = { 0 };
	enum status st = ST_OK;

	if (!thresholds_find(run->set->thresholds, (const char *const *)run->queues.v,
	    run->queue_name, run->queues.n, &why))
		st = why.failed ? err_nomem(err) : err_set(err, ST_USAGE, "%s", why.data);
	buf_free(&why);
	return st;
}
