#include "run/replay.h"

#include <stdlib.h>
#include <string.h>

#include "run/setup.h"
#include "source/channel_api.h"
#include "util/lines.h"
#include "util/time.h"

#define REPLAY_BATCH 512	/* lines of a turn */
#define WINDOWS_AHEAD INT64_C(1000000)	/* that a line may be: as many as --count may ask for */

/* A message of the input; one that is not JSON makes a broken line, unless it stood there as
 * quoted text: then the source brought it so. */
static enum status replay_message(struct run *run, const struct recording_entry *e, struct err *err)
{
	struct pipeline_message m = { .text = e->text, .len = e->text_len,
		.binary = e->kind == RECORDING_BINARY, .socket = e->stream, .at_us = e->at_us,
		.line = e->line, .verbatim = e->verbatim };
	enum pipeline_told told;
	bool good;
	enum status st;

	if (run->set->notifications && e->stream >= QUEUE_WINDOW_SOCKETS) {
		audit_events_broken_line(run->report, e->line, "no such socket");
		return ST_OK;
	}
	st = pipeline_take(run->flow, &m, &good, &told, err);
	run->good_lines += good;
	return st;
}

static enum status replay_state(struct run *run, const struct recording_entry *e,
	enum queue_window_socket state, struct err *err)
{
	if (run->set->notifications && e->stream >= QUEUE_WINDOW_SOCKETS) {
		audit_events_broken_line(run->report, e->line, "no such socket");
		return ST_OK;
	}
	run->good_lines++;
	if (e->kind == RECORDING_CONNECTED && e->text)
		pipeline_interval(run->flow, e->text, e->text_len);
	return pipeline_socket(run->flow, e->stream, state, e->at_us, err);
}

static bool has_line(const struct lines *lines, const char *s)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], s) == 0)
			return true;
	return false;
}

/* The queue has rows in the recording at hand, which is not the first. */
static enum status watch(struct run *run, const char *id, struct err *err)
{
	enum status st = setup_queue(run, id, err);

	if (st != ST_OK || pipeline_watch(run->flow, id))
		return st;
	if (run->queues.n <= NOTIFICATION_QUEUES_MAX)
		return err_nomem(err);
	return err_set(err, ST_PROTOCOL, "the replay holds more than %d queues; name the ones to "
		"watch", NOTIFICATION_QUEUES_MAX);
}

static bool replay_refusal(void *arg, const struct channel_api_refusal *refusal)
{
	struct run *run = arg;

	if (refusal->observations)
		pipeline_refuse(run->flow, refusal->queue_id);
	return true;
}

/* The names of a recording that is not the first. A queue that it does not have, an earlier one
 * may have had. */
static enum status watch_names(struct run *run, const struct recording_entry *e, struct err *err)
{
	const struct lines *patterns = &run->set->queue_names;
	struct lines unknown = { 0 };
	struct queue_list list = { 0 };
	struct queue_list_hits hits = { NULL, 0 };
	struct queue_list_page page;
	enum status st = ST_OK;

	if (queue_list_parse_page(e->text, e->text_len, &list, &page) == NULL) {
		queue_list_sort(&list);
		st = queue_list_match(&list, (const char *const *)patterns->v, patterns->n, &hits,
			&unknown) ? ST_OK : err_nomem(err);
	}
	for (size_t i = 0; st == ST_OK && i < hits.n; i++)
		st = watch(run, hits.v[i]->id, err);
	for (size_t i = 0; st == ST_OK && run->any && i < list.n; i++)
		st = watch(run, list.v[i].id, err);
	if (st == ST_OK)
		st = setup_put_names(run, &run->names, err);
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
	const char *why = queue_list_parse_page(e->text, e->text_len, &run->names, &page);

	*good = !why;
	if (why)
		return why == why_no_memory ? err_nomem(err) : ST_OK;
	queue_list_sort(&run->names);
	if (run->told || run->recordings > 1)
		return watch_names(run, e, err);
	run->names_came = true;
	for (size_t i = 0; run->any && i < run->names.n; i++)
		if (setup_queue(run, run->names.v[i].id, err) != ST_OK)
			return err_nomem(err);
	st = setup_names(run, &run->names, &problems, err);
	for (size_t i = 0; i < run->names.n; i++)
		run->used = run->used || has_line(&run->queues, run->names.v[i].id);
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
	pipeline_start(run->flow, e->at_us);
	st = pipeline_snapshot(run->flow, &a, good, err);
	for (size_t i = 0; pipeline_queue_id(run->flow, i); i++)
		run->used = run->used || pipeline_was_answered(run->flow, i);
	return st;
}

/* What the service's API had answered. */
static enum status replay_answer(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st = ST_OK;
	const char *why;
	bool good = true;

	if (!run->set->notifications) {
		audit_events_broken_line(run->report, e->line,
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
		audit_events_broken_line(run->report, e->line, "no such answer");
	run->good_lines += good;
	return st;
}

/* A frame without `at`. The stream's replay by their timestamps, the service's by theirs. */
static enum status replay_bare(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st;

	if (run->set->notifications ? run->recordings > 0 : run->set->time != TIME_EVENT) {
		run->bare_lines++;
		audit_events_broken_line(run->report, e->line, run->set->notifications
			? "no `at`, which the lines before it have"
			: "no `at`: a bare frame replays by event time alone");
		return ST_OK;
	}
	st = replay_message(run, e, err);
	if (pipeline_clock_us(run->flow) > run->tape_at_us)
		run->tape_at_us = pipeline_clock_us(run->flow);
	return st;
}

/* The windows that had begun end with the recording, as they did in the run. */
static enum status replay_recording_end(struct run *run, const struct recording_entry *e,
	struct err *err)
{
	enum status st = pipeline_print_rest(run->flow, e->at_us, false, err);

	run->good_lines++;
	run->held = pipeline_has_more(run->flow);
	run->recording_over = !run->held;
	return st;
}

static enum status take_entry(struct run *run, const struct recording_entry *e, struct err *err)
{
	switch (e->kind) {
	case RECORDING_RUN:		/* what it says is taken already */
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
		if (e->until_us > run->tape_at_us)
			run->tape_at_us = e->until_us;
		return pipeline_stalled(run->flow, e->at_us, e->until_us, err);
	case RECORDING_ANSWER:
		return replay_answer(run, e, err);
	case RECORDING_END_STATE:
		return replay_recording_end(run, e, err);
	case RECORDING_BROKEN:
		audit_events_broken_line(run->report, e->line, e->why);
		break;
	case RECORDING_WAIT:
		run->tape_waits = true;
		break;
	case RECORDING_EOF:
		run->tape_ended = true;
		run->tape_torn = e->torn;
		break;
	}
	return ST_OK;
}

/* --- recordings --------------------------------------------------------------------- */

static bool begins_recording(const struct run *run, const struct recording_entry *e)
{
	if (run->begun || e->at_us == NO_TIME || e->kind == RECORDING_BROKEN)
		return false;
	return e->kind == RECORDING_RUN || run->recording_over || run->recordings == 0;
}

/* The queues that have rows in a recording that is not the first: those that it has, as far as
 * they are asked for. */
static enum status watch_queues(struct run *run, const struct recording_entry *e, struct err *err)
{
	const struct options *set = run->set;
	struct lines recorded = { 0 };
	const struct lines *asked = set->queues_recorded ? &run->queues : &set->queues;
	enum status st = ST_OK;

	if (e->kind == RECORDING_RUN)
		recording_queues(e, &recorded);
	if (recorded.failed)
		st = err_nomem(err);
	for (size_t i = 0; st == ST_OK && (!run->any || recorded.n) && i < asked->n; i++)
		if (!recorded.n || has_line(&recorded, asked->v[i]))
			st = watch(run, asked->v[i], err);
	for (size_t i = 0; st == ST_OK && set->queues_recorded && i < recorded.n; i++)
		st = watch(run, recorded.v[i], err);
	lines_free(&recorded);
	return st;
}

/* A recording behind another one. Where that has no end, it ends with its last line. */
static enum status follow(struct run *run, const struct recording_entry *e, struct err *err)
{
	enum status st = ST_OK;
	const char *id;

	if (e->at_us < run->tape_at_us)
		return err_set(err, ST_PROTOCOL, "%s: line %llu: a recording begins before the "
			"one ahead of it has ended: give them in the order of time",
			run->set->replay, (unsigned long long)e->line);
	if (!run->recording_over) {
		st = pipeline_print_due(run->flow, run->tape_at_us, err);
		if (st == ST_OK && !pipeline_has_more(run->flow))
			st = pipeline_print_rest(run->flow, run->tape_at_us, false, err);
		run->held = pipeline_has_more(run->flow);
		run->unended = true;
	}
	if (st != ST_OK || run->held || pipeline_is_over(run->flow))
		return st;
	/* those that were met keep their numbers */
	for (size_t i = run->queues.n; st == ST_OK && (id = pipeline_queue_id(run->flow, i)); i++)
		st = setup_queue(run, id, err);
	if (st != ST_OK)
		return st;
	st = pipeline_restart(run->flow, (const char *const *)run->queues.v, run->queues.n, err);
	return st == ST_OK ? watch_queues(run, e, err) : st;
}

static enum status begin_recording(struct run *run, const struct recording_entry *e,
	struct err *err)
{
	enum status st = ST_OK;

	if (run->recordings || run->tape_at_us != NO_TIME)
		st = follow(run, e, err);
	if (st != ST_OK || run->held)
		return st;
	run->begun = true;
	run->recordings++;
	run->recording_over = run->told = run->source_known = false;
	run->tape_at_us = e->at_us;
	return ST_OK;
}

/* Whether the input is of the source that was asked for. Of a recording's frames the first one
 * tells, of frames without `at` each one, as nothing shows where another capture begins. */
static enum status check_source(struct run *run, const struct recording_entry *e, struct err *err)
{
	bool later = run->source_known || run->recordings > 1;
	enum recording_source source = run->source_known && e->kind == RECORDING_FRAME
		? SOURCE_UNKNOWN
		: recording_source_of(e);

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

/* Names stand before all else. */
static enum status check_names(struct run *run, const struct recording_entry *e, struct err *err)
{
	bool early = e->kind == RECORDING_RUN || e->kind >= RECORDING_END_STATE
		|| (e->kind == RECORDING_ANSWER && e->answer == ANSWER_QUEUES);

	if (early)
		return ST_OK;
	if (run->told || run->recordings > 1 || run->names_came) {
		run->told = true;
		return ST_OK;
	}
	if (run->set->queue_names.n)
		return err_set(err, ST_USAGE, "--queue-name '%.100s': %s has no names of queues",
			run->set->queue_names.v[0], run->set->replay);
	if (thresholds_name_queues(run->set->thresholds))
		return err_set(err, ST_USAGE, "%s has no names of queues, so --fail-if needs a "
			"queue's ID before the colon", run->set->replay);
	run->told = true;
	return ST_OK;
}

/* --- turns ---------------------------------------------------------------------------- */

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
	const struct recording_entry *e = &run->entry;
	bool timed = e->at_us != NO_TIME && e->kind != RECORDING_BROKEN;
	enum status st;

	if (begins_recording(run, e)) {
		st = begin_recording(run, e, err);
		if (st != ST_OK || run->held || pipeline_is_over(run->flow))
			return st;
	}
	if (timed && is_too_far(run, e->kind == RECORDING_STALLED ? e->until_us : e->at_us)) {
		audit_events_broken_line(run->report, e->line,
			"`at` is over 1,000,000 windows ahead");
		return ST_OK;
	}
	st = check_source(run, e, err);
	if (st != ST_OK)
		return st;
	if (timed && e->at_us > run->tape_at_us)
		run->tape_at_us = e->at_us;
	st = pipeline_print_due(run->flow, timed ? e->at_us : run->tape_at_us, err);
	run->held = pipeline_has_more(run->flow);
	if (st == ST_OK && !run->held && !pipeline_is_over(run->flow))
		st = check_names(run, e, err);
	if (st != ST_OK || run->held || pipeline_is_over(run->flow))
		return st;
	return take_entry(run, e, err);
}

bool replay_waits_for_readers(const struct run *run)
{
	return writer_waiting_bytes(run->out) > RUN_REPLAY_AHEAD
		|| (run->rejects && side_file_waiting_bytes(run->rejects) > RUN_REPLAY_AHEAD
			&& side_file_is_read(run->rejects, run->now_us));
}

/* No further than the readers and the spool keep up. */
static bool is_ahead(const struct run *run)
{
	return replay_waits_for_readers(run)
		|| (run->callbacks && !deliveries_are_written(run->callbacks));
}

enum status replay_turn(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	run->tape_waits = false;
	for (int i = 0; i < REPLAY_BATCH && st == ST_OK && !run->tape_waits; i++) {
		if (run->tape_ended || pipeline_is_over(run->flow) || is_ahead(run))
			break;
		if (!run->held) {
			run->begun = false;
			st = recording_read(run->tape, &run->entry, err);
		}
		if (st == ST_OK)
			st = replay_entry(run, err);
	}
	return st;
}

static void warn_of_replay(struct run *run)
{
	const struct options *set = run->set;

	if (run->tape_torn)
		lines_add(&run->warnings, "%s: the last line is cut off; "
			"the lines before it count", set->replay);
	else if (run->unended || (run->recordings && !run->recording_over))
		lines_add(&run->warnings, "%s has no end: the run that recorded it was killed",
			set->replay);
	if (set->count && pipeline_printed(run->flow) < (int64_t)set->count)
		lines_add(&run->warnings, "%s holds %lld windows, fewer than --count %u",
			set->replay, (long long)pipeline_printed(run->flow), set->count);
	audit_events_warnings(run->report, &run->warnings);
}

/* Windows are no success where every frame is of other queues. A recording that names its queues
 * has rows of the silent ones, as the run had. */
static bool is_of_other_queues(const struct run *run)
{
	const struct audit_events_totals *t = audit_events_totals(run->report);

	return !run->used && t->frames && t->frames == t->rejected[REJECT_FOREIGN_QUEUE];
}

/* No row is no success: what would read the input, or what it lacks. */
static enum status nothing_used(const struct run *run, struct err *err)
{
	const struct options *set = run->set;
	const char *why = "no window begins in it";

	if (!run->good_lines)
		why = run->bare_lines ? "its frames have no `at`: --time event reads them"
			: "not one line of it is a frame or a recording's line";
	else if (audit_events_totals(run->report)->rejected[REJECT_FOREIGN_QUEUE])
		why = "no frame of it is of a queue that is named";
	else if (pipeline_clock_us(run->flow) != NO_TIME)
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

/* At the input's end: the windows still begun, as the reader takes them. */
enum status replay_end(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	if (run->good_lines == 0)
		return nothing_used(run, err);
	if (!run->recording_over) {
		st = pipeline_print_due(run->flow, run->tape_at_us, err);
		if (st == ST_OK && !pipeline_has_more(run->flow))
			st = pipeline_print_rest(run->flow, run->tape_at_us, false, err);
		run->replay_done = !pipeline_has_more(run->flow);
	} else {
		run->replay_done = true;
	}
	if (st == ST_OK && run->replay_done
	    && (!pipeline_printed(run->flow) || is_of_other_queues(run)))
		return nothing_used(run, err);
	if (run->replay_done)
		warn_of_replay(run);
	return st;
}
