#include "run/run.h"

#include <stdlib.h>
#include <unistd.h>

#include "run/end.h"
#include "run/run_deliveries.h"
#include "run/run_queues.h"
#include "run/run_side_files.h"
#include "run/setup.h"
#include "run/signals.h"
#include "run/wait.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/time.h"

#define STALL_US 2000000	/* more time between two turns is a stall */

static void run_free(struct run *run)
{
	run->input->free(run->input_state);
	deliveries_free(run->deliveries);
	spool_free(run->spool);
	http_free(run->http);
	sinks_free(run->sinks);
	audit_events_free(run->events);
	audit_free(run->audit);
	progress_free(run->progress);
	if (run->stderr_fd >= 0)
		close(run->stderr_fd);
	side_file_free(run->record);
	side_file_free(run->rejects);
	lines_free(&run->warnings);
	lines_free(&run->queues);
	buf_free(&run->text);
	free(run);
}

static enum status open_parts(struct run *run, struct err *err)
{
	enum status st = setup_files(run, err);

	if (st == ST_OK)
		st = setup_audit(run, err);
	if (st == ST_OK)
		st = run_queues_begin(run, err);
	if (st == ST_OK)
		st = setup_sinks(run, err);
	if (st == ST_OK)
		st = setup_progress(run, err);
	if (st == ST_OK)
		st = run->input->open(&run->input_state, run, err);
	if (st == ST_OK && run->set->targets.n && !run->set->no_queue)
		st = setup_deliveries(run, err);
	if (st == ST_OK && run->record)
		st = side_file_begin(run->record, err);
	if (st == ST_OK && run->rejects)
		st = side_file_begin(run->rejects, err);
	return st;
}

enum status run_open(struct run **out, const struct options *set, struct options_made *made,
	const struct run_clock *clock, int signal_fd, struct err *err)
{
	struct run *run = calloc(1, sizeof(*run));
	struct audit_events_shard shard;
	enum status st;

	*out = run;
	if (!run)
		return err_nomem(err);
	run->set = set;
	run->made = made;
	run->totals = TOTALS_NONE;
	run->clock = clock;
	run->input = input_of(set);
	run->signal_fd = signal_fd;
	run->stderr_fd = -1;
	run_clock_read(run);
	run->began_us = run->now_us;
	st = open_parts(run, err);
	if (st == ST_OK)
		st = run_queues_shard(run, &shard, err);
	if (st != ST_OK)
		return st;
	run_clock_read(run);
	for (size_t i = 0; i < set->warnings.n; i++)
		lines_add(&run->warnings, "%s", set->warnings.v[i]);
	audit_events_start(run->events, set->settings_json, set->settings_changed,
		&set->outlier_text, &shard);
	audit_events_warnings(run->events, &run->warnings);
	for (size_t i = 0; i < set->doubts.n; i++)
		audit_events_doubt(run->events, "%s", set->doubts.v[i]);
	run->turned_us = run->now_us;
	run->started = true;
	return ST_OK;
}

/* --- the loop ----------------------------------------------------------------------- */

/*
 * Finds a stall: the process was stopped, the machine slept, or a disk hung, so that the run saw
 * nothing since the last turn. What the sockets received meanwhile is read in this turn.
 */
static enum status find_stall(struct run *run, struct err *err)
{
	int64_t from_us = run->turned_us;

	run->turned_us = run->now_us;
	if (!run->input->real_time || run->now_us - from_us <= STALL_US)
		return ST_OK;
	run->totals.stalled_us += run->now_us - from_us;
	audit_events_stalled(run->events, from_us, run->now_us);
	return run->input->stalled ? run->input->stalled(run->input_state, from_us, err) : ST_OK;
}

/* Ends the run if the turn's audit lines could not be written. */
static enum status check_audit(struct run *run, struct err *err)
{
	enum status st = audit_status(run->audit, err);

	run->audit_lost = st != ST_OK;
	return st;
}

/* Shows on a terminal how far the run is, but not while a row is written only in part. */
static void show_progress(const struct run *run)
{
	const struct options *set = run->set;
	struct input_report input = input_report(run);
	int64_t printed = sinks_windows(run->sinks);
	struct progress_state state = {
		.window_left_us = NO_TIME,
		.run_left_us = NO_TIME,
		.window = printed,
		.windows = set->count,
		.frames = run->totals.frames,
		.lag_us = run->totals.lag_us,
		.connection = input.doing,
		.attempt = input.attempt
	};

	if (progress_due_us(run->progress) > run->now_us)
		return;
	if (input.due_us != NO_TIME) {
		state.window_left_us = input.due_us - run->now_us;
		state.run_left_us = state.window_left_us
			+ (state.windows - printed - 1) * set->window_ms * US_PER_MS;
	}
	progress_show(run->progress, run->now_us, writer_waiting(run->writer) ? NULL : &state);
}

static void stop_progress(const struct run *run)
{
	if (writer_waiting(run->writer))	/* part of a row may stand on the line */
		progress_stop(run->progress);
	else
		progress_interrupt(run->progress);
}

enum status run_turn(struct run *run, struct err *err)
{
	enum status st = wait_for(run, wait_us(run), err);
	int ending;

	run_clock_read(run);
	if (st == ST_OK)
		st = find_stall(run, err);
	if (st != ST_OK)
		return st;
	ending = signals_take(run);
	if (ending) {
		stop_progress(run);	/* a second signal would not wipe it */
		if (run->input->catch_up)	/* windows that are over by now are not partial */
			st = run->input->catch_up(run->input_state, err);
		return st == ST_OK ? signals_status(ending, err) : st;
	}
	st = run->input->turn(run->input_state, err);
	run_side_files_flush(run);
	if (st == ST_OK)
		st = writer_flush(run->writer, err);
	run_deliveries_step(run);	/* after the rows, because it may wait for a disk */
	if (st == ST_OK)
		show_progress(run);
	return st == ST_OK ? check_audit(run, err) : st;
}

bool run_is_over(const struct run *run)
{
	return sinks_ends_run(run->sinks) || input_report(run).over;
}

enum status run_close(struct run *run, enum status st, struct err *err)
{
	if (!run)
		return st;
	progress_stop(run->progress);
	if (run->started)
		st = end_run(run, st, err);
	else if (run->writer)
		writer_abandon(run->writer);
	run_free(run);
	return st;
}
