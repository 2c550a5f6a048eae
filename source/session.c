#include "source/session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "util/time.h"
#include "util/utf8.h"

void session_init(struct session *a, int64_t retry_for_us, int64_t request_us, int64_t now_us)
{
	backoff_init_bounded(&a->retry, retry_for_us, 2 * request_us, now_us);
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

void session_over_with(struct session *a, enum status status, const char *text,
	const char *advice)
{
	char whole[SESSION_TEXT_MAX];

	snprintf(whole, sizeof(whole), "%.*s; %s", shown_length(text, 600), text, advice);
	session_over(a, status, whole);
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

static void wait_is_too_long(struct session *a, const struct session_failure *f)
{
	char why[SESSION_TEXT_MAX], duration[DURATION_TEXT_MAX];

	time_format_duration(duration, f->retry_after_us / US_PER_MS);
	snprintf(why, sizeof(why), "to wait %s, as it asks, is longer than what is left of",
		duration);
	give_up(a, f->text, why);
}

void session_again(struct session *a, int64_t now_us, const struct session_failure *f)
{
	struct session_event *e;
	int64_t at_us;

	a->status = f->status;
	snprintf(a->failure, sizeof(a->failure), "%s", f->text);
	if (backoff_next(&a->retry, now_us, backoff_random(), f->retry_after_us, &at_us)
	    == BACKOFF_TIME_UP) {
		if (a->retry.retry_for_us && at_us - now_us == f->retry_after_us)
			wait_is_too_long(a, f);
		else
			session_time_is_up(a, f->text);
		return;
	}
	e = session_tell(a, f->kind, f->text);
	e->wait_us = at_us - now_us;
	e->attempt = a->retry.attempt;
	e->http_status = f->http_status;
	a->again_us = at_us;
}

void session_breach(struct session *a, enum session_event_kind kind, int64_t now_us,
	const char *text)
{
	struct session_failure f = { kind, ST_NET, -1, 0, text };
	char whole[SESSION_TEXT_MAX];

	if (!backoff_breach(&a->retry)) {
		session_again(a, now_us, &f);
		return;
	}
	snprintf(whole, sizeof(whole), "the protocol was broken twice: %.*s",
		shown_length(text, 600), text);
	session_over(a, ST_PROTOCOL, whole);
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

#define ADVICE_MAX 320

/* What stands where nobody knows it better: `GENESYSCLOUD_ACCESS_TOKEN`, `A and B`. */
static const char *what_to_check(char out[ADVICE_MAX], const struct token_result *r)
{
	const char *from = r->from ? r->from : "the credentials";
	const char *host = r->host_from ? r->host_from : "--host";
	char both[128];

	if (strcmp(from, "--profile") == 0)
		from = "the profile that --profile names";
	snprintf(both, sizeof(both), "%.60s%s%.50s", r->id_from && r->id_from != r->from
		? r->id_from : "", r->id_from && r->id_from != r->from ? " and " : "", from);
	if (r->unknown_client)
		snprintf(out, ADVICE_MAX, "check the region first (%.60s): a client is known in "
			"its own region alone; then %s", host, both);
	else
		snprintf(out, ADVICE_MAX, "check %s", both);
	return out;
}

bool session_renew(struct session *a, struct token *token, bool *renewed, const char *text)
{
	const struct token_result *r = token_result(token);
	char advice[ADVICE_MAX];

	session_tell(a, STREAM_TOKEN_REFUSED, text)->http_status = 401;
	/* --retry-for 0 is one token request: of a token from the cache it is yet to be made */
	if (*renewed || (a->retry.retry_for_us == 0 && !r->cached))
		session_over_with(a, ST_AUTH, text, what_to_check(advice, r));
	token_drop(token);
	*renewed = true;
	return !a->over;
}

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

void session_token_failed(struct session *a, const struct token *token, int64_t now_us,
	const char *lacks)
{
	const struct token_result *r = token_result(token);
	struct session_failure f = { STREAM_TOKEN_RETRY, ST_NET, r->retry_after_us,
		(int)r->http_status, r->text };
	char advice[ADVICE_MAX];

	switch (r->failure) {
	case HTTP_UNAUTHORISED:
	case HTTP_FORBIDDEN:
		session_tell(a, STREAM_TOKEN_REFUSED, r->text)->http_status = f.http_status;
		session_over_with(a, ST_AUTH, r->text,
			r->failure == HTTP_UNAUTHORISED ? what_to_check(advice, r) : lacks);
		break;
	case HTTP_LIMITED:
		f.status = ST_RATE;
		session_again(a, now_us, &f);
		break;
	case HTTP_OK:
	case HTTP_SERVER:
	case HTTP_NETWORK:
		session_again(a, now_us, &f);
		break;
	case HTTP_FATAL:
		session_over(a, r->status, r->text);
		break;
	case HTTP_BREACH:
		session_breach(a, STREAM_TOKEN_RETRY, now_us, r->text);
		break;
	case HTTP_NOT_FOUND:
		snprintf(advice, sizeof(advice), "this host has no token endpoint, check %.60s",
			r->host_from ? r->host_from : "--host");
		session_over_with(a, ST_REFUSED, r->text, advice);
		break;
	case HTTP_REJECTED:
		session_over(a, ST_REFUSED, r->text);
		break;
	}
}
