#include "ws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ws_handshake.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define CORRELATION_MAX 64
#define CLOSE_WAIT_US 1000000
#define SEND_WAIT_US 5000000
#define KEEP_BYTES 262144		/* larger buffers are freed once they are empty */
#define EVENTS_MAX (16u << 20)		/* bytes of messages that ws_next has not taken yet */

/* The header of a message in the event buffer; its bytes follow. */
struct stored {
	enum ws_event_kind kind;
	size_t len;
};

enum fault { FAULT_NONE, FAULT_TOO_BIG, FAULT_BAD_TEXT, FAULT_BREACH };

/* How each fault of the peer ends the connection: close code, kind of end, and text. */
static const struct {
	int code;
	enum ws_end end;
	const char *text;
} faults[] = {
	[FAULT_TOO_BIG] = { WS_CLOSE_TOO_BIG, WS_END_TOO_BIG, "a message is longer than 1 MiB" },
	[FAULT_BAD_TEXT] = { WS_CLOSE_BAD_TEXT, WS_END_BAD_TEXT, "a text message is not UTF-8" },
	[FAULT_BREACH] = { WS_CLOSE_PROTOCOL, WS_END_BREACH,
		"the service broke the WebSocket protocol: " }
};

/* The frame that is being sent. The next one waits until all of it is sent. */
struct outgoing {
	unsigned type;			/* CURLWS_TEXT, CURLWS_PONG, CURLWS_CLOSE; 0: none */
	const char *bytes;		/* what is left of its payload */
	size_t len;
	struct ws_frame_control control;		/* the bytes of a control frame */
};

struct ws {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	char *payload;			/* a text message to be sent; NULL: none */
	struct ws_handshake handshake;
	bool upgraded, opened;		/* the 101 has come; ws_next has returned WS_OPENED */
	bool open_due;			/* WS_OPENED is the next event */
	struct ws_frame_reader reader;
	struct buf events;		/* whole messages, one after the other */
	size_t taken;
	struct buf partial;		/* the fragments of a message so far */
	bool no_memory;			/* a message could not be stored: the transfer ends */
	enum fault fault;
	const char *breach;		/* FAULT_BREACH: what the peer did */
	struct ws_frame_control close;		/* the peer's close frame */
	bool close_seen, close_whole;	/* its first byte has come; its last byte has come */
	struct ws_frame_control ping;		/* the ping that is being read */
	struct ws_frame_control pong;		/* the answer to the last whole ping */
	bool pong_due;
	struct ws_frame_control close_out;
	bool closing;			/* ws_close was called */
	bool close_begun, close_due;	/* close_out is filled; it has not been sent yet */
	struct outgoing out;
	int64_t deadline_us;		/* of the current send or close; INT64_MAX: none */
	bool done;			/* the transfer is over; see result */
	struct http_result result;
	enum status fatal;		/* of WS_END_FATAL */
	char result_text[HTTP_TEXT_MAX];
	bool ended, end_reported;
	struct ws_event end;
	char reason[HTTP_TEXT_MAX];
};

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct ws *ws = arg;

	ws_handshake_line(&ws->handshake, line, size * n);
	return size * n;
}

/* --- receiving ---------------------------------------------------------------------- */

static void store_message(struct ws *ws, enum ws_event_kind kind, const char *bytes, size_t len)
{
	struct stored head = { kind, len };
	size_t before = ws->events.len;

	if (!buf_add(&ws->events, &head, sizeof(head)) || !buf_add(&ws->events, bytes, len))
		ws->events.len = before;	/* do not leave a header without its bytes */
}

static void end_of_message(struct ws *ws, enum ws_frame_opcode opcode, const char *bytes,
	size_t len)
{
	if (opcode == WS_OP_BINARY)
		store_message(ws, WS_BINARY, bytes, len);
	else if (utf8_valid(bytes, len))
		store_message(ws, WS_TEXT, bytes, len);
	else
		ws->fault = FAULT_BAD_TEXT;
}

static void on_data(struct ws *ws, const struct ws_frame_piece *p)
{
	struct buf *partial = &ws->partial;

	if (partial->len + p->len + p->left > WS_MESSAGE_MAX) {
		ws->fault = FAULT_TOO_BIG;
		buf_free(partial);
		return;
	}
	if (p->begins && p->ends) {	/* most messages are one frame in one piece: no copy */
		end_of_message(ws, p->opcode, p->bytes, p->len);
		return;
	}
	if (!buf_add(partial, p->bytes, p->len) || !p->ends)
		return;
	end_of_message(ws, p->opcode, partial->data ? partial->data : "", partial->len);
	if (partial->cap > KEEP_BYTES)
		buf_free(partial);
	buf_clear(partial);
}

static void on_piece(struct ws *ws, const struct ws_frame_piece *p)
{
	switch (p->opcode) {
	case WS_OP_TEXT:
	case WS_OP_BINARY:
		if (!ws->closing)
			on_data(ws, p);
		break;
	case WS_OP_CLOSE:
		ws_frame_collect(&ws->close, p);
		ws->close_seen = true;
		ws->close_whole = p->ends;
		break;
	case WS_OP_PING:
		ws_frame_collect(&ws->ping, p);
		if (p->ends) {		/* RFC 6455 §5.5.3: it is enough to answer the last */
			ws->pong = ws->ping;
			ws->pong_due = true;
		}
		break;
	case WS_OP_PONG:
	case WS_OP_CONTINUATION:
		break;
	}
}

/*
 * libcurl's callback: reads frames and stores messages. It sends nothing, because libcurl would
 * block until the peer has received it. After a fault or the peer's close frame it drops the rest,
 * so that a flood needs no memory.
 */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
	struct ws *ws = arg;
	const char *at = bytes, *end = bytes + size * n;
	struct ws_frame_piece piece;

	while (!ws->fault && !ws->close_whole && !ws->no_memory
	       && ws_frame_next(&ws->reader, &at, end, &piece, &ws->breach)) {
		on_piece(ws, &piece);
		ws->no_memory = ws->partial.failed || ws->events.failed;
	}
	if (ws->breach)
		ws->fault = FAULT_BREACH;
	return ws->no_memory ? CURL_WRITEFUNC_ERROR : size * n;
}

static void on_done(void *arg, const struct http_result *result)
{
	struct ws *ws = arg;

	ws->done = true;
	ws->result = *result;
	snprintf(ws->result_text, sizeof(ws->result_text), "%s", result->text);
	ws->result.text = ws->result_text;
}

/* --- life --------------------------------------------------------------------------- */

static CURLcode set_stream(struct ws *ws, const char *url, const char *key)
{
	CURL *e = ws->easy;
	CURLcode c = curl_easy_setopt(e, CURLOPT_URL, url);

	ws->headers = curl_slist_append(NULL, key);
	c = c ? c : ws->headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
	c = c ? c : curl_easy_setopt(e, CURLOPT_HTTPHEADER, ws->headers);
	c = c ? c : curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	c = c ? c : curl_easy_setopt(e, CURLOPT_HEADERDATA, ws);
	c = c ? c : curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	c = c ? c : curl_easy_setopt(e, CURLOPT_WRITEDATA, ws);
	/* libcurl's own reader hides frames without payload before 8.16 (curl issue #18286) */
	c = c ? c : curl_easy_setopt(e, CURLOPT_WS_OPTIONS, (long)CURLWS_RAW_MODE);
	return c;
}

struct ws *ws_open(struct http *http, const char *url, const char *payload,
	int64_t handshake_ms)
{
	struct ws *ws = calloc(1, sizeof(*ws));
	char key[WS_HANDSHAKE_HEADER_MAX];

	if (!ws)
		return NULL;
	ws->http = http;
	ws->deadline_us = INT64_MAX;
	ws->events.limit = EVENTS_MAX;
	ws->payload = payload ? strdup(payload) : NULL;
	ws->easy = http_easy(http, handshake_ms);
	if ((payload && !ws->payload) || !ws->easy || !ws_handshake_begin(&ws->handshake, key)
	    || set_stream(ws, url, key) != CURLE_OK
	    || http_start(http, ws->easy, on_done, ws) != ST_OK) {
		ws_free(ws);
		return NULL;
	}
	return ws;
}

void ws_free(struct ws *ws)
{
	if (!ws)
		return;
	http_release(ws->http, ws->easy);
	curl_slist_free_all(ws->headers);
	free(ws->payload);
	buf_free(&ws->events);
	buf_free(&ws->partial);
	free(ws);
}

/* --- the end, and why --------------------------------------------------------------- */

/* True if a close frame is due, or has been sent. */
static bool is_ending(const struct ws *ws)
{
	return ws->fault || ws->close_whole || ws->closing;
}

__attribute__((format(printf, 4, 5)))
static void end_with(struct ws *ws, enum ws_end end, int close_code, const char *fmt, ...)
{
	va_list ap;

	if (ws->ended)
		return;
	ws->ended = true;
	ws->deadline_us = INT64_MAX;
	va_start(ap, fmt);
	vsnprintf(ws->reason, sizeof(ws->reason), fmt, ap);
	va_end(ap);
	ws->end = (struct ws_event){
		.kind = WS_ENDED,
		.end = end,
		.http_status = (int)ws->result.http_status,
		.retry_after_us = ws->result.retry_after_us,
		.close_code = close_code,
		.status = ws->fatal,
		.reason = ws->reason
	};
	http_stop(ws->http, ws->easy);
}

static void end_by_close_frame(struct ws *ws)
{
	int code = ws_frame_close_code(&ws->close);

	if (code == WS_CLOSE_MALFORMED)
		end_with(ws, WS_END_BREACH, 0, "a malformed close frame");
	else if (code == WS_CLOSE_NO_CODE)
		end_with(ws, WS_END_CLOSED, code, "closed without a code");
	else
		end_with(ws, WS_END_CLOSED, code, "%.*s", (int)(ws->close.len - 2),
			ws->close.bytes + 2);
}

static void end_refused(struct ws *ws)
{
	long status = ws->result.http_status;
	enum http_failure failure = http_failure_of_status(status);
	bool breach = failure == HTTP_OK || failure == HTTP_BREACH;
	bool redirects = status / 100 == 3 && status != 304;
	const char *id = http_header(ws->easy, "ININ-Correlation-Id");
	bool shown = text_is_visible(id, CORRELATION_MAX);

	end_with(ws, breach ? WS_END_BREACH : WS_END_REFUSED, 0, "%s%ld %s%s%s%s",
		breach ? "the answer to the upgrade is " : "HTTP ", status, ws->handshake.phrase,
		redirects ? " (a redirect, which is not followed)" : "",
		shown ? ", ININ-Correlation-Id " : "", shown ? id : "");
}

/* Finds out why the transfer ended without a close frame of either side. */
static void end_by_result(struct ws *ws)
{
	const struct http_result *r = &ws->result;

	if (r->by_proxy || r->fatal) {
		ws->result.http_status = 0;
		ws->fatal = r->fatal;
		end_with(ws, r->fatal ? WS_END_FATAL : WS_END_NETWORK, 0, "%s", r->text);
		return;
	}
	if (r->code == CURLE_OK) {
		end_with(ws, WS_END_CLOSED, WS_CLOSE_ABNORMAL, "the connection ended without a "
			"close frame");
		return;
	}
	if (r->code == CURLE_HTTP_RETURNED_ERROR) {
		end_refused(ws);
		return;
	}
	if (http_failure_of(r) == HTTP_BREACH)
		end_with(ws, WS_END_BREACH, 0, "the answer is not HTTP/1.1");
	else
		end_with(ws, WS_END_NETWORK, 0, "%s", ws->no_memory ? "out of memory" : r->text);
}

/* --- once a turn -------------------------------------------------------------------- */

/* Checks the 101 once all of its headers have come, and removes the handshake's time limit. */
static void check_upgrade(struct ws *ws)
{
	long status = 0;
	const char *bad;

	if (ws->upgraded || !ws->handshake.complete || curl_easy_getinfo(ws->easy,
	    CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 101)
		return;
	ws->upgraded = true;
	bad = ws_handshake_fault(&ws->handshake);
	if (bad) {
		buf_clear(&ws->events);
		end_with(ws, WS_END_BREACH, 0, "the answer to the upgrade is wrong: %s", bad);
	} else if (curl_easy_setopt(ws->easy, CURLOPT_TIMEOUT_MS, 0L) != CURLE_OK) {
		end_with(ws, WS_END_NETWORK, 0, "cannot remove the handshake's time limit");
	} else if (!ws->payload) {
		ws->open_due = !ws->opened;
	}
}

bool ws_next(struct ws *ws, struct ws_event *event)
{
	struct stored head;

	check_upgrade(ws);
	if (ws->open_due) {
		ws->open_due = false;
		ws->opened = true;
		*event = (struct ws_event){ .kind = WS_OPENED };
		return true;
	}
	if (ws->opened && ws->taken < ws->events.len) {
		memcpy(&head, ws->events.data + ws->taken, sizeof(head));
		ws->taken += sizeof(head);
		*event = (struct ws_event){ .kind = head.kind,
			.text = ws->events.data + ws->taken, .len = head.len };
		ws->taken += head.len;
		return true;
	}
	if (ws->opened) {
		ws->taken = 0;
		if (ws->events.cap > KEEP_BYTES)
			buf_free(&ws->events);
		buf_clear(&ws->events);
	}
	if (!ws->ended && ws->done && !is_ending(ws))
		end_by_result(ws);
	if (!ws->ended || ws->end_reported)
		return false;
	ws->end_reported = true;
	*event = ws->end;
	return true;
}

bool ws_was_cut(const struct ws *ws)
{
	return !ws->closing && (ws_frame_in_message(&ws->reader) || ws->fault == FAULT_TOO_BIG);
}

bool ws_send(struct ws *ws, const char *text)
{
	if (ws->payload || ws->ended)
		return false;
	ws->payload = strdup(text);
	return ws->payload != NULL;
}

/* --- sending ------------------------------------------------------------------------- */

static void begin_control(struct outgoing *out, unsigned type,
	const struct ws_frame_control *control)
{
	out->type = type;
	out->control = *control;
	out->bytes = out->control.bytes;
	out->len = control->len;
}

/* Begins the next frame unless one is being sent; false: there is none. */
static bool begin_frame(struct ws *ws, int64_t now_us)
{
	struct outgoing *out = &ws->out;

	if (out->type)
		return true;
	if (ws->close_due) {
		begin_control(out, CURLWS_CLOSE, &ws->close_out);
	} else if (is_ending(ws)) {
		return false;		/* nothing follows a close frame */
	} else if (ws->pong_due) {
		begin_control(out, CURLWS_PONG, &ws->pong);
		ws->pong_due = false;
	} else if (ws->payload) {
		out->type = CURLWS_TEXT;
		out->bytes = ws->payload;
		out->len = strlen(ws->payload);
		ws->deadline_us = now_us + SEND_WAIT_US;
	}
	return out->type != 0;
}

static void end_frame(struct ws *ws)
{
	if (ws->out.type == CURLWS_CLOSE) {
		ws->close_due = false;
	} else if (ws->out.type == CURLWS_TEXT) {
		free(ws->payload);
		ws->payload = NULL;
		ws->open_due = !ws->opened;
		if (!ws->close_due)
			ws->deadline_us = INT64_MAX;
	}
	ws->out.type = 0;
}

/*
 * Sends as much of the frame as the socket accepts, without waiting. We read in raw mode but do not
 * send in it: libcurl checks the option in each call, adds header and mask, and keeps the rest of
 * them if the socket is full.
 */
static CURLcode send_frame(struct ws *ws)
{
	struct outgoing *out = &ws->out;
	size_t sent = 0;
	CURLcode c = curl_easy_setopt(ws->easy, CURLOPT_WS_OPTIONS, 0L), back;

	c = c ? c : curl_ws_send(ws->easy, out->bytes, out->len, &sent, 0, out->type);
	back = curl_easy_setopt(ws->easy, CURLOPT_WS_OPTIONS, (long)CURLWS_RAW_MODE);
	out->bytes += sent;
	out->len -= sent;
	if (c == CURLE_OK && out->len)
		c = CURLE_AGAIN;
	return back ? back : c;
}

/* Drops a control frame that could not be sent: libcurl will report how the connection ended, after
 * all that the peer sent before has been read. */
static void send_frames(struct ws *ws, int64_t now_us)
{
	while (!ws->ended && begin_frame(ws, now_us)) {
		bool text = ws->out.type == CURLWS_TEXT;
		CURLcode c = send_frame(ws);

		if (c == CURLE_AGAIN && (!text || ws->close_due || now_us < ws->deadline_us))
			break;
		if (c != CURLE_OK && text)
			end_with(ws, WS_END_NETWORK, 0, "a message could not be sent");
		else
			end_frame(ws);
	}
}

/* --- the closing handshake ------------------------------------------------------------ */

/* The code of our close frame. We answer the peer's close frame with the same code (RFC 6455
 * §5.5.1), unless the peer must not send that code. */
static int our_close_code(const struct ws *ws)
{
	int code = ws->close_whole ? ws_frame_close_code(&ws->close) : WS_CLOSE_NORMAL;

	if (ws->fault)
		return faults[ws->fault].code;
	return code == WS_CLOSE_MALFORMED ? WS_CLOSE_PROTOCOL : code;
}

static void begin_close(struct ws *ws, int64_t now_us)
{
	int code = our_close_code(ws);

	ws->close_out = (struct ws_frame_control){
		.bytes = { (char)(code >> 8), (char)(code & 0xFF) },
		.len = code == WS_CLOSE_NO_CODE ? 0 : 2
	};
	ws->close_begun = ws->close_due = true;
	ws->deadline_us = now_us + CLOSE_WAIT_US;
}

/* Ends the connection once our close frame is sent and, if we were first, answered. */
static void settle_close(struct ws *ws, int64_t now_us)
{
	bool over = ws->done || now_us >= ws->deadline_us;

	if (ws->close_due && !over)
		return;
	if (ws->fault)
		end_with(ws, faults[ws->fault].end, ws->breach ? 0 : faults[ws->fault].code,
			"%s%s", faults[ws->fault].text, ws->breach ? ws->breach : "");
	else if (!ws->closing)
		end_by_close_frame(ws);
	else if (ws->close_seen || over)
		end_with(ws, WS_END_OURS, WS_CLOSE_NORMAL, "closed");
}

void ws_step(struct ws *ws, int64_t now_us)
{
	check_upgrade(ws);
	if (ws->ended || !ws->upgraded)
		return;
	if (is_ending(ws) && !ws->close_begun)
		begin_close(ws, now_us);
	if (!ws->done)
		send_frames(ws, now_us);
	if (!ws->ended && is_ending(ws))
		settle_close(ws, now_us);
}

int64_t ws_deadline_us(const struct ws *ws)
{
	if ((ws->ended && !ws->end_reported) || ws->open_due)
		return INT64_MIN;
	return ws->deadline_us;
}

const char *ws_waits_for(const struct ws *ws)
{
	return ws->upgraded || ws->done ? NULL : http_waits_for(ws->easy);
}

void ws_close(struct ws *ws, int64_t now_us)
{
	if (ws->ended)
		return;
	ws->closing = true;
	if (!ws->upgraded || ws->done)
		end_with(ws, WS_END_OURS, WS_CLOSE_NORMAL, "closed");
	else
		ws_step(ws, now_us);
}
