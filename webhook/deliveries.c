#include "webhook/deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/backoff.h"
#include "util/base.h"
#include "util/buf.h"
#include "webhook/http_post.h"
#include "webhook/signature.h"

#define TYPE_MAX 64
#define S_US INT64_C(1000000)
#define KEPT_A_STEP 256		/* files, with one sync: signals do not wait for many */

/* A body on its way to one URL or to several. */
struct parcel {
	size_t refs;
	char id[PAYLOAD_ID_MAX], type[TYPE_MAX];
	int64_t window;
	size_t part;
	size_t counted;			/* bytes of c->bytes */
	struct buf body;
};

struct delivery {
	struct delivery *next;
	struct parcel *parcel;
	uint64_t order;			/* over all lines */
	bool earlier;			/* a run before this one left it */
	bool kept;			/* in the spool, as name */
	bool too_much;			/* for the spool */
	char name[SPOOL_NAME_MAX];
};

struct url_queue {				/* of one URL */
	const struct target *to;
	size_t number;
	struct delivery *first, **last;
	struct delivery *fresh;		/* from here on none has been offered to the spool; NULL
					 * without one */
	bool earlier;			/* what earlier runs left may not all be sent */
	char after[SPOOL_NAME_MAX];	/* the last one of them */
	bool gone;			/* 410 */
	struct delivery *now;		/* the one that is tried; not in the list any more */
	bool tried;			/* the times of `retry` hold */
	struct backoff retry;
	int64_t again_us, not_before_us;	/* not_before_us: an order of the receiver's */
	struct http_post *post;
	const char *header[HTTP_POST_HEADERS_MAX];
	struct buf own[4];		/* lines of this attempt */
	char failed[256];		/* why the last attempt of `now` did; "": none has */
};

struct deliveries {
	struct deliveries_conf conf;
	struct deliveries_totals totals;
	struct url_queue *line;
	size_t nline;
	uint64_t orders;
	size_t bytes;			/* in memory, of this run */
	char spool_fault[sizeof(((struct err *)0)->text)];	/* the first; "": none */
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
	c->nline = conf->targets->n;
	c->line = calloc(c->nline + 1, sizeof(*c->line));
	if (!c->line) {
		free(c);
		return NULL;
	}
	for (size_t i = 0; i < c->nline; i++) {
		struct url_queue *l = &c->line[i];

		l->to = &conf->targets->v[i];
		l->number = i;
		l->last = &l->first;
		l->earlier = sends;
		l->again_us = l->not_before_us = INT64_MIN;
	}
	return c;
}

/* --- deliveries ----------------------------------------------------------------------- */

static void parcel_put_away(struct deliveries *c, struct parcel *p)
{
	if (!p || --p->refs)
		return;
	c->bytes -= p->counted;
	buf_free(&p->body);
	free(p);
}

static void delivery_free(struct deliveries *c, struct delivery *d)
{
	if (!d)
		return;
	parcel_put_away(c, d->parcel);
	free(d);
}

/* The first of the list, out of it. */
static struct delivery *pop(struct url_queue *l)
{
	struct delivery *d = l->first;

	if (!d)
		return NULL;
	l->first = d->next;
	if (!l->first)
		l->last = &l->first;
	if (l->fresh == d)
		l->fresh = d->next;
	d->next = NULL;
	return d;
}

static void attempt_free(struct url_queue *l)
{
	http_post_free(l->post);
	l->post = NULL;
	for (size_t i = 0; i < ARRAY_LEN(l->own); i++)
		buf_wipe(&l->own[i]);
}

void deliveries_free(struct deliveries *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nline; i++) {
		struct url_queue *l = &c->line[i];

		attempt_free(l);
		delivery_free(c, l->now);
		for (struct delivery *d; (d = pop(l)); )
			delivery_free(c, d);
	}
	free(c->line);
	free(c);
}

/* What became of it, told and counted. */
static void tell(struct deliveries *c, const struct url_queue *l, const struct delivery *d,
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
	e->target = l->number;
	e->to = l->to->shown;
	e->id = d->parcel ? d->parcel->id : "";
	c->conf.told(c->conf.arg, e);
}

/* It will never arrive. */
static void drop(struct deliveries *c, const struct url_queue *l, struct delivery *d,
	struct deliveries_event e)
{
	if (d->kept)
		spool_drop(c->conf.spool, d->name);
	e.kind = DELIVERIES_DROPPED;
	tell(c, l, d, &e);
	delivery_free(c, d);
}

/* By its receiver: for a later run where the spool has it, since the receiver's owner may mend
 * what is wrong. */
static void refuse(struct deliveries *c, const struct url_queue *l, struct delivery *d,
	struct deliveries_event e)
{
	if (!d->kept) {
		drop(c, l, d, e);
		return;
	}
	spool_refuse(c->conf.spool, d->name);
	e.kind = DELIVERIES_REFUSED;
	tell(c, l, d, &e);
	delivery_free(c, d);
}

/* Its time is over: for a later run, or for good. */
static void give_up(struct deliveries *c, const struct url_queue *l, struct delivery *d,
	struct deliveries_event e)
{
	char reason[384];

	if (d->kept) {
		e.kind = DELIVERIES_SPOOLED;
		tell(c, l, d, &e);
		delivery_free(c, d);
		return;
	}
	snprintf(reason, sizeof(reason), "%s%s", e.reason, d->too_much
		? "; the spool cannot hold it" : "");
	e.reason = reason;
	drop(c, l, d, e);
}

/* --- the spool ------------------------------------------------------------------------ */

static void tell_fault(struct deliveries *c, const struct err *err, struct lines *warnings)
{
	if (c->spool_fault[0])
		return;
	memcpy(c->spool_fault, err->text, sizeof(c->spool_fault));
	if (warnings)
		lines_add(warnings, "%s", err->text);
}

static void tell_displaced(struct deliveries *c, struct lines *warnings)
{
	size_t n = spool_displaced(c->conf.spool);

	c->totals.dropped += n;
	if (n && warnings)
		lines_add(warnings, "the spool is full: the oldest deliver%s that had been refused "
			"(%zu) w%s removed", n > 1 ? "ies" : "y", n, n > 1 ? "ere" : "as");
}

static void keep(struct deliveries *c, const struct url_queue *l, struct delivery *d,
	struct lines *warnings)
{
	struct parcel *p = d->parcel;
	struct spool_item item = { .id = p->id, .url = l->to->url, .type = p->type,
		.body = p->body.data, .len = p->body.len };
	struct err err = { "" };
	enum spool_put put = spool_put(c->conf.spool, c->conf.start_ms, c->conf.run, p->window,
		p->part, &item, &err);

	d->kept = put == SPOOL_KEPT;
	d->too_much = put == SPOOL_FULL;
	if (d->kept)
		memcpy(d->name, item.name, sizeof(d->name));
	else if (put == SPOOL_FAILED)
		tell_fault(c, &err, warnings);
}

static struct url_queue *oldest_fresh(struct deliveries *c)
{
	struct url_queue *found = NULL;

	for (size_t i = 0; i < c->nline; i++) {
		struct url_queue *l = &c->line[i];

		if (l->fresh && (!found || l->fresh->order < found->fresh->order))
			found = l;
	}
	return found;
}

/* What has come since is on the disk before it is tried, as much of it as a step may take. */
static void keep_fresh(struct deliveries *c, struct lines *warnings)
{
	struct delivery *put[KEPT_A_STEP];
	struct err err = { "" };
	struct url_queue *l;
	size_t n = 0;

	while (n < KEPT_A_STEP && (l = oldest_fresh(c))) {
		put[n++] = l->fresh;
		keep(c, l, l->fresh, warnings);
		l->fresh = l->fresh->next;
	}
	if (n == 0)
		return;
	tell_displaced(c, warnings);
	if (spool_sync(c->conf.spool, &err))
		return;
	tell_fault(c, &err, warnings);
	for (size_t i = 0; i < n; i++) {
		if (put[i]->kept)
			spool_drop(c->conf.spool, put[i]->name);
		put[i]->kept = false;
	}
}

/* A copy of what an earlier run left: spool_next's own does not last. */
static struct delivery *earlier_delivery(const struct spool_item *item)
{
	struct delivery *d = calloc(1, sizeof(*d));
	struct parcel *p = calloc(1, sizeof(*p));

	if (!d || !p || !buf_add(&p->body, item->body, item->len)) {
		free(d);
		free(p);
		return NULL;
	}
	p->refs = 1;
	snprintf(p->id, sizeof(p->id), "%s", item->id);
	snprintf(p->type, sizeof(p->type), "%s", item->type);
	d->parcel = p;
	d->earlier = d->kept = true;
	memcpy(d->name, item->name, sizeof(d->name));
	return d;
}

/* What an earlier run left, the next one of it; NULL: no more. */
static struct delivery *next_earlier(struct deliveries *c, struct url_queue *l,
	struct lines *warnings)
{
	struct delivery *d = NULL;
	struct spool_item item;

	if (l->earlier && spool_next(c->conf.spool, l->to->url, l->after, &item, warnings)) {
		memcpy(l->after, item.name, sizeof(l->after));
		d = earlier_delivery(&item);
	}
	l->earlier = d != NULL;
	return d;
}

/* --- what comes in -------------------------------------------------------------------- */

/* At the end of a line. */
static bool append(struct deliveries *c, struct url_queue *l, struct parcel *p)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return false;
	p->refs++;
	d->parcel = p;
	d->order = c->orders++;
	*l->last = d;
	l->last = &d->next;
	if (!l->fresh && c->conf.spool)
		l->fresh = d;
	return true;
}

static void lose(struct deliveries *c, const struct url_queue *l, struct parcel *p, const char *why)
{
	struct delivery d = { .parcel = p };
	struct deliveries_event e = { .kind = DELIVERIES_DROPPED, .reason = why };

	tell(c, l, &d, &e);
}

static struct parcel *make_parcel(struct deliveries *c, const struct payload_window *w,
	size_t part)
{
	const enum payload_format format = c->conf.targets->format;
	struct parcel *p = calloc(1, sizeof(*p));

	if (!p || !payload_part(w, format, part, p->id, &p->body)) {
		if (p)
			buf_free(&p->body);
		free(p);
		return NULL;
	}
	p->refs = 1;
	p->window = w->index;
	p->part = part;
	snprintf(p->type, sizeof(p->type), "%s", payload_type(format));
	p->counted = p->body.cap + sizeof(*p) + c->nline * sizeof(struct delivery);
	c->bytes += p->counted;
	return p;
}

/* The line whose first delivery is the oldest of all; NULL: no line has any. */
static struct url_queue *oldest(struct deliveries *c)
{
	struct url_queue *found = NULL;

	for (size_t i = 0; i < c->nline; i++) {
		struct url_queue *l = &c->line[i];

		if (l->first && (!found || l->first->order < found->first->order))
			found = l;
	}
	return found;
}

static void bound_memory(struct deliveries *c)
{
	struct deliveries_event e = { .reason = "more than 16 MiB wait" };
	struct url_queue *l;

	while (c->bytes > DELIVERIES_MEMORY_MAX && (l = oldest(c))) {
		if (l->first == l->fresh)
			keep_fresh(c, NULL);
		give_up(c, l, pop(l), e);
	}
}

void deliveries_window(struct deliveries *c, const struct payload_window *w)
{
	size_t parts = payload_parts(w, c->conf.targets->format);

	for (size_t part = 0; part < parts; part++) {
		struct parcel *p = make_parcel(c, w, part);

		for (size_t i = 0; i < c->nline; i++) {
			struct url_queue *l = &c->line[i];

			if (l->gone)
				lose(c, l, p, "it had answered with HTTP 410");
			else if (!p || !append(c, l, p))
				lose(c, l, p, "out of memory");
		}
		parcel_put_away(c, p);
	}
	bound_memory(c);
}

/* --- an attempt ----------------------------------------------------------------------- */

static bool put_header(struct url_queue *l, size_t *n, size_t own, const char *name,
	const char *value)
{
	struct buf *line = &l->own[own];

	if (!buf_printf(line, "%s: %s", name, value))
		return false;
	l->header[(*n)++] = line->data;
	return true;
}

/* Standard Webhooks 1.0; stamp and signature are of this attempt. */
static bool make_headers(struct deliveries *c, struct url_queue *l, int64_t real_us, size_t *n)
{
	const struct targets *t = c->conf.targets;
	const struct parcel *p = l->now->parcel;
	struct buf signature = { 0 };
	char stamp[24];
	bool ok;

	*n = 0;
	snprintf(stamp, sizeof(stamp), "%lld", (long long)(real_us / S_US));
	ok = put_header(l, n, 0, "Content-Type", p->type)
		&& put_header(l, n, 1, "webhook-id", p->id)
		&& put_header(l, n, 2, "webhook-timestamp", stamp);
	if (ok && t->keys) {
		ok = signature_sign(t->keys, p->id, real_us / S_US, p->body.data, p->body.len,
			&signature) && buf_char(&signature, '\0')
			&& put_header(l, n, 3, "webhook-signature", signature.data);
		buf_free(&signature);
	}
	for (size_t i = 0; i < t->headers.n; i++)
		l->header[(*n)++] = t->headers.v[i];
	return ok;
}

/* When the attempt that begins now ends at the latest. */
static int64_t attempt_end_us(const struct deliveries *c, const struct url_queue *l, int64_t now_us)
{
	int64_t end = backoff_attempt_end_us(&l->retry, now_us,
		c->conf.targets->timeout_ms * 1000);

	return c->ending && c->end_us < end ? c->end_us : end;
}

static void try_now(struct deliveries *c, struct url_queue *l, int64_t now_us, int64_t real_us)
{
	const struct parcel *p = l->now->parcel;
	struct http_post_call call = { .url = l->to->url, .plain = l->to->plain,
		.allow_private = c->conf.targets->allow_private, .header = l->header,
		.body = p->body.data, .len = p->body.len };

	if (!l->tried)
		backoff_init(&l->retry, c->conf.retry_for_us, now_us);
	l->tried = true;
	call.timeout_us = attempt_end_us(c, l, now_us) - now_us;
	if (make_headers(c, l, real_us, &call.nheader))
		l->post = http_post_start(c->conf.http, &call, now_us);
}

/* It is tried no more. */
static struct delivery *put_down(struct url_queue *l)
{
	struct delivery *d = l->now;

	attempt_free(l);
	l->now = NULL;
	l->failed[0] = '\0';
	l->tried = false;
	l->again_us = INT64_MIN;
	return d;
}

static struct deliveries_event event_of(const struct url_queue *l, const struct http_post_answer *a)
{
	return (struct deliveries_event){ .http_status = a->http_status, .reason = a->text,
		.attempt = l->retry.attempt + 1 };
}

/* Again later, or not: an order to wait beyond the end is as good as a no. */
static void again(struct deliveries *c, struct url_queue *l, const struct http_post_answer *a,
	int64_t now_us)
{
	struct deliveries_event e = event_of(l, a);
	enum backoff_verdict verdict = backoff_next(&l->retry, now_us, backoff_random(),
		a->retry_after_us, &l->again_us);
	const int64_t at_us = l->again_us;

	if (a->retry_after_us > 0)
		l->not_before_us = at_us;
	if (verdict == BACKOFF_TIME_UP || (c->ending && at_us >= c->end_us)) {
		give_up(c, l, put_down(l), e);
		return;
	}
	snprintf(l->failed, sizeof(l->failed), "%s", a->text);
	e.kind = DELIVERIES_RETRY;
	e.wait_us = at_us - now_us;
	tell(c, l, l->now, &e);
	attempt_free(l);
}

static void arrived(struct deliveries *c, struct url_queue *l, struct deliveries_event e)
{
	struct delivery *d = put_down(l);

	if (d->kept)
		spool_drop(c->conf.spool, d->name);
	e.kind = DELIVERIES_DELIVERED;
	e.reason = NULL;
	tell(c, l, d, &e);
	delivery_free(c, d);
}

/* Nothing is sent there any more, nor kept for it. */
static void give_up_line(struct deliveries *c, struct url_queue *l, struct deliveries_event e,
	struct lines *warnings)
{
	struct delivery *d;

	l->gone = true;
	drop(c, l, put_down(l), e);
	while ((d = next_earlier(c, l, warnings)))
		drop(c, l, d, e);
	while ((d = pop(l)))
		drop(c, l, d, e);
}

static void take_answer(struct deliveries *c, struct url_queue *l, int64_t now_us,
	struct lines *warnings)
{
	struct http_post_answer a = *http_post_answer(l->post);	/* it goes with the attempt */
	struct deliveries_event e = event_of(l, &a);

	switch (a.outcome) {
	case HTTP_POST_TAKEN:
		arrived(c, l, e);
		break;
	case HTTP_POST_AGAIN:
		again(c, l, &a, now_us);
		break;
	case HTTP_POST_REFUSED:
		refuse(c, l, put_down(l), e);
		break;
	case HTTP_POST_GONE:
		give_up_line(c, l, e, warnings);
		break;
	}
}

/* --- steps ---------------------------------------------------------------------------- */

static int64_t next_try_us(const struct url_queue *l)
{
	return l->again_us > l->not_before_us ? l->again_us : l->not_before_us;
}

/* All that is left of the line, also what waits for its turn. */
static void end_line(struct deliveries *c, struct url_queue *l)
{
	static const char no_time[] = "no time is left at the end of the run";
	struct deliveries_event e = { .reason = no_time };
	char reason[sizeof(no_time) + sizeof(l->failed) + 16];
	struct delivery *d;

	if (l->now) {
		snprintf(reason, sizeof(reason), "%s%s%s", no_time,
			l->failed[0] ? "; before: " : "", l->failed);
		e.reason = reason;
		e.attempt = l->tried ? l->retry.attempt + (l->post != NULL) : 0;
		give_up(c, l, put_down(l), e);
		e = (struct deliveries_event){ .reason = no_time };
	}
	while ((d = pop(l)))
		give_up(c, l, d, e);
	l->earlier = false;
}

/* Nothing more can arrive: also where the receiver ordered to wait beyond the end. */
static bool is_over(const struct deliveries *c, const struct url_queue *l, int64_t now_us)
{
	return c->ending && (now_us >= c->end_us
		|| (!l->post && !l->fresh && next_try_us(l) >= c->end_us));
}

static void step_line(struct deliveries *c, struct url_queue *l, int64_t now_us, int64_t real_us,
	struct lines *warnings)
{
	static const struct http_post_answer no_memory = { .outcome = HTTP_POST_AGAIN,
		.retry_after_us = -1, .text = "out of memory" };

	for (;;) {
		if (l->post && http_post_step(l->post, now_us)) {
			take_answer(c, l, now_us, warnings);
			continue;
		}
		if (is_over(c, l, now_us))
			end_line(c, l);
		if (l->post)
			return;
		if (!l->now)
			l->now = next_earlier(c, l, warnings);
		if (!l->now && l->first != l->fresh)
			l->now = pop(l);
		if (!l->now || now_us < next_try_us(l))
			return;
		try_now(c, l, now_us, real_us);
		if (!l->post)
			again(c, l, &no_memory, now_us);
	}
}

void deliveries_step(struct deliveries *c, int64_t now_us, int64_t real_us,
	struct lines *warnings)
{
	keep_fresh(c, warnings);
	for (size_t i = 0; i < c->nline; i++)
		step_line(c, &c->line[i], now_us, real_us, warnings);
}

static bool is_idle(const struct url_queue *l)
{
	return !l->now && !l->first && !l->earlier;
}

int64_t deliveries_deadline_us(const struct deliveries *c)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < c->nline; i++) {
		const struct url_queue *l = &c->line[i];
		int64_t at = is_idle(l) ? INT64_MAX : l->fresh ? INT64_MIN
			: l->post ? http_post_deadline_us(l->post) : next_try_us(l);

		if (c->ending && !is_idle(l) && c->end_us < at)
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
	for (size_t i = 0; i < c->nline; i++)
		if (c->line[i].fresh)
			return false;
	return true;
}

bool deliveries_are_done(const struct deliveries *c)
{
	for (size_t i = 0; i < c->nline; i++)
		if (!is_idle(&c->line[i]))
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
