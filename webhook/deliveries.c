#include "webhook/deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/backoff.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/time.h"
#include "webhook/http_post.h"
#include "webhook/signature.h"

#define TYPE_MAX 64
#define KEPT_PER_STEP 256		/* files written in one step, so that it ends soon */

/* The body of one or more deliveries: the same part of a window goes to each URL. */
struct message {
	size_t refs;
	char id[PAYLOAD_ID_MAX], type[TYPE_MAX];
	int64_t window;
	size_t part;
	size_t counted;			/* its share of deliveries.bytes */
	struct buf body;
};

struct delivery {
	struct delivery *next;
	struct message *message;
	uint64_t order;			/* over all queues */
	bool earlier;			/* from an earlier run */
	bool kept;			/* in the spool, as name */
	bool too_much;			/* the spool has no room for it */
	char name[SPOOL_NAME_MAX];
};

struct url_queue {		/* the deliveries to one URL */
	const struct target *to;
	size_t number;
	struct delivery *first, **last;
	struct delivery *unspooled;	/* the first one not yet written to the spool; NULL: none */
	bool earlier;			/* the spool may have more from earlier runs */
	size_t place;			/* of the next one of those, for spool_next() */
	bool gone;			/* the receiver answered with HTTP 410 */
	struct delivery *now;		/* the current one; not in the list any more */
	bool tried;			/* `backoff` was started for it */
	struct backoff backoff;
	int64_t again_us;		/* the next attempt */
	int64_t not_before_us;		/* Retry-After of the receiver */
	struct http_post *post;
	char failed[256];		/* why the last attempt of `now` failed; "": none did */
};

struct deliveries {
	struct deliveries_conf conf;
	struct deliveries_totals totals;
	struct url_queue *queue;
	size_t nqueue;
	uint64_t next_order;
	size_t bytes;			/* in memory, of this run */
	char spool_fault[sizeof(((struct err *)0)->text)];	/* the first failure; "": none */
	bool ending;
	int64_t end_us;
};

struct deliveries *deliveries_new(const struct deliveries_conf *conf)
{
	struct deliveries *c = calloc(1, sizeof(*c));
	const bool sends = conf->spool && spool_is_ours_to_send(conf->spool);

	if (!c)
		return NULL;
	c->conf = *conf;
	c->nqueue = conf->targets->n;
	c->queue = calloc(c->nqueue + 1, sizeof(*c->queue));
	if (!c->queue) {
		free(c);
		return NULL;
	}
	for (size_t i = 0; i < c->nqueue; i++) {
		struct url_queue *q = &c->queue[i];

		q->to = &conf->targets->v[i];
		q->number = i;
		q->last = &q->first;
		q->earlier = sends;
		q->again_us = q->not_before_us = INT64_MIN;
	}
	return c;
}

/* --- deliveries ----------------------------------------------------------------------- */

static void message_release(struct deliveries *c, struct message *m)
{
	if (!m || --m->refs)
		return;
	c->bytes -= m->counted;
	buf_free(&m->body);
	free(m);
}

static void delivery_free(struct deliveries *c, struct delivery *d)
{
	if (!d)
		return;
	message_release(c, d->message);
	free(d);
}

/* Takes the first delivery off the list. */
static struct delivery *pop(struct url_queue *q)
{
	struct delivery *d = q->first;

	if (!d)
		return NULL;
	q->first = d->next;
	if (!q->first)
		q->last = &q->first;
	if (q->unspooled == d)
		q->unspooled = d->next;
	d->next = NULL;
	return d;
}

static void end_request(struct url_queue *q)
{
	http_post_free(q->post);
	q->post = NULL;
}

void deliveries_free(struct deliveries *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nqueue; i++) {
		struct url_queue *q = &c->queue[i];

		end_request(q);
		delivery_free(c, q->now);
		for (struct delivery *d; (d = pop(q)); )
			delivery_free(c, d);
	}
	free(c->queue);
	free(c);
}

/* Counts and reports an event of a delivery. */
static void report(struct deliveries *c, const struct url_queue *q, const struct delivery *d,
	struct deliveries_event *e)
{
	struct deliveries_totals *t = &c->totals;

	switch (e->kind) {
	case DELIVERIES_DELIVERED: t->delivered++; break;
	case DELIVERIES_RETRY: t->retried++; break;
	case DELIVERIES_DROPPED: t->dropped++; break;
	case DELIVERIES_REFUSED: t->refused++; t->spooled += !d->earlier; break;
	case DELIVERIES_SPOOLED: t->spooled += !d->earlier; break;
	case DELIVERIES_KINDS: break;
	}
	e->target = q->number;
	e->to = q->to->shown;
	e->id = d->message ? d->message->id : "";
	if (e->kind == DELIVERIES_DROPPED || e->kind == DELIVERIES_REFUSED)
		snprintf(t->failure, sizeof(t->failure), "%.120s: %.120s", e->to,
			e->reason ? e->reason : "");
	c->conf.report(c->conf.arg, e);
}

/* Reports how the delivery ended for this run, and frees it. */
static void end_delivery(struct deliveries *c, const struct url_queue *q, struct delivery *d,
	struct deliveries_event e, enum deliveries_kind kind)
{
	if (d->kept && (kind == DELIVERIES_DELIVERED || kind == DELIVERIES_DROPPED))
		spool_drop(c->conf.spool, d->name);
	if (d->kept && kind == DELIVERIES_REFUSED)
		spool_refuse(c->conf.spool, d->name);
	e.kind = kind;
	report(c, q, d, &e);
	delivery_free(c, d);
}

/* Ends a delivery whose time is over: leaves it to a later run if it is in the spool, else drops
 * it. */
static void give_up(struct deliveries *c, const struct url_queue *q, struct delivery *d,
	struct deliveries_event e)
{
	char reason[384];

	snprintf(reason, sizeof(reason), "%s%s", e.reason, d->too_much
		? "; the spool has no room for it" : "");
	e.reason = reason;
	end_delivery(c, q, d, e, d->kept ? DELIVERIES_SPOOLED : DELIVERIES_DROPPED);
}

/* --- the spool ------------------------------------------------------------------------ */

static void report_fault(struct deliveries *c, const struct err *err, struct lines *warnings)
{
	if (c->spool_fault[0])
		return;
	memcpy(c->spool_fault, err->text, sizeof(c->spool_fault));
	if (warnings)
		lines_add(warnings, "%s", err->text);
}

static void report_displaced(struct deliveries *c, struct lines *warnings)
{
	size_t n = spool_displaced(c->conf.spool);

	c->totals.dropped += n;
	if (n)
		snprintf(c->totals.failure, sizeof(c->totals.failure),
			"the spool is full (--callback-spool-max)");
	if (n && warnings)
		lines_add(warnings, "the spool is full (--callback-spool-max): removed the "
			"%zu oldest refused deliver%s", n, n > 1 ? "ies" : "y");
}

static void keep(struct deliveries *c, const struct url_queue *q, struct delivery *d,
	struct lines *warnings)
{
	struct message *m = d->message;
	struct spool_item item = { .id = m->id, .url = q->to->url, .type = m->type,
		.body = m->body.data, .len = m->body.len };
	struct err err = { "" };
	enum spool_put put = spool_put(c->conf.spool, c->conf.start_ms, c->conf.run, m->window,
		m->part, &item, &err);

	d->kept = put == SPOOL_KEPT;
	d->too_much = put == SPOOL_FULL;
	if (d->kept)
		memcpy(d->name, item.name, sizeof(d->name));
	else if (put == SPOOL_FAILED)
		report_fault(c, &err, warnings);
}

/* The queue with the oldest delivery of all, or with the oldest that is not yet in the spool; NULL:
 * there is none. */
static struct url_queue *oldest(const struct deliveries *c, bool unspooled)
{
	struct url_queue *found = NULL;
	uint64_t order = UINT64_MAX;

	for (size_t i = 0; i < c->nqueue; i++) {
		struct url_queue *q = &c->queue[i];
		const struct delivery *d = unspooled ? q->unspooled : q->first;

		if (d && d->order < order) {
			found = q;
			order = d->order;
		}
	}
	return found;
}

/* Writes new deliveries to the spool before they are sent, as many as one step may. */
static void keep_unspooled(struct deliveries *c, struct lines *warnings)
{
	struct delivery *put[KEPT_PER_STEP];
	struct err err = { "" };
	struct url_queue *q;
	size_t n = 0;

	while (n < KEPT_PER_STEP && (q = oldest(c, true))) {
		put[n++] = q->unspooled;
		keep(c, q, q->unspooled, warnings);
		q->unspooled = q->unspooled->next;
	}
	if (n == 0)
		return;
	report_displaced(c, warnings);
	if (spool_sync(c->conf.spool, &err))
		return;
	report_fault(c, &err, warnings);
	for (size_t i = 0; i < n; i++) {
		if (put[i]->kept)
			spool_drop(c->conf.spool, put[i]->name);
		put[i]->kept = false;
	}
}

/* Copies an item of the spool, which is borrowed until the next one is read. */
static struct delivery *earlier_delivery(const struct spool_item *item)
{
	struct delivery *d = calloc(1, sizeof(*d));
	struct message *m = calloc(1, sizeof(*m));

	if (!d || !m || !buf_add(&m->body, item->body, item->len)) {
		free(d);
		free(m);
		return NULL;
	}
	m->refs = 1;
	snprintf(m->id, sizeof(m->id), "%s", item->id);
	snprintf(m->type, sizeof(m->type), "%s", item->type);
	d->message = m;
	d->earlier = d->kept = true;
	memcpy(d->name, item->name, sizeof(d->name));
	return d;
}

/* The next delivery from an earlier run; NULL: no more. */
static struct delivery *next_earlier(struct deliveries *c, struct url_queue *q,
	struct lines *warnings)
{
	struct delivery *d = NULL;
	struct spool_item item;

	if (q->earlier && spool_next(c->conf.spool, q->to->url, &q->place, &item, warnings))
		d = earlier_delivery(&item);
	q->earlier = d != NULL;
	return d;
}

/* --- new windows ---------------------------------------------------------------------- */

/* Puts a delivery at the end of a queue. */
static bool append(struct deliveries *c, struct url_queue *q, struct message *m)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return false;
	m->refs++;
	d->message = m;
	d->order = c->next_order++;
	*q->last = d;
	q->last = &d->next;
	if (!q->unspooled && c->conf.spool)
		q->unspooled = d;
	return true;
}

static void drop_new(struct deliveries *c, const struct url_queue *q, struct message *m,
	const char *why)
{
	struct delivery d = { .message = m };
	struct deliveries_event e = { .kind = DELIVERIES_DROPPED, .reason = why };

	report(c, q, &d, &e);
}

static struct message *make_message(struct deliveries *c, const struct payload_window *w,
	size_t part)
{
	const enum payload_format format = c->conf.targets->format;
	struct message *m = calloc(1, sizeof(*m));

	if (!m || !payload_part(w, format, part, m->id, &m->body)) {
		if (m)
			buf_free(&m->body);
		free(m);
		return NULL;
	}
	m->refs = 1;
	m->window = w->window->index;
	m->part = part;
	snprintf(m->type, sizeof(m->type), "%s", payload_type(format));
	m->counted = m->body.cap + sizeof(*m) + c->nqueue * sizeof(struct delivery);
	c->bytes += m->counted;
	return m;
}

static void bound_memory(struct deliveries *c)
{
	struct deliveries_event e = { .reason = c->conf.spool
		? "more than 16 MiB of deliveries are waiting"
		: "more than 16 MiB of deliveries are waiting; --callback-spool would keep them" };
	struct url_queue *q;

	while (c->bytes > DELIVERIES_MEMORY_MAX && (q = oldest(c, false))) {
		if (q->first == q->unspooled)
			keep_unspooled(c, NULL);
		give_up(c, q, pop(q), e);
	}
}

void deliveries_window(struct deliveries *c, const struct payload_window *w)
{
	size_t parts = payload_parts(w, c->conf.targets->format);

	for (size_t part = 0; part < parts; part++) {
		struct message *m = make_message(c, w, part);

		for (size_t i = 0; i < c->nqueue; i++) {
			struct url_queue *q = &c->queue[i];

			if (q->gone)
				drop_new(c, q, m, "the receiver has answered with HTTP 410");
			else if (!m || !append(c, q, m))
				drop_new(c, q, m, "out of memory");
		}
		message_release(c, m);
	}
	bound_memory(c);
}

/* --- attempts --------------------------------------------------------------------------- */

/* Standard Webhooks 1.0: each attempt has its own timestamp and signature. */
static void put_headers(struct lines *to, const struct message *m,
	const struct signature_keys *keys, int64_t real_s)
{
	struct buf signature = { 0 };

	lines_add(to, "Content-Type: %s", m->type);
	lines_add(to, "webhook-id: %s", m->id);
	lines_add(to, "webhook-timestamp: %lld", (long long)real_s);
	if (!keys)
		return;
	if (signature_sign(keys, m->id, real_s, m->body.data, m->body.len, &signature)
	    && buf_char(&signature, '\0'))
		lines_add(to, "webhook-signature: %s", signature.data);
	else
		to->failed = true;
	buf_free(&signature);
}

/* When an attempt that begins now has to end. */
static int64_t attempt_end_us(const struct deliveries *c, const struct url_queue *q, int64_t now_us)
{
	int64_t end = backoff_attempt_end_us(&q->backoff, now_us,
		c->conf.targets->timeout_ms * 1000);

	return c->ending && c->end_us < end ? c->end_us : end;
}

static void try_now(struct deliveries *c, struct url_queue *q, int64_t now_us, int64_t real_us)
{
	const struct targets *t = c->conf.targets;
	const struct message *m = q->now->message;
	struct lines own = { 0 };
	struct http_post_call call = { .url = q->to->url, .plain = q->to->plain,
		.allow_private = t->allow_private, .headers = { &own, &t->headers },
		.body = m->body.data, .len = m->body.len };

	if (!q->tried)
		backoff_init(&q->backoff, c->conf.retry_for_us, 0, now_us);
	q->tried = true;
	call.timeout_us = attempt_end_us(c, q, now_us) - now_us;
	put_headers(&own, m, t->keys, real_us / US_PER_S);
	if (!own.failed)
		q->post = http_post_start(c->conf.http, &call, now_us);
	lines_free(&own);
}

/* No more attempts for the current delivery, which is returned. */
static struct delivery *stop_trying(struct url_queue *q)
{
	struct delivery *d = q->now;

	end_request(q);
	q->now = NULL;
	q->failed[0] = '\0';
	q->tried = false;
	q->again_us = INT64_MIN;
	return d;
}

static struct deliveries_event event_of(const struct url_queue *q, const struct http_post_answer *a)
{
	return (struct deliveries_event){ .http_status = a->http_status,
		.reason = a->text[0] ? a->text : NULL, .attempt = q->backoff.attempt + 1 };
}

/* Tries again later. Gives up if no time is left, or Retry-After is beyond the end of the run. */
static void try_again(struct deliveries *c, struct url_queue *q, const struct http_post_answer *a,
	int64_t now_us)
{
	struct deliveries_event e = event_of(q, a);
	enum backoff_verdict verdict = backoff_next(&q->backoff, now_us, backoff_random(),
		a->retry_after_us, &q->again_us);
	const int64_t at_us = q->again_us;

	if (a->retry_after_us > 0)
		q->not_before_us = at_us;
	if (verdict == BACKOFF_TIME_UP || (c->ending && at_us >= c->end_us)) {
		give_up(c, q, stop_trying(q), e);
		return;
	}
	snprintf(q->failed, sizeof(q->failed), "%s", a->text);
	e.kind = DELIVERIES_RETRY;
	e.wait_us = at_us - now_us;
	report(c, q, q->now, &e);
	end_request(q);
}

/* HTTP 410: nothing is sent to this URL or kept for it any more. */
static void give_up_url(struct deliveries *c, struct url_queue *q, struct deliveries_event e,
	struct lines *warnings)
{
	struct delivery *d;

	q->gone = true;
	d = stop_trying(q);
	do
		end_delivery(c, q, d, e, DELIVERIES_DROPPED);
	while ((d = next_earlier(c, q, warnings)) || (d = pop(q)));
}

static void take_answer(struct deliveries *c, struct url_queue *q, int64_t now_us,
	struct lines *warnings)
{
	struct http_post_answer a = *http_post_answer(q->post);	/* a copy that outlives q->post */
	struct deliveries_event e = event_of(q, &a);
	struct delivery *d;

	switch (a.outcome) {
	case HTTP_POST_TAKEN:
		end_delivery(c, q, stop_trying(q), e, DELIVERIES_DELIVERED);
		break;
	case HTTP_POST_AGAIN:
		try_again(c, q, &a, now_us);
		break;
	case HTTP_POST_REFUSED:
		/* a later run tries it again from the spool: the receiver may be repaired then */
		d = stop_trying(q);
		end_delivery(c, q, d, e, d->kept ? DELIVERIES_REFUSED : DELIVERIES_DROPPED);
		break;
	case HTTP_POST_GONE:
		give_up_url(c, q, e, warnings);
		break;
	}
}

/* --- steps ---------------------------------------------------------------------------- */

static int64_t next_try_us(const struct url_queue *q)
{
	return q->again_us > q->not_before_us ? q->again_us : q->not_before_us;
}

/* Gives up all deliveries of the queue. */
static void end_queue(struct deliveries *c, struct url_queue *q)
{
	static const char no_time[] = "the run ended before it was delivered";
	struct deliveries_event e = { .reason = no_time };
	char reason[sizeof(no_time) + sizeof(q->failed) + 24];
	struct delivery *d;

	if (q->now) {
		snprintf(reason, sizeof(reason), "%s%s%s", no_time,
			q->failed[0] ? "; last failure: " : "", q->failed);
		e.reason = reason;
		e.attempt = q->tried ? q->backoff.attempt + (q->post != NULL) : 0;
		give_up(c, q, stop_trying(q), e);
		e = (struct deliveries_event){ .reason = no_time };
	}
	while ((d = pop(q)))
		give_up(c, q, d, e);
	q->earlier = false;
}

/* True if nothing more can be delivered: the run ends now, or before the next attempt is due. */
static bool is_over(const struct deliveries *c, const struct url_queue *q, int64_t now_us)
{
	return c->ending && (now_us >= c->end_us
		|| (!q->post && !q->unspooled && next_try_us(q) >= c->end_us));
}

static void step_queue(struct deliveries *c, struct url_queue *q, int64_t now_us, int64_t real_us,
	struct lines *warnings)
{
	static const struct http_post_answer no_memory = { .outcome = HTTP_POST_AGAIN,
		.retry_after_us = -1, .text = "out of memory" };

	for (;;) {
		if (q->post && http_post_step(q->post, now_us)) {
			take_answer(c, q, now_us, warnings);
			continue;
		}
		if (is_over(c, q, now_us))
			end_queue(c, q);
		if (q->post)
			return;
		if (!q->now)
			q->now = next_earlier(c, q, warnings);
		if (!q->now && q->first != q->unspooled)
			q->now = pop(q);
		if (!q->now || now_us < next_try_us(q))
			return;
		try_now(c, q, now_us, real_us);
		if (!q->post)
			try_again(c, q, &no_memory, now_us);
	}
}

void deliveries_step(struct deliveries *c, int64_t now_us, int64_t real_us,
	struct lines *warnings)
{
	keep_unspooled(c, warnings);
	for (size_t i = 0; i < c->nqueue; i++)
		step_queue(c, &c->queue[i], now_us, real_us, warnings);
}

static bool is_idle(const struct url_queue *q)
{
	return !q->now && !q->first && !q->earlier;
}

int64_t deliveries_deadline_us(const struct deliveries *c)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < c->nqueue; i++) {
		const struct url_queue *q = &c->queue[i];
		int64_t at = is_idle(q) ? INT64_MAX : q->unspooled ? INT64_MIN
			: q->post ? http_post_deadline_us(q->post) : next_try_us(q);

		if (c->ending && !is_idle(q) && c->end_us < at)
			at = c->end_us;
		if (at < until)
			until = at;
	}
	return until;
}

void deliveries_end(struct deliveries *c, int64_t end_us)
{
	if (!c->ending || end_us < c->end_us)
		c->end_us = end_us;
	c->ending = true;
}

bool deliveries_are_written(const struct deliveries *c)
{
	return !oldest(c, true);
}

bool deliveries_are_done(const struct deliveries *c)
{
	for (size_t i = 0; i < c->nqueue; i++)
		if (!is_idle(&c->queue[i]))
			return false;
	return true;
}

const char *deliveries_spool_fault(const struct deliveries *c)
{
	return c->spool_fault[0] ? c->spool_fault : NULL;
}

const struct deliveries_totals *deliveries_totals(const struct deliveries *c)
{
	return &c->totals;
}
