#include "source/channel_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/time.h"

#define LACKS "the OAuth client needs a role with Analytics > Queue Observation > View " \
	"in the queue's division (client-credentials clients get roles, not scopes)"
#define OBEY_LEAST_US 1000000	/* between changes that the service asks for; doubled each time */
#define RENEW_US (INT64_C(20) * 3600 * 1000000)
#define UNSUBSCRIBED_US 1000000	/* for the close that comes with it */
#define HANDOVER_US 60000000	/* how long the server keeps the old socket at most */
#define OVERLAP_US 1000000	/* what was sent before the new socket is on its way */

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
	ch->cur = -1;
	ch->step = STEP_TOKEN;
	ch->not_before_us = now_us;
	ch->evicted_us = ch->told_us = INT64_MIN / 2;
	ch->change_us = ch->resync_at_us = INT64_MAX;
	ch->snapshot_due = conf->snapshot || conf->once;
	ch->refused = calloc(nqueue + 1, sizeof(*ch->refused));
	session_init(&ch->a, conf->retry_for_us, conf->connect_timeout_us, conf->began_us,
		LACKS);
	if (ch->refused)
		return ch;
	channel_free(ch);
	return NULL;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	for (size_t i = 0; i < CHANNEL_LINES; i++)
		ws_free(ch->line[i].ws);
	rest_free(ch->rest);
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		rest_free(ch->deletion[i]);
	for (size_t i = 0; i < ch->nleft; i++)
		text_wipe(&ch->left[i]);
	text_wipe(&ch->id);
	text_wipe(&ch->uri);
	channel_setup_drop_bodies(ch);
	lines_free(&ch->reasons);
	free(ch->refused);
	free(ch);
}

/* --- sockets ------------------------------------------------------------------------- */

static void opened(struct channel *ch, size_t slot, int64_t now_us)
{
	struct session_event *e = session_tell(&ch->a, STREAM_CONNECTED, NULL);
	bool replaces = ch->cur >= 0;

	e->at_us = ch->started ? now_us : now_us - now_us % US_PER_MS;
	e->socket = slot;
	backoff_connected(&ch->a.retry, now_us);
	ch->a.status = ST_OK;
	if (replaces) {
		ch->line[ch->cur].state = LINE_DRAINING;
		ch->line[ch->cur].until_us = now_us + (ch->handover ? HANDOVER_US : OVERLAP_US);
	}
	ch->cur = (int)slot;
	ch->line[slot].state = LINE_UP;
	ch->line[slot].until_us = now_us + ch->conf.idle_timeout_us;
	ch->line[slot].life_us = e->at_us;
	ch->handover = false;
	ch->started = ch->started || !ch->conf.snapshot;
	ch->a.token_renewed = ch->a.token_renewed && ch->snapshot_due;
	channel_setup_enter(ch, ch->snapshot_due ? STEP_SNAPSHOT : STEP_NONE,
		ch->snapshot_due ? now_us : INT64_MAX);
}

static void drop(struct channel_line *l)
{
	ws_free(l->ws);
	*l = (struct channel_line){ .ws = NULL };
}

/* A handshake that failed. */
static void not_opened(struct channel *ch, const struct ws_event *e, int64_t now_us)
{
	char text[SESSION_TEXT_MAX];
	struct retry_failure f;

	snprintf(text, sizeof(text), "the channel's socket was refused: %.300s", e->reason);
	f = retry_failure_of_end(FAILED_UPGRADE, e, e->end == WS_END_REFUSED ? text : NULL);
	channel_setup_failed(ch, STEP_CONNECT, &f, now_us);
}

/* A job that can wait: nothing of it is lost if another one comes first. */
static bool is_free(const struct channel *ch)
{
	return ch->step == STEP_NONE || ch->step == STEP_SNAPSHOT
		|| ch->step == STEP_RESYNC || ch->renewal;
}

/* The socket that counted has ended, down from at_us on. A job that was to replace it goes on,
 * and counts now. */
static void lost(struct channel *ch, size_t slot, const struct ws_event *e, int64_t at_us,
	int64_t now_us)
{
	bool unsubscribed = ch->line[slot].unsubscribed;
	struct session_event *told;
	struct retry_failure f;
	char text[SESSION_TEXT_MAX];

	if (e->end == WS_END_CLOSED)
		snprintf(text, sizeof(text), "the service closed the socket: %d %.200s",
			e->close_code, e->reason);
	else
		snprintf(text, sizeof(text), "%.300s", e->reason);
	ch->a.early = !ch->started;
	told = session_lost(&ch->a, now_us, at_us, slot, e->close_code, e->reason);
	told->by_us = e->end != WS_END_CLOSED;
	told->cut = ws_was_cut(ch->line[slot].ws);
	ch->cur = -1;
	ch->snapshot_due = ch->conf.snapshot;
	f = retry_failure_of_end(FAILED_SOCKET, e, text);
	if (retry_policy(&f)->then != RETRY_LATER) {
		channel_setup_failed(ch, STEP_CONNECT, &f, now_us);
	} else if (unsubscribed) {
		channel_setup_evicted(ch, now_us);
	} else if (is_free(ch)) {
		ch->renewal = false;
		channel_setup_failed(ch, e->close_code == 1001 ? STEP_HEAD : STEP_CONNECT, &f,
			now_us);
	} else if (!ch->begun) {
		ch->not_before_us = now_us;
	}
}

static void ended(struct channel *ch, size_t slot, const struct ws_event *e, int64_t now_us)
{
	enum channel_line_state state = ch->line[slot].state;
	struct session_event *told;

	switch (state) {
	case LINE_NONE:
		break;
	case LINE_CONNECTING:
		not_opened(ch, e, now_us);
		break;
	case LINE_UP:
	case LINE_SILENT:
		lost(ch, slot, e, now_us, now_us);
		break;
	case LINE_DRAINING:
	case LINE_CLOSING:
		if (ch->closing) {
			if (!ch->closed_told)
				session_tell(&ch->a, STREAM_CLOSED, NULL)->close_code
					= e->close_code;
			ch->closed_told = true;
			break;
		}
		told = session_tell(&ch->a, STREAM_LOST, e->reason);
		told->at_us = now_us;
		told->socket = slot;
		told->close_code = e->close_code;
		told->by_us = e->end != WS_END_CLOSED;
		told->cut = ws_was_cut(ch->line[slot].ws);
		break;
	}
	drop(&ch->line[slot]);
}

/* Whether the message shows that the service still tells what it is asked for: one that says
 * that the ping has failed does not. */
static bool is_life(const struct channel_line *l, const struct ws_event *e)
{
	if (l->state == LINE_DRAINING || l->unsubscribed)
		return false;
	return l->state != LINE_SILENT || e->kind == WS_BINARY
		|| !channel_api_is_failure(e->text, e->len);
}

static bool take_message(struct channel *ch, size_t slot, const struct ws_event *e,
	int64_t now_us, struct session_event *event)
{
	struct channel_line *l = &ch->line[slot];

	if (l->state != LINE_UP && l->state != LINE_DRAINING && l->state != LINE_SILENT)
		return false;
	*event = (struct session_event){
		.kind = STREAM_MESSAGE, .at_us = now_us, .text = e->text, .len = e->len,
		.binary = e->kind == WS_BINARY, .socket = slot
	};
	if (is_life(l, e)) {
		l->state = LINE_UP;
		l->until_us = now_us + ch->conf.idle_timeout_us;
		l->life_us = now_us;
	}
	return true;
}

static bool next_of_line(struct channel *ch, size_t slot, int64_t now_us,
	struct session_event *event)
{
	struct ws_event e;

	while (!ch->a.waiting && ch->line[slot].ws && ws_next(ch->line[slot].ws, &e)) {
		switch (e.kind) {
		case WS_OPENED:
			if (ch->line[slot].state == LINE_CONNECTING)
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

/* The snapshot's answers are told when all of them are in. */
static bool next_answer(struct channel *ch, int64_t now_us, struct session_event *event)
{
	size_t i = ch->answers_told;

	if (!ch->answers_due || i == ch->nbody)
		return false;
	*event = (struct session_event){
		.kind = STREAM_ANSWER, .at_us = now_us,
		.answer = ch->answers_resync ? ANSWER_RESYNC : ANSWER_SNAPSHOT,
		.text = ch->body[i].data, .len = ch->body[i].len, .asked_us = ch->asked_us[i]
	};
	ch->answers_told++;
	ch->started = true;
	return true;
}

static bool next_refusal(struct channel *ch, struct session_event *event)
{
	if (ch->refused_told == ch->nrefused)
		return false;
	*event = (struct session_event){
		.kind = STREAM_REFUSED,
		.queue_id = ch->queue[ch->reason_queue[ch->refused_told]],
		.text = ch->reasons.v[ch->refused_told],
		.len = strlen(ch->reasons.v[ch->refused_told])
	};
	ch->refused_told++;
	return true;
}

bool channel_next(struct channel *ch, int64_t now_us, struct session_event *event)
{
	if (next_refusal(ch, event) || session_take(&ch->a, event)
	    || next_answer(ch, now_us, event))
		return true;
	for (size_t i = 0; i < CHANNEL_LINES; i++)
		if (next_of_line(ch, i, now_us, event))
			return true;
	return session_take(&ch->a, event);
}

/* --- once a turn --------------------------------------------------------------------- */

static void ask_for_life(struct channel *ch, struct channel_line *l, int64_t now_us)
{
	struct session_event *e;

	if (!ws_send(l->ws, "{\"message\":\"ping\"}")) {
		l->until_us = now_us + US_PER_MS;
		return;
	}
	e = session_tell(&ch->a, STREAM_SILENT, "no message for --idle-timeout; a ping is sent");
	e->at_us = now_us;
	e->socket = (size_t)ch->cur;
	l->state = LINE_SILENT;
	l->until_us = now_us + ch->conf.pong_timeout_us;
}

int64_t channel_silent_us(const struct channel *ch)
{
	return ch->cur >= 0 && !ch->closing ? ch->line[ch->cur].until_us : INT64_MAX;
}

void channel_stalled(struct channel *ch, int64_t from_us, int64_t now_us)
{
	if (channel_silent_us(ch) == INT64_MAX)
		return;
	ch->line[ch->cur].until_us += now_us - from_us;
	ch->line[ch->cur].life_us = now_us;
}

void channel_watch(struct channel *ch, int64_t now_us, int64_t printed_end_us)
{
	struct ws_event dead = { .end = WS_END_NETWORK };
	struct channel_line *l;
	size_t slot;

	if (ch->cur < 0 || now_us < channel_silent_us(ch))
		return;
	slot = (size_t)ch->cur;
	l = &ch->line[slot];
	if (l->state == LINE_UP && !l->unsubscribed) {
		ask_for_life(ch, l, now_us);
		return;
	}
	dead.reason = l->unsubscribed ? "unsubscribed by the service"
		: "no answer to a ping within --pong-timeout";
	lost(ch, slot, &dead, l->life_us > printed_end_us ? l->life_us : printed_end_us, now_us);
	drop(l);
}

static void step_lines(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < CHANNEL_LINES; i++) {
		struct channel_line *l = &ch->line[i];

		if (!l->ws)
			continue;
		if (l->state == LINE_DRAINING && now_us >= l->until_us) {
			l->state = LINE_CLOSING;
			l->until_us = INT64_MAX;	/* ws has a bound of its own */
			ws_close(l->ws, now_us);
		}
		ws_step(l->ws, now_us);
	}
}

static void step_handshake(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < CHANNEL_LINES; i++) {
		struct channel_line *l = &ch->line[i];
		const char *proxy;
		char text[320];
		const struct ws_event late = { .end = WS_END_NETWORK, .reason = text };

		if (l->state != LINE_CONNECTING || now_us < l->until_us)
			continue;
		proxy = ws_waits_for(l->ws);
		snprintf(text, sizeof(text), "no handshake within --connect-timeout%s%.200s",
			proxy ? ", no answer of " : "", proxy ? proxy : "");
		drop(l);
		not_opened(ch, &late, now_us);
	}
}

/* What time brings: topics anew, a channel with the next token. */
static void begin_by_time(struct channel *ch, int64_t now_us)
{
	if (ch->step != STEP_NONE || ch->cur < 0 || !ch->started || ch->conf.once)
		return;
	if (now_us >= ch->change_us) {
		channel_setup_enter(ch, STEP_TOKEN, now_us);
	} else if (now_us - ch->topics_us >= RENEW_US) {
		ch->renewal = true;
		channel_setup_enter(ch, STEP_TOPICS, now_us);
	} else if (now_us >= ch->resync_at_us && ch->line[ch->cur].state == LINE_UP) {
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

/* The subscriptions of a channel are deleted; the ID is consumed. */
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

/* Those of a channel that a socket still hangs on, or while nothing may be asked, stay. */
static void delete_left(struct channel *ch, int64_t now_us)
{
	if (ch->cur >= 0 ? ch->step != STEP_NONE || ch->line[1 - ch->cur].state != LINE_NONE
	    : ch->line[0].ws || ch->line[1].ws || now_us < ch->not_before_us
	    || !token_value(ch->token))
		return;
	while (ch->nleft)
		begin_deletion(ch, &ch->left[--ch->nleft], now_us);
}

void channel_step(struct channel *ch, int64_t now_us, struct lines *warnings)
{
	step_lines(ch, now_us);
	step_deletions(ch, now_us);
	if (ch->a.waiting || ch->closing || ch->a.over)
		return;
	step_handshake(ch, now_us);
	if (ch->rest)
		channel_setup_step_rest(ch, now_us);
	else if (ch->begun && ch->step == STEP_TOKEN)
		channel_setup_judge_token(ch, token_step(ch->token, now_us, warnings), now_us);
	begin_by_time(ch, now_us);
	delete_left(ch, now_us);
	if (ch->step == STEP_NONE || ch->begun || now_us < ch->not_before_us || ch->a.over)
		return;
	if (!channel_setup_is_beside(ch) && now_us >= ch->a.retry.deadline_us) {
		session_time_is_up(&ch->a, ch->a.failure[0] ? ch->a.failure : "no connection");
		channel_setup_enter(ch, STEP_NONE, INT64_MAX);
		return;
	}
	channel_setup_begin(ch, now_us, warnings);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t channel_deadline_us(const struct channel *ch)
{
	int64_t at = INT64_MAX;

	if (ch->a.waiting || ch->refused_told < ch->nrefused
	    || (ch->answers_due && ch->answers_told < ch->nbody))
		return INT64_MIN;
	for (size_t i = 0; i < CHANNEL_LINES; i++)
		if (ch->line[i].ws)
			at = earlier(at, earlier(ch->line[i].until_us,
				ws_deadline_us(ch->line[i].ws)));
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			at = earlier(at, rest_deadline_us(ch->deletion[i]));
	if (ch->rest)
		at = earlier(at, rest_deadline_us(ch->rest));
	else if (ch->begun && ch->step == STEP_TOKEN)
		at = earlier(at, token_deadline_us(ch->token));
	else if (ch->step != STEP_NONE && !ch->begun)
		at = earlier(at, ch->not_before_us);
	return at;
}

/* When the service is to be obeyed: at once, but one that says so of each socket or token would
 * have hundreds a second. */
static int64_t obey_at_us(struct channel *ch, int64_t now_us)
{
	int64_t at_us;

	if (now_us - ch->told_us > BACKOFF_STABLE_US)
		ch->told_wait_us = 0;
	at_us = ch->told_us + ch->told_wait_us;
	at_us = at_us > now_us ? at_us : now_us;
	ch->told_us = at_us;
	ch->told_wait_us = !ch->told_wait_us ? OBEY_LEAST_US
		: ch->told_wait_us < BACKOFF_CAP_US / 2 ? 2 * ch->told_wait_us : BACKOFF_CAP_US;
	return at_us;
}

void channel_control(struct channel *ch, size_t socket, enum notification_kind kind,
	int64_t now_us)
{
	struct channel_line *l = &ch->line[socket];

	if (ch->cur != (int)socket || ch->closing || ch->a.over)
		return;
	switch (kind) {
	case NOTIFICATION_CLOSING:
		if (!is_free(ch) && !(ch->step == STEP_TOKEN && ch->id))
			break;		/* another socket is on its way */
		ch->handover = true;
		ch->renewal = false;
		channel_setup_enter(ch, STEP_CONNECT, obey_at_us(ch, now_us));
		break;
	case NOTIFICATION_UNSUBSCRIBED:	/* the server closes it, or it would be silent for good */
		l->unsubscribed = true;
		l->until_us = now_us + UNSUBSCRIBED_US;
		break;
	case NOTIFICATION_REVOKED:
		if (!is_free(ch))
			break;
		token_drop(ch->token);
		ch->renewal = false;
		channel_setup_enter(ch, STEP_TOKEN, obey_at_us(ch, now_us));
		break;
	default:
		break;
	}
}

/* --- the end ------------------------------------------------------------------------- */

bool channel_is_up(const struct channel *ch)
{
	for (size_t i = 0; i < CHANNEL_LINES; i++)
		if (ch->line[i].state == LINE_DRAINING
		    || ((int)i == ch->cur && ch->line[i].state != LINE_CLOSING))
			return true;
	return false;
}

size_t channel_refused(const struct channel *ch)
{
	return ch->nrefused;
}

enum status channel_status(const struct channel *ch)
{
	if (!channel_is_up(ch) && !ch->conf.once)
		return ch->a.status == ST_OK ? ST_NET : ch->a.status;
	return ch->nrefused && !ch->conf.skip_refused ? ST_AUTH : ST_OK;
}

void channel_close(struct channel *ch, int64_t now_us)
{
	if (ch->closing)
		return;
	ch->closing = true;
	ch->a.first = ch->a.waiting = 0;
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
	for (size_t i = 0; i < CHANNEL_LINES; i++) {
		struct channel_line *l = &ch->line[i];

		if (l->state == LINE_CONNECTING)
			drop(l);
		if (!l->ws)
			continue;
		l->state = LINE_CLOSING;
		l->until_us = INT64_MAX;
		ws_close(l->ws, now_us);
	}
	while (ch->nleft)
		begin_deletion(ch, &ch->left[--ch->nleft], now_us);
	if (ch->id)
		begin_deletion(ch, &ch->id, now_us);
}

bool channel_is_closed(const struct channel *ch)
{
	if (!ch->closing || ch->a.waiting)
		return false;
	for (size_t i = 0; i < CHANNEL_LINES; i++)
		if (ch->line[i].ws)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			return false;
	return true;
}
