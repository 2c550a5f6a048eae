#include "run/replay.h"

#include <stdlib.h>
#include <string.h>

#include "run/setup.h"
#include "source/channel.h"
#include "source/channel_api.h"
#include "source/queue_match.h"
#include "util/lines.h"
#include "util/time.h"

#define REPLAY_BATCH 512	/* lines in a turn */
#define WINDOWS_AHEAD INT64_C(1000000)	/* how far a line may be ahead; --count has this limit */

/* A message. If it is not JSON, the line is broken; but one that was recorded as quoted text did
 * come from the source like that. */
static enum status replay_message(struct run *run, const struct recording_entry *e, struct err *err)
{
	struct pipeline_message m = { .text = e->text, .len = e->text_len,
		.binary = e->kind == RECORDING_BINARY, .socket = e->stream, .at_us = e->at_us,
		.line = e->line, .verbatim = e->verbatim };
	enum notification_kind control;
	bool good;
	enum status st;

	if (run->set->notifications && e->stream >= QUEUE_WINDOW_SOCKETS) {
		audit_events_broken_line(run->events, e->line, "no such socket");
		return ST_OK;
	}
	st = pipeline_take(run->pipeline, &m, &good, &control, err);
	run->good_lines += good;
	return st;
}

static enum status replay_state(struct run *run, const struct recording_entry *e,
	enum queue_window_socket state, struct err *err)
{
	if (run->set->notifications && e->stream >= QUEUE_WINDOW_SOCKETS) {
		audit_events_broken_line(run->events, e->line, "no such socket");
		return ST_OK;
	}
	run->good_lines++;
	if (e->kind == RECORDING_CONNECTED && e->text)
		pipeline_set_interval(run->pipeline, e->text, e->text_len);
	return pipeline_socket(run->pipeline, e->stream, state, e->at_us, err);
}

/* From here on the queue has rows; for a recording that is not the first. */
static enum status watch_queue(struct run *run, const char *id, struct err *err)
{
	enum status st = setup_queue(run, id, err);

	if (st != ST_OK || pipeline_watch(run->pipeline, id))
		return st;
	if (run->queues.n <= CHANNEL_QUEUES_MAX)
		return err_nomem(err);
	return err_set(err, ST_PROTOCOL, "the replay holds more than %d queues; name the ones to "
		"watch", CHANNEL_QUEUES_MAX);
}

static bool replay_refusal(void *arg, const struct channel_api_refusal *refusal)
{
	struct run *run = arg;

	if (refusal->observations)
		pipeline_refuse(run->pipeline, refusal->queue_id);
	return true;
}

/* The names of a recording that is not the first. It need not have all queues of --queue-name, for
 * an earlier one may have them. */
static enum status watch_names(struct run *run, const struct recording_entry *e, struct err *err)
{
	const struct lines *patterns = &run->set->queue_names;
	struct lines unknown = { 0 };
	struct queue_list list = { 0 };
	struct queue_match_hits hits = { NULL, 0 };
	struct queue_list_page page;
	enum status st = ST_OK;

	if (queue_list_parse_page(e->text, e->text_len, &list, &page) == NULL) {
		queue_list_sort(&list);
		st = queue_match(&list, (const char *const *)patterns->v, patterns->n, &hits,
			&unknown) ? ST_OK : err_nomem(err);
	}
	for (size_t i = 0; st == ST_OK && i < hits.n; i++)
		st = watch_queue(run, hits.v[i]->id, err);
	for (size_t i = 0; st == ST_OK && run->any_queue && i < list.n; i++)
		st = watch_queue(run, list.v[i].id, err);
	if (st == ST_OK)
		st = setup_set_names(run, &run->queue_list, err);
	free(hits.v);
	queue_list_free(&list);
	lines_free(&unknown);
	return st;
}

static enum status replay_names(struct run *run, const struct recording_entry *e, bool *good,
	struct err *err)
{
	struct lines problems = { 0 };
	struct queue_list_page page;
	enum status st;
	const char *why = queue_list_parse_page(e->text, e->text_len, &run->queue_list, &page);

	*good = !why;
	if (why)
		return why == why_no_memory ? err_nomem(err) : ST_OK;
	queue_list_sort(&run->queue_list);
	if (run->past_names || run->recordings > 1)
		return watch_names(run, e, err);
	run->names_read = true;
	for (size_t i = 0; run->any_queue && i < run->queue_list.n; i++)
		if (setup_queue(run, run->queue_list.v[i].id, err) != ST_OK)
			return err_nomem(err);
	st = setup_names(run, &run->queue_list, &problems, err);
	for (size_t i = 0; i < run->queue_list.n; i++)
		run->used = run->used || lines_has(&run->queues, run->queue_list.v[i].id);
	if (st == ST_OK)
		st = setup_unknown_names(run, &problems, err);
	lines_free(&problems);
	return st == ST_OK ? setup_scopes(run, err) : st;
}

static enum status replay_snapshot(struct run *run, const struct recording_entry *e, bool *good,
	struct err *err)
{
	struct pipeline_answer a = { .text = e->text, .len = e->text_len,
		.resync = e->answer == ANSWER_RESYNC, .at_us = e->at_us,
		.asked_us = e->asked_us == NO_TIME ? e->at_us : e->asked_us };
	enum status st;
	uint32_t asked;

	if (e->metrics) {
		asked = channel_api_parse_metrics(e->metrics, e->metrics_len);
		a.asked = &asked;
	}
	pipeline_start(run->pipeline, e->at_us);
	st = pipeline_snapshot(run->pipeline, &a, good, err);
	for (size_t i = 0; pipeline_queue_id(run->pipeline, i); i++)
		run->used = run->used || pipeline_was_answered(run->pipeline, i);
	return st;
}

/* An answer of the API. */
static enum status replay_answer(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st = ST_OK;
	const char *why;
	bool good = true;

	if (!run->set->notifications) {
		audit_events_broken_line(run->events, e->line,
			"an answer of the notification service");
		return ST_OK;
	}
	switch (e->answer) {
	case ANSWER_QUEUES:
		st = replay_names(run, e, &good, err);
		break;
	case ANSWER_SUBSCRIPTIONS:
		why = channel_api_parse_topics(e->text, e->text_len, replay_refusal, run);
		good = !why;
		if (why == why_no_memory)
			st = err_nomem(err);
		break;
	case ANSWER_SNAPSHOT:
	case ANSWER_RESYNC:
		st = replay_snapshot(run, e, &good, err);
		break;
	}
	if (!good)
		audit_events_broken_line(run->events, e->line, "no such answer");
	run->good_lines += good;
	return st;
}

/* A frame without `at`: replays by its own timestamp. */
static enum status replay_bare(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st;

	if (run->set->notifications ? run->recordings > 0 : run->set->time != TIME_EVENT) {
		run->bare_lines++;
		audit_events_broken_line(run->events, e->line, run->set->notifications
			? "no `at`, which the lines before it have"
			: "no `at`: a bare frame replays by event time alone");
		return ST_OK;
	}
	st = replay_message(run, e, err);
	if (pipeline_clock_us(run->pipeline) > run->newest_at_us)
		run->newest_at_us = pipeline_clock_us(run->pipeline);
	return st;
}

/* Windows that are open end with the recording, as they did in the recorded run. */
static enum status replay_recording_end(struct run *run, const struct recording_entry *e,
	struct err *err)
{
	enum status st = pipeline_print_rest(run->pipeline, e->at_us, false, err);

	run->good_lines++;
	run->held = pipeline_has_more(run->pipeline);
	run->recording_over = !run->held;
	return st;
}

static enum status take_entry(struct run *run, const struct recording_entry *e, struct err *err)
{
	switch (e->kind) {
	case RECORDING_RUN:		/* see begin_recording, and validate.c for the first */
		run->good_lines++;
		run->used = true;
		break;
	case RECORDING_BARE:
		return replay_bare(run, e, err);
	case RECORDING_FRAME:
	case RECORDING_BINARY:
		return replay_message(run, e, err);
	case RECORDING_CONNECTED:
		return replay_state(run, e, SOCKET_CONNECTED, err);
	case RECORDING_LOST:
		return replay_state(run, e, SOCKET_LOST, err);
	case RECORDING_SILENT:
		return replay_state(run, e, SOCKET_SILENT, err);
	case RECORDING_STALLED:
		run->good_lines++;
		if (e->until_us > run->newest_at_us)
			run->newest_at_us = e->until_us;
		return pipeline_stalled(run->pipeline, e->at_us, e->until_us, err);
	case RECORDING_ANSWER:
		return replay_answer(run, e, err);
	case RECORDING_END_STATE:
		return replay_recording_end(run, e, err);
	case RECORDING_BROKEN:
		audit_events_broken_line(run->events, e->line, e->why);
		break;
	case RECORDING_WAIT:
		run->input_waits = true;
		break;
	case RECORDING_EOF:
		run->input_ended = true;
		run->input_torn = e->torn;
		break;
	}
	return ST_OK;
}

/* --- recordings --------------------------------------------------------------------- */

static bool begins_recording(const struct run *run, const struct recording_entry *e)
{
	if (run->entry_begins || e->at_us == NO_TIME || e->kind == RECORDING_BROKEN)
		return false;
	return e->kind == RECORDING_RUN || run->recording_over || run->recordings == 0;
}

/* For a recording that is not the first: its queues have rows, as far as they are asked for. */
static enum status watch_queues(struct run *run, const struct recording_entry *e, struct err *err)
{
	const struct options *set = run->set;
	struct lines recorded = { 0 };
	const struct lines *asked = set->queues_recorded ? &run->queues : &set->queues;
	enum status st = ST_OK;

	if (e->kind == RECORDING_RUN)
		recording_entry_queues(e, &recorded);
	if (recorded.failed)
		st = err_nomem(err);
	for (size_t i = 0; st == ST_OK && (!run->any_queue || recorded.n) && i < asked->n; i++)
		if (!recorded.n || lines_has(&recorded, asked->v[i]))
			st = watch_queue(run, asked->v[i], err);
	for (size_t i = 0; st == ST_OK && set->queues_recorded && i < recorded.n; i++)
		st = watch_queue(run, recorded.v[i], err);
	lines_free(&recorded);
	return st;
}

/* Ends the recording before this one, which may lack a last line, and begins this one. */
static enum status next_recording(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st = ST_OK;
	const char *id;

	if (e->at_us < run->newest_at_us)
		return err_set(err, ST_PROTOCOL, "%s: line %llu: a recording begins before the "
			"one ahead of it has ended: give them in the order of time",
			run->set->replay, (unsigned long long)e->line);
	if (!run->recording_over) {
		st = pipeline_print_due(run->pipeline, run->newest_at_us, err);
		if (st == ST_OK && !pipeline_has_more(run->pipeline))
			st = pipeline_print_rest(run->pipeline, run->newest_at_us, false, err);
		run->held = pipeline_has_more(run->pipeline);
		run->unended = true;
	}
	if (st != ST_OK || run->held || pipeline_is_over(run->pipeline))
		return st;
	/* queues that were found in the input keep their numbers */
	for (size_t i = run->queues.n;
	     st == ST_OK && (id = pipeline_queue_id(run->pipeline, i)); i++)
		st = setup_queue(run, id, err);
	if (st != ST_OK)
		return st;
	st = pipeline_restart(run->pipeline, (const char *const *)run->queues.v, run->queues.n,
		err);
	return st == ST_OK ? watch_queues(run, e, err) : st;
}

static enum status begin_recording(struct run *run, const struct recording_entry *e,
	struct err *err)
{
	enum status st = ST_OK;

	if (run->recordings || run->newest_at_us != NO_TIME)
		st = next_recording(run, e, err);
	if (st != ST_OK || run->held)
		return st;
	run->entry_begins = true;
	run->recordings++;
	run->recording_over = run->past_names = run->source_known = false;
	run->newest_at_us = e->at_us;
	return ST_OK;
}

/* Whether the input has the source that was asked for. In a recording the first frame shows it.
 * Without `at` each frame is checked, because nothing marks where another file begins. */
static enum status check_source(struct run *run, const struct recording_entry *e, struct err *err)
{
	bool later = run->source_known || run->recordings > 1;
	enum recording_entry_source source = run->source_known && e->kind == RECORDING_FRAME
		? SOURCE_UNKNOWN
		: recording_entry_source_of(e);

	if (source == SOURCE_UNKNOWN)
		return ST_OK;
	run->source_known = true;
	if ((source == SOURCE_NOTIFICATIONS) == run->set->notifications)
		return ST_OK;
	if (later)
		return err_set(err, ST_PROTOCOL, "%s: line %llu: a recording of another source "
			"begins: replay it by itself", run->set->replay,
			(unsigned long long)e->line);
	return err_set(err, ST_PROTOCOL, "%s is of the %s: --source %s reads it",
		run->set->replay, run->set->notifications ? "stream" : "notification service",
		run->set->notifications ? "stream" : "notifications");
}

/* Names come before all other lines, so after these it is too late for them. */
static enum status check_names(struct run *run, const struct recording_entry *e, struct err *err)
{
	bool early = e->kind == RECORDING_RUN || e->kind >= RECORDING_END_STATE
		|| (e->kind == RECORDING_ANSWER && e->answer == ANSWER_QUEUES);

	if (early)
		return ST_OK;
	if (run->past_names || run->recordings > 1 || run->names_read) {
		run->past_names = true;
		return ST_OK;
	}
	if (run->set->queue_names.n)
		return err_set(err, ST_USAGE, "--queue-name '%.100s': %s has no names of queues",
			run->set->queue_names.v[0], run->set->replay);
	if (thresholds_name_queues(run->set->thresholds))
		return err_set(err, ST_USAGE, "%s has no names of queues, so --fail-if needs a "
			"queue's ID before the colon", run->set->replay);
	run->past_names = true;
	return ST_OK;
}

/* --- turns ---------------------------------------------------------------------------- */

/* A wrong digit in the year must not print the windows of a thousand years. */
static bool is_too_far(const struct run *run, int64_t at_us)
{
	return run->newest_at_us != NO_TIME
		&& at_us - run->newest_at_us > WINDOWS_AHEAD * run->set->window_ms * US_PER_MS;
}

/* Prints the windows that end before the entry, then applies it. If the reader has to take rows
 * first, the entry is held until the next turn. */
static enum status replay_entry(struct run *run, struct err *err)
{
	const struct recording_entry *e = &run->entry;
	bool timed = e->at_us != NO_TIME && e->kind != RECORDING_BROKEN;
	enum status st;

	if (begins_recording(run, e)) {
		st = begin_recording(run, e, err);
		if (st != ST_OK || run->held || pipeline_is_over(run->pipeline))
			return st;
	}
	if (timed && is_too_far(run, e->kind == RECORDING_STALLED ? e->until_us : e->at_us)) {
		audit_events_broken_line(run->events, e->line,
			"`at` is over 1,000,000 windows ahead");
		return ST_OK;
	}
	st = check_source(run, e, err);
	if (st != ST_OK)
		return st;
	if (timed && e->at_us > run->newest_at_us)
		run->newest_at_us = e->at_us;
	st = pipeline_print_due(run->pipeline, timed ? e->at_us : run->newest_at_us, err);
	run->held = pipeline_has_more(run->pipeline);
	if (st == ST_OK && !run->held && !pipeline_is_over(run->pipeline))
		st = check_names(run, e, err);
	if (st != ST_OK || run->held || pipeline_is_over(run->pipeline))
		return st;
	return take_entry(run, e, err);
}

bool replay_waits_for_readers(const struct run *run)
{
	return writer_waiting_bytes(run->writer) > RUN_REPLAY_AHEAD
		|| (run->rejects && side_file_waiting_bytes(run->rejects) > RUN_REPLAY_AHEAD
			&& side_file_is_read(run->rejects, run->now_us));
}

/* Whether readers or the spool are behind, so that no more lines should be read. */
static bool is_ahead(const struct run *run)
{
	return replay_waits_for_readers(run)
		|| (run->deliveries && !deliveries_are_written(run->deliveries));
}

enum status replay_turn(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	run->input_waits = false;
	for (int i = 0; i < REPLAY_BATCH && st == ST_OK && !run->input_waits; i++) {
		if (run->input_ended || pipeline_is_over(run->pipeline) || is_ahead(run))
			break;
		if (!run->held) {
			run->entry_begins = false;
			st = recording_read(run->recording, &run->entry, err);
		}
		if (st == ST_OK)
			st = replay_entry(run, err);
	}
	return st;
}

static void warn_of_replay(struct run *run)
{
	const struct options *set = run->set;

	if (run->input_torn)
		lines_add(&run->warnings, "%s: the last line is cut off; "
			"the lines before it count", set->replay);
	else if (run->unended || (run->recordings && !run->recording_over))
		lines_add(&run->warnings, "%s has no end: the run that recorded it was killed",
			set->replay);
	if (set->count && pipeline_printed(run->pipeline) < (int64_t)set->count)
		lines_add(&run->warnings, "%s holds %lld windows, fewer than --count %u",
			set->replay, (long long)pipeline_printed(run->pipeline), set->count);
	audit_events_warnings(run->events, &run->warnings);
}

/* Then the windows printed say nothing. But a recording that lists its queues has rows also of
 * queues without frames, as the recorded run had. */
static bool is_of_other_queues(const struct run *run)
{
	const struct audit_events_totals *t = audit_events_totals(run->events);

	return !run->used && t->frames && t->frames == t->rejected[REJECT_FOREIGN_QUEUE];
}

/* A replay without rows fails. Says what the input lacks, or which option would read it. */
static enum status nothing_used(const struct run *run, struct err *err)
{
	const struct options *set = run->set;
	const char *why = "no window begins in it";

	if (!run->good_lines)
		why = run->bare_lines ? "its frames have no `at`: --time event reads them"
			: "not one line of it is a frame or a recording's line";
	else if (audit_events_totals(run->events)->rejected[REJECT_FOREIGN_QUEUE])
		why = "no frame of it is of a queue that is named";
	else if (pipeline_clock_us(run->pipeline) != NO_TIME)
		why = "all its notifications are of one instant, so no time passes in it";
	else if (set->notifications && !run->recordings)
		why = "no notification tells an instant, so there is no clock";
	else if (set->notifications && set->snapshot)
		why = "it holds no snapshot, with which windows begin: --no-snapshot reads it";
	else if (!set->notifications && set->time == TIME_EVENT && run->recordings)
		why = "it holds no frame, with whose timestamp windows begin: --time arrival "
			"reads it";
	return err_set(err, ST_PROTOCOL, "%s: %s", set->replay, why);
}

enum status replay_end(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	if (run->good_lines == 0)
		return nothing_used(run, err);
	if (!run->recording_over) {
		st = pipeline_print_due(run->pipeline, run->newest_at_us, err);
		if (st == ST_OK && !pipeline_has_more(run->pipeline))
			st = pipeline_print_rest(run->pipeline, run->newest_at_us, false, err);
		run->replay_done = !pipeline_has_more(run->pipeline);
	} else {
		run->replay_done = true;
	}
	if (st == ST_OK && run->replay_done
	    && (!pipeline_printed(run->pipeline) || is_of_other_queues(run)))
		return nothing_used(run, err);
	if (run->replay_done)
		warn_of_replay(run);
	return st;
}
