#include "run/live.h"

#include "run/record.h"
#include "run/setup.h"
#include "util/buf.h"
#include "util/lines.h"

/* --- queues by name ------------------------------------------------------------------- */

static enum status print_names(struct run *run, const struct queue_list *list, struct err *err)
{
	buf_clear(&run->text);
	if (run->set->format == FORMAT_CSV)
		queue_list_put_csv(&run->text, list, run->set->header);
	else
		queue_list_put_ndjson(&run->text, list);
	run->listed = true;
	return run->text.failed ? err_nomem(err)
		: writer_window(run->writer, &run->text, err);
}

static enum status set_queue_names(struct run *run, struct err *err)
{
	const struct queue_list *list = queue_lookup_list(run->lookup);
	struct lines problems = { 0 };
	enum status st;

	if (list->skipped)
		lines_add(&run->warnings, "left out of the list, for want of a usable ID or name: "
			"%zu", list->skipped);
	if (run->set->list_queues)
		return print_names(run, list, err);
	st = setup_names(run, list, &problems, err);
	if (st == ST_OK)
		st = setup_unknown_names(run, &problems, err);
	if (st == ST_OK && run->queues.n > CHANNEL_QUEUES_MAX)
		st = err_set(err, ST_USAGE, "--queue-name: %zu queues; allowed are %d at most",
			run->queues.n, CHANNEL_QUEUES_MAX);
	lines_free(&problems);
	if (st == ST_OK)
		st = setup_scopes(run, err);
	if (st != ST_OK)
		return st;
	record_names(run);
	return setup_channel(run, err);
}

/* --- a live turn -------------------------------------------------------------------- */

static enum status take_message(struct run *run, const struct session_event *event,
	struct err *err)
{
	struct pipeline_message m = { .text = event->text, .len = event->len,
		.binary = event->binary, .socket = event->socket, .at_us = event->at_us };
	enum notification_kind control;
	enum status st;
	bool good;

	record_message(run, event);
	st = pipeline_take(run->pipeline, &m, &good, &control, err);
	if (run->source.channel)
		channel_control(run->source.channel, event->socket, control, run->now_us);
	return st;
}

static enum status take_state(struct run *run, const struct session_event *event,
	enum queue_window_socket state, struct err *err)
{
	record_state(run, event, state == SOCKET_CONNECTED ? RECORDING_CONNECTED : RECORDING_LOST);
	return pipeline_socket(run->pipeline, event->socket, state, event->at_us, err);
}

/* A snapshot. With --now it fills a window of 1 ms, in which the service counts as connected. */
static enum status take_answer(struct run *run, const struct session_event *event,
	struct err *err)
{
	const struct pipeline_answer a = { .text = event->text, .len = event->len,
		.resync = event->answer == ANSWER_RESYNC, .asked_us = event->asked_us,
		.at_us = event->at_us };
	enum status st = ST_OK;
	bool good;

	record_message(run, event);
	if (run->set->now)
		st = pipeline_socket(run->pipeline, 0, SOCKET_CONNECTED, event->asked_us, err);
	if (st != ST_OK)
		return st;
	pipeline_start(run->pipeline, event->at_us);
	st = pipeline_snapshot(run->pipeline, &a, &good, err);
	if (st == ST_OK && !good)
		lines_add(&run->warnings, "the answer to the observation query is not all that "
			"it should be");
	return st;
}

static enum status take_secret(struct run *run, const struct session_event *event,
	struct err *err)
{
	if (!event->len)	/* empty text would be found everywhere */
		return ST_OK;
	lines_add(&run->secrets, "%.*s", (int)event->len, event->text);
	return !run->secrets.failed && audit_secret(run->audit, event->text, event->len)
		? ST_OK : err_nomem(err);
}

static enum status take_event(struct run *run, const struct session_event *event,
	struct err *err)
{
	if (event->kind == SESSION_TOKEN_ACQUIRED || event->kind == SESSION_TOKEN_CACHED) {
		/* the lookup of queues has reported it already */
		if (event->generation == run->reported_token)
			return ST_OK;
		run->reported_token = event->generation;
		/* before the event, so that no line can show it */
		if (!setup_secret(run, token_value(run->token)))
			return err_nomem(err);
	}
	audit_events_stream(run->events, event->socket, event);
	switch (event->kind) {
	case SESSION_CONNECTED:
		return take_state(run, event, SOCKET_CONNECTED, err);
	case SESSION_LOST:
		return take_state(run, event, SOCKET_LOST, err);
	case SESSION_MESSAGE:
		return take_message(run, event, err);
	case SESSION_ANSWER:
		return take_answer(run, event, err);
	case SESSION_SECRET:
		return take_secret(run, event, err);
	case SESSION_REFUSED:
		pipeline_refuse(run->pipeline, event->queue_id);
		record_refusal(run, event);
		break;
	case SESSION_OVER:
		return err_set(err, event->status, "%.*s", (int)event->len, event->text);
	case SESSION_TOKEN_ACQUIRED:
	case SESSION_TOKEN_CACHED:
	case SESSION_TOKEN_REFUSED:
	case SESSION_TOKEN_RETRY:
	case SESSION_RETRY:
	case SESSION_CLOSED:
	case SESSION_SILENT:
	case SESSION_WARNING:
	case SESSION_RESYNC_FAILED:
		break;
	}
	return ST_OK;
}

static enum status take_events(struct run *run, struct err *err)
{
	struct session_event event;
	enum status st = ST_OK;

	while (st == ST_OK && !pipeline_is_over(run->pipeline)
	       && source_next(&run->source, run->now_us, &event))
		st = take_event(run, &event, err);
	return st;
}

bool live_looks_up(const struct run *run)
{
	return run->lookup && !source_exists(&run->source);
}

/* Looks up the queues of --queue-name; the source is opened when they are known. */
static enum status lookup_turn(struct run *run, struct err *err)
{
	struct session_event event;
	enum status st = ST_OK;

	while (st == ST_OK && queue_lookup_next(run->lookup, &event))
		st = take_event(run, &event, err);
	if (st != ST_OK)
		return st;
	queue_lookup_step(run->lookup, run->now_us, &run->warnings);
	if (queue_lookup_is_ready(run->lookup) && !source_exists(&run->source) && !run->listed)
		st = set_queue_names(run, err);
	audit_events_warnings(run->events, &run->warnings);
	return st;
}

enum status live_stalled(struct run *run, int64_t from_us, struct err *err)
{
	audit_events_stalled(run->events, from_us, run->now_us);
	if (!source_exists(&run->source))
		return ST_OK;
	record_stall(run, from_us);
	source_stalled(&run->source, from_us, run->now_us);
	return pipeline_stalled(run->pipeline, from_us, run->now_us, err);
}

/* If the source has been silent for too long, the windows that ended before that point come
 * first. */
enum status live_windows(struct run *run, struct err *err)
{
	int64_t silent_us = source_silent_us(&run->source);
	enum status st = ST_OK;

	if (silent_us < run->now_us) {
		st = pipeline_print_due(run->pipeline, silent_us, err);
		if (st != ST_OK || pipeline_is_over(run->pipeline))
			return st;
		source_watch(&run->source, run->now_us, pipeline_printed_end_us(run->pipeline));
		st = take_events(run, err);
	}
	return st == ST_OK ? pipeline_print_due(run->pipeline, run->now_us, err) : st;
}

/*
 * Applies all that happened since the last turn in the order of time. Messages count as received
 * now: windows that end now are printed before them; a source that has been silent for too long
 * as of now, and other deadlines, come after them.
 */
enum status live_turn(struct run *run, struct err *err)
{
	enum status st;

	if (live_looks_up(run))
		return lookup_turn(run, err);
	st = live_windows(run, err);
	if (st == ST_OK)
		st = take_events(run, err);
	if (st == ST_OK)	/* in event time messages end windows */
		st = pipeline_print_due(run->pipeline, run->now_us, err);
	if (st != ST_OK || pipeline_is_over(run->pipeline))
		return st;
	source_watch(&run->source, run->now_us, pipeline_printed_end_us(run->pipeline));
	source_step(&run->source, run->now_us, &run->warnings);
	audit_events_warnings(run->events, &run->warnings);
	return take_events(run, err);
}

void live_take_closing(struct run *run)
{
	struct session_event event;

	while (source_next(&run->source, run->now_us, &event))
		if (event.kind == SESSION_CLOSED)
			audit_events_stream(run->events, event.socket, &event);
}
