#include "ws.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/ws_frame.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define KEY_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"	/* RFC 6455 §1.3 */
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

#define MALFORMED (-1)			/* in place of a close code */

enum fault { FAULT_NONE, FAULT_TOO_BIG, FAULT_BAD_TEXT, FAULT_BREACH };

/* The payload of a control frame. */
struct control {
	char bytes[WS_FRAME_CONTROL_MAX];
	size_t len;
};

/* The frame that is being sent. The next one waits until all of it is sent. */
struct outgoing {
	unsigned type;			/* CURLWS_TEXT, CURLWS_PONG, CURLWS_CLOSE; 0: none */
	const char *bytes;		/* what is left of its payload */
	size_t len;
	struct control control;		/* the bytes of a control frame */
};

/* What the header lines of the answer to the upgrade have contained so far. */
struct answer {
	bool complete;			/* the blank line has come */
	unsigned accepts, upgrades;	/* lines of Sec-WebSocket-Accept and Upgrade */
	bool accept_is_right, upgrade_is_websocket, connection_has_upgrade;
	bool has_extensions, has_protocol;
};

struct ws {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	char *payload;			/* a text message to be sent; NULL: none */
	char accept[32];		/* the value that Sec-WebSocket-Accept must have */
	char phrase[128];		/* the reason phrase of the status line */
	struct answer answer;
	bool upgraded, opened;		/* the 101 has come; ws_next has returned WS_OPENED */
	bool open_due;			/* WS_OPENED is the next event */
	struct ws_frame_reader reader;
	struct buf events;		/* whole messages, one after the other */
	size_t taken;
	struct buf partial;		/* the fragments of a message so far */
	bool no_memory;			/* a message could not be stored: the transfer ends */
	enum fault fault;
	const char *breach;		/* FAULT_BREACH: what the peer did */
	struct control close;		/* the peer's close frame */
	bool close_seen, close_whole;	/* its first, its last byte has come */
	struct control ping;		/* the ping that is being read */
	struct control pong;		/* the answer to the last whole ping */
	bool pong_due;
	struct control close_out;
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

/* --- the handshake ------------------------------------------------------------------ */

/* Makes a random key and the answer that it requires (RFC 6455 §4.1, §4.2.2). */
static bool make_key(char header[64], char accept[32])
{
	unsigned char nonce[16], hash[EVP_MAX_MD_SIZE], key[32];
	char both[96];
	unsigned len;

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return false;
	EVP_EncodeBlock(key, nonce, sizeof(nonce));
	snprintf(header, 64, "Sec-WebSocket-Key: %s", (char *)key);
	snprintf(both, sizeof(both), "%s%s", (char *)key, KEY_GUID);
	if (EVP_Digest(both, strlen(both), hash, &len, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)accept, hash, (int)len);
	return true;
}

/* True if a comma-separated list has the word, in any case. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

/* What is wrong with the 101 (RFC 6455 §4.1); NULL: nothing. libcurl does not check it. */
static const char *bad_upgrade(const struct ws *ws)
{
	const struct answer *a = &ws->answer;

	if (!a->accepts)
		return "its Sec-WebSocket-Accept is missing";
	if (a->accepts > 1 || !a->accept_is_right)
		return "its Sec-WebSocket-Accept is wrong";
	if (a->upgrades != 1 || !a->upgrade_is_websocket)
		return "its Upgrade is not websocket";
	if (!a->connection_has_upgrade)
		return "its Connection is not Upgrade";
	if (a->has_extensions)
		return "it uses an extension that was not asked for";
	if (a->has_protocol)
		return "it speaks a subprotocol that was not asked for";
	return NULL;
}

/* Keeps the printable characters of the reason phrase. */
static void take_phrase(struct ws *ws, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	size_t out = 0;

	space = space ? memchr(space + 1, ' ', len - (size_t)(space + 1 - line)) : NULL;
	for (const char *s = space ? space + 1 : line + len;
	     s < line + len && out + 1 < sizeof(ws->phrase); s++)
		if (*s >= ' ' && *s <= '~')
			ws->phrase[out++] = *s;
	ws->phrase[out] = '\0';
}

static void take_field(struct ws *ws, const char *name, const char *value)
{
	struct answer *a = &ws->answer;

	if (strcasecmp(name, "Sec-WebSocket-Accept") == 0) {
		a->accepts++;
		a->accept_is_right = strcmp(value, ws->accept) == 0;
	} else if (strcasecmp(name, "Upgrade") == 0) {
		a->upgrades++;
		a->upgrade_is_websocket = strcasecmp(value, "websocket") == 0;
	} else if (strcasecmp(name, "Connection") == 0) {	/* RFC 9110 §5.3: several lines */
		a->connection_has_upgrade |= list_has(value, "upgrade");
	} else if (strcasecmp(name, "Sec-WebSocket-Extensions") == 0) {
		a->has_extensions = true;
	} else if (strcasecmp(name, "Sec-WebSocket-Protocol") == 0) {
		a->has_protocol = true;
	}
}

/* Splits a field line (RFC 9112 §5). Ignores long lines: none that we need is so long. */
static void take_line(struct ws *ws, const char *line, size_t len)
{
	char text[512], *value, *end;

	if (len >= sizeof(text))
		return;
	memcpy(text, line, len);
	text[len] = '\0';
	value = strchr(text, ':');
	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	take_field(ws, text, value);
}

/* libcurl calls it for each header line. An interim response (103) may come before the 101. */
static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct ws *ws = arg;
	size_t len = size * n;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		ws->answer = (struct answer){ .complete = false };
		take_phrase(ws, line, len);
	} else if (len && (line[0] == '\r' || line[0] == '\n')) {
		ws->answer.complete = true;
	} else {
		take_line(ws, line, len);
	}
	return len;
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

/* Collects a control frame; the reader refuses those that would not fit. */
static void on_control(struct control *c, const struct ws_frame_piece *p)
{
	if (p->begins)
		c->len = 0;
	memcpy(c->bytes + c->len, p->bytes, p->len);
	c->len += p->len;
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
		on_control(&ws->close, p);
		ws->close_seen = true;
		ws->close_whole = p->ends;
		break;
	case WS_OP_PING:
		on_control(&ws->ping, p);
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
	char key[64];

	if (!ws)
		return NULL;
	ws->http = http;
	ws->deadline_us = INT64_MAX;
	ws->events.limit = EVENTS_MAX;
	ws->payload = payload ? strdup(payload) : NULL;
	ws->easy = http_easy(http, handshake_ms);
	if ((payload && !ws->payload) || !ws->easy || !make_key(key, ws->accept)
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

/* True if a close frame is to be sent, or has been sent. */
static bool is_ending(const struct ws *ws)
{
	return ws->fault || ws->close_whole || ws->closing;
}

static void end_with(struct ws *ws, enum ws_end end, int close_code, const char *reason)
{
	if (ws->ended)
		return;
	ws->ended = true;
	ws->deadline_us = INT64_MAX;
	snprintf(ws->reason, sizeof(ws->reason), "%s", reason);
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

/* True for a code that a close frame may have (RFC 6455 §7.4). */
static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006)
		|| (code >= 3000 && code <= 4999);
}

/* The code of the peer's close frame (RFC 6455 §7.1.5). */
static int peers_close_code(const struct ws *ws)
{
	const unsigned char *bytes = (const unsigned char *)ws->close.bytes;
	unsigned code = (unsigned)(bytes[0] << 8 | bytes[1]);

	if (ws->close.len == 0)
		return WS_CLOSE_NO_CODE;
	if (ws->close.len == 1 || !is_close_code(code)
	    || !utf8_valid(ws->close.bytes + 2, ws->close.len - 2))
		return MALFORMED;
	return (int)code;
}

static void end_by_close_frame(struct ws *ws)
{
	int code = peers_close_code(ws);
	char text[WS_FRAME_CONTROL_MAX + 1];

	if (code == MALFORMED) {
		end_with(ws, WS_END_BREACH, 0, "a malformed close frame");
	} else if (code == WS_CLOSE_NO_CODE) {
		end_with(ws, WS_END_CLOSED, code, "closed without a code");
	} else {
		snprintf(text, sizeof(text), "%.*s", (int)(ws->close.len - 2),
			ws->close.bytes + 2);
		end_with(ws, WS_END_CLOSED, code, text);
	}
}

static void end_refused(struct ws *ws)
{
	char text[320];
	long status = ws->result.http_status;
	bool breach = status < 400;
	struct curl_header *id = NULL;

	if (curl_easy_header(ws->easy, "ININ-Correlation-Id", 0, CURLH_HEADER, -1, &id)
	    != CURLHE_OK || !text_is_visible(id->value, CORRELATION_MAX))
		id = NULL;
	snprintf(text, sizeof(text), "%s%ld %s%s%s%s", breach ? "the answer to the upgrade is "
		: "HTTP ", status, ws->phrase, status / 100 == 3 && status != 304
		? " (a redirect, which is not followed)" : "", id ? ", ININ-Correlation-Id " : "",
		id ? id->value : "");
	end_with(ws, breach ? WS_END_BREACH : WS_END_REFUSED, 0, text);
}

/* Finds out why the transfer ended without a close frame of either side. */
static void end_by_result(struct ws *ws)
{
	const struct http_result *r = &ws->result;

	if (r->by_proxy || r->fatal) {
		ws->result.http_status = 0;
		ws->fatal = r->fatal;
		end_with(ws, r->fatal ? WS_END_FATAL : WS_END_NETWORK, 0, r->text);
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
		end_with(ws, WS_END_NETWORK, 0, ws->no_memory ? "out of memory" : r->text);
}

/* --- once a turn -------------------------------------------------------------------- */

/* Checks the 101 once all of its headers have come, and removes the handshake's time limit. */
static void check_upgrade(struct ws *ws)
{
	long status = 0;
	const char *bad;

	if (ws->upgraded || !ws->answer.complete || curl_easy_getinfo(ws->easy,
	    CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 101)
		return;
	ws->upgraded = true;
	bad = bad_upgrade(ws);
	if (bad) {
		char text[128];

		snprintf(text, sizeof(text), "the answer to the upgrade is wrong: %s", bad);
		buf_clear(&ws->events);
		end_with(ws, WS_END_BREACH, 0, text);
		return;
	}
	if (curl_easy_setopt(ws->easy, CURLOPT_TIMEOUT_MS, 0L) != CURLE_OK) {
		end_with(ws, WS_END_NETWORK, 0, "the handshake's time limit could not be lifted");
		return;
	}
	if (!ws->payload)
		ws->open_due = !ws->opened;
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

static void begin_control(struct outgoing *out, unsigned type, const struct control *control)
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
	int code = ws->close_whole ? peers_close_code(ws) : WS_CLOSE_NORMAL;

	switch (ws->fault) {
	case FAULT_TOO_BIG:
		return WS_CLOSE_TOO_BIG;
	case FAULT_BAD_TEXT:
		return WS_CLOSE_BAD_TEXT;
	case FAULT_BREACH:
		return WS_CLOSE_PROTOCOL;
	case FAULT_NONE:
		break;
	}
	return code == MALFORMED ? WS_CLOSE_PROTOCOL : code;
}

static void begin_close(struct ws *ws, int64_t now_us)
{
	int code = our_close_code(ws);

	ws->close_out = (struct control){
		.bytes = { (char)(code >> 8), (char)(code & 0xFF) },
		.len = code == WS_CLOSE_NO_CODE ? 0 : 2
	};
	ws->close_begun = ws->close_due = true;
	ws->deadline_us = now_us + CLOSE_WAIT_US;
}

static void end_by_fault(struct ws *ws)
{
	char text[128];

	switch (ws->fault) {
	case FAULT_TOO_BIG:
		end_with(ws, WS_END_TOO_BIG, WS_CLOSE_TOO_BIG, "a message is longer than 1 MiB");
		break;
	case FAULT_BAD_TEXT:
		end_with(ws, WS_END_BAD_TEXT, WS_CLOSE_BAD_TEXT, "a text message is not UTF-8");
		break;
	case FAULT_BREACH:
		snprintf(text, sizeof(text), "the server broke the WebSocket protocol: %s",
			ws->breach);
		end_with(ws, WS_END_BREACH, 0, text);
		break;
	case FAULT_NONE:
		break;
	}
}

/* Ends the connection once our close frame is sent and, if we were first, answered. */
static void settle_close(struct ws *ws, int64_t now_us)
{
	bool over = ws->done || now_us >= ws->deadline_us;

	if (ws->close_due && !over)
		return;
	if (ws->fault)
		end_by_fault(ws);
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
