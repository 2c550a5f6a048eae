/*
 * Live input: a turn takes what the source received and prints the windows that are over. With
 * --queue-name the queues are looked up before the source is opened.
 */
#include <stdio.h>
#include <stdlib.h>

#include "run/recorder.h"
#include "run/run_api.h"
#include "run/run_queues.h"
#include "run/run_source.h"
#include "run/run_state.h"
#include "run/setup.h"
#include "source/channel_api.h"
#include "source/queue_cache.h"
#include "source/source.h"
#include "util/time.h"
#include "util/utf8.h"

struct live {
	struct run *run;
	struct pipeline *pipeline;
	struct run_api api;
	struct source source;
	char *payload;			/* the subscription that the stream sends */
	struct lines wanted_names;	/* to look up before the source is opened */
	struct queue_list cached_names;	/* of queues that are named by ID */
	struct recorder recorder;
	size_t nrefused;		/* queues */
	char first_refused[256];	/* its ID and why */
	char refused[320];		/* how many were refused, and the first */
	bool no_queue;			/* none of those found belongs to the shard */
};

/* --- opening ---------------------------------------------------------------------------- */

static enum status open_stream(struct live *live, struct err *err)
{
	const struct run *run = live->run;
	const struct options *set = run->set;
	struct stream_conf conf = setup_stream_conf(set);

	live->payload = stream_payload((const char *const *)set->queues.v, set->queues.n,
		set->interval, set->metric, set->nasked);
	if (!live->payload)
		return err_nomem(err);
	conf.payload = live->payload;
	live->source.stream = stream_new(&conf, run->http, live->api.token, run->now_us);
	return live->source.stream ? ST_OK : err_nomem(err);
}

static enum status open_channel(struct live *live, struct err *err)
{
	const struct run *run = live->run;
	const struct channel_conf conf = setup_channel_conf(run->set, run->began_us);

	live->source.channel = channel_new(&conf, (const char *const *)run->queues.v,
		run->queues.n, run->http, live->api.token, run->now_us);
	return live->source.channel ? ST_OK : err_nomem(err);
}

/* Call when the names of the queues are known. */
static enum status open_source(struct live *live, struct err *err)
{
	recorder_names(&live->recorder, pipeline_queues(live->pipeline));
	return live->run->set->source == SOURCE_NOTIFICATIONS ? open_channel(live, err)
		: open_stream(live, err);
}

/* Adds the names of --queue-name, and those in thresholds and rules. */
static void gather_names(struct lines *names, const struct run *run)
{
	const struct lines *given = &run->set->queue_names;

	for (size_t i = 0; i < given->n; i++)
		lines_add(names, "%s", given->v[i]);
	scopes_add_names(run->made->scopes, names);
}

/* Begins to look up queues by name; the source is opened later, when they are known. */
static enum status open_lookup(struct live *live, struct err *err)
{
	gather_names(&live->wanted_names, live->run);
	return run_api_look_up(&live->api, &live->wanted_names, err);
}

/* If all queues are named by ID, rows have names only if the cache or --queue-file has them. There
 * is no request for names. */
static enum status take_cached_names(struct live *live, struct err *err)
{
	struct run *run = live->run;
	const struct creds *creds = &run->set->creds;
	struct queue_cache_key key = { creds->base_url, creds->client_id };

	if (!run->set->cache || !creds->client_id
	    || !queue_cache_load(&key, NULL, 0, run->now_us, &live->cached_names,
		    &run->warnings))
		return ST_OK;
	return run_queues_find(run, live->pipeline, &live->cached_names, err);
}

static enum status live_open(void **state, struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct pipeline_conf conf = setup_pipeline_conf(run);
	struct live *live = calloc(1, sizeof(*live));
	enum status st;

	*state = live;
	if (!live)
		return err_nomem(err);
	live->run = run;
	live->recorder.run = run;
	st = pipeline_new(&live->pipeline, &conf, err);
	if (st == ST_OK)
		st = run_api_open(&live->api, run, err);
	if (st == ST_OK)
		st = run_queues_set_file_names(run, live->pipeline, err);
	if (st != ST_OK)
		return st;
	if (set->queue_names.n || scopes_needing_names(run->made->scopes))
		return open_lookup(live, err);
	if (set->source == SOURCE_NOTIFICATIONS)
		st = take_cached_names(live, err);
	return st == ST_OK ? open_source(live, err) : st;
}

static void live_free(void *state)
{
	struct live *live = state;

	if (!live)
		return;
	pipeline_free(live->pipeline);
	source_free(&live->source);
	run_api_free(&live->api);
	recorder_free(&live->recorder);
	lines_free(&live->wanted_names);
	queue_list_free(&live->cached_names);
	free(live->payload);
	free(live);
}

/* --- events ----------------------------------------------------------------------------- */

static enum status take_message(struct live *live, const struct session_event *event,
	struct err *err)
{
	struct pipeline_message m = { .text = event->text, .len = event->len,
		.binary = event->binary, .socket = event->socket, .at_us = event->at_us };
	enum notification_kind control;
	enum status st;
	bool good;

	recorder_message(&live->recorder, event);
	st = pipeline_take(live->pipeline, &m, &good, &control, err);
	if (live->source.channel)
		channel_control(live->source.channel, event->socket, control, live->run->now_us);
	return st;
}

static enum status take_state(struct live *live, const struct session_event *event,
	enum queue_window_socket state, struct err *err)
{
	recorder_state(&live->recorder, event,
		state == SOCKET_CONNECTED ? RECORDING_CONNECTED : RECORDING_LOST);
	return pipeline_socket(live->pipeline, event->socket, state, event->at_us, err);
}

/* Takes a snapshot. With --now it fills a window of 1 ms, in which the service counts as
 * connected. */
static enum status take_answer(struct live *live, const struct session_event *event,
	struct err *err)
{
	struct run *run = live->run;
	const struct pipeline_answer a = { .text = event->text, .len = event->len,
		.resync = event->answer == ANSWER_RESYNC, .asked_us = event->asked_us,
		.at_us = event->at_us };
	enum status st = ST_OK;
	bool good;

	recorder_message(&live->recorder, event);
	if (run->set->now)
		st = pipeline_socket(live->pipeline, 0, SOCKET_CONNECTED, event->asked_us, err);
	if (st != ST_OK)
		return st;
	pipeline_start(live->pipeline, event->at_us);
	st = pipeline_snapshot(live->pipeline, &a, &good, err);
	if (st == ST_OK && !good)
		lines_add(&run->warnings, "a snapshot is malformed: values that could not be "
			"read are missing");
	return st;
}

static void note_refusal(struct live *live, const struct session_event *event)
{
	if (live->nrefused++ == 0)
		snprintf(live->first_refused, sizeof(live->first_refused), "%s: %.*s",
			event->queue_id, (int)utf8_cut(event->text, event->len, 200), event->text);
	snprintf(live->refused, sizeof(live->refused), live->nrefused == 1
		? "%zu queue was refused: %s" : "%zu queues were refused, the first one %s",
		live->nrefused, live->first_refused);
	pipeline_refuse(live->pipeline, event->queue_id);
	recorder_refusal(&live->recorder, event);
}

static enum status take_secret(struct live *live, const struct session_event *event,
	struct err *err)
{
	if (!event->len)	/* empty text would match everywhere */
		return ST_OK;
	return recorder_secret(&live->recorder, event->text, event->len)
		&& audit_secret(live->run->audit, event->text, event->len)
		? ST_OK : err_nomem(err);
}

static enum status take_event(struct live *live, const struct session_event *event,
	struct err *err)
{
	enum status st = run_api_event(&live->api, event, err);

	if (st != ST_OK)
		return st;
	switch (event->kind) {
	case SESSION_CONNECTED:
		return take_state(live, event, SOCKET_CONNECTED, err);
	case SESSION_LOST:
		return take_state(live, event, SOCKET_LOST, err);
	case SESSION_MESSAGE:
		return take_message(live, event, err);
	case SESSION_ANSWER:
		return take_answer(live, event, err);
	case SESSION_SECRET:
		return take_secret(live, event, err);
	case SESSION_REFUSED:
		note_refusal(live, event);
		break;
	case SESSION_TOKEN_ACQUIRED:
	case SESSION_TOKEN_CACHED:
	case SESSION_TOKEN_REFUSED:
	case SESSION_TOKEN_RETRY:
	case SESSION_OVER:
	case SESSION_RETRY:
	case SESSION_CLOSED:
	case SESSION_SILENT:
	case SESSION_WARNING:
	case SESSION_RESYNC_FAILED:
		break;
	}
	return ST_OK;
}

static enum status take_events(struct live *live, struct err *err)
{
	struct run *run = live->run;
	struct session_event event;
	enum status st = ST_OK;

	while (st == ST_OK && !pipeline_is_over(live->pipeline)
	       && source_next(&live->source, run->now_us, &event))
		st = take_event(live, &event, err);
	return st;
}

/* --- queues by name --------------------------------------------------------------------- */

static enum status take_names(struct live *live, const struct queue_list *list, struct err *err)
{
	struct run *run = live->run;
	const size_t most = source_queues_max(run->set->source);
	enum status st = run_queues_find(run, live->pipeline, list, err);

	if (st == ST_OK && run->queues.n > most)
		st = err_set(err, ST_USAGE, "--queue-name: %zu queues; --source notifications "
			"takes %zu", run->queues.n, most);
	live->no_queue = !run->queues.n;
	return st == ST_OK && !live->no_queue ? open_source(live, err) : st;
}

/* Whether the lookup of queues is under way, so that there is no source yet. */
static bool looks_up(const struct live *live)
{
	return live->api.lookup && !source_exists(&live->source);
}

/* A turn before the source is opened. */
static enum status lookup_turn(struct live *live, struct err *err)
{
	const struct queue_list *list;
	enum status st = run_api_lookup_turn(&live->api, &list, err);

	if (st == ST_OK && list)
		st = take_names(live, list, err);
	audit_events_warnings(live->run->events, &live->run->warnings);
	return st;
}

/* --- turns ------------------------------------------------------------------------------ */

static enum status live_stalled(void *state, int64_t from_us, struct err *err)
{
	struct live *live = state;
	struct run *run = live->run;

	if (!source_exists(&live->source))
		return ST_OK;
	recorder_stall(&live->recorder, from_us);
	source_stalled(&live->source, from_us, run->now_us);
	return pipeline_stalled(live->pipeline, from_us, run->now_us, err);
}

static void watch_source(struct live *live)
{
	const struct run *run = live->run;

	source_watch(&live->source, run->now_us, sinks_end_us(run->sinks));
}

/* If the source has been silent for too long, first prints the windows that ended before that
 * point, then reports the loss. */
static enum status print_due(struct live *live, struct err *err)
{
	struct run *run = live->run;
	int64_t silent_us = source_silent_us(&live->source);
	enum status st = ST_OK;

	if (silent_us < run->now_us) {
		st = pipeline_print_due(live->pipeline, silent_us, err);
		if (st != ST_OK || pipeline_is_over(live->pipeline))
			return st;
		watch_source(live);
		st = take_events(live, err);
	}
	return st == ST_OK ? pipeline_print_due(live->pipeline, run->now_us, err) : st;
}

static enum status live_catch_up(void *state, struct err *err)
{
	struct live *live = state;

	return source_exists(&live->source) ? print_due(live, err) : ST_OK;
}

/*
 * Applies what happened since the last turn in the order of time. Messages count as received now.
 * Windows that end by now are printed before messages are taken; deadlines of the source that end
 * now, such as --idle-timeout, count after them.
 */
static enum status live_turn(void *state, struct err *err)
{
	struct live *live = state;
	struct run *run = live->run;
	enum status st;

	if (looks_up(live))
		return lookup_turn(live, err);
	st = print_due(live, err);
	if (st == ST_OK)
		st = take_events(live, err);
	if (st == ST_OK)	/* in event time these messages may end windows */
		st = pipeline_print_due(live->pipeline, run->now_us, err);
	if (st != ST_OK || pipeline_is_over(live->pipeline))
		return st;
	watch_source(live);
	source_step(&live->source, run->now_us);
	audit_events_warnings(run->events, &run->warnings);
	return take_events(live, err);
}

/* --- report and end --------------------------------------------------------------------- */

static int64_t deadline_us(const struct live *live)
{
	int64_t window = pipeline_due_us(live->pipeline);
	int64_t source = looks_up(live) ? queue_lookup_deadline_us(live->api.lookup)
		: source_deadline_us(&live->source);

	return window != NO_TIME && window < source ? window : source;
}

static const char *doing(const struct live *live)
{
	if (looks_up(live))
		return "looking up queues";
	if (source_is_up(&live->source))
		return "connected";
	return live->run->totals.connected ? "reconnecting" : "connecting";
}

static struct input_report live_report(const void *state)
{
	const struct live *live = state;
	bool up = source_is_up(&live->source);

	return (struct input_report){
		.deadline_us = deadline_us(live),
		.fd = -1,	/* libcurl knows the descriptors */
		.due_us = pipeline_due_us(live->pipeline),
		.up = up,
		.doing = doing(live),
		.attempt = up ? 0 : live->run->totals.attempt,
		.over = live->no_queue ? INPUT_NO_QUEUE
			: pipeline_has_all(live->pipeline) ? "every window was printed" : NULL,
		.fault = source_status(&live->source),
		.fault_text = up ? live->refused
			: "the connection was down when the last window closed"
	};
}

static enum status live_print_rest(void *state, struct err *err)
{
	struct live *live = state;

	return pipeline_print_rest(live->pipeline, live->run->now_us, true, err);
}

/* If a query names a queue that does not exist, or that the client may not see, the service reports
 * no error: the answer just has no values of that queue. */
static void warn_of_unanswered(struct live *live)
{
	struct run *run = live->run;
	const struct lines *patterns = &run->set->patterns;
	const struct queue_index *queues = pipeline_queues(live->pipeline);
	bool asked = false;
	const char *first = NULL;
	size_t n = 0;
	char others[64] = "";

	for (size_t i = 0; i < patterns->n; i++)
		asked = asked || channel_api_query_has(patterns->v[i]);
	if (!run->set->now || !asked || !sinks_windows(run->sinks))
		return;
	for (size_t i = 0; i < queue_index_count(queues); i++) {
		if (pipeline_was_answered(live->pipeline, i))
			continue;
		first = first ? first : queue_index_id(queues, i);
		n++;
	}
	if (n > 1)
		snprintf(others, sizeof(others), " (and %zu other%s)", n - 1,
			n > 2 ? "s" : "");
	if (n)
		lines_add(&run->warnings, "--now: the service returned no values for queue %s%s: "
			"the ID does not exist, the client's role has no access to the queue, or "
			"it has no values now", first, others);
}

static void live_end(void *state)
{
	struct live *live = state;

	pipeline_end(live->pipeline);
	warn_of_unanswered(live);
}

static int64_t live_close(void *state)
{
	struct live *live = state;

	recorder_end(&live->recorder);
	return run_source_close(live->run, &live->source);
}

static bool live_step_close(void *state)
{
	struct live *live = state;

	return run_source_step_close(live->run, &live->source);
}

const struct input input_live = {
	.real_time = true,
	.open = live_open,
	.free = live_free,
	.report = live_report,
	.turn = live_turn,
	.catch_up = live_catch_up,
	.stalled = live_stalled,
	.print_rest = live_print_rest,
	.end = live_end,
	.close = live_close,
	.step_close = live_step_close
};
