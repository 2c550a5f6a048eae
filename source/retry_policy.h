/*
 * What to do after a failure of a live source: try again, get a new token or channel, or end the
 * run with an exit status and advice. The rules are one table in retry_policy.c; session.c acts on
 * them.
 *
 * Before another attempt the source waits as long as the server asks (Retry-After,
 * inin-ratelimit-reset), otherwise a random time that grows to 30 s (util/backoff.h). When
 * --retry-for is over, it stops trying and the run ends with the rule's status. For example, a
 * request that gets 429 is repeated until then, and then the run ends with status 4.
 *
 * Deliveries of --callback have other rules, in webhook/http_post.c.
 */
#ifndef SOURCE_RETRY_POLICY_H
#define SOURCE_RETRY_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "net/http.h"
#include "net/rest.h"
#include "util/base.h"
#include "ws.h"

/* What failed. The values are bits, because a rule can be for several of them. */
enum retry_what {
	FAILED_TOKEN = 1,	/* the request for a token */
	FAILED_STREAM = 2,	/* the stream: its handshake failed, or it was lost */
	FAILED_STREAM_URL = 4,	/* the same of a stream with the queues in its URL */
	FAILED_UPGRADE = 8,	/* the handshake of a channel's socket */
	FAILED_SOCKET = 16,	/* a channel's socket was lost */
	FAILED_TOPICS = 32,	/* the request to subscribe to topics */
	FAILED_API = 64		/* any other request to the API */
};

struct retry_failure {
	enum retry_what what;
	enum http_failure kind;
	int http_status;		/* 0: none */
	int close_code;			/* 0: none */
	enum status status;		/* HTTP_FATAL: the exit status of the run */
	int64_t retry_after_us;		/* how long the server asks to wait; -1: it does not */
	const char *text;		/* borrowed */
};

enum retry_verdict {
	RETRY_LATER,		/* try the same again */
	RETRY_ONCE,		/* try the same again; after a second failure end the run */
	RETRY_NEW_TOKEN,	/* try at once with a new token; if that fails end the run */
	RETRY_NEW_CHANNEL,	/* try again with a new channel */
	RETRY_NEVER		/* end the run */
};

/* What to do about a failure. retry_advice_text() has the words. */
enum retry_advice {
	ADVICE_NONE,
	ADVICE_CREDENTIALS,
	ADVICE_LOGIN_HOST,
	ADVICE_PERMISSION,
	ADVICE_NO_STREAM,
	ADVICE_NO_API,
	ADVICE_STREAM_LIMITS,
	ADVICE_LONG_URL
};

struct retry_rule {
	unsigned what;		/* bits of enum retry_what */
	enum http_failure kind;
	int code;		/* HTTP status or close code; 0: any */
	enum retry_verdict then;
	enum status status;	/* exit status if this rule ends the run; ST_OK: take the
				   status of the failure */
	enum retry_advice advice;
};

/* The rule for the failure: the first one in the table that matches. */
const struct retry_rule *retry_policy(const struct retry_failure *f);
/* All rules. */
const struct retry_rule *retry_rules(size_t *n);

#define RETRY_ADVICE_MAX 320

/* Returns the advice in words, possibly in out; ADVICE_NONE: "". token is the result of the last
 * request for a token; it says which variables or files to check. lacks is the text for a 403,
 * which says which permission is missing. */
const char *retry_advice_text(char out[RETRY_ADVICE_MAX], enum retry_advice advice,
	const struct token_result *token, const char *lacks);

/* Describe a failure for retry_policy(). */
struct retry_failure retry_failure_of_token(const struct token_result *r);
struct retry_failure retry_failure_of_answer(enum retry_what what, const struct rest_answer *a);
/* e must be WS_ENDED. text describes it; NULL: the event's reason does. */
struct retry_failure retry_failure_of_end(enum retry_what what, const struct ws_event *e,
	const char *text);

#endif
