#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "flow.h"
#include "out.h"
#include "report.h"
#include "stream.h"
#include "tape.h"
#include "token.h"

#define US_PER_MS 1000
#define WAIT_MAX_US 1000000	/* no turn is longer, so that a suspend is seen */
#define END_US 1000000		/* for what is unwritten at the end, and the polite close */
#define SIGNAL_END_US 800000	/* the same on a signal, whose whole end fits in a second */
#define REPLAY_BATCH 512	/* lines of a turn */
#define REPLAY_AHEAD (1u << 20)	/* bytes of rows; a replay waits for its reader */
#define QUEUES_MET_MAX 10000
#define STREAM 0		/* the one stream of a live run */

struct run {
	const struct settings *set;
	const struct clock *clock;
	int signal_fd;
	int64_t now_us;
	bool started;		/* run.start is written */
	struct audit *audit;
	struct report *report;
	struct flow *flow;	/* what messages become */
	struct buf text;	/* lines of a recording */
	struct out *out;
	struct side *record, *rejects;
	struct lines warnings;
	/* live */
	struct net *net;
	struct cache *cache;
	struct token *token;
	struct stream *stream;
	char *payload;
	/* replay */
	struct tape *tape;
	struct tape_entry entry;	/* held: not yet applied */
	bool held, tape_ended, tape_waits, tape_torn, tape_has_end, replay_done;
	uint64_t good_lines;
	int64_t tape_at_us;	/* the newest `at`; NO_TIME: none */
};

/* --- the first half: opening -------------------------------------------------------- */

static struct windows_conf windows_conf(const struct settings *set)
{
	return (struct windows_conf){
		.length_ms = set->window_ms,
		.lateness_ms = set->lateness_ms,
		.time = set->time,
		.align = set->align,
		.replay = set->replay != NULL,
		.count = set->count,
		.nstream = set->replay ? TAPE_STREAMS : 1,
		.queue = (const char *const *)set->queues.v,
		.nqueue = set->queues.n,
		.queue_max = QUEUES_MET_MAX,
		.nasked = set->nasked,
		.outlier = set->outlier,
		.noutlier = set->noutlier
	};
}

static enum status open_files(struct run *run, struct err *err)
{
	const struct settings *set = run->set;
	enum status st = out_open(&run->out, set->output, err);

	if (st == ST_OK && set->record)
		st = side_open(&run->record, set->record, err);
	if (st == ST_OK && set->rejects)
		st = side_open(&run->rejects, set->rejects, err);
	if (st == ST_OK && set->replay)
		st = tape_open(&run->tape, set->replay, err);
	if (st == ST_OK && set->replay)
		out_be_patient(run->out);
	return st;
}

static struct flow_conf flow_conf(struct run *run)
{
	const struct settings *set = run->set;

	return (struct flow_conf){
		.notices = set->notices,
		.board = {
			.length_ms = set->window_ms,
			.align = set->align,
			.count = set->count,
			.replay = set->replay != NULL,
			.queue = (const char *const *)set->queues.v,
			.nqueue = set->queues.n,
			.pattern = (const char *const *)set->patterns.v,
			.npattern = set->patterns.n
		},
		.panel = { .format = set->format, .header = set->header },
		.windows = windows_conf(set),
		.metric = set->metric,
		.nmetric = set->nmetric,
		.nasked = set->nasked,
		.rows = {
			.format = set->format,
			.header = set->header,
			.time = set->time,
			.interval = set->replay && !set->interval_given ? NULL : set->interval,
			.metric = set->metric
		},
		.ahead = set->replay ? REPLAY_AHEAD : 0,
		.report = run->report,
		.out = run->out,
		.rejects = run->rejects
	};
}

static enum status open_core(struct run *run, struct err *err)
{
	struct flow_conf conf;

	run->audit = audit_new(run->set->audit, run->set->level, STDERR_FILENO);
	run->report = run->audit ? report_new(run->audit) : NULL;
	if (!run->report)
		return err_nomem(err);
	conf = flow_conf(run);
	return flow_new(&run->flow, &conf, err);
}

static bool keep_secret(struct audit *audit, const char *secret)
{
	return !secret || audit_secret(audit, secret, strlen(secret));
}

static enum status open_live(struct run *run, struct err *err)
{
	const struct settings *set = run->set;
	const struct creds *creds = &set->creds;
	int64_t connect_us = set->connect_timeout_ms * US_PER_MS;
	struct net_conf net = { .cacert = set->cacert, .plain = creds->plain };
	struct token_conf token = {
		.margin_ms = set->token_margin_ms,
		.lock_wait_us = connect_us,
		.request_us = connect_us
	};
	struct stream_conf stream = {
		.base_url = creds->base_url,
		.payload_as_message = set->subscribe == SUBSCRIBE_MESSAGE,
		.connect_timeout_us = connect_us,
		.retry_for_us = set->retry_for_ms * US_PER_MS,
		.idle_timeout_us = set->idle_timeout_ms * US_PER_MS
	};
	enum status st = net_new(&run->net, &net, err);

	if (st != ST_OK)
		return st;
	if (!keep_secret(run->audit, creds->secret)
	    || !keep_secret(run->audit, creds->access_token))
		return err_nomem(err);
	if (set->cache && creds->client_id)
		run->cache = cache_open(creds->base_url, creds->client_id, &run->warnings);
	run->payload = stream_payload((const char *const *)set->queues.v, set->queues.n,
		set->interval, set->metric, set->nasked);
	run->token = token_new(&token, creds, run->cache, run->net);
	if (!run->payload || !run->token)
		return err_nomem(err);
	stream.payload = run->payload;
	run->stream = stream_new(&stream, run->net, run->token, run->now_us);
	return run->stream ? ST_OK : err_nomem(err);
}

/* One reading of each clock, that all of a turn is measured against. */
static void read_clock(struct run *run)
{
	run->now_us = run->clock->now_us(run->clock);
	if (run->report)
		report_time(run->report, run->now_us, run->clock->real_us(run->clock));
}

static void run_free(struct run *run)
{
	stream_free(run->stream);
	token_free(run->token);
	cache_close(run->cache);
	if (run->net && net_is_quiet(run->net))
		net_free(run->net);	/* else it would wait for the resolver */
	free(run->payload);
	tape_close(run->tape);
	flow_free(run->flow);
	report_free(run->report);
	audit_free(run->audit);
	lines_free(&run->warnings);
	buf_free(&run->text);
	free(run);
}

enum status run_open(struct run **out, const struct settings *set, const struct clock *clock,
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
	read_clock(run);
	st = open_files(run, err);
	if (st == ST_OK)
		st = open_core(run, err);
	if (st == ST_OK && !set->replay)
		st = open_live(run, err);
	if (st != ST_OK)
		return st;
	read_clock(run);
	for (size_t i = 0; i < set->warnings.n; i++)
		lines_add(&run->warnings, "%s", set->warnings.v[i]);
	report_start(run->report, set->settings_json, &set->outlier_text);
	report_warnings(run->report, &run->warnings);
	run->started = true;
	return ST_OK;
}

static enum status put_record(struct run *run, struct err *err)
{
	return run->text.failed ? err_nomem(err)
		: side_line(run->record, run->text.data, run->text.len, err);
}

/* --- a live turn -------------------------------------------------------------------- */

static enum status record_message(struct run *run, const struct stream_event *event,
	struct err *err)
{
	if (!run->record)
		return ST_OK;
	buf_clear(&run->text);
	tape_put_message(&run->text, event->at_us, STREAM, event->binary, event->text,
		event->len);
	return put_record(run, err);
}

static enum status take_message(struct run *run, const struct stream_event *event,
	struct err *err)
{
	struct flow_message m = { .text = event->text, .len = event->len,
		.binary = event->binary, .socket = STREAM, .at_us = event->at_us };
	enum status st = record_message(run, event, err);
	enum flow_told told;
	bool good;

	return st == ST_OK ? flow_take(run->flow, &m, &good, &told, err) : st;
}

static const enum tape_kind tape_state[] = {
	[SOCKET_LOST] = TAPE_LOST,
	[SOCKET_SILENT] = TAPE_SILENT,
	[SOCKET_CONNECTED] = TAPE_CONNECTED
};

static enum status take_state(struct run *run, int64_t at_us, enum socket_state state,
	struct err *err)
{
	enum status st = ST_OK;

	if (run->record) {
		buf_clear(&run->text);
		tape_put_state(&run->text, at_us, STREAM, tape_state[state]);
		st = put_record(run, err);
	}
	return st == ST_OK ? flow_socket(run->flow, STREAM, state, at_us, err) : st;
}

/* A token that is new to the run must be unreadable in the line that tells of it. */
static enum status keep_token_secret(struct run *run, struct err *err)
{
	const char *token = token_value(run->token);

	if (!token || audit_secret(run->audit, token, strlen(token)))
		return ST_OK;
	return err_nomem(err);
}

static enum status take_event(struct run *run, const struct stream_event *event,
	struct err *err)
{
	enum status st = ST_OK;

	if (event->kind == STREAM_TOKEN_ACQUIRED || event->kind == STREAM_TOKEN_CACHED)
		st = keep_token_secret(run, err);
	if (st != ST_OK)
		return st;
	report_stream(run->report, STREAM, event);
	switch (event->kind) {
	case STREAM_CONNECTED:
		return take_state(run, event->at_us, SOCKET_CONNECTED, err);
	case STREAM_LOST:
		return take_state(run, event->at_us, SOCKET_LOST, err);
	case STREAM_MESSAGE:
		return take_message(run, event, err);
	case STREAM_OVER:
		return err_set(err, event->status, "%.*s", (int)event->len, event->text);
	case STREAM_TOKEN_ACQUIRED:
	case STREAM_TOKEN_CACHED:
	case STREAM_TOKEN_REFUSED:
	case STREAM_TOKEN_RETRY:
	case STREAM_RETRY:
	case STREAM_CLOSED:
	case STREAM_SILENT:
	case STREAM_ANSWER:
	case STREAM_SECRET:
	case STREAM_REFUSED:
	case STREAM_WARNING:
		break;
	}
	return ST_OK;
}

static enum status take_events(struct run *run, struct err *err)
{
	struct stream_event event;
	enum status st = ST_OK;

	while (st == ST_OK && !flow_is_over(run->flow)
	       && stream_next(run->stream, run->now_us, &event))
		st = take_event(run, &event, err);
	return st;
}

/*
 * The watchdog is judged before windows are closed, so that a machine that slept through some
 * does not count them as connected; all else that the turn brought comes after.
 */
static enum status live_turn(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	if (stream_watch(run->stream, run->now_us, flow_printed_end_us(run->flow)))
		st = take_events(run, err);
	if (st == ST_OK)
		st = flow_print_due(run->flow, run->now_us, err);
	if (st == ST_OK)
		st = take_events(run, err);
	if (st == ST_OK)
		st = flow_print_due(run->flow, run->now_us, err);
	if (st != ST_OK || flow_is_over(run->flow))
		return st;
	stream_step(run->stream, run->now_us, &run->warnings);
	report_warnings(run->report, &run->warnings);
	return take_events(run, err);
}

/* --- a replay's turn ---------------------------------------------------------------- */

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
	return flow_socket(run->flow, e->stream, state, e->at_us, err);
}

/* What the service's API had answered. */
static enum status replay_answer(struct run *run, const struct tape_entry *e, struct err *err)
{
	enum status st = ST_OK;
	bool good = true;

	if (!run->set->notices) {
		report_broken_line(run->report, e->line, "an answer of the notification service");
		return ST_OK;
	}
	switch (e->answer) {
	case ANSWER_QUEUES:
	case ANSWER_SUBSCRIPTIONS:
		break;
	case ANSWER_SNAPSHOT:
		flow_start(run->flow, e->at_us);
		st = flow_snapshot(run->flow, e->text, e->text_len,
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
	case TAPE_ANSWER:
		return replay_answer(run, e, err);
	case TAPE_END_STATE:
		run->good_lines++;
		run->tape_has_end = true;
		break;
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

/* The windows that are over before the entry's moment, then the entry, unless the reader has
 * to take rows first: then it is held. */
static enum status replay_entry(struct run *run, struct err *err)
{
	const struct tape_entry *e = &run->entry;
	bool timed = e->at_us != NO_TIME && e->kind != TAPE_BROKEN;
	enum status st;

	if (timed && e->at_us > run->tape_at_us)
		run->tape_at_us = e->at_us;
	st = flow_print_due(run->flow, timed ? e->at_us : run->tape_at_us, err);
	run->held = flow_has_more(run->flow);
	if (st != ST_OK || run->held || flow_is_over(run->flow))
		return st;
	return take_entry(run, e, err);
}

static enum status replay_turn(struct run *run, struct err *err)
{
	enum status st = ST_OK;

	run->tape_waits = false;
	for (int i = 0; i < REPLAY_BATCH && st == ST_OK && !run->tape_waits; i++) {
		if (run->tape_ended || flow_is_over(run->flow)
		    || out_waiting_bytes(run->out) > REPLAY_AHEAD)
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
static enum status replay_end(struct run *run, struct err *err)
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

/* --- the loop ----------------------------------------------------------------------- */

/* Everything that may be pending, as poll's and libcurl's descriptors. */
static unsigned wait_fds(const struct run *run, struct curl_waitfd fd[3])
{
	unsigned n = 0;

	fd[n++] = (struct curl_waitfd){ run->signal_fd, CURL_WAIT_POLLIN, 0 };
	if (out_fd(run->out) >= 0)
		fd[n++] = (struct curl_waitfd){ out_fd(run->out),
			out_waiting(run->out) ? CURL_WAIT_POLLOUT : 0, 0 };
	if (run->tape_waits)
		fd[n++] = (struct curl_waitfd){ tape_fd(run->tape), CURL_WAIT_POLLIN, 0 };
	return n;
}

static int64_t wait_us(const struct run *run)
{
	int64_t until = run->now_us + WAIT_MAX_US, at;

	if (run->tape)
		return run->tape_waits || out_waiting_bytes(run->out) > REPLAY_AHEAD
			? WAIT_MAX_US : 0;
	at = flow_due_us(run->flow);
	if (at != NO_TIME && at < until)
		until = at;
	at = stream_deadline_us(run->stream);
	if (at < until)
		until = at;
	return until > run->now_us ? until - run->now_us : 0;
}

static enum status wait_replay(struct curl_waitfd *fd, unsigned n, int timeout_ms,
	struct err *err)
{
	struct pollfd p[3] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		p[i].fd = fd[i].fd;
		p[i].events = fd[i].events == CURL_WAIT_POLLOUT ? POLLOUT
			: fd[i].events ? POLLIN : 0;
	}
	if (poll(p, n, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ST_OUTPUT, "poll: %s", strerror(errno));
	return ST_OK;
}

static enum status wait_for(struct run *run, int64_t us, struct err *err)
{
	struct curl_waitfd fd[3];
	unsigned n = wait_fds(run, fd);
	int timeout_ms = (int)((us + US_PER_MS - 1) / US_PER_MS);
	enum status st;

	if (!run->net)
		return wait_replay(fd, n, timeout_ms, err);
	st = net_wait(run->net, fd, n, timeout_ms, err);
	return st == ST_OK ? net_perform(run->net, err) : st;
}

/* The signal that ends the run, 0: none has come. USR1 is answered here. */
static int take_signals(struct run *run)
{
	struct signalfd_siginfo info;
	int ending = 0;

	while (read(run->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			report_status(run->report,
				run->stream && stream_is_up(run->stream));
		else if (!ending)
			ending = (int)info.ssi_signo;
	}
	return ending;
}

static enum status flush_sides(struct run *run, struct err *err)
{
	enum status st = run->record ? side_flush(run->record, err) : ST_OK;

	return st == ST_OK && run->rejects ? side_flush(run->rejects, err) : st;
}

enum status run_turn(struct run *run, struct err *err)
{
	enum status st = wait_for(run, wait_us(run), err);
	int ending;

	read_clock(run);
	if (st != ST_OK)
		return st;
	ending = take_signals(run);
	if (ending)
		return err_set(err, (enum status)(ST_SIGNAL + ending), "ended by signal %d (%s)",
			ending, strsignal(ending));
	st = run->tape ? replay_turn(run, err) : live_turn(run, err);
	if (st == ST_OK && run->tape_ended)
		st = replay_end(run, err);
	if (st == ST_OK)
		st = flush_sides(run, err);
	return st == ST_OK ? out_flush(run->out, err) : st;
}

bool run_is_over(const struct run *run)
{
	return flow_is_over(run->flow) || run->replay_done;
}

const char *run_temp_path(const struct run *run)
{
	return run->out ? out_temp_path(run->out) : NULL;
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

static enum status record_end(struct run *run, struct err *err)
{
	int64_t at_us = flow_is_over(run->flow)
		? flow_printed_end_us(run->flow) : run->now_us;

	if (!run->record)
		return ST_OK;
	buf_clear(&run->text);
	tape_put_end(&run->text, at_us);
	return put_record(run, err);
}

/* Only what closing brings is of interest now. */
static void take_closing(struct run *run)
{
	struct stream_event event;

	while (stream_next(run->stream, run->now_us, &event))
		if (event.kind == STREAM_CLOSED)
			report_stream(run->report, STREAM, &event);
}

/*
 * Writes what waits and closes the stream politely, until both are done or the time for it
 * is over. A replay that ended well waits for its reader as long as that takes.
 */
static enum status finish(struct run *run, enum status st, bool write, struct err *err)
{
	int64_t end_us = run->now_us + (st > ST_SIGNAL ? SIGNAL_END_US : END_US);
	bool patient = run->tape && st == ST_OK;
	enum status late = ST_OK;
	struct err net_err;
	int signal = 0;

	if (run->stream)
		stream_close(run->stream, run->now_us);
	run->tape_waits = false;
	for (;;) {
		if (run->stream)
			take_closing(run);
		if (write)
			late = out_flush(run->out, err);
		write = write && late == ST_OK && out_waiting(run->out);
		if (!write && (!run->stream || stream_is_closed(run->stream)))
			return late;
		if (signal || (run->now_us >= end_us && !patient)
		    || wait_for(run, patient ? WAIT_MAX_US : end_us - run->now_us, &net_err))
			break;
		read_clock(run);
		signal = take_signals(run);
		if (run->stream)
			stream_step(run->stream, run->now_us, &run->warnings);
	}
	if (!write || st > ST_SIGNAL)
		return late;
	if (signal)
		return err_set(err, (enum status)(ST_SIGNAL + signal),
			"ended by signal %d (%s)", signal, strsignal(signal));
	return err_set(err, ST_OUTPUT, "the reader is too slow: %zu bytes of rows were not "
		"taken in time", out_waiting_bytes(run->out));
}

static enum status close_files(struct run *run, bool keep, struct err *err)
{
	struct err other;
	enum status st = out_close(run->out, keep, err), side;

	run->out = NULL;
	side = run->record ? side_close(run->record, &other) : ST_OK;
	st = worse(st, side, err, &other);
	side = run->rejects ? side_close(run->rejects, &other) : ST_OK;
	st = worse(st, side, err, &other);
	run->record = run->rejects = NULL;
	return st;
}

/* The end of a run that has begun: rows, stream, files, in this order. */
static enum status end_run(struct run *run, enum status st, struct err *err)
{
	struct err late_err = { "" };
	enum status late = ST_OK;
	bool written = !is_output_failure(st);

	if (st == ST_OK && run->stream && stream_status(run->stream) != ST_OK)
		st = err_set(err, stream_status(run->stream),
			"the stream was down when the last window closed");
	else if (leaves_partial_rows(st))
		late = flow_print_rest(run->flow, run->tape ? run->tape_at_us : run->now_us,
			true, &late_err);
	if (late == ST_OK)
		late = record_end(run, &late_err);
	st = worse(st, late, err, &late_err);
	written = written && !is_output_failure(late);
	late = finish(run, st, written, &late_err);
	st = worse(st, late, err, &late_err);
	written = written && late == ST_OK;
	late = close_files(run, written, &late_err);
	return worse(st, late, err, &late_err);
}

enum status run_close(struct run *run, enum status st, struct err *err)
{
	if (!run)
		return st;
	if (!run->started) {
		if (run->out)
			out_abandon(run->out);
		if (run->record)
			side_close(run->record, &(struct err){ "" });
		if (run->rejects)
			side_close(run->rejects, &(struct err){ "" });
		run_free(run);
		return st;
	}
	st = end_run(run, st, err);
	audit_redact(run->audit, err->text);
	report_warnings(run->report, &run->warnings);
	report_end(run->report, st, st == ST_OK ? "every window was printed" : err->text);
	if (st == ST_OK || st > ST_SIGNAL || run->set->audit != AUDIT_NONE)
		err->text[0] = '\0';	/* nothing more is to be said */
	run_free(run);
	return st;
}
