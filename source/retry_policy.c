#include "source/retry_policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ANY (~0u)
#define ANY_STREAM (FAILED_STREAM | FAILED_STREAM_URL)

static const struct retry_rule rules[] = {
	/* what failed, how, code; what to do, and the status and advice if the run ends */

	/* 401 and 403: credentials, scopes and roles */
	{ FAILED_TOKEN, HTTP_UNAUTHORISED, 0, RETRY_NEVER, ST_AUTH, ADVICE_CREDENTIALS },
	{ FAILED_UPGRADE, HTTP_UNAUTHORISED, 0, RETRY_NEW_CHANNEL, ST_NET, ADVICE_NONE },
	{ ANY, HTTP_UNAUTHORISED, 0, RETRY_NEW_TOKEN, ST_AUTH, ADVICE_CREDENTIALS },
	{ FAILED_UPGRADE, HTTP_FORBIDDEN, 0, RETRY_NEW_CHANNEL, ST_NET, ADVICE_NONE },
	{ ANY, HTTP_FORBIDDEN, 0, RETRY_NEVER, ST_AUTH, ADVICE_PERMISSION },

	/* 404 and other 4xx: repeating the request does not help, but a new channel may */
	{ FAILED_UPGRADE | FAILED_TOPICS, HTTP_NOT_FOUND, 0, RETRY_NEW_CHANNEL, ST_NET,
		ADVICE_NONE },
	{ FAILED_TOKEN, HTTP_NOT_FOUND, 0, RETRY_NEVER, ST_REFUSED, ADVICE_LOGIN_HOST },
	{ ANY_STREAM, HTTP_NOT_FOUND, 0, RETRY_NEVER, ST_REFUSED, ADVICE_NO_STREAM },
	{ FAILED_API, HTTP_NOT_FOUND, 0, RETRY_NEVER, ST_REFUSED, ADVICE_NO_API },
	{ ANY_STREAM, HTTP_REJECTED, 400, RETRY_NEVER, ST_REFUSED, ADVICE_STREAM_LIMITS },
	{ FAILED_STREAM_URL, HTTP_REJECTED, 414, RETRY_NEVER, ST_REFUSED, ADVICE_LONG_URL },
	{ FAILED_STREAM_URL, HTTP_REJECTED, 431, RETRY_NEVER, ST_REFUSED, ADVICE_LONG_URL },
	{ ANY, HTTP_REJECTED, 0, RETRY_NEVER, ST_REFUSED, ADVICE_NONE },

	/* 429: try again as soon as the service allows it */
	{ ANY, HTTP_LIMITED, 0, RETRY_LATER, ST_RATE, ADVICE_NONE },

	/* 5xx, no answer, a lost connection: try again; but a close with 1008 is a refusal */
	{ ANY_STREAM, HTTP_NETWORK, WS_CLOSE_POLICY, RETRY_NEVER, ST_REFUSED,
		ADVICE_STREAM_LIMITS },
	{ FAILED_SOCKET, HTTP_NETWORK, WS_CLOSE_POLICY, RETRY_NEVER, ST_REFUSED, ADVICE_NONE },
	{ ANY, HTTP_SERVER, 0, RETRY_LATER, ST_NET, ADVICE_NONE },
	{ ANY, HTTP_NETWORK, 0, RETRY_LATER, ST_NET, ADVICE_NONE },

	/* a bad certificate (8), a proxy that refuses the user (3) or the host (6); a socket that
	 * was open before gets another attempt */
	{ FAILED_SOCKET, HTTP_FATAL, 0, RETRY_LATER, ST_NET, ADVICE_NONE },
	{ ANY, HTTP_FATAL, 0, RETRY_NEVER, ST_OK, ADVICE_NONE },

	/* an answer or a message that violates the protocol */
	{ ANY, HTTP_BREACH, 0, RETRY_ONCE, ST_PROTOCOL, ADVICE_NONE }
};

const struct retry_rule *retry_rules(size_t *n)
{
	*n = ARRAY_LEN(rules);
	return rules;
}

const struct retry_rule *retry_policy(const struct retry_failure *f)
{
	const int code = f->http_status ? f->http_status : f->close_code;
	size_t i = 0;

	while (i < ARRAY_LEN(rules) && !((rules[i].what & f->what) && rules[i].kind == f->kind
	    && (!rules[i].code || rules[i].code == code)))
		i++;
	assert(i < ARRAY_LEN(rules));	/* each kind but HTTP_OK has a rule with ANY */
	return &rules[i];
}

/* --- advice -------------------------------------------------------------------------- */

/* Says where the credentials came from, so that the user can check them: variables, a file, or a
 * profile. */
static void put_credentials(char out[RETRY_ADVICE_MAX], const struct token_result *r,
	const char *host)
{
	const char *from = r->from ? r->from : "the credentials";
	bool two = r->id_from && r->id_from != r->from;
	char both[128];

	if (strcmp(from, "--profile") == 0)
		from = "the profile that --profile names";
	snprintf(both, sizeof(both), "%.60s%s%.50s", two ? r->id_from : "", two ? " and " : "",
		from);
	if (r->unknown_client)
		snprintf(out, RETRY_ADVICE_MAX, "check the region first (%.60s): a client is known "
			"only in its own region; then check %s", host, both);
	else
		snprintf(out, RETRY_ADVICE_MAX, "check %s", both);
}

const char *retry_advice_text(char out[RETRY_ADVICE_MAX], enum retry_advice advice,
	const struct token_result *token, const char *lacks)
{
	const char *host = token->host_from ? token->host_from : "--host";

	switch (advice) {
	case ADVICE_NONE:
		return "";
	case ADVICE_CREDENTIALS:
		put_credentials(out, token, host);
		return out;
	case ADVICE_LOGIN_HOST:
		snprintf(out, RETRY_ADVICE_MAX, "this host has no token endpoint: check %.60s",
			host);
		return out;
	case ADVICE_PERMISSION:
		return lacks;
	case ADVICE_NO_STREAM:
		return "this host does not have the stream: use --source notifications, which "
			"every organisation has";
	case ADVICE_NO_API:
		snprintf(out, RETRY_ADVICE_MAX, "this host does not have the API of Genesys Cloud: "
			"check %.60s", host);
		return out;
	case ADVICE_STREAM_LIMITS:
		return "a stream can have 50 queues, and an OAuth client 10 streams: name fewer "
			"queues, or end another run";
	case ADVICE_LONG_URL:
		return "the queues make the URL too long for the service: use --subscribe message "
			"to send them after the handshake";
	}
	return "";
}

/* --- failures ------------------------------------------------------------------------ */

struct retry_failure retry_failure_of_token(const struct token_result *r)
{
	return (struct retry_failure){ .what = FAILED_TOKEN, .kind = r->failure,
		.http_status = (int)r->http_status, .status = r->status,
		.retry_after_us = r->retry_after_us, .text = r->text };
}

struct retry_failure retry_failure_of_answer(enum retry_what what, const struct rest_answer *a)
{
	return (struct retry_failure){ .what = what, .kind = a->kind,
		.http_status = (int)a->http_status, .status = a->status,
		.retry_after_us = a->retry_after_us, .text = a->text };
}

struct retry_failure retry_failure_of_end(enum retry_what what, const struct ws_event *e,
	const char *text)
{
	struct retry_failure f = { .what = what, .kind = HTTP_NETWORK, .retry_after_us = -1,
		.text = text ? text : e->reason };

	switch (e->end) {
	case WS_END_REFUSED:	/* by a status 4xx or 5xx; for others ws.c reports a breach */
		f.kind = http_failure_of_status(e->http_status);
		f.http_status = e->http_status;
		f.retry_after_us = e->retry_after_us;
		break;
	case WS_END_CLOSED:
		f.close_code = e->close_code;
		break;
	case WS_END_FATAL:
		f.kind = HTTP_FATAL;
		f.status = e->status;
		break;
	case WS_END_BREACH:
		f.kind = HTTP_BREACH;
		break;
	case WS_END_NETWORK:
	case WS_END_OURS:
	case WS_END_TOO_BIG:
	case WS_END_BAD_TEXT:
		break;
	}
	return f;
}
