#include "run/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/live.h"
#include "run/replay.h"
#include "run/setup.h"
#include "run/signals.h"
#include "source/channel_api.h"

#define WAIT_MAX_US 1000000	/* no turn waits longer, so that a stall can be told from a wait */
#define STALL_US 2000000	/* turns that are further apart found the run stalled */
#define APART_US 5000000	/* clocks that differ by more cause a warning */
#define END_US 900000		/* for what is unwritten at the end, and the polite close */
#define NOTICES_END_US 2000000	/* and where subscriptions are to be deleted */
#define SIGNAL_END_US 800000	/* the same on a signal, whose whole end fits in a second */
#define CALLBACKS_SIGNAL_END_US 500000	/* for what is to be delivered then */

/* Rows keep the run's clock, which goes on from what the system's clock said at the start. */
static void compare_clocks(struct run *run, int64_t real_us)
{
	int64_t ahead_us = real_us - run->now_us;
	char text[DURATION_TEXT_MAX];

	if (run->clock_told || run->tape || (ahead_us >= -APART_US && ahead_us <= APART_US))
		return;
	run->clock_told = true;
	duration_format(text, (ahead_us < 0 ? -ahead_us : ahead_us) / 1000000 * 1000);
	audit_events_doubt(run->report,
		"the system's clock was set %s by %s since the run began; rows "
		"keep the time that it had before",
		ahead_us < 0 ? "back" : "forward", text);
}

/* One reading of each clock, that all of a turn is measured against. */
static void read_clock(struct run *run)
{
	int64_t real_us = run->clock->real_us(run->clock);

	run->now_us = run->clock->now_us(run->clock);
	if (run->report)
		audit_events_time(run->report, run->now_us, real_us);
	if (run->started)
		compare_clocks(run, real_us);
}

static void run_free(struct run *run)
{
	source_free(&run->source);
	queue_lookup_free(run->lookup);
	token_free(run->token);
	token_cache_close(run->cache);
	deliveries_free(run->callbacks);
	spool_free(run->spool);
	http_free(run->net);
	free(run->payload);
	pipeline_free(run->flow);
	audit_events_free(run->report);
	audit_free(run->audit);
	progress_free(run->progress);
	if (run->stderr_fd >= 0)
		close(run->stderr_fd);
	side_file_free(run->record);
	side_file_free(run->rejects);
	lines_free(&run->warnings);
	lines_free(&run->queues);
	lines_free(&run->named);
	lines_free(&run->secrets);
	queue_list_free(&run->names);
	free(run->name);
	buf_free(&run->text);
	free(run);
}

enum status run_open(struct run **out, const struct options *set, const struct run_clock *clock,
	int signal_fd, struct err *err)
{
	struct run *run = calloc(1, sizeof(*run));
	enum status st;

	*out = run;
	if (!run)
		return err_nomem(err);
	run->set = set;
	run->clock = clock;
	run->signal_fd = signal_fd;
	run->tape_at_us = NO_TIME;
	run->stderr_fd = -1;
	read_clock(run);
	run->began_us = run->now_us;
	st = setup_files(run, err);
	if (st == ST_OK)
		st = setup_core(run, err);
	if (st == ST_OK)
		st = setup_progress(run, err);
	if (st == ST_OK && !set->replay)
		st = setup_live(run, err);
	if (st == ST_OK && set->callbacks.n)
		st = setup_callbacks(run, err);
	if (st == ST_OK && run->record)
		st = side_file_begin(run->record, err);
	if (st == ST_OK && run->rejects)
		st = side_file_begin(run->rejects, err);
	if (st != ST_OK)
		return st;
	read_clock(run);
	for (size_t i = 0; i < set->warnings.n; i++)
		lines_add(&run->warnings, "%s", set->warnings.v[i]);
	audit_events_start(run->report, set->settings_json, &set->outlier_text);
	audit_events_warnings(run->report, &run->warnings);
	run->turned_us = run->now_us;
	run->started = true;
	return ST_OK;
}

/* --- the loop ----------------------------------------------------------------------- */

#define WAIT_FDS 5

/* Everything that may be pending, as poll's and libcurl's descriptors. */
static unsigned wait_fds(const struct run *run, struct curl_waitfd fd[WAIT_FDS])
{
	const struct side_file *const sides[] = { run->record, run->rejects };
	unsigned n = 0;

	fd[n++] = (struct curl_waitfd){ run->signal_fd, CURL_WAIT_POLLIN, 0 };
	for (size_t i = 0; i < ARRAY_LEN(sides); i++)
		if (sides[i] && side_file_fd(sides[i]) >= 0)
			fd[n++] = (struct curl_waitfd){ side_file_fd(sides[i]),
				side_file_waiting(sides[i]) ? CURL_WAIT_POLLOUT : 0, 0 };
	if (run->out && writer_fd(run->out) >= 0)
		fd[n++] = (struct curl_waitfd){ writer_fd(run->out),
			writer_waiting(run->out) ? CURL_WAIT_POLLOUT : 0, 0 };
	if (run->tape_waits)
		fd[n++] = (struct curl_waitfd){ recording_fd(run->tape), CURL_WAIT_POLLIN, 0 };
	return n;
}

static int64_t wait_us(const struct run *run)
{
	int64_t until = run->now_us + WAIT_MAX_US, at;

	if (run->tape)
		return run->tape_waits || replay_waits_for_readers(run) ? WAIT_MAX_US : 0;
	at = pipeline_due_us(run->flow);
	if (at != NO_TIME && at < until)
		until = at;
	at = live_looks_up(run) ? queue_lookup_deadline_us(run->lookup)
		: source_deadline_us(&run->source);
	if (at < until)
		until = at;
	if (progress_due_us(run->progress) < until)
		until = progress_due_us(run->progress);
	return until > run->now_us ? until - run->now_us : 0;
}

static enum status wait_replay(struct curl_waitfd *fd, unsigned n, int timeout_ms,
	struct err *err)
{
	struct pollfd p[WAIT_FDS] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		p[i].fd = fd[i].fd;
		p[i].events = fd[i].events == CURL_WAIT_POLLOUT ? POLLOUT
			: fd[i].events ? POLLIN : 0;
	}
	if (poll(p, n, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ST_OUTPUT, "poll: %s", strerror(errno));
	return ST_OK;
}

/* At most so long, for a delivery may be due before. */
static enum status wait_for(struct run *run, int64_t us, struct err *err)
{
	struct curl_waitfd fd[WAIT_FDS];
	unsigned n = wait_fds(run, fd);
	int64_t due_us = run->callbacks ? deliveries_deadline_us(run->callbacks) : INT64_MAX;
	int timeout_ms;
	enum status st;

	if (due_us < run->now_us + us)
		us = due_us > run->now_us ? due_us - run->now_us : 0;
	timeout_ms = (int)((us + US_PER_MS - 1) / US_PER_MS);
	if (!run->net)
		return wait_replay(fd, n, timeout_ms, err);
	st = http_wait(run->net, fd, n, timeout_ms, err);
	return st == ST_OK ? http_perform(run->net, err) : st;
}

/*
 * A process that is stopped or frozen, a machine that sleeps, a disk that hangs: nothing was seen
 * since the last turn. What the sockets took in meanwhile comes now.
 */
static enum status find_stall(struct run *run, struct err *err)
{
	int64_t from_us = run->turned_us;

	run->turned_us = run->now_us;
	return run->tape || run->now_us - from_us <= STALL_US ? ST_OK
		: live_stalled(run, from_us, err);
}

static void step_callbacks(struct run *run)
{
	if (!run->callbacks)
		return;
	deliveries_step(run->callbacks, run->now_us, run->clock->real_us(run->clock),
		&run->warnings);
	audit_events_warnings(run->report, &run->warnings);
}

/* Reports a new failure of a side file. It does not end the run. */
static void report_side(struct run *run, struct side_file *side)
{
	const char *why = side_file_new_failure(side);

	if (!why)
		return;
	lines_add(&run->warnings, "%s; nothing more is written to it", why);
	audit_events_warnings(run->report, &run->warnings);
}

static void report_sides(struct run *run)
{
	report_side(run, run->record);
	report_side(run, run->rejects);
}

static void flush_sides(struct run *run)
{
	if (run->record)
		side_file_flush(run->record);
	if (run->rejects)
		side_file_flush(run->rejects);
	report_sides(run);
}

/* The turn's audit lines are part of it. */
static enum status check_audit(struct run *run, struct err *err)
{
	enum status st = audit_status(run->audit, err);

	run->audit_lost = st != ST_OK;
	return st;
}

static const char *connection(const struct run *run)
{
	const struct audit_events_totals *totals = audit_events_totals(run->report);

	if (run->tape)
		return "replay";
	if (live_looks_up(run))
		return "looking up queues";
	return source_is_up(&run->source) ? "connected"
		: totals->connected ? "connecting again" : "connecting";
}

/* How far the run is, on a terminal. Not while rows stand half written there. */
static void tell_progress(const struct run *run)
{
	const struct options *set = run->set;
	int64_t due = pipeline_due_us(run->flow), printed = pipeline_printed(run->flow);
	struct progress_state state = {
		.window_left_us = NO_TIME,
		.run_left_us = NO_TIME,
		.window = printed,
		.windows = set->now ? 1 : set->count,
		.frames = audit_events_totals(run->report)->frames,
		.lag_us = audit_events_last_lag_us(run->report),
		.connection = connection(run)
	};

	if (progress_due_us(run->progress) > run->now_us)
		return;
	if (due != NO_TIME && !run->tape) {
		state.window_left_us = due - run->now_us;
		state.run_left_us = state.window_left_us
			+ (state.windows - printed - 1) * set->window_ms * US_PER_MS;
	}
	progress_tell(run->progress, run->now_us, writer_waiting(run->out) ? NULL : &state);
}

enum status run_turn(struct run *run, struct err *err)
{
	enum status st = wait_for(run, wait_us(run), err);
	int ending;

	read_clock(run);
	if (st == ST_OK)
		st = find_stall(run, err);
	if (st != ST_OK)
		return st;
	ending = signals_take(run);
	if (ending) {
		progress_stop(run->progress);	/* a second signal has no time for it */
		if (source_exists(&run->source))
			st = live_windows(run, err);	/* those over by now are whole */
		return st == ST_OK ? signals_status(ending, err) : st;
	}
	st = run->tape ? replay_turn(run, err) : live_turn(run, err);
	if (st == ST_OK && run->tape_ended)
		st = replay_end(run, err);
	flush_sides(run);
	if (st == ST_OK)
		st = writer_flush(run->out, err);
	step_callbacks(run);	/* rows go out first: this may write to a disk */
	if (st == ST_OK)
		tell_progress(run);
	return st == ST_OK ? check_audit(run, err) : st;
}

bool run_is_over(const struct run *run)
{
	return pipeline_is_over(run->flow) || run->replay_done || run->listed;
}

/* --- the end ------------------------------------------------------------------------ */

static bool leaves_partial_rows(enum status st)
{
	return (st >= ST_AUTH && st <= ST_REFUSED) || st == ST_PROTOCOL
		|| (st > ST_SIGNAL && st != ST_READER_LEFT);
}

static bool is_output_failure(enum status st)
{
	return st == ST_OUTPUT || st == ST_READER_LEFT;
}

/* A failure to write, met while ending, shows only where nothing else has gone wrong. */
static enum status worse(enum status st, enum status late, struct err *err,
	const struct err *late_err)
{
	if (late == ST_OK || !(st == ST_OK || (st > ST_SIGNAL && late == ST_OUTPUT)))
		return st;
	*err = *late_err;
	return late;
}

/* The last window's end where the run saw it; of a window cut short the moment of that. */
static void record_end(struct run *run)
{
	int64_t at_us = run->now_us;

	if (pipeline_is_over(run->flow) && pipeline_printed_end_us(run->flow) < at_us)
		at_us = pipeline_printed_end_us(run->flow);
	if (!run->record)
		return;
	buf_clear(&run->text);
	recording_put_end(&run->text, at_us);
	live_put_record(run);
}

static bool sides_wait(const struct run *run)
{
	return (run->record && side_file_waiting(run->record))
		|| (run->rejects && side_file_waiting(run->rejects));
}

/* When what is left to write and to close has had its time. */
static int64_t end_limit_us(const struct run *run, enum status st)
{
	return run->now_us + (st > ST_SIGNAL ? SIGNAL_END_US
		: run->source.channel ? NOTICES_END_US : END_US);
}

/*
 * Writes what waits and closes the stream politely, until all is done or end_us. A replay that
 * ended well waits for the reader of its rows as long as that takes, and for one of --rejects
 * as long as it reads.
 */
static enum status finish(struct run *run, enum status st, bool rows_left, int64_t end_us,
	int *signal, struct err *err)
{
	bool patient = run->tape && st == ST_OK;
	enum status late = ST_OK, wait = ST_OK;
	struct err wait_err;

	source_close(&run->source, run->now_us);
	run->tape_waits = false;
	for (;;) {
		live_take_closing(run);
		if (rows_left)
			late = writer_flush(run->out, err);
		rows_left = rows_left && late == ST_OK && writer_waiting(run->out);
		flush_sides(run);
		if (!rows_left && !sides_wait(run) && source_is_closed(&run->source))
			return late;
		if (*signal || (run->now_us >= end_us && !(patient && (rows_left
		    || (run->rejects && side_file_is_read(run->rejects, run->now_us))))))
			break;
		wait = wait_for(run, patient ? WAIT_MAX_US : end_us - run->now_us, &wait_err);
		if (wait != ST_OK)
			break;
		read_clock(run);
		*signal = signals_take(run);
		step_callbacks(run);
		source_step(&run->source, run->now_us, &run->warnings);
	}
	if (rows_left && (st > ST_SIGNAL || *signal))
		lines_add(&run->warnings, "%zu bytes of rows were not taken before the run's "
			"end, and are lost", writer_waiting_bytes(run->out));
	if (!rows_left || st > ST_SIGNAL)
		return late;
	if (*signal)
		return signals_status(*signal, err);
	if (wait != ST_OK) {
		*err = wait_err;
		return wait;
	}
	return err_set(err, ST_OUTPUT, "the reader is too slow: %zu bytes of rows were not "
		"taken in time", writer_waiting_bytes(run->out));
}

/* What a side file that failed means for the run's status. */
static enum status close_sides(struct run *run, struct err *err)
{
	const char *why;

	if (run->record)
		side_file_end(run->record);
	if (run->rejects)
		side_file_end(run->rejects);
	report_sides(run);
	why = side_file_failure(run->record);
	if (!why)
		why = side_file_failure(run->rejects);
	return why ? err_set(err, ST_OUTPUT, "%s", why) : ST_OK;
}

/* A check's one line, once all that it could tell of is over but the line itself. */
static enum status put_check(struct run *run, enum status st, struct err *why, struct err *err)
{
	audit_redact(run->audit, why->text);
	buf_clear(&run->text);
	return nagios_put_line(run->set->plugin, st, why->text, &run->text)
		? writer_window(run->out, &run->text, err) : err_nomem(err);
}

/* A threshold that could not have held is a trap. */
static void warn_of_unmet(struct run *run)
{
	const struct thresholds *ts = run->set->thresholds;

	if (!ts || !run->flow || !pipeline_printed(run->flow))
		return;
	for (size_t i = 0; i < thresholds_count(ts); i++)
		if (!threshold_was_met(ts, i))
			lines_add(&run->warnings, "--fail-if '%.200s': no row had that number",
				threshold_text(ts, i));
}

static void warn_of_cut(const struct run *run)
{
	unsigned long long n = audit_events_totals(run->report)->cut_messages;

	if (n)
		audit_events_doubt(run->report,
			"%llu message%s lost: the connection ended before the "
			"message did",
			n, n > 1 ? "s were" : " was");
}

/* A question about a queue that nobody has, or that is hidden from the client, is no error to
 * the service: the answer just does not speak of it. */
static void warn_of_unanswered(struct run *run)
{
	const struct lines *patterns = &run->set->patterns;
	bool asked = false;
	const char *first = NULL;
	size_t n = 0;
	char others[64] = "";

	for (size_t i = 0; i < patterns->n; i++)
		asked = asked || channel_api_query_has(patterns->v[i]);
	if (!run->set->now || !asked || !run->flow || !pipeline_printed(run->flow))
		return;
	for (size_t i = 0; i < run->queues.n; i++) {
		if (pipeline_was_answered(run->flow, i))
			continue;
		first = first ? first : run->queues.v[i];
		n++;
	}
	if (n > 1)
		snprintf(others, sizeof(others), " (nor of %zu other%s)", n - 1,
			n > 2 ? "s" : "");
	if (n)
		lines_add(&run->warnings, "the snapshot does not tell of queue %s%s: there is no "
			"such queue, the client's role does not reach it, or there is nothing to "
			"tell", first, others);
}

/* All deliveries together have the time of --retry-for, or where there is to be one attempt
 * the time of that; on a signal what fits into its end. A reader that left is no hurry. */
static void begin_last_deliveries(struct run *run, enum status st)
{
	const struct options *set = run->set;
	int64_t us = (set->retry_for_ms ? set->retry_for_ms : set->callbacks.timeout_ms)
		* US_PER_MS;

	if (st > ST_SIGNAL && st != ST_READER_LEFT)
		us = CALLBACKS_SIGNAL_END_US;
	if (run->callbacks)
		deliveries_end(run->callbacks, run->now_us + us);
}

/* A signal that comes now cuts the time, and the status is its own if that cost a delivery
 * its turn. */
static enum status finish_deliveries(struct run *run, int signal, struct err *err)
{
	struct err net_err;
	int cut = 0;

	for (;;) {
		step_callbacks(run);
		if (deliveries_are_done(run->callbacks))
			break;
		if (signal) {	/* a second one ends it at once */
			deliveries_end(run->callbacks, run->now_us
				+ (cut ? 0 : CALLBACKS_SIGNAL_END_US));
			cut = cut ? cut : signal;
		}
		if (wait_for(run, WAIT_MAX_US, &net_err) != ST_OK)
			deliveries_end(run->callbacks, run->now_us);
		read_clock(run);
		signal = signals_take(run);
	}
	return cut ? signals_status(cut, err) : ST_OK;
}

/* What does not end a run but shows in its status: the source's share, 3 to 5, before it is
 * closed, then a threshold, unless that is what ended the run. */
static enum status settle_source(const struct run *run, struct err *err)
{
	const char *held = audit_events_first_held(run->report);
	enum status source = source_status(&run->source);

	if (held && (source == ST_OK || !pipeline_has_all(run->flow)))
		return err_set(err, ST_HELD, "%s", held);
	if (source != ST_OK)
		err_set(err, source, "%s", source_is_up(&run->source)
			? "queues were refused, see above"
			: "the stream was down when the last window closed");
	return source;
}

/* Then the deliveries, once their time is over. */
static enum status settle_callbacks(const struct run *run, enum status st, struct err *err)
{
	const struct deliveries_totals *t;
	unsigned long long dropped, refused;

	if (st != ST_OK || !run->callbacks)
		return st;
	t = deliveries_totals(run->callbacks);
	dropped = t->dropped;
	refused = t->refused;
	if (refused)
		return err_set(err, ST_CALLBACK, "refused callbacks that the spool keeps: %llu, "
			"not delivered: %llu, see above", refused, dropped);
	if (dropped)
		return err_set(err, ST_CALLBACK, "%llu callback%s not delivered, see above",
			dropped, dropped == 1 ? " was" : "s were");
	return ST_OK;
}

/* Rows of the windows still begun, and the recording's last line. */
static enum status end_rows(struct run *run, enum status st, struct err *err)
{
	enum status late = ST_OK;

	if (!run->flow)		/* memory lacked for it when the queues' names came */
		return ST_OK;
	if (leaves_partial_rows(st))
		late = pipeline_print_rest(run->flow, run->tape ? run->tape_at_us : run->now_us,
			true, err);
	if (late == ST_OK)
		late = pipeline_end(run->flow, &run->warnings, err);
	record_end(run);
	return late;
}

/* Where the rows are that could not be put in place: part of the run's last words, which -s
 * prints too. */
static void add_kept(struct run *run, enum status st, const struct lines *kept, struct err *err)
{
	size_t len = strlen(err->text);

	for (size_t i = 0; i < kept->n; i++)
		if (st == ST_OK)
			lines_add(&run->warnings, "%s", kept->v[i]);
		else
			snprintf(err->text + len, sizeof(err->text) - len, "; %s", kept->v[i]);
}

static enum status end_output(struct run *run, enum status st, bool rows_left, int64_t end_us,
	int *signal, struct err *err)
{
	struct err late_err;
	enum status late = finish(run, st, rows_left, end_us, signal, &late_err);
	bool whole = rows_left && late == ST_OK;
	struct lines kept = { 0 };

	st = worse(st, late, err, &late_err);
	late = writer_close(run->out, whole, &kept, &late_err);
	run->out = NULL;
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

	if (!run->callbacks)
		return st;
	late = finish_deliveries(run, signal, &late_err);
	st = worse(st, late, err, &late_err);
	fault = deliveries_spool_fault(run->callbacks);
	if (!fault)
		return st;
	late = err_set(&late_err, ST_OUTPUT, "%s", fault);
	return worse(st, late, err, &late_err);
}

/*
 * The end of a run that has begun: rows and side files, stream, output, deliveries.
 * What does not end a run is the last that its status shows, but a check's line is not to come
 * without it.
 */
static enum status end_run(struct run *run, enum status st, struct err *err)
{
	struct err late_err, sides_err, shown_err = { "" };
	enum status late, sides, shown = ST_OK;
	bool rows_left = !is_output_failure(st) || run->audit_lost;
	int64_t end_us = end_limit_us(run, st);
	int signal = 0;

	if (st == ST_OK)
		shown = settle_source(run, &shown_err);
	late = end_rows(run, st, &late_err);
	st = worse(st, late, err, &late_err);
	rows_left = rows_left && !is_output_failure(late);
	if (run->set->plugin) {
		flush_sides(run);
		if (sides_wait(run))
			finish(run, st, false, end_us, &signal, &late_err);
		sides = close_sides(run, &sides_err);
		st = worse(worse(st, sides, err, &sides_err), shown, err, &shown_err);
		late = put_check(run, st, err, &late_err);
		st = worse(st, late, err, &late_err);
		rows_left = late == ST_OK;
	}
	begin_last_deliveries(run, st);
	st = end_output(run, st, rows_left, end_us, &signal, err);
	sides = close_sides(run, &sides_err);
	st = worse(st, sides, err, &sides_err);
	st = end_deliveries(run, st, signal, err);
	st = worse(st, shown, err, &shown_err);
	return settle_callbacks(run, st, err);
}

/* With an audit on stderr all is said there; a check's line says it on stdout. */
static bool says_why(const struct run *run, enum status st)
{
	return st != ST_OK && st < ST_SIGNAL && !run->set->plugin
		&& (run->set->audit == AUDIT_NONE || run->set->audit_file);
}

/* The process's: of a check it is the check's state. */
static enum status exit_status(const struct run *run, enum status st)
{
	return run->set->plugin ? (enum status)nagios_state(run->set->plugin, st) : st;
}

static const char *reason(const struct run *run, enum status st, const struct err *err)
{
	if (st != ST_OK)
		return err->text;
	if (run->set->plugin)
		return nagios_text(run->set->plugin, st, "");
	return run->listed ? "every queue was listed" : "every window was printed";
}

enum status run_close(struct run *run, enum status st, struct err *err)
{
	struct err late;

	if (!run)
		return st;
	progress_stop(run->progress);
	if (!run->started) {
		if (run->out)
			writer_abandon(run->out);
		run_free(run);
		return st;
	}
	st = end_run(run, st, err);
	warn_of_unmet(run);
	warn_of_cut(run);
	warn_of_unanswered(run);
	audit_redact(run->audit, err->text);
	audit_events_warnings(run->report, &run->warnings);
	audit_events_end(run->report, exit_status(run, st), reason(run, st, err));
	st = worse(st, audit_status(run->audit, &late), err, &late);
	if (!says_why(run, st))
		err->text[0] = '\0';	/* nothing more is to be said */
	run_free(run);
	return st;
}
