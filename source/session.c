#include "source/session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "util/time.h"
#include "util/utf8.h"

void session_init(struct session *a, int64_t retry_for_us, int64_t request_us, int64_t now_us,
	const char *lacks)
{
	a->lacks = lacks;
	backoff_init_bounded(&a->retry, retry_for_us, 2 * request_us, now_us);
}

int64_t session_end_us(const struct session *a, int64_t now_us)
{
	const struct backoff *b = &a->retry;

	return backoff_attempt_end_us(b, now_us, b->retry_for_us ? b->retry_for_us : b->single_us);
}

/* --- events -------------------------------------------------------------------------- */

struct session_event *session_tell(struct session *a, enum session_event_kind kind,
	const char *text)
{
	struct session_queued *q = &a->queue[(a->first + a->waiting) % SESSION_EVENTS_MAX];

	assert(a->waiting < SESSION_EVENTS_MAX);
	a->waiting++;
	q->event = (struct session_event){ .kind = kind };
	snprintf(q->text, sizeof(q->text), "%s", text ? text : "");
	q->event.len = text ? strlen(q->text) : 0;
	q->event.text = text ? q->text : NULL;
	return &q->event;
}

bool session_take(struct session *a, struct session_event *event)
{
	if (!a->waiting)
		return false;
	a->taken = a->queue[a->first];
	if (a->taken.event.text)
		a->taken.event.text = a->taken.text;
	a->first = (a->first + 1) % SESSION_EVENTS_MAX;
	a->waiting--;
	*event = a->taken.event;
	return true;
}

/* --- what a failure leads to ----------------------------------------------------------- */

void session_over(struct session *a, enum status status, const char *text)
{
	session_tell(a, STREAM_OVER, text)->status = status;
	a->status = status;
	a->over = true;
}

/* How much of the text to show: at most max bytes, and no half of a word, of which nobody could
 * tell whether it is half a secret. */
static int shown_length(const char *text, size_t max)
{
	size_t len = strlen(text), cut = utf8_cut(text, len, max);

	while (cut < len && cut > 0 && text[cut] != ' ')
		cut--;
	return (int)cut;
}

static void give_up(struct session *a, const char *text, const char *why)
{
	char whole[SESSION_TEXT_MAX], duration[DURATION_TEXT_MAX];

	time_format_duration(duration, a->retry.retry_for_us / US_PER_MS);
	snprintf(whole, sizeof(whole), "%.*s; %.120s --retry-for %s", shown_length(text, 600), text,
		why, duration);
	session_over(a, a->status == ST_RATE ? ST_RATE : ST_NET, whole);
}

void session_time_is_up(struct session *a, const char *text)
{
	give_up(a, text, a->retry.retry_for_us ? "no connection within"
		: "no other attempt with");
}

static void wait_is_too_long(struct session *a, const struct retry_failure *f)
{
	char why[SESSION_TEXT_MAX], duration[DURATION_TEXT_MAX];

	time_format_duration(duration, f->retry_after_us / US_PER_MS);
	snprintf(why, sizeof(why), "to wait %s, as it asks, is longer than what is left of",
		duration);
	give_up(a, f->text, why);
}

/* status: the source's if there is no time for another attempt */
static void try_again(struct session *a, int64_t now_us, const struct retry_failure *f,
	enum status status)
{
	struct session_event *e;
	int64_t at_us;

	a->status = status;
	snprintf(a->failure, sizeof(a->failure), "%s", f->text);
	if (backoff_next(&a->retry, now_us, backoff_random(), f->retry_after_us, &at_us)
	    == BACKOFF_TIME_UP) {
		if (a->retry.retry_for_us && at_us - now_us == f->retry_after_us)
			wait_is_too_long(a, f);
		else
			session_time_is_up(a, f->text);
		return;
	}
	e = session_tell(a, f->what == FAILED_TOKEN ? STREAM_TOKEN_RETRY : STREAM_RETRY, f->text);
	e->wait_us = at_us - now_us;
	e->attempt = a->retry.attempt;
	e->http_status = f->http_status;
	a->again_us = at_us;
}

static void try_once_more(struct session *a, int64_t now_us, const struct retry_failure *f,
	enum status status)
{
	struct retry_failure first = *f;
	char whole[SESSION_TEXT_MAX];

	first.http_status = 0;
	first.retry_after_us = -1;
	if (!backoff_breach(&a->retry)) {
		try_again(a, now_us, &first, ST_NET);
		return;
	}
	snprintf(whole, sizeof(whole), "the protocol was broken twice: %.*s",
		shown_length(f->text, 600), f->text);
	session_over(a, status, whole);
}

static void end_by(struct session *a, const struct token *token, const struct retry_failure *f,
	const struct retry_rule *rule)
{
	char room[RETRY_ADVICE_MAX], whole[SESSION_TEXT_MAX];
	const char *advice = retry_advice(room, rule, token_result(token), a->lacks);

	snprintf(whole, sizeof(whole), "%.*s; %s", shown_length(f->text, 600), f->text, advice);
	session_over(a, rule->status ? rule->status : f->status, *advice ? whole : f->text);
}

static void renew_token(struct session *a, struct token *token, int64_t now_us,
	const struct retry_failure *f, const struct retry_rule *rule)
{
	session_tell(a, STREAM_TOKEN_REFUSED, f->text)->http_status = 401;
	/* --retry-for 0 is one token request: of a token from the cache it is yet to be made */
	if (a->token_renewed || (a->retry.retry_for_us == 0 && !token_result(token)->cached))
		end_by(a, token, f, rule);
	token_drop(token);
	a->token_renewed = true;
	a->again_us = now_us;
}

enum retry_verdict session_failed(struct session *a, struct token *token, int64_t now_us,
	const struct retry_failure *f)
{
	const struct retry_rule *rule = retry_policy(f);
	struct retry_failure anew = *f;

	switch (rule->then) {
	case RETRY_LATER:
		try_again(a, now_us, f, rule->status);
		break;
	case RETRY_ONCE:
		try_once_more(a, now_us, f, rule->status);
		break;
	case RETRY_NEW_TOKEN:
		renew_token(a, token, now_us, f, rule);
		break;
	case RETRY_NEW_CHANNEL:
		anew.retry_after_us = -1;	/* that was of the old channel */
		try_again(a, now_us, &anew, rule->status);
		break;
	case RETRY_NEVER:
		if (f->what == FAILED_TOKEN && rule->status == ST_AUTH)
			session_tell(a, STREAM_TOKEN_REFUSED, f->text)->http_status
				= f->http_status;
		end_by(a, token, f, rule);
		break;
	}
	return rule->then;
}

struct session_event *session_lost(struct session *a, int64_t now_us, int64_t at_us,
	size_t socket, int close_code, const char *text)
{
	struct session_event *e = session_tell(a, STREAM_LOST, text);

	e->at_us = at_us;
	e->socket = socket;
	e->close_code = close_code;
	a->status = ST_NET;
	backoff_lost(&a->retry, now_us, !a->early);
	return e;
}

/* --- the token ------------------------------------------------------------------------- */

void session_token_came(struct session *a, const struct token *token)
{
	const struct token_result *r = token_result(token);
	struct session_event *e;

	if (a->told_token == r->generation)
		return;
	a->told_token = r->generation;
	e = session_tell(a, r->cached ? STREAM_TOKEN_CACHED : STREAM_TOKEN_ACQUIRED, NULL);
	e->expires_ms = r->expires_ms;
	e->generation = r->generation;
}
