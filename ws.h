/*
 * One WebSocket connection (RFC 6455) over libcurl: the handshake, whole messages, pongs, the
 * close. libcurl reads, its callbacks only store; the caller takes the messages with ws_next
 * after net_perform. Knows no token, no retry, and not what a message means.
 */
#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "net.h"

#define WS_MESSAGE_MAX (1u << 20)	/* bytes; longer: closed with 1009 */

#define WS_CLOSE_NORMAL 1000
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_NO_CODE 1005		/* RFC 6455 §7.4.1: never on the wire */
#define WS_CLOSE_ABNORMAL 1006
#define WS_CLOSE_BAD_TEXT 1007
#define WS_CLOSE_POLICY 1008
#define WS_CLOSE_TOO_BIG 1009

enum ws_event_kind {
	WS_OPENED,	/* the 101 is in and right; counts as connected */
	WS_TEXT,	/* a whole message, valid UTF-8 */
	WS_BINARY,
	WS_ENDED	/* the last event: `end` tells why */
};

enum ws_end {
	WS_END_REFUSED,		/* an HTTP status in place of 101 */
	WS_END_NETWORK,		/* no connection, reset, timeout, DNS, a proxy's refusal */
	WS_END_CLOSED,		/* the peer's close frame, or TCP's end without one (1006) */
	WS_END_OURS,		/* ws_close ran to its end */
	WS_END_TOO_BIG,		/* we closed with 1009 */
	WS_END_BAD_TEXT,	/* we closed with 1007 */
	WS_END_FATAL,		/* no other attempt will do better: a certificate, a proxy */
	WS_END_BREACH		/* the peer broke RFC 6455 (we closed with 1002), or redirects */
};

struct ws_event {
	enum ws_event_kind kind;
	const char *text;	/* borrowed until the next ws_next or net_perform */
	size_t len;
	enum ws_end end;	/* WS_ENDED: */
	int http_status;	/* REFUSED: */
	int64_t retry_after_us;	/* REFUSED: -1 if none */
	int close_code;		/* CLOSED: */
	enum status status;	/* FATAL: what the run ends with */
	const char *reason;	/* close reason, reason phrase or libcurl's words; valid UTF-8 */
};

struct ws;

/* Opens a connection; url holds the token (copied by libcurl, never logged). payload (NULL:
 * none) is sent as the first text message; OPENED comes once it is out. NULL: no memory. */
struct ws *ws_open(struct net *net, const char *url, const char *payload,
	int64_t handshake_ms);
void ws_free(struct ws *ws);		/* drops the connection at once */

bool ws_next(struct ws *ws, struct ws_event *event);
/* Tells whether a message has begun and not ended; where the connection has ended, that message
 * is lost. False after ws_close, which drops what comes. */
bool ws_was_cut(const struct ws *ws);

/* Queues a text message for ws_step, one at a time; false: out of memory, or one is under way. */
bool ws_send(struct ws *ws, const char *text);

/* Sends what waits (a close frame, the last ping's pong, the text) and drives the closing
 * handshake. To be called once a turn, after the events are taken. */
void ws_step(struct ws *ws, int64_t now_us);
/* When to step at the latest; INT64_MIN: at once, INT64_MAX: not by the clock. */
int64_t ws_deadline_us(const struct ws *ws);

/* Begins a polite close: 1000 is sent and the peer's answer awaited for at most a second;
 * WS_ENDED follows. */
void ws_close(struct ws *ws, int64_t now_us);

#endif
