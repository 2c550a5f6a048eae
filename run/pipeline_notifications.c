/* The pipeline of the notification service: its events and snapshots change the values of queue
 * windows. */
#include "message/metric_types.h"
#include "message/notification.h"
#include "message/observation_query.h"
#include "run/pipeline_state.h"
#include "util/slice.h"
#include "util/time.h"
#include "window/queue_window.h"

struct notification_pipeline {
	struct pipeline base;	/* must be first */
	struct notifications *notifications;
	struct queue_windows *windows;
};

static struct notification_pipeline *notifications_of(struct pipeline *p)
{
	return (struct notification_pipeline *)p;
}

static struct queue_windows *windows_of(const struct pipeline *p)
{
	return ((const struct notification_pipeline *)p)->windows;
}

static enum status open_windows(struct pipeline *p, struct err *err)
{
	struct notification_pipeline *np = notifications_of(p);
	struct queue_windows *windows;
	enum status st = queue_windows_new(&windows, &p->conf.queue_windows, err);

	if (st != ST_OK)
		return st;
	queue_windows_free(np->windows);
	np->windows = windows;
	return ST_OK;
}

static enum status open_source(struct pipeline *p, struct err *err)
{
	struct notification_pipeline *np = notifications_of(p);

	np->notifications = notifications_new();
	return np->notifications ? open_windows(p, err) : err_nomem(err);
}

static void close_source(struct pipeline *p)
{
	queue_windows_free(windows_of(p));
	notifications_free(notifications_of(p)->notifications);
}

static bool has_failed(const struct pipeline *p)
{
	return queue_windows_failed(windows_of(p));
}

/* --- messages ------------------------------------------------------------------------ */

static enum status take_event(struct pipeline *p, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_reject r = { .detail = n->why, .text = n->text, .len = n->text_len,
		.at_us = m->at_us, .queue_id = n->queue_id[0] ? n->queue_id : NULL };
	enum verdict verdict = n->why == why_no_memory ? VERDICT_NO_MEMORY
		: queue_windows_take(windows_of(p), n, m->socket, m->at_us, &r.place);

	if (verdict == VERDICT_OTHER_SHARD)
		return ST_OK;
	totals_frame(p->totals, verdict == VERDICT_ACCEPTED);
	if (n->instant_us != NO_TIME && verdict != VERDICT_FOREIGN_QUEUE)
		clock_check_add(&p->clock_check, m->at_us, n->instant_us, false);
	if (n->instant_us != NO_TIME && verdict == VERDICT_ACCEPTED)
		totals_lag(p->totals, m->at_us - n->instant_us);
	return pipeline_verdict(p, verdict, &r, err);
}

static enum status take_notification(struct pipeline *p, const struct notification *n,
	const struct pipeline_message *m, enum notification_kind *control, struct err *err)
{
	struct pipeline_reject r = { .reason = REJECT_NOT_JSON, .text = n->text, .len = n->text_len,
		.at_us = m->at_us };

	switch (n->kind) {
	case NOTIFICATION_EVENT:
	case NOTIFICATION_INVALID:
		return take_event(p, n, m, err);
	case NOTIFICATION_NOT_JSON:
		totals_frame(p->totals, false);
		pipeline_reject(p, &r);
		break;
	case NOTIFICATION_CLOSING:
	case NOTIFICATION_UNSUBSCRIBED:
	case NOTIFICATION_REVOKED:
		*control = n->kind;
		break;
	case NOTIFICATION_HEARTBEAT:	/* nothing to do: source/channel.c counts any message */
	case NOTIFICATION_PONG:
	case NOTIFICATION_OTHER:
		break;
	}
	return ST_OK;
}

/* Begins at the first timestamp. The connection counts as up from then on, because nothing in the
 * input says when it was. */
static enum status begin_bare(struct pipeline *p, int64_t at_us, struct err *err)
{
	p->clock_us = at_us;
	queue_windows_coverage_unknown(windows_of(p));
	if (!queue_windows_socket(windows_of(p), 0, SOCKET_CONNECTED, at_us))
		return err_nomem(err);
	queue_windows_start(windows_of(p), at_us);
	return ST_OK;
}

/*
 * Takes a notification without the time at which it came, as `gc notifications channels listen`
 * prints them. The clock is the newest timestamp so far.
 */
static enum status take_bare(struct pipeline *p, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_message timed = *m;
	struct notification event = *n;
	struct pipeline_reject r = { .reason = REJECT_INVALID, .text = n->text, .len = n->text_len,
		.at_us = NO_TIME, .queue_id = n->queue_id[0] ? n->queue_id : NULL,
		.detail = n->why ? n->why : "no timestamp has come before it" };
	enum notification_kind control;
	enum status st = ST_OK;

	if (n->why == why_no_memory)
		return err_nomem(err);
	if (n->kind != NOTIFICATION_EVENT && n->kind != NOTIFICATION_INVALID)
		return take_notification(p, n, m, &control, err);
	if (n->instant_us != NO_TIME && p->clock_us == NO_TIME)
		st = begin_bare(p, n->instant_us, err);
	else if (n->instant_us > p->clock_us)
		p->clock_us = n->instant_us;
	if (st == ST_OK && p->clock_us == NO_TIME) {
		totals_frame(p->totals, false);
		pipeline_reject(p, &r);
		return ST_OK;
	}
	/* by that clock its age cannot be known */
	event.instant_us = NO_TIME;
	timed.at_us = p->clock_us;
	if (st == ST_OK)
		st = pipeline_print_before(p, p->clock_us, err);
	return st != ST_OK || pipeline_is_over(p) ? st : take_event(p, &event, &timed, err);
}

static enum status take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	enum notification_kind *control, struct err *err)
{
	struct notifications *notifications = notifications_of(p)->notifications;
	struct notification n;
	enum status st = ST_OK;

	notifications_begin(notifications, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(p) && notifications_next(notifications, &n)) {
		if (n.kind == NOTIFICATION_NOT_JSON && m->verbatim) {
			audit_events_broken_line(p->events, m->line, "not JSON");
			continue;
		}
		*good = true;
		st = m->at_us == NO_TIME ? take_bare(p, &n, m, err)
			: take_notification(p, &n, m, control, err);
	}
	return st;
}

/* --- snapshots and queues --------------------------------------------------------------- */

static bool put_presence(void *arg, struct slice id, struct slice name)
{
	return queue_windows_presence(arg, id, name);
}

static enum status snapshot(struct pipeline *p, const struct pipeline_answer *a, bool *good,
	struct err *err)
{
	struct notifications *notifications = notifications_of(p)->notifications;
	struct queue_windows *windows = windows_of(p);
	struct notification n;

	observation_query_begin(notifications, a->text, a->len);
	*good = observation_query_is_complete(notifications);
	if (!*good
	    || !queue_windows_snapshot_begin(windows, a->asked, a->resync, a->asked_us))
		return ST_OK;
	if (!observation_query_presences(notifications, a->text, a->len, put_presence,
	    windows))
		*good = false;
	observation_query_begin(notifications, a->text, a->len);
	while (observation_query_next(notifications, &n)) {
		for (size_t i = 0; i < n.nvalue; i++)
			if (n.value[i].kind == VALUE_START)
				clock_check_add(&p->clock_check, a->at_us, n.value[i].us, false);
		if (queue_windows_snapshot_take(windows, &n, a->asked_us, a->at_us)
			== VERDICT_INVALID)
			*good = false;
	}
	if (notifications_failed(notifications))
		return err_nomem(err);
	queue_windows_snapshot_end(windows, a->asked_us, a->at_us);
	return pipeline_check_memory(p, ST_OK, err);
}

static bool was_answered(const struct pipeline *p, size_t queue)
{
	return queue_windows_was_answered(windows_of(p), queue);
}

static void refuse(struct pipeline *p, const char *queue_id)
{
	queue_windows_refuse(windows_of(p), queue_id);
}

static bool watch(struct pipeline *p, const char *queue_id)
{
	return queue_windows_watch(windows_of(p), queue_id);
}

static enum status set_queues(struct pipeline *p, const char *const *queue, size_t n,
	struct err *err)
{
	p->conf.queue_windows.queue = queue;
	p->conf.queue_windows.nqueue = n;
	return open_windows(p, err);
}

static enum status restart(struct pipeline *p, struct err *err)
{
	p->clock_us = NO_TIME;
	return queue_windows_restart(&notifications_of(p)->windows, err);
}

/* --- windows ------------------------------------------------------------------------- */

static void start(struct pipeline *p, int64_t at_us)
{
	queue_windows_start(windows_of(p), at_us);
}

static bool socket_changes(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us)
{
	bool ok = queue_windows_socket(windows_of(p), socket, state, at_us);

	if (ok && p->conf.starts_connected && state == SOCKET_CONNECTED)
		start(p, at_us);
	return ok;
}

static bool stalled(struct pipeline *p, int64_t from_us, int64_t until_us)
{
	return queue_windows_stalled(windows_of(p), from_us, until_us);
}

static const struct row_window *due(struct pipeline *p, int64_t at_us)
{
	return queue_windows_due(windows_of(p), at_us);
}

static const struct row_window *rest(struct pipeline *p, int64_t at_us, bool cut)
{
	return queue_windows_rest(windows_of(p), at_us, cut);
}

static int64_t due_us(const struct pipeline *p)
{
	return window_clock_due_us(&p->clock);
}

static void report_resync(struct pipeline *p, int64_t at_us)
{
	uint64_t differences;

	if (!queue_windows_resync_over(windows_of(p), at_us, &differences))
		return;
	p->totals->resyncs++;
	p->totals->differences += differences;
	audit_events_resync(p->events, differences);
}

/* The service does not refuse an unknown metric. Without a warning a misspelt name would look like
 * a metric without values. */
static void check_metrics(struct pipeline *p)
{
	const struct queue_windows_conf *conf = &p->conf.queue_windows;

	for (size_t i = 0; i < conf->npattern; i++) {
		const char *name = conf->pattern[i], *near;

		if (metric_types_know(name) || queue_windows_has_metric(windows_of(p), name))
			continue;
		near = metric_types_nearest(name, false);
		audit_events_doubt(p->events, "--metric '%.100s': the service sent no values "
			"for it, and the name is not a known metric%s%s%s", name,
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
}

const struct pipeline_source pipeline_notifications = {
	.size = sizeof(struct notification_pipeline),
	.open = open_source,
	.close = close_source,
	.failed = has_failed,
	.take = take,
	.socket = socket_changes,
	.stalled = stalled,
	.restart = restart,
	.watch = watch,
	.due = due,
	.rest = rest,
	.due_us = due_us,
	.set_queues = set_queues,
	.snapshot = snapshot,
	.was_answered = was_answered,
	.refuse = refuse,
	.start = start,
	.report_resync = report_resync,
	.check_names = check_metrics
};
