/*
 * The input of --replay: one or more recordings, one after the other. A turn reads lines, applies
 * them, and prints the windows that are over.
 */
#include <stdlib.h>
#include <string.h>

#include "run/run_queues.h"
#include "run/run_state.h"
#include "run/setup.h"
#include "source/channel.h"
#include "source/channel_api.h"
#include "source/queue_match.h"
#include "source/recording.h"
#include "util/lines.h"
#include "util/shard.h"
#include "util/time.h"

#define REPLAY_BATCH 512	/* lines in a turn */
#define WINDOWS_AHEAD INT64_C(1000000)	/* a line must not skip more; --count has this limit too */

struct replay {
	struct run *run;
	const struct options *set;	/* this and the next one belong to the run */
	const char *name;	/* of the input, for messages */
	struct audit_events *events;
	struct pipeline *pipeline;
	struct recording *recording;	/* the input; borrowed from the run */
	struct recording_entry entry;	/* the current line */
	bool held;		/* it is applied later, when the reader has read some rows */
	bool ended, torn;	/* the input has ended; torn: within a line */
	bool waits;		/* no line can be read now */
	bool done;		/* all windows are printed */
	bool closed;		/* read no more; the run's writer may be gone */
	int64_t newest_at_us;	/* `at` of the newest line; NO_TIME: none */
	uint64_t good_lines;
	uint64_t bare_lines;	/* rejected because they have no `at` */
	uint64_t recordings;	/* how many have begun */
	bool unended;		/* one of them had no end line */
	bool used;		/* one lists its queues, or a snapshot has a queue of the run */
	bool names_read;	/* names of queues have come */
	/* of the current recording */
	bool entry_begins;	/* the current line is its first line */
	bool past_names;	/* its first line and its names were read */
	bool source_known;
	bool recording_over;	/* it has ended: the next line begins another one */
};

/* --- lines ------------------------------------------------------------------------------ */

static bool has_socket(const struct replay *r, const struct recording_entry *e)
{
	bool has = r->set->source == SOURCE_STREAM || e->stream < QUEUE_WINDOW_SOCKETS;

	if (!has)
		audit_events_broken_line(r->events, e->line,
			"`stream` is not 0 or 1, as in notifications");
	return has;
}

/* If a `frame` is not JSON, the line is broken. But a message that was recorded as `text` did come
 * from the source like that. */
static enum status take_message(struct replay *r, const struct recording_entry *e, struct err *err)
{
	struct pipeline_message m = { .text = e->text, .len = e->text_len,
		.binary = e->kind == RECORDING_BINARY, .socket = e->stream, .at_us = e->at_us,
		.line = e->line, .verbatim = e->verbatim };
	enum notification_kind control;
	bool good;
	enum status st;

	if (!has_socket(r, e))
		return ST_OK;
	st = pipeline_take(r->pipeline, &m, &good, &control, err);
	r->good_lines += good;
	return st;
}

static enum status take_state(struct replay *r, const struct recording_entry *e,
	enum queue_window_socket state, struct err *err)
{
	if (!has_socket(r, e))
		return ST_OK;
	r->good_lines++;
	if (e->kind == RECORDING_CONNECTED && e->text)
		pipeline_set_interval(r->pipeline, e->text, e->text_len);
	return pipeline_socket(r->pipeline, e->stream, state, e->at_us, err);
}

/* From here on the queue has rows. For all recordings but the first. */
static enum status watch_queue(struct replay *r, const char *id, struct err *err)
{
	enum status st;

	if (!shard_has(&r->set->shard, id))
		return ST_OK;
	st = run_queues_add(r->run, id, err);
	return st == ST_OK ? pipeline_watch(r->pipeline, id, err) : st;
}

static bool take_refusal(void *arg, const struct channel_api_refusal *refusal)
{
	struct replay *r = arg;

	if (refusal->observations)
		pipeline_refuse(r->pipeline, refusal->queue_id);
	return true;
}

/* Takes names that are not the first. They need not have all queues of --queue-name, because
 * earlier ones may have them. */
static enum status watch_names(struct replay *r, const struct queue_list *list, struct err *err)
{
	const struct lines *patterns = &r->set->queue_names;
	struct lines unknown = { 0 };
	struct queue_match_hits hits = { NULL, 0 };
	enum status st = queue_match(list, (const char *const *)patterns->v, patterns->n, &hits,
		&unknown) ? ST_OK : err_nomem(err);

	for (size_t i = 0; st == ST_OK && i < hits.n; i++)
		st = watch_queue(r, hits.v[i]->id, err);
	for (size_t i = 0; st == ST_OK && r->run->any_queue && i < list->n; i++)
		st = watch_queue(r, list->v[i].id, err);
	if (st == ST_OK)
		st = run_queues_set_names(r->run, r->pipeline, list, err);
	free(hits.v);
	lines_free(&unknown);
	return st;
}

/* Takes the first names of the first recording, before any message. */
static enum status find_names(struct replay *r, const struct queue_list *list, struct err *err)
{
	struct run *run = r->run;
	enum status st = ST_OK;

	r->names_read = true;
	for (size_t i = 0; st == ST_OK && run->any_queue && i < list->n; i++)
		st = run_queues_add(run, list->v[i].id, err);
	if (st == ST_OK)
		st = run_queues_find(run, r->pipeline, list, err);
	for (size_t i = 0; i < list->n; i++)
		r->used = r->used || lines_has(&run->queues, list->v[i].id);
	return st;
}

static enum status take_names(struct replay *r, const struct recording_entry *e, bool *good,
	struct err *err)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;
	enum status st = ST_OK;
	const char *why = queue_list_parse_page(e->text, e->text_len, &list, &page);

	*good = !why;
	queue_list_sort(&list);
	if (why)
		st = why == why_no_memory ? err_nomem(err) : ST_OK;
	else if (r->names_read || r->past_names || r->recordings > 1)
		st = watch_names(r, &list, err);
	else
		st = find_names(r, &list, err);
	queue_list_free(&list);
	return st;
}

static enum status take_snapshot(struct replay *r, const struct recording_entry *e, bool *good,
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
	pipeline_start(r->pipeline, e->at_us);
	st = pipeline_snapshot(r->pipeline, &a, good, err);
	for (size_t i = 0; i < queue_index_count(pipeline_queues(r->pipeline)); i++)
		r->used = r->used || pipeline_was_answered(r->pipeline, i);
	return st;
}

static enum status take_answer(struct replay *r, const struct recording_entry *e, struct err *err)
{
	enum status st = ST_OK;
	const char *why;
	bool good = true;

	if (r->set->source == SOURCE_STREAM && e->answer != ANSWER_QUEUES) {
		audit_events_broken_line(r->events, e->line,
			"an answer of the notification service in a recording of the stream");
		return ST_OK;
	}
	switch (e->answer) {
	case ANSWER_QUEUES:
		st = take_names(r, e, &good, err);
		break;
	case ANSWER_SUBSCRIPTIONS:
		why = channel_api_parse_topics(e->text, e->text_len, take_refusal, r);
		good = !why;
		if (why == why_no_memory)
			st = err_nomem(err);
		break;
	case ANSWER_SNAPSHOT:
	case ANSWER_RESYNC:
		st = take_snapshot(r, e, &good, err);
		break;
	}
	if (!good)
		audit_events_broken_line(r->events, e->line, "the answer cannot be read");
	r->good_lines += good;
	return st;
}

/* A frame without `at` is replayed by its own timestamp. */
static enum status take_bare(struct replay *r, const struct recording_entry *e, struct err *err)
{
	const bool notifications = r->set->source == SOURCE_NOTIFICATIONS;
	enum status st;

	if (notifications ? r->recordings > 0 : r->set->time != TIME_EVENT) {
		r->bare_lines++;
		audit_events_broken_line(r->events, e->line, notifications
			? "it has no `at`, but the lines before it have"
			: "it has no `at`: use --time event");
		return ST_OK;
	}
	st = take_message(r, e, err);
	if (pipeline_clock_us(r->pipeline) > r->newest_at_us)
		r->newest_at_us = pipeline_clock_us(r->pipeline);
	return st;
}

/* Open windows end with the recording, as they did in the recorded run. */
static enum status take_end(struct replay *r, const struct recording_entry *e, struct err *err)
{
	enum status st = pipeline_print_rest(r->pipeline, e->at_us, false, err);

	r->good_lines++;
	r->held = pipeline_has_more(r->pipeline);
	r->recording_over = !r->held;
	return st;
}

static enum status take_entry(struct replay *r, const struct recording_entry *e, struct err *err)
{
	switch (e->kind) {
	case RECORDING_RUN:		/* see begin_recording; of the first, see cli/validate.c */
		r->good_lines++;
		r->used = true;
		break;
	case RECORDING_BARE:
		return take_bare(r, e, err);
	case RECORDING_FRAME:
	case RECORDING_BINARY:
		return take_message(r, e, err);
	case RECORDING_CONNECTED:
		return take_state(r, e, SOCKET_CONNECTED, err);
	case RECORDING_LOST:
		return take_state(r, e, SOCKET_LOST, err);
	case RECORDING_SILENT:
		return take_state(r, e, SOCKET_SILENT, err);
	case RECORDING_STALLED:
		r->good_lines++;
		if (e->until_us > r->newest_at_us)
			r->newest_at_us = e->until_us;
		return pipeline_stalled(r->pipeline, e->at_us, e->until_us, err);
	case RECORDING_ANSWER:
		return take_answer(r, e, err);
	case RECORDING_END_STATE:
		return take_end(r, e, err);
	case RECORDING_BROKEN:
		audit_events_broken_line(r->events, e->line, e->why);
		break;
	case RECORDING_WAIT:
		r->waits = true;
		break;
	case RECORDING_EOF:
		r->ended = true;
		r->torn = e->torn;
		break;
	}
	return ST_OK;
}

/* --- recordings --------------------------------------------------------------------- */

static bool begins_recording(const struct replay *r, const struct recording_entry *e)
{
	if (r->entry_begins || e->at_us == NO_TIME || e->kind == RECORDING_BROKEN)
		return false;
	return e->kind == RECORDING_RUN || r->recording_over || r->recordings == 0;
}

/* Gives rows to the queues of a recording that is not the first, if they were asked for. */
static enum status watch_queues(struct replay *r, const struct recording_entry *e, struct err *err)
{
	struct lines recorded = { 0 };
	const struct lines *asked = r->set->queues_recorded ? &r->run->queues : &r->set->queues;
	enum status st = ST_OK;

	if (e->kind == RECORDING_RUN)
		recording_entry_queues(e, &recorded);
	if (recorded.failed)
		st = err_nomem(err);
	for (size_t i = 0; st == ST_OK && (!r->run->any_queue || recorded.n) && i < asked->n; i++)
		if (!recorded.n || lines_has(&recorded, asked->v[i]))
			st = watch_queue(r, asked->v[i], err);
	for (size_t i = 0; st == ST_OK && r->set->queues_recorded && i < recorded.n; i++)
		st = watch_queue(r, recorded.v[i], err);
	lines_free(&recorded);
	return st;
}

/* Prints the windows of a recording without an end line. They end with its newest line. */
static enum status end_windows(struct replay *r, struct err *err)
{
	enum status st = pipeline_print_due(r->pipeline, r->newest_at_us, err);

	if (st == ST_OK && !pipeline_has_more(r->pipeline))
		st = pipeline_print_rest(r->pipeline, r->newest_at_us, false, err);
	return st;
}

/* Ends the previous recording, which may have no end line, and prepares for this one. */
static enum status next_recording(struct replay *r, const struct recording_entry *e,
	struct err *err)
{
	char begin[TIME_TEXT_MAX], end[TIME_TEXT_MAX];
	enum status st = ST_OK;

	time_format_ms(begin, e->at_us / US_PER_MS);
	time_format_ms(end, r->newest_at_us / US_PER_MS);
	if (e->at_us < r->newest_at_us)
		return err_set(err, ST_PROTOCOL, "%s: line %llu: a recording begins at %s, before "
			"the previous one ends at %s; put them in the order of time",
			r->name, (unsigned long long)e->line, begin, end);
	if (!r->recording_over) {
		st = end_windows(r, err);
		r->held = pipeline_has_more(r->pipeline);
		r->unended = true;
	}
	if (st != ST_OK || r->held || pipeline_is_over(r->pipeline))
		return st;
	st = pipeline_restart(r->pipeline, err);
	return st == ST_OK ? watch_queues(r, e, err) : st;
}

static enum status begin_recording(struct replay *r, const struct recording_entry *e,
	struct err *err)
{
	enum status st = ST_OK;

	if (r->recordings || r->newest_at_us != NO_TIME)
		st = next_recording(r, e, err);
	if (st != ST_OK || r->held)
		return st;
	r->entry_begins = true;
	r->recordings++;
	r->recording_over = r->past_names = r->source_known = false;
	r->newest_at_us = e->at_us;
	return ST_OK;
}

/* Checks that the input comes from the source of --source. In a recording the first frame shows
 * that. Frames without `at` are all checked, because nothing marks where another file begins. */
static enum status check_source(struct replay *r, const struct recording_entry *e, struct err *err)
{
	bool later = r->source_known || r->recordings > 1;
	/* a recording of the stream, too, can have names right after its first line */
	bool names = e->kind == RECORDING_ANSWER && e->answer == ANSWER_QUEUES && !r->past_names;
	enum source_kind source = r->source_known && (names || e->kind == RECORDING_FRAME)
		? SOURCE_UNKNOWN : recording_entry_source_of(e);

	if (source == SOURCE_UNKNOWN)
		return ST_OK;
	r->source_known = true;
	if (source == r->set->source)
		return ST_OK;
	if (later)
		return err_set(err, ST_PROTOCOL, "%s: line %llu: a recording of another source "
			"begins here; replay it separately", r->name,
			(unsigned long long)e->line);
	return err_set(err, ST_PROTOCOL, "%s: the recording is of the %s: use --source %s",
		r->name, source == SOURCE_STREAM ? "stream" : "notification service",
		source_kind_names[source]);
}

/* A recording has its names before all other lines, so any other line shows that it has none. That
 * is an error if the options need names. */
static enum status check_names(struct replay *r, const struct recording_entry *e, struct err *err)
{
	const struct scope *named = scopes_needing_names(r->run->made->scopes);
	bool early = e->kind == RECORDING_RUN || e->kind >= RECORDING_END_STATE
		|| (e->kind == RECORDING_ANSWER && e->answer == ANSWER_QUEUES);

	if (early)
		return ST_OK;
	if (r->past_names || r->recordings > 1 || r->names_read) {
		r->past_names = true;
		return ST_OK;
	}
	if (r->set->queue_names.n)
		return err_set(err, ST_USAGE, "--queue-name '%.100s': the recording in %s has no "
			"queue names; name queues by ID with --queue",
			r->set->queue_names.v[0], r->name);
	if (named)
		return err_set(err, ST_USAGE, "%s '%.200s': the recording in %s has no queue "
			"names; write the queue's ID before the colon", scope_flag(named),
			scope_expr(named), r->name);
	r->past_names = true;
	return ST_OK;
}

/* --- turns ---------------------------------------------------------------------------- */

/* A wrong digit in a year must not print the windows of a thousand years. */
static bool is_too_far(const struct replay *r, int64_t at_us)
{
	return r->newest_at_us != NO_TIME
		&& at_us - r->newest_at_us > WINDOWS_AHEAD * r->set->window_ms * US_PER_MS;
}

/* Prints the windows that end before the entry, then applies it. If too many rows wait for the
 * reader, the entry is held until a later turn. */
static enum status apply_entry(struct replay *r, struct err *err)
{
	const struct recording_entry *e = &r->entry;
	bool timed = e->at_us != NO_TIME && e->kind != RECORDING_BROKEN;
	enum status st;

	if (begins_recording(r, e)) {
		st = begin_recording(r, e, err);
		if (st != ST_OK || r->held || pipeline_is_over(r->pipeline))
			return st;
	}
	if (timed && is_too_far(r, e->kind == RECORDING_STALLED ? e->until_us : e->at_us)) {
		audit_events_broken_line(r->events, e->line,
			"`at` is over 1,000,000 windows later than in the line before");
		return ST_OK;
	}
	st = check_source(r, e, err);
	if (st != ST_OK)
		return st;
	if (timed && e->at_us > r->newest_at_us)
		r->newest_at_us = e->at_us;
	st = pipeline_print_due(r->pipeline, timed ? e->at_us : r->newest_at_us, err);
	r->held = pipeline_has_more(r->pipeline);
	if (st == ST_OK && !r->held && !pipeline_is_over(r->pipeline))
		st = check_names(r, e, err);
	if (st != ST_OK || r->held || pipeline_is_over(r->pipeline))
		return st;
	return take_entry(r, e, err);
}

/* Whether too many bytes wait for the reader of rows, or for a reader of --rejects that is still
 * reading. */
static bool waits_for_readers(const struct replay *r)
{
	const struct run *run = r->run;

	return sinks_wait_for_reader(run->sinks)
		|| (run->rejects && side_file_waiting_bytes(run->rejects) > RUN_AHEAD
			&& side_file_is_read(run->rejects, run->now_us));
}

/* Whether to read no more lines for now, because readers or the spool are behind. */
static bool is_ahead(const struct replay *r)
{
	return waits_for_readers(r)
		|| (r->run->deliveries && !deliveries_are_written(r->run->deliveries));
}

static enum status read_lines(struct replay *r, struct err *err)
{
	enum status st = ST_OK;

	r->waits = false;
	for (int i = 0; i < REPLAY_BATCH && st == ST_OK && !r->waits; i++) {
		if (r->ended || pipeline_is_over(r->pipeline) || is_ahead(r))
			break;
		if (!r->held) {
			r->entry_begins = false;
			st = recording_read(r->recording, &r->entry, err);
		}
		if (st == ST_OK)
			st = apply_entry(r, err);
	}
	return st;
}

static void warn_of_replay(struct replay *r)
{
	struct run *run = r->run;

	if (r->torn)
		lines_add(&run->warnings, "%s: the last line is incomplete and was ignored",
			r->name);
	else if (r->unended || (r->recordings && !r->recording_over))
		lines_add(&run->warnings, "%s has no end line: its run was killed, could not "
			"write, or has not ended", r->name);
	if (r->set->count && sinks_windows(r->run->sinks) < (int64_t)r->set->count)
		lines_add(&run->warnings, "%s has %lld windows, fewer than --count %u",
			r->name, (long long)sinks_windows(r->run->sinks), r->set->count);
	audit_events_warnings(r->events, &run->warnings);
}

/* Whether all frames are of queues that were not asked for, so that the printed windows are empty.
 * But a recording that lists its queues may print rows without frames, as the recorded run did. */
static bool is_of_other_queues(const struct replay *r)
{
	const struct totals *t = &r->run->totals;

	return !r->used && t->frames && t->frames == t->rejected[REJECT_FOREIGN_QUEUE];
}

/* A replay without rows fails. Says what the input lacks, or which option to use. */
static enum status nothing_used(const struct replay *r, struct err *err)
{
	const char *why = "no window begins, because it has no valid update of a queue";

	if (!r->good_lines)
		why = r->bare_lines ? "its frames have no `at`: use --time event"
			: "none of its lines is a frame or a line of a recording";
	else if (r->run->totals.rejected[REJECT_FOREIGN_QUEUE])
		why = "all its frames are of other queues than those that were named";
	else if (pipeline_clock_us(r->pipeline) != NO_TIME)
		why = "all its notifications have the same time; no window ends without a later "
			"one";
	else if (r->set->source == SOURCE_NOTIFICATIONS && !r->recordings)
		why = "none of its notifications has a time, so no window can begin";
	else if (r->set->source == SOURCE_NOTIFICATIONS && r->set->snapshot)
		why = "it has no snapshot, with which windows begin: use --no-snapshot";
	else if (r->set->source == SOURCE_STREAM && r->set->time == TIME_EVENT && r->recordings)
		why = "it has no frame whose timestamp could begin a window: use --time arrival";
	return err_set(err, ST_PROTOCOL, "%s: %s", r->name, why);
}

/* At the end of the input, prints the windows that are still open, as fast as the reader reads. */
static enum status print_rest(struct replay *r, struct err *err)
{
	enum status st = ST_OK;

	if (r->good_lines == 0)
		return nothing_used(r, err);
	if (!r->recording_over)
		st = end_windows(r, err);
	r->done = r->recording_over || !pipeline_has_more(r->pipeline);
	if (st == ST_OK && r->done && (!sinks_windows(r->run->sinks) || is_of_other_queues(r)))
		return nothing_used(r, err);
	if (r->done)
		warn_of_replay(r);
	return st;
}

/* --- what a run calls ------------------------------------------------------------------- */

static struct pipeline_conf pipeline_conf(struct run *run)
{
	struct pipeline_conf conf = setup_pipeline_conf(run);

	conf.replay = conf.stream_windows.replay = conf.queue_windows.replay = true;
	conf.stream_windows.nconnection = RECORDING_STREAMS;
	if (!run->set->interval_given)
		conf.stream_windows.interval = NULL;	/* that of the recorded run */
	conf.queue_windows.room = CHANNEL_QUEUES_MAX;
	return conf;
}

static enum status replay_open(void **state, struct run *run, struct err *err)
{
	struct pipeline_conf conf = pipeline_conf(run);
	struct replay *r = calloc(1, sizeof(*r));
	enum status st;

	*state = r;
	if (!r)
		return err_nomem(err);
	r->run = run;
	r->set = run->set;
	r->name = strcmp(run->set->replay, "-") == 0 ? "standard input" : run->set->replay;
	r->events = run->events;
	r->recording = run->made->recording;
	r->newest_at_us = NO_TIME;
	st = pipeline_new(&r->pipeline, &conf, err);
	return st == ST_OK ? run_queues_set_file_names(run, r->pipeline, err) : st;
}

static void replay_free(void *state)
{
	struct replay *r = state;

	if (!r)
		return;
	pipeline_free(r->pipeline);
	free(r);
}

static enum status replay_turn(void *state, struct err *err)
{
	struct replay *r = state;
	enum status st = read_lines(r, err);

	return st == ST_OK && r->ended ? print_rest(r, err) : st;
}

static struct input_report replay_report(const void *state)
{
	const struct replay *r = state;
	bool idle = r->closed || r->waits || waits_for_readers(r);
	bool over = r->done || pipeline_has_all(r->pipeline);

	return (struct input_report){
		.deadline_us = idle ? INT64_MAX : INT64_MIN,
		.fd = r->waits && !r->closed ? recording_fd(r->recording) : -1,
		.due_us = NO_TIME,
		.doing = "replay",
		.over = over ? "every window was printed" : NULL
	};
}

static enum status replay_print_rest(void *state, struct err *err)
{
	struct replay *r = state;

	return pipeline_print_rest(r->pipeline, r->newest_at_us, true, err);
}

static void replay_end(void *state)
{
	const struct replay *r = state;

	pipeline_end(r->pipeline);
}

static int64_t replay_close(void *state)
{
	struct replay *r = state;

	r->closed = true;
	return 0;
}

const struct input input_replay = {
	.open = replay_open,
	.free = replay_free,
	.report = replay_report,
	.turn = replay_turn,
	.print_rest = replay_print_rest,
	.end = replay_end,
	.close = replay_close
};
