#include "run/pipeline.h"

#include <stdlib.h>

#include "output/side_file.h"
#include "run/pipeline_notifications.h"
#include "run/pipeline_state.h"
#include "run/pipeline_stream.h"
#include "source/recording.h"
#include "util/buf.h"
#include "util/slice.h"
#include "util/time.h"
#include "util/utf8.h"
#include "window/metric_types.h"

static void expect_media(void *windows, const char *queue_id, struct slice media)
{
	queue_windows_prefetch(windows, queue_id, media);
}

enum status pipeline_new(struct pipeline **out, const struct pipeline_conf *conf, struct err *err)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	enum status st;

	*out = p;
	if (!p)
		return err_nomem(err);
	p->conf = *conf;
	p->events = conf->sinks.events;
	p->clock_us = NO_TIME;
	p->sinks = sinks_new(&conf->sinks);
	if (!p->sinks)
		return err_nomem(err);
	if (conf->notifications) {
		p->notifications = notifications_new();
		if (!p->notifications)
			return err_nomem(err);
		st = queue_windows_new(&p->queue_windows, &conf->queue_windows, err);
		if (st == ST_OK)
			notifications_on_group(p->notifications, expect_media, p->queue_windows);
		return st;
	}
	p->stream_events = stream_events_new(conf->metric, conf->nmetric, conf->nasked,
		conf->stream_windows.outlier, conf->stream_windows.noutlier);
	if (!p->stream_events)
		return err_nomem(err);
	return stream_windows_new(&p->stream_windows, &conf->stream_windows, err);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	stream_windows_free(p->stream_windows);
	stream_events_free(p->stream_events);
	queue_windows_free(p->queue_windows);
	notifications_free(p->notifications);
	sinks_free(p->sinks);
	buf_free(&p->text);
	free(p);
}

/* --- windows ------------------------------------------------------------------------- */

enum status pipeline_check_memory(const struct pipeline *p, enum status st, struct err *err)
{
	bool failed = p->queue_windows ? queue_windows_failed(p->queue_windows)
		: stream_windows_failed(p->stream_windows);

	return st == ST_OK && failed ? err_nomem(err) : st;
}

/* The service does not refuse an unknown metric. Without the warning a misspelt name would look
 * like a metric without values. */
static void warn_of_metrics(struct pipeline *p)
{
	const struct queue_windows_conf *conf = &p->conf.queue_windows;

	for (size_t i = 0; p->queue_windows && i < conf->npattern; i++) {
		const char *name = conf->pattern[i], *near;

		if (metric_types_know(name) || queue_windows_has_metric(p->queue_windows, name))
			continue;
		near = metric_types_nearest(name);
		audit_events_doubt(p->events, "--metric %.100s: nothing came of it, and it is no "
			"known metric%s%s%s", name, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
	}
}

static void window_closed(struct pipeline *p)
{
	clock_check_window(&p->clock_check, p->events, pipeline_printed(p) - 1, p->conf.replay);
	if (pipeline_printed(p) == 1)
		warn_of_metrics(p);
}

static void warn_of_outliers(struct pipeline *p)
{
	const uint64_t n = audit_events_totals(p->events)->rejected[REJECT_OUTLIER];

	if (n && p->conf.default_outlier)
		audit_events_doubt(p->events, "%llu frame%s left out by the default rule "
			"--outlier '%s'; --outlier none keeps them",
			(unsigned long long)n, n == 1 ? " was" : "s were", p->conf.default_outlier);
}

/* Hands a window to the sinks. False: there is none (w NULL), or it failed. */
static bool print_window(struct pipeline *p, const struct row_window *w, enum status *st,
	struct err *err)
{
	if (!w)
		return false;
	*st = sinks_window(p->sinks, w, err);
	if (*st == ST_OK)
		window_closed(p);
	return *st == ST_OK;
}

static bool print_one_due(struct pipeline *p, int64_t at_us, enum status *st, struct err *err)
{
	return print_window(p, p->queue_windows ? queue_windows_due(p->queue_windows, at_us)
		: stream_windows_due(p->stream_windows, at_us), st, err);
}

/* The same for a window that is still open. */
static bool print_one_of_rest(struct pipeline *p, int64_t at_us, bool cut, enum status *st,
	struct err *err)
{
	return print_window(p, p->queue_windows ? queue_windows_rest(p->queue_windows, at_us, cut)
		: stream_windows_rest(p->stream_windows, at_us, cut), st, err);
}

static bool is_far_ahead(const struct pipeline *p)
{
	return p->conf.ahead && writer_waiting_bytes(p->conf.sinks.writer) > p->conf.ahead;
}

/* Reports a resync once no message can explain a difference any more. */
static void report_resync(struct pipeline *p, int64_t at_us)
{
	uint64_t differences;

	if (p->queue_windows && queue_windows_resync_over(p->queue_windows, at_us, &differences))
		audit_events_resync(p->events, differences);
}

enum status pipeline_print_due(struct pipeline *p, int64_t at_us, struct err *err)
{
	enum status st = ST_OK;

	report_resync(p, at_us);
	p->has_more = false;
	while (!sinks_ends_run(p->sinks)) {
		p->has_more = is_far_ahead(p);
		if (p->has_more || !print_one_due(p, at_us, &st, err))
			break;
	}
	return pipeline_check_memory(p, st, err);
}

enum status pipeline_print_before(struct pipeline *p, int64_t at_us, struct err *err)
{
	enum status st = ST_OK;

	p->has_more = false;
	while (!sinks_ends_run(p->sinks) && print_one_due(p, at_us, &st, err))
		;
	return pipeline_check_memory(p, st, err);
}

enum status pipeline_print_rest(struct pipeline *p, int64_t at_us, bool cut, struct err *err)
{
	enum status st = ST_OK;

	p->has_more = false;
	do
		p->has_more = is_far_ahead(p);
	while (!p->has_more && print_one_of_rest(p, at_us, cut, &st, err));
	return pipeline_check_memory(p, st, err);
}

enum status pipeline_end(struct pipeline *p, struct lines *warnings, struct err *err)
{
	if (pipeline_printed(p) > 1)
		warn_of_metrics(p);
	warn_of_outliers(p);
	report_resync(p, INT64_MAX);
	return sinks_end(p->sinks, warnings, err);
}

bool pipeline_has_more(const struct pipeline *p)
{
	return p->has_more;
}

static const struct window_clock *clock_of(const struct pipeline *p)
{
	return p->queue_windows ? queue_windows_clock(p->queue_windows)
		: stream_windows_clock(p->stream_windows);
}

int64_t pipeline_due_us(const struct pipeline *p)
{
	return p->queue_windows ? window_clock_due_us(clock_of(p))
		: stream_windows_due_us(p->stream_windows);
}

bool pipeline_is_over(const struct pipeline *p)
{
	return sinks_ends_run(p->sinks) || pipeline_has_all(p);
}

bool pipeline_has_all(const struct pipeline *p)
{
	return window_clock_all_printed(clock_of(p));
}

int64_t pipeline_printed(const struct pipeline *p)
{
	return clock_of(p)->index;
}

int64_t pipeline_printed_end_us(const struct pipeline *p)
{
	return window_clock_printed_end_us(clock_of(p));
}

/* --- messages ------------------------------------------------------------------------ */

void pipeline_reject(struct pipeline *p, const struct pipeline_reject *r)
{
	audit_events_reject(p->events, r->reason, r->queue_id,
		r->in_row ? r->queue : SIZE_MAX, r->detail);
	if (!p->conf.rejects)
		return;
	buf_clear(&p->text);
	recording_entry_put_reject(&p->text, r->at_us, r->in_row, r->window, r->queue_id,
		audit_events_reject_name(r->reason), r->text, r->len);
	side_file_put(p->conf.rejects, &p->text);
}

static void take_binary(struct pipeline *p, const struct pipeline_message *m)
{
	struct pipeline_reject r = { .reason = REJECT_BINARY, .text = m->text, .len = m->len,
		.at_us = m->at_us };

	audit_events_message(p->events);
	audit_events_frame(p->events, false);
	pipeline_reject(p, &r);
}

enum status pipeline_take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	enum notification_kind *control, struct err *err)
{
	enum status st;

	*control = NOTIFICATION_OTHER;
	*good = !m->verbatim;
	if (m->binary) {
		*good = true;
		take_binary(p, m);
		return ST_OK;
	}
	/* ws.c checks this of live messages */
	if (m->line && !utf8_valid(m->text, m->len)) {
		*good = false;
		audit_events_broken_line(p->events, m->line, "not UTF-8");
		return ST_OK;
	}
	st = p->queue_windows ? pipeline_notifications_take(p, m, good, control, err)
		: pipeline_stream_take(p, m, good, err);
	if (*good)
		audit_events_message(p->events);
	return st;
}

enum status pipeline_snapshot(struct pipeline *p, const struct pipeline_answer *a, bool *good,
	struct err *err)
{
	return pipeline_notifications_snapshot(p, a, good, err);
}

bool pipeline_was_answered(const struct pipeline *p, size_t queue)
{
	return queue_windows_was_answered(p->queue_windows, queue);
}

void pipeline_refuse(struct pipeline *p, const char *queue_id)
{
	queue_windows_refuse(p->queue_windows, queue_id);
}

void pipeline_set_interval(struct pipeline *p, const char *text, size_t len)
{
	if (!p->conf.notifications)
		stream_windows_interval(p->stream_windows, text, len);
}

void pipeline_start(struct pipeline *p, int64_t at_us)
{
	queue_windows_start(p->queue_windows, at_us);
}

/* --- sockets, queues, recordings ------------------------------------------------------- */

enum status pipeline_socket(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err)
{
	bool ok = true;

	if (p->queue_windows)
		ok = queue_windows_socket(p->queue_windows, socket, state, at_us);
	else if (state == SOCKET_CONNECTED)
		stream_windows_connected(p->stream_windows, socket, at_us);
	else
		ok = stream_windows_lost(p->stream_windows, socket, at_us);
	if (ok && p->queue_windows && p->conf.starts_connected && state == SOCKET_CONNECTED)
		queue_windows_start(p->queue_windows, at_us);
	return ok ? ST_OK : err_nomem(err);
}

enum status pipeline_stalled(struct pipeline *p, int64_t from_us, int64_t until_us, struct err *err)
{
	bool ok = p->queue_windows ? queue_windows_stalled(p->queue_windows, from_us, until_us)
		: stream_windows_stalled(p->stream_windows, from_us, until_us);

	return ok ? ST_OK : err_nomem(err);
}

enum status pipeline_restart(struct pipeline *p, const char *const *queue, size_t n,
	struct err *err)
{
	struct queue_windows_conf *conf = &p->conf.queue_windows;
	struct queue_windows *windows;
	enum status st;

	if (p->stream_windows) {
		stream_windows_restart(p->stream_windows);
		return ST_OK;
	}
	conf->queue = queue;
	conf->nqueue = n;
	conf->clock = *clock_of(p);
	window_clock_restart(&conf->clock);
	st = queue_windows_new(&windows, conf, err);
	if (st != ST_OK)
		return st;
	queue_windows_free(p->queue_windows);
	p->queue_windows = windows;
	p->clock_us = NO_TIME;
	notifications_on_group(p->notifications, expect_media, windows);
	for (size_t i = 0; i < n; i++)
		queue_windows_refuse(windows, queue[i]);
	return ST_OK;
}

bool pipeline_watch(struct pipeline *p, const char *queue_id)
{
	return p->queue_windows ? queue_windows_watch(p->queue_windows, queue_id)
		: stream_windows_watch(p->stream_windows, queue_id);
}

const char *pipeline_queue_id(const struct pipeline *p, size_t queue)
{
	return p->queue_windows ? queue_windows_queue_id(p->queue_windows, queue) : NULL;
}

void pipeline_set_names(struct pipeline *p, const char *const *name)
{
	p->conf.queue_windows.queue_name = name;
	if (p->queue_windows)
		queue_windows_set_names(p->queue_windows, name);
}

int64_t pipeline_clock_us(const struct pipeline *p)
{
	return p->clock_us;
}
