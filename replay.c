#include "run_state.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"

#define REPLAY_BATCH 512	/* lines of a turn */
#define WINDOWS_AHEAD INT64_C(1000000)	/* that a line may be: as many as --count may ask for */

/* A message of the input; one that is not JSON makes a broken line, unless it stood there as
 * quoted text: then the source brought it so. */
static enum status replay_message(struct run *run, const struct tape_entry *e, struct err *err)
{
	struct flow_message m = { .text = e->text, .len = e->text_len,
		.binary = e->kind == TAPE_BINARY, .socket = e->stream, .at_us = e->at_us,
		.line = e->line, .verbatim = e->verbatim };
	enum flow_told told;
	bool good;
	enum status st;

	if (run->set->notices && e->stream >= BOARD_SOCKETS) {
		report_broken_line(run->report, e->line, "no such socket");
		return ST_OK;
	}
	st = flow_take(run->flow, &m, &good, &told, err);
	run->good_lines += good;
	return st;
}

static enum status replay_state(struct run *run, const struct tape_entry *e,
	enum socket_state state, struct err *err)
{
	if (run->set->notices && e->stream >= BOARD_SOCKETS) {
		report_broken_line(run->report, e->line, "no such socket");
		return ST_OK;
	}
	run->good_lines++;
	if (e->kind == TAPE_CONNECTED && e->text)
		flow_interval(run->flow, e->text, e->text_len);
	return flow_socket(run->flow, e->stream, state, e->at_us, err);
}

static bool replay_refusal(void *arg, const struct api_refusal *refusal)
{
	struct run *run = arg;

	if (refusal->observations)
		flow_refuse(run->flow, refusal->queue_id);
	return true;
}

static enum status replay_names(struct run *run, const struct tape_entry *e, bool *good,
	struct err *err)
{
	struct lines problems = { 0 };
	struct name_page page;
	enum status st = ST_OK;
	const char *why = names_parse_page(e->text, e->text_len, &run->names, &page);

	*good = !why;
	if (why == why_no_memory)
		return err_nomem(err);
	if (*good) {
		names_sort(&run->names);
		st = setup_names(run, &run->names, &problems, err);
		for (size_t i = 0; i < problems.n; i++)
			lines_add(&run->warnings, "%s", problems.v[i]);
		lines_free(&problems);
	}
	return st == ST_OK && *good ? setup_scopes(run, err) : st;
}

/* What the service's API had answered. */
static enum status replay_answer(struct run *run, const struct tape_entry *e, struct err *err)
{
	enum status st = ST_OK;
	uint32_t asked = 0;
	const char *why;
	bool good = true;

	if (!run->set->notices) {
		report_broken_line(run->report, e->line, "an answer of the notification service");
		return ST_OK;
	}
	switch (e->answer) {
	case ANSWER_QUEUES:
		st = replay_names(run, e, &good, err);
		break;
	case ANSWER_SUBSCRIPTIONS:
		why = api_parse_topics(e->text, e->text_len, replay_refusal, run);
		good = !why;
		if (why == why_no_memory)
			st = err_nomem(err);
		break;
	case ANSWER_SNAPSHOT:
		flow_start(run->flow, e->at_us);
		if (e->metrics)
			asked = api_parse_metrics(e->metrics, e->metrics_len);
		st = flow_snapshot(run->flow, e->text, e->text_len, e->metrics ? &asked : NULL,
			e->asked_us == NO_TIME ? e->at_us : e->asked_us, e->at_us, &good, err);
		break;
	}
	if (!good)
		report_broken_line(run->report, e->line, "no such answer");
	run->good_lines += good;
	return st;
}

static enum status take_entry(struct run *run, const struct tape_entry *e, struct err *err)
{
	switch (e->kind) {
	case TAPE_BARE:
		if (run->set->time == TIME_EVENT)
			return replay_message(run, e, err);
		report_broken_line(run->report, e->line,
			"no `at`: a bare frame replays by event time alone");
		break;
	case TAPE_FRAME:
	case TAPE_BINARY:
		return replay_message(run, e, err);
	case TAPE_CONNECTED:
		return replay_state(run, e, SOCKET_CONNECTED, err);
	case TAPE_LOST:
		return replay_state(run, e, SOCKET_LOST, err);
	case TAPE_SILENT:
		return replay_state(run, e, SOCKET_SILENT, err);
	case TAPE_STALLED:
		run->good_lines++;
		if (e->until_us > run->tape_at_us)
			run->tape_at_us = e->until_us;
		return flow_stalled(run->flow, e->at_us, e->until_us, err);
	case TAPE_ANSWER:
		return replay_answer(run, e, err);
	case TAPE_END_STATE:
		run->tape_has_end = true;
		run->good_lines++;
		return flow_recording_ended(run->flow, e->at_us, err);
	case TAPE_BROKEN:
		report_broken_line(run->report, e->line, e->why);
		break;
	case TAPE_WAIT:
		run->tape_waits = true;
		break;
	case TAPE_EOF:
		run->tape_ended = true;
		run->tape_torn = e->torn;
		break;
	}
	return ST_OK;
}

/* A recording has the queues' names before the connection, its answers and its messages. */
static bool lacks_names(const struct run *run, const struct tape_entry *e)
{
	return thresholds_name_queues(run->set->thresholds) && !run->names.n
		&& (e->kind == TAPE_BARE || e->kind == TAPE_FRAME || e->kind == TAPE_CONNECTED
		    || (e->kind == TAPE_ANSWER && e->answer == ANSWER_SNAPSHOT));
}

/* One wrong digit in a year is no reason to print the windows of a millennium. */
static bool is_too_far(const struct run *run, int64_t at_us)
{
	return run->tape_at_us != NO_TIME
		&& at_us - run->tape_at_us > WINDOWS_AHEAD * run->set->window_ms * US_PER_MS;
}

/* The windows that are over before the entry's moment, then the entry, unless the reader has
 * to take rows first: then it is held. */
static enum status replay_entry(struct run *run, struct err *err)
{
	const struct tape_entry *e = &run->entry;
	bool timed = e->at_us != NO_TIME && e->kind != TAPE_BROKEN;
	enum status st;

	if (timed && is_too_far(run, e->kind == TAPE_STALLED ? e->until_us : e->at_us)) {
		report_broken_line(run->report, e->line, "`at` is over 1,000,000 windows ahead");
		return ST_OK;
	}
	if (timed && e->at_us > run->tape_at_us)
		run->tape_at_us = e->at_us;
	st = flow_print_due(run->flow, timed ? e->at_us : run->tape_at_us, err);
	run->held = flow_has_more(run->flow);
	if (st != ST_OK || run->held || flow_is_over(run->flow))
		return st;
	if (lacks_names(run, e))
		return err_set(err, ST_USAGE, "%s has no names of queues, so --fail-if needs a "
			"queue's ID before the colon", run->set->replay);
	return take_entry(run, e, err);
}

/* No further than the reader and the spool keep up. */
static bool is_ahead(const struct run *run)
{
	return out_waiting_bytes(run->out) > RUN_REPLAY_AHEAD
		|| (run->callbacks && !callbacks_are_written(run->callbacks));
}

enum status replay_turn(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	run->tape_waits = false;
	for (int i = 0; i < REPLAY_BATCH && st == ST_OK && !run->tape_waits; i++) {
		if (run->tape_ended || flow_is_over(run->flow) || is_ahead(run))
			break;
		if (!run->held)
			st = tape_read(run->tape, &run->entry, err);
		if (st == ST_OK)
			st = replay_entry(run, err);
	}
	return st;
}

static void warn_of_replay(struct run *run)
{
	const struct settings *set = run->set;

	if (run->tape_torn)
		lines_add(&run->warnings, "%s: the last line is cut off; "
			"the lines before it count", set->replay);
	else if (run->tape_at_us != NO_TIME && !run->tape_has_end)
		lines_add(&run->warnings, "%s has no end: the run that recorded it was killed",
			set->replay);
	if (set->count && flow_printed(run->flow) < (int64_t)set->count)
		lines_add(&run->warnings, "%s holds %lld windows, fewer than --count %u",
			set->replay, (long long)flow_printed(run->flow), set->count);
	report_warnings(run->report, &run->warnings);
}

/* At the input's end: the windows still begun, as the reader takes them. */
enum status replay_end(struct run *run, struct err *err)
{
	enum status st;

	if (run->good_lines == 0)
		return err_set(err, ST_PROTOCOL, "%s: not one line of it is a frame or a "
			"recording's line", run->set->replay);
	st = flow_print_due(run->flow, run->tape_at_us, err);
	if (st == ST_OK && !flow_has_more(run->flow))
		st = flow_print_rest(run->flow, run->tape_at_us, false, err);
	run->replay_done = !flow_has_more(run->flow);
	if (run->replay_done)
		warn_of_replay(run);
	return st;
}
