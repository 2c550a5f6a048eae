/*
 * What every source has: events that wait to be taken, and what a failure leads to, that is
 * another attempt in some time or the end of the source with a status. Holds no connection.
 */
#ifndef SOURCE_SESSION_H
#define SOURCE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "source/recording.h"
#include "source/retry_policy.h"
#include "util/backoff.h"
#include "util/base.h"

#define SESSION_TEXT_MAX 960
/*
 * Events that may wait. A source makes them only while none waits: by one step, one look at the
 * watchdog, or one event of a socket. The most that one of these makes is a channel's step: two
 * for each of its two sockets (a refused token: refused, over), three for a request's answer,
 * three for the step that follows.
 */
#define SESSION_EVENTS_MAX 16

enum session_event_kind {
	STREAM_TOKEN_ACQUIRED,
	STREAM_TOKEN_CACHED,
	STREAM_TOKEN_REFUSED,	/* by the token endpoint, or a 401 of the gateway */
	STREAM_TOKEN_RETRY,	/* at wait_us from now */
	STREAM_CONNECTED,	/* from at_us on */
	STREAM_MESSAGE,
	STREAM_LOST,		/* down from at_us on */
	STREAM_RETRY,		/* the next attempt in wait_us */
	STREAM_CLOSED,		/* by us, at the end */
	STREAM_OVER,		/* beyond repair: status, text; ST_OK: it has done its work */
	/* of the notification service alone */
	STREAM_SILENT,		/* a ping was sent at at_us; the socket still counts as up */
	STREAM_ANSWER,		/* of its API: answer, asked_us, text */
	STREAM_SECRET,		/* text is to be seen nowhere from now on */
	STREAM_REFUSED,		/* a queue: queue_id, text */
	STREAM_WARNING,		/* text */
	STREAM_RESYNC_FAILED	/* the values were not asked for again: text */
};

struct session_event {
	enum session_event_kind kind;
	int64_t at_us;
	const char *text;	/* MESSAGE, ANSWER: its bytes; else what happened; borrowed */
	size_t len;
	bool binary;
	size_t socket;
	int64_t wait_us;
	unsigned attempt;
	int http_status;	/* 0: none */
	int close_code;		/* 0: none */
	bool cut;		/* LOST: in the middle of a message */
	bool by_us;		/* LOST: close_code is of our own close frame */
	int64_t expires_ms;	/* TOKEN_*: */
	uint64_t generation;	/* TOKEN_ACQUIRED, TOKEN_CACHED: token_result()'s */
	enum status status;	/* OVER: */
	enum recording_entry_answer answer;
	int64_t asked_us;
	const char *queue_id;	/* REFUSED: borrowed */
};

struct session_queued {
	struct session_event event;
	char text[SESSION_TEXT_MAX];
};

struct session {		/* fields are read by the sources, written by session.c */
	struct backoff retry;
	bool over;		/* beyond repair */
	bool early;		/* no window has begun: a loss gives no new time, or none would */
	int64_t again_us;	/* else: when to try again */
	enum status status;	/* of the last failure, or what ended it; ST_OK: none yet */
	char failure[SESSION_TEXT_MAX];	/* the last one's words */
	const char *lacks;	/* what the client may not do if it got a 403 */
	bool token_renewed;	/* after a 401: another one ends the source. Reset by the sources */
	uint64_t told_token;	/* generation of the last token that was reported; 0: none */
	struct session_queued queue[SESSION_EVENTS_MAX];
	size_t first, waiting;
	struct session_queued taken;	/* what the caller has borrowed */
};

/* request_us bounds one request. With retry_for_us 0 all requests of the start together have
 * twice that. lacks is borrowed. */
void session_init(struct session *a, int64_t retry_for_us, int64_t request_us, int64_t now_us,
	const char *lacks);

/* The queued event, to be filled further; text (or NULL) is copied. None is ever overwritten:
 * asserts that there is room. */
struct session_event *session_tell(struct session *a, enum session_event_kind kind,
	const char *text);
bool session_take(struct session *a, struct session_event *event);	/* false: none waits */

/* The end, in words. */
void session_over(struct session *a, enum status status, const char *text);
void session_time_is_up(struct session *a, const char *text);

/* Does what retry_policy.h has for the failure, and returns it: `over`, or again_us is set. token
 * is the one that a 401 has refused: it is dropped. */
enum retry_verdict session_failed(struct session *a, struct token *token, int64_t now_us,
	const struct retry_failure *f);

/* Returns the queued event. */
struct session_event *session_lost(struct session *a, int64_t now_us, int64_t at_us,
	size_t socket, int close_code, const char *text);

/* When an attempt that begins now has to be over: in --retry-for, or with 0 the bound of all. */
int64_t session_end_us(const struct session *a, int64_t now_us);

/* Reports a token that came, once. */
void session_token_came(struct session *a, const struct token *token);

#endif
