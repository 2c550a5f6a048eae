#include "stream.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "retry.h"
#include "text.h"
#include "ws.h"

#define PATH "/api/v2/routing/statistics/queues/stream"
#define SCOPE "routing:statistics:view"
#define EVENTS_MAX 8		/* more are never made before they are taken */
#define TEXT_MAX 768
/* libcurl's own bounds are kept behind ours, so that one clock decides. */
#define BEHIND_US 1000000
#define US_PER_MS 1000

enum state { IDLE, TOKEN, CONNECTING, OPEN, CLOSING, BACKOFF, OVER };

struct queued {
	struct stream_event event;
	char text[TEXT_MAX];
};

struct stream {
	struct stream_conf conf;
	struct net *net;
	struct token *token;
	struct retry retry;
	enum state state;
	int64_t until_us;	/* the state's deadline */
	struct ws *ws;
	struct queued queue[EVENTS_MAX];
	size_t first, waiting;
	struct queued taken;	/* what the caller has borrowed */
	const char *told_token;	/* the value whose coming was told of */
	bool was_connected, token_renewed, closed;
	int64_t life_us;	/* the last message, or the connection's begin */
	enum status status;	/* of the last failure, or what ended it; ST_OK: none yet */
	char failure[TEXT_MAX];	/* the last one's words */
};

struct stream *stream_new(const struct stream_conf *conf, struct net *net,
	struct token *token, int64_t now_us)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = *conf;
	s->net = net;
	s->token = token;
	s->until_us = now_us;
	retry_init(&s->retry, conf->retry_for_us, now_us);
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

/* RFC 3986 §2.3: all but the unreserved characters as %XX. */
static void put_encoded(struct buf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
		    || c == '-' || c == '.' || c == '_' || c == '~')
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

char *stream_url(const struct stream_conf *conf, const char *token)
{
	const char *host = strstr(conf->base_url, "://");
	struct buf url = { 0 };

	/* enough for all of it, so that growing leaves no copy of the token behind */
	buf_reserve(&url, 3 * (strlen(token) + strlen(conf->payload)) + 1024);
	buf_str(&url, strncmp(conf->base_url, "https", 5) == 0 ? "wss" : "ws");
	buf_str(&url, host);
	buf_str(&url, PATH "?access_token=");
	put_encoded(&url, token);
	if (!conf->payload_as_message) {
		buf_str(&url, "&payload=");
		put_encoded(&url, conf->payload);
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

static void enter(struct stream *s, enum state state, int64_t until_us)
{
	s->state = state;
	s->until_us = until_us;
}

/* The queued event, to be filled further; text is copied. */
static struct stream_event *tell(struct stream *s, enum stream_event_kind kind,
	const char *text)
{
	struct queued *q = &s->queue[(s->first + s->waiting) % EVENTS_MAX];

	if (s->waiting < EVENTS_MAX)
		s->waiting++;
	q->event = (struct stream_event){ .kind = kind };
	snprintf(q->text, sizeof(q->text), "%s", text ? text : "");
	q->event.len = text ? strlen(q->text) : 0;
	q->event.text = text ? q->text : NULL;
	return &q->event;
}

static void drop_connection(struct stream *s)
{
	ws_free(s->ws);
	s->ws = NULL;
}

static void over(struct stream *s, enum status status, const char *text)
{
	struct stream_event *e = tell(s, STREAM_OVER, text);

	e->status = s->status = status;
	drop_connection(s);
	enter(s, OVER, INT64_MAX);
}

static void time_is_up(struct stream *s, const char *text)
{
	char whole[TEXT_MAX], duration[DURATION_TEXT_MAX];

	duration_format(duration, s->conf.retry_for_us / US_PER_MS);
	snprintf(whole, sizeof(whole), "%.600s; no connection within --retry-for %s", text,
		duration);
	over(s, s->status == ST_RATE ? ST_RATE : ST_NET, whole);
}

static uint32_t random_bits(void)
{
	uint32_t bits = UINT32_MAX;

	RAND_bytes((unsigned char *)&bits, sizeof(bits));	/* failing: the longest wait */
	return bits;
}

/* An attempt has failed, or a connection is lost, and another may mend it. */
static void try_again(struct stream *s, enum stream_event_kind kind, enum status status,
	int64_t now_us, int64_t retry_after_us, int http_status, const char *text)
{
	struct stream_event *e;
	int64_t at_us;

	s->status = status;
	snprintf(s->failure, sizeof(s->failure), "%s", text);
	if (retry_next(&s->retry, now_us, random_bits(), retry_after_us, &at_us)
	    == RETRY_TIME_UP) {
		time_is_up(s, text);
		return;
	}
	e = tell(s, kind, text);
	e->wait_us = at_us - now_us;
	e->attempt = s->retry.attempt;
	e->http_status = http_status;
	drop_connection(s);	/* last: text may be the connection's own */
	enter(s, BACKOFF, at_us);
}

static void breach(struct stream *s, enum stream_event_kind kind, int64_t now_us,
	const char *text)
{
	char whole[TEXT_MAX];

	if (!retry_breach(&s->retry)) {
		try_again(s, kind, ST_NET, now_us, -1, 0, text);
		return;
	}
	snprintf(whole, sizeof(whole), "the protocol was broken twice: %s", text);
	over(s, ST_PROTOCOL, whole);
}

static void tell_lost(struct stream *s, int64_t now_us, int64_t at_us, int close_code,
	const char *text)
{
	struct stream_event *e = tell(s, STREAM_LOST, text);

	e->at_us = at_us;
	e->close_code = close_code;
	s->status = ST_NET;
	retry_lost(&s->retry, now_us);
}

/* --- the token ---------------------------------------------------------------------- */

static const char check_these[] = "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET "
	"(or GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET, or the secret's "
	"file)";

static void over_with(struct stream *s, enum status status, const char *text,
	const char *advice)
{
	char whole[TEXT_MAX];

	snprintf(whole, sizeof(whole), "%.400s; %s", text, advice);
	over(s, status, whole);
}

static void token_failed(struct stream *s, int64_t now_us)
{
	const struct token_result *r = token_result(s->token);
	const enum stream_event_kind again = STREAM_TOKEN_RETRY;

	switch (r->failure) {
	case TOKEN_REFUSED:
		tell(s, STREAM_TOKEN_REFUSED, r->text)->http_status = (int)r->http_status;
		over_with(s, ST_AUTH, r->text, check_these);
		break;
	case TOKEN_FORBIDDEN:
		tell(s, STREAM_TOKEN_REFUSED, r->text)->http_status = (int)r->http_status;
		over_with(s, ST_AUTH, r->text, "the client lacks the scope " SCOPE);
		break;
	case TOKEN_LIMITED:
		try_again(s, again, ST_RATE, now_us, r->retry_after_us, (int)r->http_status,
			r->text);
		break;
	case TOKEN_NETWORK:
		try_again(s, again, ST_NET, now_us, r->retry_after_us, (int)r->http_status,
			r->text);
		break;
	case TOKEN_CERTIFICATE:
		over_with(s, ST_PROTOCOL, r->text, "--cacert names the authority to trust");
		break;
	case TOKEN_BREACH:
		breach(s, again, now_us, r->text);
		break;
	case TOKEN_REJECTED:
		over(s, ST_REFUSED, r->text);
		break;
	}
}

static void connect_now(struct stream *s, int64_t now_us)
{
	int64_t end_us = retry_attempt_end_us(&s->retry, now_us, s->conf.connect_timeout_us);
	char *url = stream_url(&s->conf, token_value(s->token));

	if (url)
		s->ws = ws_open(s->net, url,
			s->conf.payload_as_message ? s->conf.payload : NULL,
			(end_us - now_us + BEHIND_US) / US_PER_MS);
	if (url)
		OPENSSL_cleanse(url, strlen(url));
	free(url);
	if (s->ws)
		enter(s, CONNECTING, end_us);
	else
		try_again(s, STREAM_RETRY, ST_NET, now_us, -1, 0, "no connection could be begun");
}

static void token_came(struct stream *s, int64_t now_us)
{
	const struct token_result *r = token_result(s->token);

	if (s->told_token != token_value(s->token))
		tell(s, r->cached ? STREAM_TOKEN_CACHED : STREAM_TOKEN_ACQUIRED, NULL)
			->expires_ms = r->expires_ms;
	s->told_token = token_value(s->token);
	connect_now(s, now_us);
}

static void judge_token(struct stream *s, enum token_state state, int64_t now_us)
{
	switch (state) {
	case TOKEN_READY:
		token_came(s, now_us);
		break;
	case TOKEN_FAILED:
		token_failed(s, now_us);
		break;
	case TOKEN_NONE:
	case TOKEN_LOCKING:
	case TOKEN_ASKING:
		break;
	}
}

/* --- how a connection ended --------------------------------------------------------- */

static void refused_unauthorised(struct stream *s, int64_t now_us, const char *text)
{
	struct stream_event *e = tell(s, STREAM_TOKEN_REFUSED, text);

	e->http_status = 401;
	token_drop(s->token);
	s->told_token = NULL;
	if (s->token_renewed || s->conf.retry_for_us == 0) {
		over_with(s, ST_AUTH, "the gateway refused the token (401)", check_these);
		return;
	}
	s->token_renewed = true;
	drop_connection(s);
	enter(s, IDLE, now_us);
}

static void refused(struct stream *s, int64_t now_us, const struct ws_event *e)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "the gateway refused the stream: %.300s", e->reason);
	if (e->http_status == 401)
		refused_unauthorised(s, now_us, text);
	else if (e->http_status == 403)
		over_with(s, ST_AUTH, text, "the client lacks the scope " SCOPE);
	else if (e->http_status == 404)
		over_with(s, ST_REFUSED, text, "this host has no such stream");
	else if (e->http_status == 429)
		try_again(s, STREAM_RETRY, ST_RATE, now_us, e->retry_after_us, 429, text);
	else if (e->http_status >= 500)
		try_again(s, STREAM_RETRY, ST_NET, now_us, e->retry_after_us, e->http_status, text);
	else
		over_with(s, ST_REFUSED, text,
			"a stream takes 50 queues, a client 10 streams");
}

static void closed_by_peer(struct stream *s, int64_t now_us, const struct ws_event *e)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "the gateway closed the stream: %d %.200s", e->close_code,
		e->reason);
	if (e->close_code == WS_CLOSE_POLICY)
		over_with(s, ST_REFUSED, text, "a stream takes 50 queues, a client 10 streams");
	else
		try_again(s, STREAM_RETRY, ST_NET, now_us, -1, 0, text);
}

static void connection_ended(struct stream *s, int64_t now_us, const struct ws_event *e)
{
	if (s->state == CLOSING) {
		s->closed = true;
		tell(s, STREAM_CLOSED, NULL)->close_code = e->close_code;
		enter(s, OVER, INT64_MAX);
		return;
	}
	if (s->state == OPEN)
		tell_lost(s, now_us, now_us, e->close_code, e->reason);
	switch (e->end) {
	case WS_END_REFUSED:
		refused(s, now_us, e);
		break;
	case WS_END_CLOSED:
		closed_by_peer(s, now_us, e);
		break;
	case WS_END_CERTIFICATE:
		over_with(s, ST_PROTOCOL, e->reason, "--cacert names the authority to trust");
		break;
	case WS_END_BREACH:
		breach(s, STREAM_RETRY, now_us, e->reason);
		break;
	case WS_END_NETWORK:
	case WS_END_OURS:
	case WS_END_TOO_BIG:
	case WS_END_BAD_TEXT:
		try_again(s, STREAM_RETRY, ST_NET, now_us, -1, 0, e->reason);
		break;
	}
}

static void opened(struct stream *s, int64_t now_us)
{
	struct stream_event *e = tell(s, STREAM_CONNECTED, NULL);

	/* the first window begins at a whole ms, and the stream counts from there */
	e->at_us = s->was_connected ? now_us : now_us - now_us % US_PER_MS;
	s->was_connected = true;
	s->token_renewed = false;
	s->status = ST_OK;
	s->life_us = e->at_us;
	retry_connected(&s->retry, now_us);
	enter(s, OPEN, now_us + s->conf.idle_timeout_us);
}

/* --- what the run loop calls -------------------------------------------------------- */

bool stream_watch(struct stream *s, int64_t now_us, int64_t printed_end_us)
{
	char text[128], duration[DURATION_TEXT_MAX];

	if (s->state != OPEN || now_us < s->until_us)
		return false;
	duration_format(duration, s->conf.idle_timeout_us / US_PER_MS);
	snprintf(text, sizeof(text), "no message for --idle-timeout %s", duration);
	tell_lost(s, now_us, s->life_us > printed_end_us ? s->life_us : printed_end_us, 0, text);
	try_again(s, STREAM_RETRY, ST_NET, now_us, -1, 0, text);
	return true;
}

static bool take_message(struct stream *s, int64_t now_us, const struct ws_event *e,
	struct stream_event *event)
{
	if (s->state != OPEN)
		return false;
	s->life_us = now_us;
	s->until_us = now_us + s->conf.idle_timeout_us;
	*event = (struct stream_event){
		.kind = STREAM_MESSAGE, .at_us = now_us, .text = e->text, .len = e->len,
		.binary = e->kind == WS_BINARY
	};
	return true;
}

bool stream_next(struct stream *s, int64_t now_us, struct stream_event *event)
{
	struct ws_event e;

	while (!s->waiting && s->ws && ws_next(s->ws, &e)) {
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
	if (!s->waiting)
		return false;
	s->taken = s->queue[s->first];
	if (s->taken.event.text)
		s->taken.event.text = s->taken.text;
	s->first = (s->first + 1) % EVENTS_MAX;
	s->waiting--;
	*event = s->taken.event;
	return true;
}

/* Token, wait for the lock and request have the whole period; without one, their bounds. */
static int64_t token_end_us(const struct stream *s, int64_t now_us)
{
	return retry_attempt_end_us(&s->retry, now_us, s->conf.retry_for_us
		? s->conf.retry_for_us : 2 * s->conf.connect_timeout_us);
}

static void step_idle(struct stream *s, int64_t now_us, struct lines *warnings)
{
	int64_t end_us = token_end_us(s, now_us);

	enter(s, TOKEN, end_us);
	judge_token(s, token_want(s->token, now_us, end_us + BEHIND_US, warnings), now_us);
}

static void step_token(struct stream *s, int64_t now_us, struct lines *warnings)
{
	judge_token(s, token_step(s->token, now_us, warnings), now_us);
	if (s->state == TOKEN && now_us >= s->until_us)
		time_is_up(s, s->failure[0] ? s->failure : "the token did not come");
}

static void step_connecting(struct stream *s, int64_t now_us)
{
	char text[128], duration[DURATION_TEXT_MAX];

	ws_step(s->ws, now_us);
	if (now_us < s->until_us)
		return;
	if (s->conf.retry_for_us && now_us >= s->retry.deadline_us) {
		time_is_up(s, s->failure[0] ? s->failure : "the handshake was not answered");
		return;
	}
	duration_format(duration, s->conf.connect_timeout_us / US_PER_MS);
	snprintf(text, sizeof(text), "no handshake within --connect-timeout %s", duration);
	try_again(s, STREAM_RETRY, ST_NET, now_us, -1, 0, text);
}

static void step_backoff(struct stream *s, int64_t now_us, struct lines *warnings)
{
	if (now_us < s->until_us)
		return;
	if (now_us >= s->retry.deadline_us)
		time_is_up(s, s->failure);
	else
		step_idle(s, now_us, warnings);
}

void stream_step(struct stream *s, int64_t now_us, struct lines *warnings)
{
	if (s->waiting)		/* first what has happened is taken */
		return;
	switch (s->state) {
	case IDLE:
		step_idle(s, now_us, warnings);
		break;
	case TOKEN:
		step_token(s, now_us, warnings);
		break;
	case CONNECTING:
		step_connecting(s, now_us);
		break;
	case OPEN:
	case CLOSING:
		ws_step(s->ws, now_us);
		break;
	case BACKOFF:
		step_backoff(s, now_us, warnings);
		break;
	case OVER:
		break;
	}
}

int64_t stream_deadline_us(const struct stream *s)
{
	int64_t at = s->until_us, other = INT64_MAX;

	if (s->waiting)
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

bool stream_is_over(const struct stream *s)
{
	return s->state == OVER;
}

enum status stream_status(const struct stream *s)
{
	if (s->state == OPEN)
		return ST_OK;
	return s->status == ST_OK ? ST_NET : s->status;
}

void stream_close(struct stream *s, int64_t now_us)
{
	if (s->closed || s->state == CLOSING)
		return;
	s->first = s->waiting = 0;
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
	return s->closed && !s->waiting;
}
