/*
 * What the stream, the channel and the look-up of queue names share: a queue of events for the run,
 * and the decision after a failure, which is another attempt after some time, or the end of the
 * source with a status. The connections are in stream.c and channel.c.
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
#include "ws.h"

/* Give libcurl 1 s more than our own deadlines, so that ours fire first. */
#define SESSION_LIBCURL_EXTRA_US 1000000
#define SESSION_TEXT_MAX 960
/*
 * How many events can wait. A source adds events only while none waits. Then one step, one call of
 * watch, or what came on one socket adds them. A channel's step adds the most: two for each of its
 * two sockets (token refused, over), three for an answer, three for the step that follows.
 */
#define SESSION_EVENTS_MAX 16

enum session_event_kind {
	SESSION_TOKEN_ACQUIRED,
	SESSION_TOKEN_CACHED,
	SESSION_TOKEN_REFUSED,	/* by the token endpoint, or a 401 of the service */
	SESSION_TOKEN_RETRY,	/* the next request for a token is in wait_us */
	SESSION_CONNECTED,	/* up since at_us */
	SESSION_MESSAGE,
	SESSION_LOST,		/* down since at_us */
	SESSION_RETRY,		/* the next attempt is in wait_us */
	SESSION_CLOSED,		/* after channel_close() or stream_close() */
	SESSION_OVER,		/* the source has ended (status, text) */
	/* only of the notification service */
	SESSION_SILENT,		/* a ping was sent at at_us; the socket still counts as up */
	SESSION_ANSWER,		/* an answer of the API (answer, asked_us, text) */
	SESSION_SECRET,		/* text must not appear in any output from now on */
	SESSION_REFUSED,	/* a queue was refused (queue_id, text) */
	SESSION_WARNING,	/* (text) */
	SESSION_RESYNC_FAILED	/* (text) */
};

struct session_event {
	enum session_event_kind kind;
	int64_t at_us;
	const char *text;	/* MESSAGE, ANSWER: the bytes; others: what happened; borrowed */
	size_t len;
	bool binary;
	size_t socket;		/* of a channel, which has two; of the stream always 0 */
	int64_t wait_us;
	unsigned attempt;
	int http_status;	/* 0: none */
	int close_code;		/* 0: none */
	bool cut;		/* LOST: in the middle of a message */
	bool by_us;		/* LOST: we closed the connection, with close_code */
	int64_t expires_ms;	/* TOKEN_ACQUIRED, TOKEN_CACHED */
	uint64_t generation;	/* TOKEN_ACQUIRED, TOKEN_CACHED: of struct token_result */
	enum status status;	/* OVER */
	enum recording_entry_answer answer;
	int64_t asked_us;
	const char *queue_id;	/* REFUSED; borrowed */
};

struct session_stored {
	struct session_event event;
	char text[SESSION_TEXT_MAX];
};

struct session {
	struct backoff retry;
	bool over;		/* the source has ended */
	bool early;		/* no window has begun, so a loss does not restart --retry-for */
	int64_t again_us;	/* if not over: when to try again */
	enum status status;	/* of the last failure since the last connection; ST_OK: none */
	char failure[SESSION_TEXT_MAX];	/* its text; empty: none */
	const char *lacks;	/* after a 403: the text that says which permission is missing */
	bool token_renewed;	/* because of a 401. A second 401 then ends the source. The
				   sources reset it */
	uint64_t reported_token;	/* generation of the last token in an event; 0: none */
	struct session_stored stored[SESSION_EVENTS_MAX];
	size_t first, waiting;	/* index of the next stored event, number of stored events */
	struct session_stored taken;	/* the last event taken, which the caller borrows */
};

/* request_us is the time limit of a request. If retry_for_us is 0, all requests at the start
 * together have twice that time. lacks is borrowed. */
void session_init(struct session *s, int64_t retry_for_us, int64_t request_us, int64_t now_us,
	const char *lacks);

/* Adds an event, and returns it so that the caller can fill in more members. Copies text, which may
 * be NULL. Asserts that there is room. */
struct session_event *session_report(struct session *s, enum session_event_kind kind,
	const char *text);
/* Takes the next event. Returns false if none waits. */
bool session_next(struct session *s, struct session_event *event);
void session_drop_events(struct session *s);

/* Makes an event of a socket's message. The text stays borrowed from the socket. Sets the members
 * of SESSION_MESSAGE, and http_status, close_code and queue_id to none; leaves the rest as it was.
 * */
void session_message(struct session_event *event, size_t socket, const struct ws_event *message,
	int64_t now_us);

/* Adds the event SESSION_LOST for the end of a socket. cut: see ws_was_cut(). */
struct session_event *session_socket_ended(struct session *s, size_t socket,
	const struct ws_event *end, bool cut, int64_t now_us);

/* Ends the source. */
void session_over(struct session *s, enum status status, const char *text);
/* Ends the source because --retry-for is over. The text is that of the last failure, or `otherwise`
 * if there was none since the last connection. */
void session_time_is_up(struct session *s, const char *otherwise);

/* Does what retry_policy.h says about the failure, and returns it. Sets `over` or again_us. Drops
 * the token after a 401. */
enum retry_verdict session_failed(struct session *s, struct token *token, int64_t now_us,
	const struct retry_failure *f);

/* Call when a connection was made: the failures before it do not count any more. */
void session_connected(struct session *s, int64_t now_us);
/* Call when the connection was lost. The time of --retry-for then begins again, unless no window
 * has begun yet. */
void session_lost(struct session *s, int64_t now_us);

/* When an attempt that begins now must end: when the time of --retry-for ends. With --retry-for 0,
 * it is the time limit of all requests at the start. */
int64_t session_end_us(const struct session *s, int64_t now_us);

/* Adds an event for a new token, once for each token. */
void session_token_came(struct session *s, const struct token *token);

#endif
