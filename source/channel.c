#include "source/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/url.h"
#include "source/channel_setup.h"
#include "source/channel_snapshot.h"
#include "util/text.h"
#include "util/time.h"

#define OBEY_LEAST_US 1000000	/* between changes that the service asks for; doubles each time */
#define RENEW_US (INT64_C(20) * 3600 * 1000000)	/* a subscription expires after 24 h */
#define UNSUBSCRIBED_US 1000000	/* the service should close a socket without topics by then */
#define HANDOVER_US 60000000	/* the service closes the old socket by then */
#define OVERLAP_US 1000000	/* wait for messages that are on their way to the old socket */

struct channel *channel_new(const struct channel_conf *conf, const char *const *queue,
	size_t nqueue, struct http *http, struct token *token, int64_t now_us)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->conf = *conf;
	ch->queue = queue;
	ch->nqueue = nqueue;
	ch->http = http;
	ch->token = token;
	ch->current = -1;
	ch->setup.step = STEP_TOKEN;
	ch->setup.not_before_us = now_us;
	ch->evicted_us = ch->obeyed_us = INT64_MIN / 2;
	ch->change_us = ch->snapshot.resync_at_us = INT64_MAX;
	ch->snapshot.due = conf->snapshot || conf->once;
	ch->refusals.refused = calloc(nqueue + 1, sizeof(*ch->refusals.refused));
	session_init(&ch->session, conf->retry_for_us, conf->connect_timeout_us, conf->began_us,
		CHANNEL_LACKS);
	if (ch->refusals.refused)
		return ch;
	channel_free(ch);
	return NULL;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++)
		ws_free(ch->socket[i].ws);
	rest_free(ch->setup.rest);
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		rest_free(ch->deletion[i]);
	for (size_t i = 0; i < ch->nabandoned; i++)
		text_wipe(&ch->abandoned[i]);
	text_wipe(&ch->id);
	text_wipe(&ch->uri);
	channel_snapshot_drop(ch);
	lines_free(&ch->refusals.reason);
	free(ch->refusals.refused);
	free(ch);
}

/* --- sockets ------------------------------------------------------------------------- */

static void opened(struct channel *ch, size_t slot, int64_t now_us)
{
	struct session_event *e = session_report(&ch->session, SESSION_CONNECTED, NULL);
	struct channel_socket *l = &ch->socket[slot];

	e->at_us = ch->started ? now_us : now_us - now_us % US_PER_MS;
	e->socket = slot;
	session_connected(&ch->session, now_us);
	if (ch->current >= 0) {
		ch->socket[ch->current].state = CHANNEL_DRAINING;
		ch->socket[ch->current].until_us = now_us
			+ (ch->setup.handover ? HANDOVER_US : OVERLAP_US);
	}
	ch->current = (int)slot;
	l->state = CHANNEL_UP;
	l->until_us = now_us + ch->conf.idle_timeout_us;
	l->alive_us = e->at_us;
	ch->setup.handover = false;
	ch->started = ch->started || !ch->conf.snapshot;
	ch->session.token_renewed = ch->session.token_renewed && ch->snapshot.due;
	channel_setup_enter(ch, ch->snapshot.due ? STEP_SNAPSHOT : STEP_NONE,
		ch->snapshot.due ? now_us : INT64_MAX);
}

static void drop(struct channel_socket *l)
{
	ws_free(l->ws);
	*l = (struct channel_socket){ .ws = NULL };
}

static void begin_close(struct channel_socket *l, int64_t now_us)
{
	l->state = CHANNEL_CLOSING;
	l->until_us = INT64_MAX;	/* ws.c has its own deadline for a close */
	ws_close(l->ws, now_us);
}

/* A handshake failed. */
static void not_opened(struct channel *ch, const struct ws_event *e, int64_t now_us)
{
	char text[SESSION_TEXT_MAX];
	struct retry_failure f;
	size_t len;
	const char *host = url_host(ch->uri, &len);

	snprintf(text, sizeof(text), "the service refused the connection: %.*s: %.300s",
		len < 120 ? (int)len : 120, host, e->reason);
	f = retry_failure_of_end(FAILED_UPGRADE, e, e->end == WS_END_REFUSED ? text : NULL);
	channel_setup_failed(ch, STEP_CONNECT, &f, now_us);
}

/* Whether another step may begin now. True if the current step can be repeated later. */
static bool may_interrupt(const struct channel *ch)
{
	return ch->setup.step == STEP_NONE || ch->setup.step == STEP_SNAPSHOT
		|| ch->setup.step == STEP_RESYNC || ch->setup.renewal;
}

/* The current socket has ended, and counts as down since at_us. If a setup is about to replace it,
 * that setup goes on, no longer in the background. */
static void lost(struct channel *ch, size_t slot, const struct ws_event *e, int64_t at_us,
	int64_t now_us)
{
	bool unsubscribed = ch->socket[slot].unsubscribed;
	struct retry_failure f;
	char text[SESSION_TEXT_MAX];

	if (e->end == WS_END_CLOSED)
		snprintf(text, sizeof(text), "the service closed the connection: code %d %.200s",
			e->close_code, e->reason);
	else
		snprintf(text, sizeof(text), "%.300s", e->reason);
	ch->session.early = !ch->started;
	session_socket_ended(&ch->session, slot, e, ws_was_cut(ch->socket[slot].ws), now_us)->at_us
		= at_us;
	session_lost(&ch->session, now_us);
	ch->current = -1;
	ch->snapshot.due = ch->conf.snapshot;
	f = retry_failure_of_end(FAILED_SOCKET, e, text);
	if (retry_policy(&f)->then != RETRY_LATER) {
		channel_setup_failed(ch, STEP_CONNECT, &f, now_us);
	} else if (unsubscribed) {
		channel_setup_evicted(ch, now_us);
	} else if (may_interrupt(ch)) {
		ch->setup.renewal = false;
		channel_setup_failed(ch, e->close_code == 1001 ? STEP_HEAD : STEP_CONNECT, &f,
			now_us);
	} else if (!ch->setup.begun) {
		ch->setup.not_before_us = now_us;
	}
}

static void ended(struct channel *ch, size_t slot, const struct ws_event *e, int64_t now_us)
{
	switch (ch->socket[slot].state) {
	case CHANNEL_NONE:
		break;
	case CHANNEL_CONNECTING:
		not_opened(ch, e, now_us);
		break;
	case CHANNEL_UP:
	case CHANNEL_SILENT:
		lost(ch, slot, e, now_us, now_us);
		break;
	case CHANNEL_DRAINING:
	case CHANNEL_CLOSING:
		if (ch->closing) {
			if (!ch->closed_reported)
				session_report(&ch->session, SESSION_CLOSED, NULL)->close_code
					= e->close_code;
			ch->closed_reported = true;
			break;
		}
		session_socket_ended(&ch->session, slot, e, ws_was_cut(ch->socket[slot].ws),
			now_us);
		break;
	}
	drop(&ch->socket[slot]);
}

/* Whether the message shows that the socket still works. An answer that says that the ping failed
 * does not. */
static bool shows_life(const struct channel_socket *l, const struct ws_event *e)
{
	if (l->state == CHANNEL_DRAINING || l->unsubscribed)
		return false;
	return l->state != CHANNEL_SILENT || e->kind == WS_BINARY
		|| !channel_api_is_failure(e->text, e->len);
}

static bool take_message(struct channel *ch, size_t slot, const struct ws_event *e,
	int64_t now_us, struct session_event *event)
{
	struct channel_socket *l = &ch->socket[slot];

	if (l->state != CHANNEL_UP && l->state != CHANNEL_DRAINING && l->state != CHANNEL_SILENT)
		return false;
	session_message(event, slot, e, now_us);
	if (shows_life(l, e)) {
		l->state = CHANNEL_UP;
		l->until_us = now_us + ch->conf.idle_timeout_us;
		l->alive_us = now_us;
	}
	return true;
}

static bool next_of_socket(struct channel *ch, size_t slot, int64_t now_us,
	struct session_event *event)
{
	struct ws_event e;

	while (!ch->session.waiting && ch->socket[slot].ws && ws_next(ch->socket[slot].ws, &e)) {
		switch (e.kind) {
		case WS_OPENED:
			if (ch->socket[slot].state == CHANNEL_CONNECTING)
				opened(ch, slot, now_us);
			break;
		case WS_TEXT:
		case WS_BINARY:
			if (take_message(ch, slot, &e, now_us, event))
				return true;
			break;
		case WS_ENDED:
			ended(ch, slot, &e, now_us);
			break;
		}
	}
	return false;
}

/* Returns the answers of a snapshot as events when all of them have come. */
static bool next_answer(struct channel *ch, int64_t now_us, struct session_event *event)
{
	struct channel_snapshot *s = &ch->snapshot;
	size_t i = s->taken;

	if (!s->complete || i == s->nbody)
		return false;
	*event = (struct session_event){
		.kind = SESSION_ANSWER, .at_us = now_us,
		.answer = s->resync ? ANSWER_RESYNC : ANSWER_SNAPSHOT,
		.text = s->body[i].data, .len = s->body[i].len, .asked_us = s->asked_us[i]
	};
	s->taken++;
	ch->started = true;
	return true;
}

static bool next_refusal(struct channel *ch, struct session_event *event)
{
	struct channel_refusals *r = &ch->refusals;

	if (r->reported == r->n)
		return false;
	*event = (struct session_event){
		.kind = SESSION_REFUSED, .queue_id = ch->queue[r->queue[r->reported]],
		.text = r->reason.v[r->reported], .len = strlen(r->reason.v[r->reported])
	};
	r->reported++;
	return true;
}

bool channel_next(struct channel *ch, int64_t now_us, struct session_event *event)
{
	if (next_refusal(ch, event) || session_next(&ch->session, event)
	    || next_answer(ch, now_us, event))
		return true;
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++)
		if (next_of_socket(ch, i, now_us, event))
			return true;
	return session_next(&ch->session, event);
}

/* --- once a turn --------------------------------------------------------------------- */

static void send_ping(struct channel *ch, struct channel_socket *l, const char *why,
	int64_t now_us)
{
	struct session_event *e;

	if (!ws_send(l->ws, "{\"message\":\"ping\"}")) {
		l->until_us = now_us + US_PER_MS;
		return;
	}
	e = session_report(&ch->session, SESSION_SILENT, why);
	e->at_us = now_us;
	e->socket = (size_t)ch->current;
	l->state = CHANNEL_SILENT;
	l->until_us = now_us + ch->conf.pong_timeout_us;
}

void channel_ping(struct channel *ch, int64_t now_us)
{
	if (ch->current >= 0 && ch->socket[ch->current].state == CHANNEL_UP)
		send_ping(ch, &ch->socket[ch->current], "sent a ping", now_us);
}

int64_t channel_silent_us(const struct channel *ch)
{
	return ch->current >= 0 && !ch->closing ? ch->socket[ch->current].until_us : INT64_MAX;
}

void channel_stalled(struct channel *ch, int64_t from_us, int64_t now_us)
{
	if (channel_silent_us(ch) == INT64_MAX)
		return;
	ch->socket[ch->current].until_us += now_us - from_us;
	ch->socket[ch->current].alive_us = now_us;
}

void channel_watch(struct channel *ch, int64_t now_us, int64_t printed_end_us)
{
	char text[128], duration[DURATION_TEXT_MAX];
	struct ws_event dead = { .end = WS_END_NETWORK, .reason = text };
	struct channel_socket *l;
	size_t slot;

	if (ch->current < 0 || now_us < channel_silent_us(ch))
		return;
	slot = (size_t)ch->current;
	l = &ch->socket[slot];
	if (l->state == CHANNEL_UP && !l->unsubscribed) {
		time_format_duration(duration, ch->conf.idle_timeout_us / US_PER_MS);
		snprintf(text, sizeof(text), "no message for --idle-timeout %s; sent a ping",
			duration);
		send_ping(ch, l, text, now_us);
		return;
	}
	time_format_duration(duration, ch->conf.pong_timeout_us / US_PER_MS);
	snprintf(text, sizeof(text), l->unsubscribed ? "the service ended the subscription"
		: "no answer to a ping within --pong-timeout %s", duration);
	lost(ch, slot, &dead, l->alive_us > printed_end_us ? l->alive_us : printed_end_us, now_us);
	drop(l);
}

static void step_sockets(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++) {
		struct channel_socket *l = &ch->socket[i];

		if (!l->ws)
			continue;
		if (l->state == CHANNEL_DRAINING && now_us >= l->until_us)
			begin_close(l, now_us);
		ws_step(l->ws, now_us);
	}
}

static void step_handshake(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++) {
		struct channel_socket *l = &ch->socket[i];
		const char *proxy;
		char text[320], duration[DURATION_TEXT_MAX];
		const struct ws_event late = { .end = WS_END_NETWORK, .reason = text };

		if (l->state != CHANNEL_CONNECTING || now_us < l->until_us)
			continue;
		proxy = ws_waits_for(l->ws);
		time_format_duration(duration, ch->conf.connect_timeout_us / US_PER_MS);
		snprintf(text, sizeof(text), "no handshake within --connect-timeout %s%s%.200s",
			duration, proxy ? ", no answer from " : "", proxy ? proxy : "");
		drop(l);
		not_opened(ch, &late, now_us);
	}
}

/* Begins a step that is due: a new token and channel, the topics again, a resync. */
static void begin_by_time(struct channel *ch, int64_t now_us)
{
	if (ch->setup.step != STEP_NONE || ch->current < 0 || !ch->started || ch->conf.once)
		return;
	if (now_us >= ch->change_us) {
		channel_setup_enter(ch, STEP_TOKEN, now_us);
	} else if (now_us - ch->topics_us >= RENEW_US) {
		ch->setup.renewal = true;
		channel_setup_enter(ch, STEP_TOPICS, now_us);
	} else if (now_us >= ch->snapshot.resync_at_us
		   && ch->socket[ch->current].state == CHANNEL_UP) {
		channel_setup_enter(ch, STEP_RESYNC, now_us);
	}
}

static void step_deletions(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i] && rest_step(ch->deletion[i], now_us)) {
			rest_free(ch->deletion[i]);
			ch->deletion[i] = NULL;
		}
}

/* Starts to delete the subscriptions of a channel, and frees its ID. */
static void begin_deletion(struct channel *ch, char **id, int64_t now_us)
{
	struct rest_call call = { .method = "DELETE", .token = token_value(ch->token),
		.timeout_us = ch->conf.connect_timeout_us };
	char *url = NULL;
	size_t i = 0;

	while (i < ARRAY_LEN(ch->deletion) && ch->deletion[i])
		i++;
	if (i < ARRAY_LEN(ch->deletion) && call.token
	    && asprintf(&url, "%s" CHANNELS_PATH "/%s/subscriptions",
		ch->conf.api_url, *id) >= 0) {
		call.url = url;
		ch->deletion[i] = rest_start(ch->http, &call, now_us);
		text_wipe(&url);
	}
	text_wipe(id);
}

/* Deletes the subscriptions of abandoned channels, but not while a socket may still use one of
 * them, or while no request is allowed. */
static void delete_abandoned(struct channel *ch, int64_t now_us)
{
	if (ch->current >= 0 ? ch->setup.step != STEP_NONE
	    || ch->socket[1 - ch->current].state != CHANNEL_NONE
	    : ch->socket[0].ws || ch->socket[1].ws || now_us < ch->setup.not_before_us
	    || !token_value(ch->token))
		return;
	while (ch->nabandoned)
		begin_deletion(ch, &ch->abandoned[--ch->nabandoned], now_us);
}

void channel_step(struct channel *ch, int64_t now_us)
{
	step_sockets(ch, now_us);
	step_deletions(ch, now_us);
	if (ch->session.waiting || ch->closing || ch->session.over)
		return;
	step_handshake(ch, now_us);
	if (ch->setup.rest)
		channel_setup_step_rest(ch, now_us);
	else if (ch->setup.begun && ch->setup.step == STEP_TOKEN)
		channel_setup_take_token(ch, token_step(ch->token, now_us), now_us);
	begin_by_time(ch, now_us);
	delete_abandoned(ch, now_us);
	if (ch->setup.step == STEP_NONE || ch->setup.begun || now_us < ch->setup.not_before_us
	    || ch->session.over)
		return;
	if (!channel_setup_in_background(ch) && now_us >= ch->session.retry.deadline_us) {
		session_time_is_up(&ch->session, "the channel could not be set up");
		channel_setup_enter(ch, STEP_NONE, INT64_MAX);
		return;
	}
	channel_setup_begin(ch, now_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t channel_deadline_us(const struct channel *ch)
{
	int64_t at = INT64_MAX;

	if (ch->session.waiting || ch->refusals.reported < ch->refusals.n
	    || (ch->snapshot.complete && ch->snapshot.taken < ch->snapshot.nbody))
		return INT64_MIN;
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++)
		if (ch->socket[i].ws)
			at = earlier(at, earlier(ch->socket[i].until_us,
				ws_deadline_us(ch->socket[i].ws)));
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			at = earlier(at, rest_deadline_us(ch->deletion[i]));
	if (ch->setup.rest)
		at = earlier(at, rest_deadline_us(ch->setup.rest));
	else if (ch->setup.begun && ch->setup.step == STEP_TOKEN)
		at = earlier(at, token_deadline_us(ch->token));
	else if (ch->setup.step != STEP_NONE && !ch->setup.begun)
		at = earlier(at, ch->setup.not_before_us);
	return at;
}

/* When to do what the service asks for: at once, but with growing pauses if it asks again and
 * again, for example to replace each new socket. */
static int64_t obey_at_us(struct channel *ch, int64_t now_us)
{
	int64_t at_us;

	if (now_us - ch->obeyed_us > BACKOFF_STABLE_US)
		ch->obey_wait_us = 0;
	at_us = ch->obeyed_us + ch->obey_wait_us;
	at_us = at_us > now_us ? at_us : now_us;
	ch->obeyed_us = at_us;
	ch->obey_wait_us = !ch->obey_wait_us ? OBEY_LEAST_US
		: ch->obey_wait_us < BACKOFF_CAP_US / 2 ? 2 * ch->obey_wait_us : BACKOFF_CAP_US;
	return at_us;
}

void channel_control(struct channel *ch, size_t socket, enum notification_kind kind,
	int64_t now_us)
{
	struct channel_socket *l = &ch->socket[socket];

	if (ch->current != (int)socket || ch->closing || ch->session.over)
		return;
	switch (kind) {
	case NOTIFICATION_CLOSING:
		if (!may_interrupt(ch) && !(ch->setup.step == STEP_TOKEN && ch->id))
			break;		/* the setup will connect another socket anyway */
		ch->setup.handover = true;
		ch->setup.renewal = false;
		channel_setup_enter(ch, STEP_CONNECT, obey_at_us(ch, now_us));
		break;
	case NOTIFICATION_UNSUBSCRIBED:	/* no message will come: give the server time to close it */
		l->unsubscribed = true;
		l->until_us = now_us + UNSUBSCRIBED_US;
		break;
	case NOTIFICATION_REVOKED:
		if (!may_interrupt(ch))
			break;
		token_drop(ch->token);
		ch->setup.renewal = false;
		channel_setup_enter(ch, STEP_TOKEN, obey_at_us(ch, now_us));
		break;
	default:
		break;
	}
}

/* --- the end ------------------------------------------------------------------------- */

struct channel_progress channel_progress(const struct channel *ch)
{
	struct channel_progress progress = ch->progress;

	progress.subscribed = ch->topics_us && ch->refusals.n < ch->nqueue;
	return progress;
}

bool channel_is_up(const struct channel *ch)
{
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++)
		if (ch->socket[i].state == CHANNEL_DRAINING
		    || ((int)i == ch->current && ch->socket[i].state != CHANNEL_CLOSING))
			return true;
	return false;
}

enum status channel_status(const struct channel *ch)
{
	if (!channel_is_up(ch) && !ch->conf.once)
		return ch->session.status == ST_OK ? ST_NET : ch->session.status;
	return ch->refusals.n && !ch->conf.skip_refused ? ST_AUTH : ST_OK;
}

void channel_close(struct channel *ch, int64_t now_us)
{
	if (ch->closing)
		return;
	ch->closing = true;
	session_drop_events(&ch->session);
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++) {
		struct channel_socket *l = &ch->socket[i];

		if (l->state == CHANNEL_CONNECTING)
			drop(l);
		if (l->ws)
			begin_close(l, now_us);
	}
	while (ch->nabandoned)
		begin_deletion(ch, &ch->abandoned[--ch->nabandoned], now_us);
	if (ch->id)
		begin_deletion(ch, &ch->id, now_us);
}

bool channel_is_closed(const struct channel *ch)
{
	if (!ch->closing || ch->session.waiting)
		return false;
	for (size_t i = 0; i < CHANNEL_SOCKETS; i++)
		if (ch->socket[i].ws)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			return false;
	return true;
}
