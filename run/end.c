#include "run/end.h"

#include <stdio.h>
#include <string.h>

#include "run/run_clock.h"
#include "run/run_deliveries.h"
#include "run/run_side_files.h"
#include "run/signals.h"
#include "run/wait.h"
#include "util/buf.h"
#include "util/lines.h"

/* How long writing the remaining rows and closing the connection may take. */
#define END_US 900000		/* more if the input's close() returns more */
#define SIGNAL_END_US 800000	/* after a signal, so that the process ends within a second */

static bool leaves_partial_rows(enum status st)
{
	return (st >= ST_AUTH && st <= ST_REFUSED) || st == ST_PROTOCOL
		|| (st > ST_SIGNAL && st != ST_READER_LEFT);
}

static bool is_output_failure(enum status st)
{
	return st == ST_OUTPUT || st == ST_READER_LEFT;
}

/* The exit status of a run that ends with st if there is another failure meanwhile: the first one
 * wins, but a failed write wins over a signal. */
static enum status worse(enum status st, enum status late, struct err *err,
	const struct err *late_err)
{
	if (late == ST_OK || !(st == ST_OK || (st > ST_SIGNAL && late == ST_OUTPUT)))
		return st;
	*err = *late_err;
	return late;
}

/* Begins to close the input. Returns when that and the remaining rows must be done. */
static int64_t close_input(struct run *run, enum status st)
{
	int64_t us = run->input->close ? run->input->close(run->input_state) : 0;

	if (us < END_US)
		us = END_US;
	return run->now_us + (st > ST_SIGNAL ? SIGNAL_END_US : us);
}

/*
 * Writes the rows that wait and closes the connection politely, until both are done, or until
 * end_us. A replay that ended well waits for the reader of its rows without a limit, and for the
 * reader of --rejects as long as that one reads.
 */
static enum status finish(struct run *run, enum status st, bool rows_left, int64_t end_us,
	int *signal, struct err *err)
{
	bool closed, patient = !run->input->real_time && st == ST_OK;
	enum status late = ST_OK, wait = ST_OK;
	struct err wait_err;

	for (;;) {
		closed = !run->input->step_close
			|| run->input->step_close(run->input_state);
		if (rows_left)
			late = writer_flush(run->writer, err);
		rows_left = rows_left && late == ST_OK && writer_waiting(run->writer);
		run_side_files_flush(run);
		if (!rows_left && !run_side_files_wait(run) && closed)
			return late;
		if (*signal || (run->now_us >= end_us && !(patient && (rows_left
		    || (run->rejects && side_file_is_read(run->rejects, run->now_us))))))
			break;
		wait = wait_for(run, patient ? WAIT_MAX_US : end_us - run->now_us,
			&wait_err);
		if (wait != ST_OK)
			break;
		run_clock_read(run);
		*signal = signals_take(run);
		run_deliveries_step(run);
	}
	if (rows_left && (st > ST_SIGNAL || *signal))
		lines_add(&run->warnings, "%s: %zu bytes of rows are lost: the run ended before "
			"its reader took them", writer_name(run->writer),
			writer_waiting_bytes(run->writer));
	if (!rows_left || st > ST_SIGNAL)
		return late;
	if (*signal)
		return signals_status(*signal, err);
	if (wait != ST_OK) {
		*err = wait_err;
		return wait;
	}
	return err_set(err, ST_OUTPUT, "%s: its reader is too slow: %zu bytes of rows were not "
		"taken in time", writer_name(run->writer), writer_waiting_bytes(run->writer));
}

/* Writes the line of --check. All other output has ended by now, so the line can report a failure
 * of it. */
static enum status put_check(struct run *run, enum status st, struct err *why, struct err *err)
{
	audit_redact(run->audit, why->text);
	buf_clear(&run->text);
	return nagios_put_line(run->made->ranges, st, why->text, &run->text)
		? writer_window(run->writer, &run->text, err) : err_nomem(err);
}

/* Without a warning, a threshold or range whose number is in no row would look like a good one. */
static void warn_of_unmet(const struct run *run)
{
	const struct thresholds *ts = run->made->thresholds;
	const struct nagios *marks = run->set->check ? NULL : run->made->ranges;
	const struct scope *unmet;

	if (!sinks_windows(run->sinks))
		return;
	for (size_t at = 0; marks && (unmet = nagios_unmet(marks, &at)); )
		audit_events_doubt(run->events, "%s '%.200s': no row has this number, so it marks "
			"nothing", scope_flag(unmet), scope_expr(unmet));
	for (size_t i = 0; ts && i < thresholds_count(ts); i++)
		if (!threshold_was_met(ts, i))
			audit_events_doubt(run->events, "--fail-if '%.200s': no row has this "
				"number, so it never held", threshold_text(ts, i));
}

static void warn_of_cut(const struct run *run)
{
	unsigned long long n = run->totals.cut_messages;

	if (n)
		audit_events_doubt(run->events, "%llu message%s cut off by a lost connection, and "
			"%s in no row", n, n > 1 ? "s were" : " was", n > 1 ? "are" : "is");
}

/* The status of a run that reached its end: that of a failure of the source (3 to 5), otherwise 1
 * if a threshold held. A threshold that ended the run early wins. Call before the source is
 * closed. */
static enum status settle_source(const struct run *run, struct err *err)
{
	const char *held = audit_events_first_threshold(run->events);
	struct input_report input = input_report(run);

	if (held && (input.fault == ST_OK || !input.over))
		return err_set(err, ST_HELD, "%s", held);
	return input.fault == ST_OK ? ST_OK : err_set(err, input.fault, "%s", input.fault_text);
}

/* Prints the windows that are still open, unless st forbids it. */
static enum status end_rows(struct run *run, enum status st, struct err *err)
{
	enum status late = ST_OK;

	if (leaves_partial_rows(st) && run->input->print_rest)
		late = run->input->print_rest(run->input_state, err);
	if (late != ST_OK)
		return late;
	if (run->input->end)
		run->input->end(run->input_state);
	return sinks_end(run->sinks, &run->warnings, err);
}

/* Says where the rows are if the file of -o could not be replaced. This is part of the error text,
 * so that -s shows it too. */
static void add_kept(struct run *run, enum status st, const struct lines *kept, struct err *err)
{
	size_t len = strlen(err->text);

	for (size_t i = 0; i < kept->n; i++)
		if (st == ST_OK)
			lines_add(&run->warnings, "%s", kept->v[i]);
		else
			snprintf(err->text + len, sizeof(err->text) - len, "; %s", kept->v[i]);
}

/* If the shard of the run has no queue, says so and replaces the file of -o by an empty one: the
 * rows of an earlier run in it may be of queues that have moved. */
static enum status settle_empty_shard(struct run *run, struct err *err)
{
	const struct options *set = run->set;
	const struct buf empty = { 0 };

	if (!set->shard.n || run->queues.n
	    || (run->any_queue && (set->check || run->totals.rows)))
		return ST_OK;
	lines_add(&run->warnings, "--shard %s: " INPUT_NO_QUEUE ", so nothing was printed",
		set->shard_text);
	return writer_is_replaceable(run->writer) ? writer_replace(run->writer, &empty, err)
		: ST_OK;
}

static enum status end_output(struct run *run, enum status st, bool rows_left, int64_t end_us,
	int *signal, struct err *err)
{
	struct err late_err;
	enum status late = finish(run, st, rows_left, end_us, signal, &late_err);
	bool whole = rows_left && late == ST_OK;
	struct lines kept = { 0 };

	st = worse(st, late, err, &late_err);
	late = writer_close(run->writer, whole, &kept, &late_err);
	run->writer = NULL;
	st = worse(st, late, err, &late_err);
	add_kept(run, st, &kept, err);
	lines_free(&kept);
	return st;
}

static enum status end_deliveries(struct run *run, enum status st, int signal, struct err *err)
{
	const char *fault;
	struct err late_err;
	enum status late;

	if (!run->deliveries)
		return st;
	late = run_deliveries_finish(run, signal, &late_err);
	st = worse(st, late, err, &late_err);
	fault = deliveries_spool_fault(run->deliveries);
	if (!fault)
		return st;
	late = err_set(&late_err, ST_OUTPUT, "%s", fault);
	return worse(st, late, err, &late_err);
}

/*
 * Ends the rows and side files, the connection, the output and the deliveries, in this order.
 * Failures during the end set the status first, then what settle_source() found. With --check the
 * line on stdout shows the status, so there settle_source() comes before the output is closed.
 */
static enum status end_all(struct run *run, enum status st, struct err *err)
{
	struct err late_err, sides_err, shown_err = { "" };
	enum status late, sides, shown = ST_OK;
	bool rows_left = !is_output_failure(st) || run->audit_lost;
	int64_t end_us;
	int signal = 0;

	if (st == ST_OK)
		shown = settle_source(run, &shown_err);
	late = end_rows(run, st, &late_err);
	end_us = close_input(run, st);
	st = worse(st, late, err, &late_err);
	rows_left = rows_left && !is_output_failure(late);
	if (run->set->check) {
		run_side_files_flush(run);
		if (run_side_files_wait(run))
			finish(run, st, false, end_us, &signal, &late_err);
		sides = run_side_files_close(run, &sides_err);
		st = worse(worse(st, sides, err, &sides_err), shown, err, &shown_err);
		late = put_check(run, st, err, &late_err);
		st = worse(st, late, err, &late_err);
		rows_left = late == ST_OK;
	}
	run_deliveries_begin_end(run, st);
	if (st == ST_OK)
		st = settle_empty_shard(run, err);
	st = end_output(run, st, rows_left, end_us, &signal, err);
	sides = run_side_files_close(run, &sides_err);
	st = worse(st, sides, err, &sides_err);
	st = end_deliveries(run, st, signal, err);
	st = worse(st, shown, err, &shown_err);
	return run_deliveries_status(run, st, err);
}

/* Whether main() prints the error text. Otherwise an audit line on stderr has it, or with --check
 * the line on stdout. A terminal shows each threshold as it holds, but not run.end. */
static bool main_prints_text(const struct run *run, enum status st)
{
	const struct options *set = run->set;

	if (st == ST_OK || st > ST_SIGNAL || set->check)
		return false;
	if (audit_is_plain(run->audit))
		return st != ST_HELD;
	return set->audit == AUDIT_NONE || set->audit_file;
}

static enum status exit_status(const struct run *run, enum status st)
{
	return run->set->check ? (enum status)nagios_state(run->made->ranges, st) : st;
}

static const char *reason(const struct run *run, enum status st, const struct err *err)
{
	if (st != ST_OK)
		return err->text;
	if (run->set->check)
		return nagios_text(run->made->ranges, st, "");
	return input_report(run).over;
}

enum status end_run(struct run *run, enum status st, struct err *err)
{
	struct err late;

	st = end_all(run, st, err);
	warn_of_unmet(run);
	warn_of_cut(run);
	audit_redact(run->audit, err->text);
	audit_events_warnings(run->events, &run->warnings);
	audit_events_end(run->events, exit_status(run, st), reason(run, st, err));
	st = worse(st, audit_status(run->audit, &late), err, &late);
	if (!main_prints_text(run, st))
		err->text[0] = '\0';
	return st;
}
