#include "run/pipeline.h"

#include <stdlib.h>

#include "output/side_file.h"
#include "run/pipeline_state.h"
#include "source/recording.h"
#include "util/buf.h"
#include "util/time.h"
#include "util/utf8.h"

enum status pipeline_new(struct pipeline **out, const struct pipeline_conf *conf, struct err *err)
{
	const struct pipeline_source *source = conf->source == SOURCE_NOTIFICATIONS
		? &pipeline_notifications : &pipeline_stream;
	struct pipeline *p = calloc(1, source->size);

	*out = p;
	if (!p)
		return err_nomem(err);
	p->source = source;
	p->conf = *conf;
	p->sinks = conf->sinks;
	p->totals = conf->totals;
	p->events = conf->events;
	p->clock_us = NO_TIME;
	p->clock = conf->clock;
	p->conf.stream_windows.clock = p->conf.queue_windows.clock = &p->clock;
	p->conf.stream_windows.queues = p->conf.queue_windows.queues = &p->queues;
	return source->open(p, err);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	p->source->close(p);
	queue_index_free(&p->queues);
	buf_free(&p->text);
	free(p);
}

/* --- windows ------------------------------------------------------------------------- */

enum status pipeline_check_memory(const struct pipeline *p, enum status st, struct err *err)
{
	return st == ST_OK && p->source->failed(p) ? err_nomem(err) : st;
}

/* Reports a resync when no message can explain its differences any more. */
static void report_resync(struct pipeline *p, int64_t at_us)
{
	if (p->source->report_resync)
		p->source->report_resync(p, at_us);
}

static void check_names(struct pipeline *p)
{
	if (p->source->check_names)
		p->source->check_names(p);
}

static void warn_of_outliers(struct pipeline *p)
{
	const uint64_t n = p->totals->rejected[REJECT_OUTLIER];

	if (n && p->conf.default_outlier)
		audit_events_doubt(p->events, "%llu frame%s dropped by the default --outlier "
			"'%s'; use --outlier none to keep them",
			(unsigned long long)n, n == 1 ? " was" : "s were", p->conf.default_outlier);
}

/* Hands a window to the sinks. Returns false if w is NULL or the sinks fail. */
static bool print_window(struct pipeline *p, const struct row_window *w, enum status *st,
	struct err *err)
{
	if (!w)
		return false;
	*st = sinks_window(p->sinks, w, err);
	if (*st != ST_OK)
		return false;
	clock_check_window(&p->clock_check, p->events, w->index, p->conf.replay);
	if (w->index == 0)
		check_names(p);
	return true;
}

struct printing {
	bool patient;		/* stop while the reader of rows is slow */
	bool rest, cut;		/* also windows that are not over; see pipeline_print_rest */
};

static enum status print_windows(struct pipeline *p, int64_t at_us, struct printing how,
	struct err *err)
{
	enum status st = ST_OK;

	p->has_more = false;
	while (how.rest || !sinks_ends_run(p->sinks)) {
		p->has_more = how.patient && sinks_wait_for_reader(p->sinks);
		if (p->has_more || !print_window(p, how.rest ? p->source->rest(p, at_us, how.cut)
				: p->source->due(p, at_us), &st, err))
			break;
	}
	return pipeline_check_memory(p, st, err);
}

enum status pipeline_print_due(struct pipeline *p, int64_t at_us, struct err *err)
{
	report_resync(p, at_us);
	return print_windows(p, at_us, (struct printing){ .patient = true }, err);
}

enum status pipeline_print_before(struct pipeline *p, int64_t at_us, struct err *err)
{
	return print_windows(p, at_us, (struct printing){ .patient = false }, err);
}

enum status pipeline_print_rest(struct pipeline *p, int64_t at_us, bool cut, struct err *err)
{
	return print_windows(p, at_us, (struct printing){ true, true, cut }, err);
}

void pipeline_end(struct pipeline *p)
{
	if (sinks_windows(p->sinks) > 1)
		check_names(p);
	warn_of_outliers(p);
	report_resync(p, INT64_MAX);
}

bool pipeline_has_more(const struct pipeline *p)
{
	return p->has_more;
}

int64_t pipeline_due_us(const struct pipeline *p)
{
	return p->source->due_us(p);
}

bool pipeline_is_over(const struct pipeline *p)
{
	return sinks_ends_run(p->sinks) || pipeline_has_all(p);
}

bool pipeline_has_all(const struct pipeline *p)
{
	return window_clock_all_printed(&p->clock);
}

/* --- messages ------------------------------------------------------------------------ */

void pipeline_reject(struct pipeline *p, const struct pipeline_reject *r)
{
	p->totals->rejected[r->reason]++;
	audit_events_reject(p->events, r->reason, r->queue_id,
		r->place.in_row ? r->place.queue : SIZE_MAX, r->detail);
	if (!p->conf.rejects)
		return;
	buf_clear(&p->text);
	recording_entry_put_reject(&p->text, r->at_us, r->place.in_row, r->place.window,
		r->queue_id, reject_name(r->reason), r->text, r->len);
	side_file_put(p->conf.rejects, &p->text);
}

static enum status too_many_queues(const struct pipeline *p, struct err *err)
{
	return err_set(err, ST_PROTOCOL, "--replay: the recording has more than %zu queues; choose "
		"some with --queue", p->conf.source == SOURCE_NOTIFICATIONS
		? p->conf.queue_windows.room : p->conf.stream_windows.queue_max);
}

enum status pipeline_verdict(struct pipeline *p, enum verdict verdict, struct pipeline_reject *r,
	struct err *err)
{
	switch (verdict) {
	case VERDICT_ACCEPTED:
	case VERDICT_BEYOND:
	case VERDICT_OTHER_SHARD:
		return ST_OK;
	case VERDICT_INVALID:
	case VERDICT_DUPLICATE:
	case VERDICT_STALE:
	case VERDICT_OUTLIER:
		r->reason = (enum reject)verdict;
		break;
	case VERDICT_FOREIGN_QUEUE:
		r->reason = REJECT_FOREIGN_QUEUE;
		break;
	case VERDICT_TOO_MANY_QUEUES:
		return too_many_queues(p, err);
	case VERDICT_NO_MEMORY:
		return err_nomem(err);
	}
	pipeline_reject(p, r);
	return ST_OK;
}

static void take_binary(struct pipeline *p, const struct pipeline_message *m)
{
	struct pipeline_reject r = { .reason = REJECT_BINARY, .text = m->text, .len = m->len,
		.at_us = m->at_us };

	p->totals->messages++;
	totals_frame(p->totals, false);
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
	/* of live messages, ws.c has checked this */
	if (m->line && !utf8_valid(m->text, m->len)) {
		*good = false;
		audit_events_broken_line(p->events, m->line, "not UTF-8");
		return ST_OK;
	}
	st = p->source->take(p, m, good, control, err);
	if (*good)
		p->totals->messages++;
	return st;
}

/* --- sockets and recordings ---------------------------------------------------------- */

enum status pipeline_socket(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err)
{
	return p->source->socket(p, socket, state, at_us) ? ST_OK : err_nomem(err);
}

enum status pipeline_stalled(struct pipeline *p, int64_t from_us, int64_t until_us, struct err *err)
{
	return p->source->stalled(p, from_us, until_us) ? ST_OK : err_nomem(err);
}

void pipeline_start(struct pipeline *p, int64_t at_us)
{
	p->source->start(p, at_us);
}

enum status pipeline_restart(struct pipeline *p, struct err *err)
{
	window_clock_restart(&p->clock);
	return p->source->restart(p, err);
}

enum status pipeline_watch(struct pipeline *p, const char *queue_id, struct err *err)
{
	if (p->source->watch(p, queue_id))
		return ST_OK;
	if (p->source->failed(p))
		return err_nomem(err);
	return too_many_queues(p, err);
}

const struct queue_index *pipeline_queues(const struct pipeline *p)
{
	return &p->queues;
}

enum status pipeline_set_name(struct pipeline *p, const char *queue_id, const char *name,
	struct err *err)
{
	return queue_index_set_name(&p->queues, queue_id, name) ? ST_OK : err_nomem(err);
}

int64_t pipeline_clock_us(const struct pipeline *p)
{
	return p->clock_us;
}

/* --- calls of one source ------------------------------------------------------------- */

void pipeline_set_interval(struct pipeline *p, const char *text, size_t len)
{
	if (p->source->set_interval)
		p->source->set_interval(p, text, len);
}

enum status pipeline_set_queues(struct pipeline *p, const char *const *queue, size_t n,
	struct err *err)
{
	if (!p->source->set_queues)
		return ST_OK;
	queue_index_free(&p->queues);
	return p->source->set_queues(p, queue, n, err);
}

void pipeline_refuse(struct pipeline *p, const char *queue_id)
{
	if (p->source->refuse)
		p->source->refuse(p, queue_id);
}

enum status pipeline_snapshot(struct pipeline *p, const struct pipeline_answer *a, bool *good,
	struct err *err)
{
	*good = false;
	return p->source->snapshot ? p->source->snapshot(p, a, good, err) : ST_OK;
}

bool pipeline_was_answered(const struct pipeline *p, size_t queue)
{
	return p->source->was_answered && p->source->was_answered(p, queue);
}
