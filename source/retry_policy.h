/*
 * What a failure of a live source leads to: another attempt, a new token or channel, or the end of
 * the run with an exit status and advice. It is one table, in retry_policy.c; session.c acts on it.
 *
 * An attempt that is repeated waits as long as the server asks (Retry-After, inin-ratelimit-reset),
 * otherwise a random time that grows to 30 s (util/backoff.h). It is not repeated any more when
 * --retry-for is over: then the run ends with the rule's status. So a request that got 429 is
 * repeated until then, and the run ends with 4. Deliveries of --callback have rules of their own,
 * in webhook/http_post.c.
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

enum retry_what {		/* bits: a rule may be for several */
	FAILED_TOKEN = 1,	/* the request for a token */
	FAILED_STREAM = 2,	/* the stream: its upgrade, or it was lost */
	FAILED_STREAM_URL = 4,	/* the same of one whose URL has the queues */
	FAILED_UPGRADE = 8,	/* of a channel's socket */
	FAILED_SOCKET = 16,	/* a channel's socket was lost */
	FAILED_TOPICS = 32,	/* the request for a channel's topics */
	FAILED_API = 64		/* any other request to the API */
};

struct retry_failure {
	enum retry_what what;
	enum http_failure kind;
	int http_status;		/* 0: none */
	int close_code;			/* 0: none */
	enum status status;		/* HTTP_FATAL: what the run ends with */
	int64_t retry_after_us;		/* what the server asks for; -1: nothing */
	const char *text;		/* borrowed */
};

enum retry_verdict {
	RETRY_LATER,		/* the same again */
	RETRY_ONCE,		/* the same; the second time the run ends */
	RETRY_NEW_TOKEN,	/* once, at once, with a new token; then the run ends */
	RETRY_NEW_CHANNEL,	/* with a new channel */
	RETRY_NEVER		/* the run ends */
};

/* What retry_advice_text() puts into words. */
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
	unsigned what;		/* of enum retry_what */
	enum http_failure kind;
	int code;		/* HTTP status or close code; 0: any */
	enum retry_verdict then;
	enum status status;	/* the run's when it ends by this; ST_OK: the failure's */
	enum retry_advice advice;
};

const struct retry_rule *retry_policy(const struct retry_failure *f);
/* All rules; a failure is judged by the first that fits. */
const struct retry_rule *retry_rules(size_t *n);

#define RETRY_ADVICE_MAX 320

/* The advice in words, with the names of what is to be checked; ADVICE_NONE: "". token: of the last
 * request for one. lacks: what the client may not do if it got a 403. */
const char *retry_advice_text(char out[RETRY_ADVICE_MAX], enum retry_advice advice,
	const struct token_result *token, const char *lacks);

/* The failure as the table knows it. */
struct retry_failure retry_failure_of_token(const struct token_result *r);
struct retry_failure retry_failure_of_answer(enum retry_what what, const struct rest_answer *a);
/* e is WS_ENDED. text: what to say of it, NULL: the event's reason. */
struct retry_failure retry_failure_of_end(enum retry_what what, const struct ws_event *e,
	const char *text);

#endif
