#include "source/stream.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/url.h"
#include "util/backoff.h"
#include "util/buf.h"
#include "util/time.h"
#include "ws.h"

#define PATH "/api/v2/routing/statistics/queues/stream"
#define SCOPE "routing:statistics:view"
#define TEXT_MAX SESSION_TEXT_MAX
#define LACKS "the client lacks the scope " SCOPE

enum stream_state { IDLE, TOKEN, CONNECTING, OPEN, CLOSING, BACKOFF, OVER };

struct stream {
	struct stream_conf conf;
	struct http *http;
	struct token *token;
	struct session session;
	enum stream_state state;
	int64_t until_us;	/* when the state times out */
	struct ws *ws;
	bool was_connected, closed;
	int64_t alive_us;	/* the last message; before the first, when it opened */
};

struct stream *stream_new(const struct stream_conf *conf, struct http *http,
	struct token *token, int64_t now_us)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = *conf;
	s->http = http;
	s->token = token;
	s->until_us = now_us;
	session_init(&s->session, conf->retry_for_us, conf->connect_timeout_us, now_us, LACKS);
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	ws_free(s->ws);
	free(s);
}

/* --- URL and payload ---------------------------------------------------------------- */

/* The URL with its query, malloc'd. NULL: out of memory. */
static char *stream_url(const struct stream_conf *conf, const char *token)
{
	const char *host = strstr(conf->base_url, "://");
	struct buf url = { 0 };

	/* reserve all of it, because growing would leave copies of the token in memory */
	buf_reserve(&url, 3 * (strlen(token) + strlen(conf->payload)) + 1024);
	buf_str(&url, strncmp(conf->base_url, "https", 5) == 0 ? "wss" : "ws");
	buf_str(&url, host);
	buf_str(&url, PATH "?access_token=");
	url_put_escaped(&url, token);
	if (!conf->payload_as_message) {
		buf_str(&url, "&payload=");
		url_put_escaped(&url, conf->payload);
	}
	buf_char(&url, '\0');
	if (url.failed)
		buf_wipe(&url);
	return url.data;
}

static void put_list(struct buf *out, const char *key, const char *const *item, size_t n)
{
	buf_printf(out, "\"%s\":[", key);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", item[i]);
	buf_char(out, ']');
}

char *stream_payload(const char *const *queue, size_t nqueue, const char *interval,
	const char *const *metric, size_t nmetric)
{
	struct buf out = { 0 };

	buf_char(&out, '{');
	put_list(&out, "queueIds", queue, nqueue);
	buf_printf(&out, ",\"interval\":\"%s\",", interval);
	put_list(&out, "metrics", metric, nmetric);
	buf_char(&out, '}');
	buf_char(&out, '\0');
	if (out.failed)
		buf_free(&out);
	return out.data;
}

/* --- states and events -------------------------------------------------------------- */

static void enter(struct stream *s, enum stream_state state, int64_t until_us)
{
	s->state = state;
	s->until_us = until_us;
}

static void drop_connection(struct stream *s)
{
	ws_free(s->ws);
	s->ws = NULL;
}

/* Goes to the state after a failure: waits for another attempt, or ends. */
static void settle(struct stream *s)
{
	drop_connection(s);
	if (s->session.over)
		enter(s, OVER, INT64_MAX);
	else
		enter(s, BACKOFF, s->session.again_us);
}

static void failed(struct stream *s, int64_t now_us, struct retry_failure f)
{
	enum retry_verdict then = session_failed(&s->session, s->token, now_us, &f);

	settle(s);
	if (then == RETRY_NEW_TOKEN && !s->session.over)
		enter(s, IDLE, now_us);
}

static void time_is_up(struct stream *s, const char *otherwise)
{
	session_time_is_up(&s->session, otherwise);
	settle(s);
}

static enum retry_what what_fails(const struct stream *s)
{
	return s->conf.payload_as_message ? FAILED_STREAM : FAILED_STREAM_URL;
}

/* The connection failed or was lost. */
static void no_connection(struct stream *s, int64_t now_us, const char *text)
{
	failed(s, now_us, (struct retry_failure){ .what = what_fails(s), .kind = HTTP_NETWORK,
		.retry_after_us = -1, .text = text });
}

static void connect_now(struct stream *s, int64_t now_us)
{
	int64_t end_us = backoff_attempt_end_us(&s->session.retry, now_us,
		s->conf.connect_timeout_us);
	char *url = stream_url(&s->conf, token_value(s->token));

	if (url)
		s->ws = ws_open(s->http, url,
			s->conf.payload_as_message ? s->conf.payload : NULL,
			(end_us - now_us + SESSION_LIBCURL_EXTRA_US) / US_PER_MS);
	if (url)
		OPENSSL_cleanse(url, strlen(url));
	free(url);
	if (s->ws)
		enter(s, CONNECTING, end_us);
	else
		no_connection(s, now_us, "could not start a connection: libcurl failed or "
			"memory ran out");
}

static void take_token(struct stream *s, enum token_state state, int64_t now_us)
{
	if (state == TOKEN_READY) {
		session_token_came(&s->session, s->token);
		connect_now(s, now_us);
	} else if (state == TOKEN_FAILED) {
		failed(s, now_us, retry_failure_of_token(token_result(s->token)));
	}
}

/* --- how a connection ended --------------------------------------------------------- */

/* Says which host ended the connection, and how. Returns text or the reason in e. */
static const char *put_end(const struct stream *s, const struct ws_event *e, char text[TEXT_MAX])
{
	const char *host = strstr(s->conf.base_url, "://") + 3;

	switch (e->end) {
	case WS_END_REFUSED:
		snprintf(text, TEXT_MAX, "the service refused the %s: %.120s: %.300s",
			e->http_status == 401 ? "token" : "stream", host, e->reason);
		return text;
	case WS_END_CLOSED:
		snprintf(text, TEXT_MAX, "the service closed the connection: code %d %.200s",
			e->close_code, e->reason);
		return text;
	case WS_END_BREACH:
		snprintf(text, TEXT_MAX, "%.120s: %.300s", host, e->reason);
		return text;
	case WS_END_FATAL:
	case WS_END_NETWORK:
	case WS_END_OURS:
	case WS_END_TOO_BIG:
	case WS_END_BAD_TEXT:
		break;
	}
	return e->reason;
}

static void connection_ended(struct stream *s, int64_t now_us, const struct ws_event *e)
{
	char text[TEXT_MAX];

	if (s->state == CLOSING) {
		s->closed = true;
		session_report(&s->session, SESSION_CLOSED, NULL)->close_code = e->close_code;
		enter(s, OVER, INT64_MAX);
		return;
	}
	if (s->state == OPEN) {
		session_socket_ended(&s->session, 0, e, ws_was_cut(s->ws), now_us);
		session_lost(&s->session, now_us);
	}
	failed(s, now_us, retry_failure_of_end(what_fails(s), e, put_end(s, e, text)));
}

static void opened(struct stream *s, int64_t now_us)
{
	struct session_event *e = session_report(&s->session, SESSION_CONNECTED, NULL);

	/* the first window begins at a whole ms; the stream counts as up since then */
	e->at_us = s->was_connected ? now_us : now_us - now_us % US_PER_MS;
	s->was_connected = true;
	s->session.token_renewed = false;
	s->alive_us = e->at_us;
	session_connected(&s->session, now_us);
	enter(s, OPEN, now_us + s->conf.idle_timeout_us);
}

/* --- what the run loop calls -------------------------------------------------------- */

int64_t stream_silent_us(const struct stream *s)
{
	return s->state == OPEN ? s->until_us : INT64_MAX;
}

void stream_stalled(struct stream *s, int64_t from_us, int64_t now_us)
{
	if (s->state != OPEN)
		return;
	s->until_us += now_us - from_us;
	s->alive_us = now_us;
}

void stream_watch(struct stream *s, int64_t now_us, int64_t printed_end_us)
{
	char text[128], duration[DURATION_TEXT_MAX];
	struct session_event *lost;

	if (now_us < stream_silent_us(s))
		return;
	time_format_duration(duration, s->conf.idle_timeout_us / US_PER_MS);
	snprintf(text, sizeof(text), "no message for --idle-timeout %s", duration);
	lost = session_report(&s->session, SESSION_LOST, text);
	lost->at_us = s->alive_us > printed_end_us ? s->alive_us : printed_end_us;
	lost->cut = ws_was_cut(s->ws);
	session_lost(&s->session, now_us);
	no_connection(s, now_us, text);
}

static bool take_message(struct stream *s, int64_t now_us, const struct ws_event *e,
	struct session_event *event)
{
	if (s->state != OPEN)
		return false;
	s->alive_us = now_us;
	s->until_us = now_us + s->conf.idle_timeout_us;
	session_message(event, 0, e, now_us);
	return true;
}

bool stream_next(struct stream *s, int64_t now_us, struct session_event *event)
{
	struct ws_event e;

	while (!s->session.waiting && s->ws && ws_next(s->ws, &e)) {
		switch (e.kind) {
		case WS_OPENED:
			if (s->state == CONNECTING)
				opened(s, now_us);
			break;
		case WS_TEXT:
		case WS_BINARY:
			if (take_message(s, now_us, &e, event))
				return true;
			break;
		case WS_ENDED:
			connection_ended(s, now_us, &e);
			break;
		}
	}
	return session_next(&s->session, event);
}

/* Getting the token may take all of --retry-for; with 0, the lock and one request may. */
static void step_idle(struct stream *s, int64_t now_us)
{
	int64_t end_us = session_end_us(&s->session, now_us);

	enter(s, TOKEN, end_us);
	take_token(s, token_want(s->token, now_us, end_us + SESSION_LIBCURL_EXTRA_US), now_us);
}

static void step_token(struct stream *s, int64_t now_us)
{
	take_token(s, token_step(s->token, now_us), now_us);
	if (s->state == TOKEN && now_us >= s->until_us)
		time_is_up(s, "no token came");
}

static void step_connecting(struct stream *s, int64_t now_us)
{
	char text[320], duration[DURATION_TEXT_MAX];
	const char *proxy;

	ws_step(s->ws, now_us);
	if (now_us < s->until_us)
		return;
	if (now_us >= s->session.retry.deadline_us) {
		time_is_up(s, "no answer to the handshake");
		return;
	}
	time_format_duration(duration, s->conf.connect_timeout_us / US_PER_MS);
	proxy = ws_waits_for(s->ws);
	snprintf(text, sizeof(text), "no handshake within --connect-timeout %s%s%.200s", duration,
		proxy ? ", no answer from " : "", proxy ? proxy : "");
	no_connection(s, now_us, text);
}

static void step_backoff(struct stream *s, int64_t now_us)
{
	if (now_us < s->until_us)
		return;
	if (now_us >= s->session.retry.deadline_us)
		time_is_up(s, "could not connect");
	else
		step_idle(s, now_us);
}

void stream_step(struct stream *s, int64_t now_us)
{
	if (s->session.waiting)		/* the run must take the events first */
		return;
	switch (s->state) {
	case IDLE:
		step_idle(s, now_us);
		break;
	case TOKEN:
		step_token(s, now_us);
		break;
	case CONNECTING:
		step_connecting(s, now_us);
		break;
	case OPEN:
	case CLOSING:
		ws_step(s->ws, now_us);
		break;
	case BACKOFF:
		step_backoff(s, now_us);
		break;
	case OVER:
		break;
	}
}

int64_t stream_deadline_us(const struct stream *s)
{
	int64_t at = s->until_us, other = INT64_MAX;

	if (s->session.waiting)
		return INT64_MIN;
	if (s->ws)
		other = ws_deadline_us(s->ws);
	else if (s->state == TOKEN)
		other = token_deadline_us(s->token);
	return other < at ? other : at;
}

bool stream_is_up(const struct stream *s)
{
	return s->state == OPEN;
}

enum status stream_status(const struct stream *s)
{
	if (s->state == OPEN)
		return ST_OK;
	return s->session.status == ST_OK ? ST_NET : s->session.status;
}

void stream_close(struct stream *s, int64_t now_us)
{
	if (s->closed || s->state == CLOSING)
		return;
	session_drop_events(&s->session);
	if (s->state == OPEN) {
		enter(s, CLOSING, INT64_MAX);
		ws_close(s->ws, now_us);
		return;
	}
	drop_connection(s);
	s->closed = true;
	enter(s, OVER, INT64_MAX);
}

bool stream_is_closed(const struct stream *s)
{
	return s->closed && !s->session.waiting;
}
