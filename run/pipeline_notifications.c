#include "run/pipeline_notifications.h"

#include "util/slice.h"
#include "util/time.h"
#include "window/observation_query.h"

static enum status take_event(struct pipeline *p, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_reject r = { .reason = REJECT_INVALID, .detail = n->why, .text = n->text,
		.len = n->text_len, .at_us = m->at_us,
		.queue_id = n->queue_id[0] ? n->queue_id : NULL };
	enum queue_windows_verdict verdict = n->why == why_no_memory ? QUEUE_WINDOWS_NO_MEMORY
		: queue_windows_take(p->queue_windows, n, m->socket, m->at_us, &r.window);

	audit_events_frame(p->events, verdict == QUEUE_WINDOWS_ACCEPTED);
	if (n->instant_us != NO_TIME && verdict != QUEUE_WINDOWS_FOREIGN_QUEUE)
		clock_check_add(&p->clock_check, m->at_us, n->instant_us, false);
	r.in_row = queue_windows_clock(p->queue_windows)->started
		&& verdict != QUEUE_WINDOWS_FOREIGN_QUEUE && r.queue_id;
	r.queue = r.in_row ? queue_windows_queue_number(p->queue_windows, r.queue_id) : 0;
	switch (verdict) {
	case QUEUE_WINDOWS_ACCEPTED:
		if (n->instant_us != NO_TIME)
			audit_events_lag(p->events, m->at_us - n->instant_us);
		return ST_OK;
	case QUEUE_WINDOWS_NO_MEMORY:
		return err_nomem(err);
	case QUEUE_WINDOWS_TOO_MANY_QUEUES:
		return err_set(err, ST_PROTOCOL, "the replay holds more than %zu queues; "
			"name the ones to watch", p->conf.queue_windows.room);
	case QUEUE_WINDOWS_DUPLICATE:
		r.reason = REJECT_DUPLICATE;
		break;
	case QUEUE_WINDOWS_FOREIGN_QUEUE:
		r.reason = REJECT_FOREIGN_QUEUE;
		break;
	case QUEUE_WINDOWS_INVALID:
		break;
	}
	pipeline_reject(p, &r);
	return ST_OK;
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
		audit_events_frame(p->events, false);
		pipeline_reject(p, &r);
		break;
	case NOTIFICATION_CLOSING:
	case NOTIFICATION_UNSUBSCRIBED:
	case NOTIFICATION_REVOKED:
		*control = n->kind;
		break;
	case NOTIFICATION_HEARTBEAT:	/* any message shows that the socket works */
	case NOTIFICATION_PONG:
	case NOTIFICATION_OTHER:
		break;
	}
	return ST_OK;
}

/* The first timestamp. The service counts as connected from then on, for nothing else says when it
 * was. */
static enum status begin_bare(struct pipeline *p, int64_t at_us, struct err *err)
{
	p->clock_us = at_us;
	queue_windows_coverage_unknown(p->queue_windows);
	if (!queue_windows_socket(p->queue_windows, 0, SOCKET_CONNECTED, at_us))
		return err_nomem(err);
	queue_windows_start(p->queue_windows, at_us);
	return ST_OK;
}

/*
 * A notification without the time at which it came, as `gc notifications channels listen` prints
 * them. The clock is the newest timestamp of all of them.
 */
static enum status take_bare(struct pipeline *p, const struct notification *n,
	const struct pipeline_message *m, struct err *err)
{
	struct pipeline_message timed = *m;
	struct notification event = *n;
	struct pipeline_reject r = { .reason = REJECT_INVALID, .text = n->text, .len = n->text_len,
		.at_us = NO_TIME, .queue_id = n->queue_id[0] ? n->queue_id : NULL,
		.detail = n->why ? n->why : "no instant was told before it" };
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
		audit_events_frame(p->events, false);
		pipeline_reject(p, &r);
		return ST_OK;
	}
	/* that clock cannot say how late it came */
	event.instant_us = NO_TIME;
	timed.at_us = p->clock_us;
	if (st == ST_OK)
		st = pipeline_print_before(p, p->clock_us, err);
	return st != ST_OK || pipeline_is_over(p) ? st : take_event(p, &event, &timed, err);
}

enum status pipeline_notifications_take(struct pipeline *p, const struct pipeline_message *m,
	bool *good, enum notification_kind *control, struct err *err)
{
	struct notification n;
	enum status st = ST_OK;

	notifications_begin(p->notifications, m->text, m->len);
	while (st == ST_OK && !pipeline_is_over(p) && notifications_next(p->notifications, &n)) {
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

static bool put_presence(void *arg, struct slice id, struct slice name)
{
	return queue_windows_presence(arg, id, name);
}

enum status pipeline_notifications_snapshot(struct pipeline *p, const struct pipeline_answer *a,
	bool *good, struct err *err)
{
	struct notification n;

	observation_query_begin(p->notifications, a->text, a->len);
	*good = observation_query_is_complete(p->notifications);
	if (!*good
	    || !queue_windows_snapshot_begin(p->queue_windows, a->asked, a->resync, a->asked_us))
		return ST_OK;
	if (!observation_query_presences(p->notifications, a->text, a->len, put_presence,
	    p->queue_windows))
		*good = false;
	observation_query_begin(p->notifications, a->text, a->len);
	while (observation_query_next(p->notifications, &n)) {
		for (size_t i = 0; i < n.nvalue; i++)
			if (n.value[i].kind == VALUE_START)
				clock_check_add(&p->clock_check, a->at_us, n.value[i].us, false);
		if (queue_windows_snapshot_take(p->queue_windows, &n, a->asked_us, a->at_us)
			== QUEUE_WINDOWS_INVALID)
			*good = false;
	}
	if (notifications_failed(p->notifications))
		return err_nomem(err);
	queue_windows_snapshot_end(p->queue_windows, a->asked_us, a->at_us);
	return pipeline_check_memory(p, ST_OK, err);
}
