/*
 * ws.c with libcurl and http.c played: a peer's bytes go straight to its callback, what it
 * sends is kept. For the unit test and the fuzzer.
 */
#ifndef FAKE_WS_H
#define FAKE_WS_H

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"

CURLcode fake_send(CURL *easy, const void *bytes, size_t len, size_t *sent, unsigned flags);
CURLcode fake_status(CURL *easy, long *status);
CURLcode fake_option(CURL *easy);

#undef curl_easy_getinfo
#undef curl_easy_setopt
#define curl_ws_send(easy, bytes, len, sent, fragment, flags) \
	fake_send(easy, bytes, len, sent, flags)
#define curl_easy_getinfo(easy, info, to) fake_status(easy, to)
#define curl_easy_setopt(easy, option, value) ((void)(value), fake_option(easy))

#include "util/base.h"
#include "ws.c"

static struct {
	struct ws *ws;
	bool in_callback, in_message;
	size_t room;			/* what curl_ws_send takes before it says AGAIN */
	char sent[4096];
	size_t sent_len;
	unsigned sent_flags, nsent;
	http_done *done;
	unsigned stopped;
	long status;			/* as the last status line has it */
	CURLcode option;		/* what setting one says */
} fake;

/* Sending from within a callback would block the loop. */
CURLcode fake_send(CURL *easy, const void *bytes, size_t len, size_t *sent, unsigned flags)
{
	size_t n = len < fake.room ? len : fake.room;

	(void)easy;
	if (fake.in_callback || fake.sent_len + n > sizeof(fake.sent))
		abort();
	*sent = 0;
	if (fake.room == 0)
		return CURLE_AGAIN;
	memcpy(fake.sent + fake.sent_len, bytes, n);
	fake.sent_len += n;
	fake.room -= n;
	fake.sent_flags = flags;
	fake.nsent++;
	*sent = n;
	return CURLE_OK;
}

CURLcode fake_status(CURL *easy, long *status)
{
	(void)easy;
	*status = fake.status;
	return CURLE_OK;
}

CURLcode fake_option(CURL *easy)
{
	(void)easy;
	return fake.option;
}

CURL *http_easy(struct http *http, int64_t timeout_ms)
{
	(void)http, (void)timeout_ms;
	return (CURL *)&fake;
}

enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg)
{
	(void)http, (void)easy;
	fake.done = done;
	fake.ws = arg;
	return ST_OK;
}

void http_stop(struct http *http, CURL *easy)
{
	(void)http, (void)easy;
	fake.stopped++;
}

void http_release(struct http *http, CURL *easy)
{
	(void)http, (void)easy;
}

const char *http_waits_for(CURL *easy)
{
	(void)easy;
	return NULL;
}

/* A line of the answer to the upgrade. */
static inline void fake_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void fake_line(const char *fmt, ...)
{
	char line[1024];
	va_list values;
	int len;

	va_start(values, fmt);
	len = vsnprintf(line, sizeof(line), fmt, values);
	va_end(values);
	if (strncmp(line, "HTTP/1.1 ", 9) == 0)
		fake.status = strtol(line + 9, NULL, 10);
	if (len < 0 || on_header(line, 1, (size_t)len, fake.ws) != (size_t)len)
		abort();
}

static inline struct ws *fake_connect(const char *payload)
{
	memset(&fake, 0, sizeof(fake));
	fake.room = SIZE_MAX;
	return ws_open(NULL, "wss://h/", payload, 1000);
}

/* The same, with an answer that is right. */
static inline struct ws *fake_open(const char *payload)
{
	struct ws *ws = fake_connect(payload);

	if (ws) {
		fake_line("HTTP/1.1 101 Switching Protocols\r\n");
		fake_line("Upgrade: websocket\r\n");
		fake_line("Connection: Upgrade\r\n");
		fake_line("Sec-WebSocket-Accept: %s\r\n", ws->handshake.accept);
		fake_line("\r\n");
	}
	return ws;
}

/* One callback. False: it wants the transfer to end. */
static inline bool fake_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	size_t taken;

	if (!copy || !fake.ws)
		abort();
	memcpy(copy, bytes, len);	/* so that nothing is kept of libcurl's buffer */
	fake.in_callback = true;
	taken = on_bytes(copy, 1, len, fake.ws);
	fake.in_callback = false;
	free(copy);
	return taken == len;
}

/* A frame's header; flags as curl_ws_send has them. Returns its length. */
static inline size_t fake_header(char header[WS_FRAME_HEADER_MAX], unsigned flags, uint64_t len)
{
	bool data = flags & (CURLWS_TEXT | CURLWS_BINARY), more = flags & CURLWS_CONT;
	unsigned opcode = flags & CURLWS_TEXT ? 1 : flags & CURLWS_BINARY ? 2
		: flags & CURLWS_CLOSE ? 8 : flags & CURLWS_PING ? 9 : 10;
	size_t n = 2, bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

	if (data && fake.in_message)
		opcode = 0;
	if (data)
		fake.in_message = more;
	header[0] = (char)(opcode | (more ? 0 : 0x80));
	header[1] = (char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
	while (bytes--)
		header[n++] = (char)(len >> 8 * bytes & 0xFF);
	return n;
}

/* A whole frame in callbacks of at most so many bytes each. */
static inline bool fake_frame(unsigned flags, const char *bytes, size_t len, size_t most)
{
	char *frame = malloc(WS_FRAME_HEADER_MAX + len);
	size_t done = 0, size;
	bool wanted = true;

	if (!frame)
		abort();
	size = fake_header(frame, flags, len);
	if (len)
		memcpy(frame + size, bytes, len);
	size += len;
	while (wanted && done < size) {
		size_t n = size - done < most ? size - done : most;

		wanted = fake_bytes(frame + done, n);
		done += n;
	}
	free(frame);
	return wanted;
}

static inline void fake_over(CURLcode code)
{
	fake.done(fake.ws, &(struct http_result){ .code = code, .http_status = 101,
		.retry_after_us = -1, .text = "over" });
}

#endif
