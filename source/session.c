#include "source/session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "util/time.h"
#include "util/utf8.h"

void session_init(struct session *s, int64_t retry_for_us, int64_t request_us, int64_t now_us,
	const char *lacks)
{
	s->lacks = lacks;
	backoff_init(&s->retry, retry_for_us, 2 * request_us, now_us);
}

int64_t session_end_us(const struct session *s, int64_t now_us)
{
	const struct backoff *b = &s->retry;

	return backoff_attempt_end_us(b, now_us, b->retry_for_us ? b->retry_for_us : b->single_us);
}

/* --- events -------------------------------------------------------------------------- */

struct session_event *session_report(struct session *s, enum session_event_kind kind,
	const char *text)
{
	struct session_stored *q = &s->stored[(s->first + s->waiting) % SESSION_EVENTS_MAX];

	assert(s->waiting < SESSION_EVENTS_MAX);
	s->waiting++;
	q->event = (struct session_event){ .kind = kind };
	snprintf(q->text, sizeof(q->text), "%s", text ? text : "");
	q->event.len = text ? strlen(q->text) : 0;
	q->event.text = text ? q->text : NULL;
	return &q->event;
}

bool session_next(struct session *s, struct session_event *event)
{
	if (!s->waiting)
		return false;
	s->taken = s->stored[s->first];
	if (s->taken.event.text)
		s->taken.event.text = s->taken.text;
	s->first = (s->first + 1) % SESSION_EVENTS_MAX;
	s->waiting--;
	*event = s->taken.event;
	return true;
}

void session_drop_events(struct session *s)
{
	s->first = s->waiting = 0;
}

void session_message(struct session_event *event, size_t socket, const struct ws_event *message,
	int64_t now_us)
{
	/* gcc would clear the whole struct by a slow instruction */
	event->kind = SESSION_MESSAGE;
	event->at_us = now_us;
	event->socket = socket;
	event->text = message->text;
	event->len = message->len;
	event->binary = message->kind == WS_BINARY;
	event->http_status = event->close_code = 0;
	event->queue_id = NULL;
}

struct session_event *session_socket_ended(struct session *s, size_t socket,
	const struct ws_event *end, bool cut, int64_t now_us)
{
	struct session_event *e = session_report(s, SESSION_LOST, end->reason);

	e->at_us = now_us;
	e->socket = socket;
	e->close_code = end->close_code;
	e->by_us = end->end != WS_END_CLOSED;
	e->cut = cut;
	return e;
}

/* --- what a failure leads to ----------------------------------------------------------- */

void session_over(struct session *s, enum status status, const char *text)
{
	session_report(s, SESSION_OVER, text)->status = status;
	s->status = status;
	s->over = true;
}

/* How many bytes of the text to show: at most max, and only whole words, because the redaction of
 * secrets would not find half of one. */
static int shown_length(const char *text, size_t max)
{
	size_t len = strlen(text), cut = utf8_cut(text, len, max);

	while (cut < len && cut > 0 && text[cut] != ' ')
		cut--;
	return (int)cut;
}

/* Ends the source. --retry-for follows the words in why, such as `gave up after`. */
static void give_up(struct session *s, const char *text, const char *why)
{
	char whole[SESSION_TEXT_MAX], duration[DURATION_TEXT_MAX];

	time_format_duration(duration, s->retry.retry_for_us / US_PER_MS);
	snprintf(whole, sizeof(whole), "%.*s; %.120s --retry-for %s", shown_length(text, 600), text,
		why, duration);
	session_over(s, s->status == ST_RATE ? ST_RATE : ST_NET, whole);
}

void session_time_is_up(struct session *s, const char *otherwise)
{
	give_up(s, s->failure[0] ? s->failure : otherwise,
		s->retry.retry_for_us ? "gave up after" : "no other attempt with");
}

static void wait_is_too_long(struct session *s, const struct retry_failure *f)
{
	char why[SESSION_TEXT_MAX], duration[DURATION_TEXT_MAX];

	time_format_duration(duration, f->retry_after_us / US_PER_MS);
	snprintf(why, sizeof(why), "the service asks to wait %s, longer than the rest of",
		duration);
	give_up(s, f->text, why);
}

/* Plans another attempt. If there is no time for one, ends the source with the status. */
static void try_again(struct session *s, int64_t now_us, const struct retry_failure *f,
	enum status status)
{
	struct session_event *e;
	int64_t at_us;

	s->status = status;
	snprintf(s->failure, sizeof(s->failure), "%s", f->text);
	if (backoff_next(&s->retry, now_us, backoff_random(), f->retry_after_us, &at_us)
	    == BACKOFF_TIME_UP) {
		if (s->retry.retry_for_us && at_us - now_us == f->retry_after_us)
			wait_is_too_long(s, f);
		else
			session_time_is_up(s, f->text);
		return;
	}
	e = session_report(s, f->what == FAILED_TOKEN ? SESSION_TOKEN_RETRY : SESSION_RETRY,
		f->text);
	e->wait_us = at_us - now_us;
	e->attempt = s->retry.attempt;
	e->http_status = f->http_status;
	s->again_us = at_us;
}

static void try_once_more(struct session *s, int64_t now_us, const struct retry_failure *f,
	enum status status)
{
	struct retry_failure first = *f;
	char whole[SESSION_TEXT_MAX];

	first.http_status = 0;
	first.retry_after_us = -1;
	if (!backoff_breach(&s->retry)) {
		try_again(s, now_us, &first, ST_NET);
		return;
	}
	snprintf(whole, sizeof(whole), "the service violated the protocol twice: %.*s",
		shown_length(f->text, 600), f->text);
	session_over(s, status, whole);
}

static void end_by(struct session *s, const struct token *token, const struct retry_failure *f,
	const struct retry_rule *rule)
{
	char room[RETRY_ADVICE_MAX], whole[SESSION_TEXT_MAX];
	const char *advice = retry_advice_text(room, rule->advice, token_result(token),
		s->lacks);

	snprintf(whole, sizeof(whole), "%.*s; %s", shown_length(f->text, 600), f->text, advice);
	session_over(s, rule->status ? rule->status : f->status, *advice ? whole : f->text);
}

static void renew_token(struct session *s, struct token *token, int64_t now_us,
	const struct retry_failure *f, const struct retry_rule *rule)
{
	session_report(s, SESSION_TOKEN_REFUSED, f->text)->http_status = 401;
	/* --retry-for 0 allows one request for a token; a token from the cache took none */
	if (s->token_renewed || (s->retry.retry_for_us == 0 && !token_result(token)->cached))
		end_by(s, token, f, rule);
	token_drop(token);
	s->token_renewed = true;
	s->again_us = now_us;
}

enum retry_verdict session_failed(struct session *s, struct token *token, int64_t now_us,
	const struct retry_failure *f)
{
	const struct retry_rule *rule = retry_policy(f);
	struct retry_failure later = *f;

	switch (rule->then) {
	case RETRY_LATER:
		try_again(s, now_us, f, rule->status);
		break;
	case RETRY_ONCE:
		try_once_more(s, now_us, f, rule->status);
		break;
	case RETRY_NEW_TOKEN:
		renew_token(s, token, now_us, f, rule);
		break;
	case RETRY_NEW_CHANNEL:
		later.retry_after_us = -1;	/* the pause is meant for the old channel */
		try_again(s, now_us, &later, rule->status);
		break;
	case RETRY_NEVER:
		if (f->what == FAILED_TOKEN && rule->status == ST_AUTH)
			session_report(s, SESSION_TOKEN_REFUSED, f->text)->http_status
				= f->http_status;
		end_by(s, token, f, rule);
		break;
	}
	return rule->then;
}

void session_connected(struct session *s, int64_t now_us)
{
	s->status = ST_OK;
	s->failure[0] = '\0';
	backoff_connected(&s->retry, now_us);
}

void session_lost(struct session *s, int64_t now_us)
{
	s->status = ST_NET;
	backoff_lost(&s->retry, now_us, !s->early);
}

/* --- the token ------------------------------------------------------------------------- */

void session_token_came(struct session *s, const struct token *token)
{
	const struct token_result *r = token_result(token);
	struct session_event *e;

	if (s->reported_token == r->generation)
		return;
	s->reported_token = r->generation;
	e = session_report(s, r->cached ? SESSION_TOKEN_CACHED : SESSION_TOKEN_ACQUIRED, NULL);
	e->expires_ms = r->expires_ms;
	e->generation = r->generation;
}
