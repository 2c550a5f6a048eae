/*
 * One WebSocket connection (RFC 6455) over libcurl: opening handshake, whole messages, pongs,
 * closing handshake. http_perform receives and stores messages; the caller takes them with ws_next
 * and calls ws_step to send. It knows nothing of tokens, retries and the contents of messages.
 */
#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "net/ws_frame.h"
#include "util/base.h"

#define WS_MESSAGE_MAX (1u << 20)	/* bytes; longer: closed with 1009 */

enum ws_event_kind {
	WS_OPENED,	/* the handshake succeeded and the payload is sent: connected */
	WS_TEXT,	/* a whole message, valid UTF-8, possibly empty */
	WS_BINARY,
	WS_ENDED	/* the last event; `end` says why */
};

enum ws_end {
	WS_END_REFUSED,		/* another HTTP status than 101 */
	WS_END_NETWORK,		/* no connection, reset, timeout, DNS, a proxy's refusal */
	WS_END_CLOSED,		/* by the peer: a close frame, or the end of TCP (1006) */
	WS_END_OURS,		/* by ws_close */
	WS_END_TOO_BIG,		/* we closed with 1009 */
	WS_END_BAD_TEXT,	/* we closed with 1007 */
	WS_END_FATAL,		/* trying again does not help: a certificate, a proxy */
	WS_END_BREACH		/* the peer broke the protocol (closed with 1002), or redirects */
};

struct ws_event {
	enum ws_event_kind kind;
	const char *text;	/* borrowed until the next ws_next or http_perform */
	size_t len;
	enum ws_end end;	/* WS_ENDED: */
	int http_status;	/* REFUSED: */
	int64_t retry_after_us;	/* REFUSED: -1 if none */
	int close_code;		/* CLOSED: */
	enum status status;	/* FATAL: what the run ends with */
	const char *reason;	/* close reason, reason phrase or libcurl's message; valid UTF-8 */
};

struct ws;

/* Begins a connection. libcurl copies url, which contains the token and must not be logged. payload
 * is sent as the first text message, before WS_OPENED; it may be NULL. NULL: out of memory. */
struct ws *ws_open(struct http *http, const char *url, const char *payload,
	int64_t handshake_ms);
void ws_free(struct ws *ws);		/* closes the connection at once */

/* Takes the next event; false: there is none yet. */
bool ws_next(struct ws *ws, struct ws_event *event);
/* True if a message has begun and not ended, so that it would be lost if the connection ended now.
 * False after ws_close, which drops all further messages. */
bool ws_was_cut(const struct ws *ws);

/* Stores a text message for ws_step to send. False: out of memory, or another is not sent yet. */
bool ws_send(struct ws *ws, const char *text);

/* Sends what is due (a close frame, the answer to the last ping, the text message), and continues
 * the closing handshake. Call it once a turn, after ws_next has returned false. */
void ws_step(struct ws *ws, int64_t now_us);
/* When to call ws_step at the latest; INT64_MIN: now, INT64_MAX: no limit. */
int64_t ws_deadline_us(const struct ws *ws);
/* Names the proxy that has not answered, for a handshake that took too long; NULL: none. */
const char *ws_waits_for(const struct ws *ws);

/* Begins the closing handshake: sends 1000, and waits at most a second for the peer's answer.
 * WS_ENDED follows. */
void ws_close(struct ws *ws, int64_t now_us);

#endif
