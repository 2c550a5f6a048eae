#include "webhook/http_post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/request.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"
#include "webhook/ip_filter.h"

struct http_post {
	struct request request;
	bool allow_private;
	unsigned connects, refused;	/* sockets that libcurl asked for, and those refused */
	bool head;			/* the answer's header is complete */
	struct http_post_answer answer;
};

void http_post_free(struct http_post *p)
{
	if (!p)
		return;
	request_close(&p->request);
	free(p);
}

/* --- the address ---------------------------------------------------------------------- */

/* The user chose the proxy, so its address is allowed; the address behind it is not known here. */
static bool is_refused(const struct http_post *p, const struct sockaddr *address)
{
	long by_proxy = 0;

	if (p->allow_private)
		return false;
	curl_easy_getinfo(p->request.easy, CURLINFO_USED_PROXY, &by_proxy);
	return !by_proxy && ip_filter_address(address);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_post *p = arg;

	(void)purpose;
	p->connects++;
	if (is_refused(p, &a->addr)) {
		p->refused++;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Checks the address a second time, because libcurl opens no socket if it reuses a connection. */
static int before_request(void *arg, char *ip, char *own_ip, int port, int own_port)
{
	struct http_post *p = arg;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	bool bad = true;

	(void)own_ip;
	(void)port;
	(void)own_port;
	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		bad = is_refused(p, (struct sockaddr *)&v4);
	else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
		bad = is_refused(p, (struct sockaddr *)&v6);
	if (!bad)
		return CURL_PREREQFUNC_OK;
	p->refused = p->connects = 1;
	return CURL_PREREQFUNC_ABORT;
}

/* --- the answer ------------------------------------------------------------------------- */

static void finish(struct http_post *p, enum http_post_outcome outcome, const char *what,
	const char *words)
{
	struct buf text = { 0 };
	size_t len;

	if (outcome != HTTP_POST_TAKEN) {
		text_put_printable(&text, what, strlen(what));
		buf_str(&text, *what && *words ? ": " : "");
		text_put_printable(&text, words, strlen(words));
	}
	len = text.data ? utf8_cut(text.data, text.len, sizeof(p->answer.text) - 1) : 0;
	memcpy(p->answer.text, len ? text.data : "", len);
	p->answer.text[len] = '\0';
	p->answer.outcome = outcome;
	buf_free(&text);
}

static enum http_post_outcome outcome_of(long status)
{
	switch (http_failure_of_status(status)) {
	case HTTP_OK:
		return HTTP_POST_TAKEN;
	case HTTP_LIMITED:
	case HTTP_SERVER:
		return HTTP_POST_AGAIN;
	default:
		return status == 410 ? HTTP_POST_GONE : HTTP_POST_REFUSED;
	}
}

/* The texts for attempts without an answer. The others have only the text of the request. */
static const char *const no_answer[REQUEST_ENDS] = {
	[REQUEST_ANSWERED] = "no answer",	/* its header is incomplete */
	[REQUEST_NO_TIME] = "the time was over before it was sent",
	[REQUEST_NOT_MADE] = "the request could not be made",
	[REQUEST_LATE] = "no answer in time",
	[REQUEST_TOO_LONG] = "no answer",
	[REQUEST_AT_PROXY] = "",
	[REQUEST_NETWORK] = "no answer",
	[REQUEST_FATAL] = "",
	[REQUEST_BREACH] = "the answer is not HTTP"
};

/* The status is valid once the header is complete, even if the body is not. */
static void take_answer(struct http_post *p)
{
	const struct http_result *r = &p->request.result;
	char what[64];

	if (p->head && !r->by_proxy) {
		p->answer.http_status = r->http_status;
		p->answer.retry_after_us = r->retry_after_us;
	}
	if (p->refused && p->refused == p->connects) {
		finish(p, HTTP_POST_REFUSED, "the receiver's address is not public; to allow it, "
			"use --callback-allow-private", "");
	} else if (p->answer.http_status >= 200) {
		snprintf(what, sizeof(what), "HTTP %ld%s", r->http_status,
			r->http_status / 100 == 3 ? ", a redirect, which is not followed" : "");
		finish(p, outcome_of(r->http_status), what, "");
	} else {
		finish(p, HTTP_POST_AGAIN, no_answer[p->request.end], p->request.text);
	}
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct http_post *p = arg;

	n *= size;
	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		p->head = false;	/* the header before was a 1xx */
	else if (n && (bytes[0] == '\r' || bytes[0] == '\n'))	/* RFC 9112 §2.2: LF may do */
		p->head = true;
	return n;
}

/* --- the request ------------------------------------------------------------------------ */

static bool add_headers(struct request *q, const struct http_post_call *call)
{
	bool ok = request_add_header(q, "Expect:");

	for (size_t i = 0; i < ARRAY_LEN(call->headers); i++)
		for (size_t j = 0; ok && j < call->headers[i]->n; j++)
			ok = request_add_header(q, call->headers[i]->v[j]);
	return ok;
}

static bool set_body(CURL *e, const struct http_post_call *call)
{
	return curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->len)
			== CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body) == CURLE_OK;
}

static bool set_address_checks(CURL *e, struct http_post *p)
{
	return curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_HEADERDATA, p) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_PREREQDATA, p) == CURLE_OK;
}

struct http_post *http_post_start(struct http *http, const struct http_post_call *call,
	int64_t now_us)
{
	const struct request_call to_url = { .url = call->url, .timeout_us = call->timeout_us,
		.answer_max = HTTP_POST_ANSWER_MAX, .other_host = true, .plain = call->plain };
	struct http_post *p = calloc(1, sizeof(*p));
	struct request *q;

	if (!p)
		return NULL;
	q = &p->request;
	p->allow_private = call->allow_private;
	p->answer.retry_after_us = -1;
	if (request_open(q, http, &to_url, now_us))
		request_send(q, add_headers(q, call) && set_body(q->easy, call)
			&& set_address_checks(q->easy, p));
	return p;
}

bool http_post_step(struct http_post *p, int64_t now_us)
{
	if (!request_step(&p->request, now_us))
		return false;
	take_answer(p);
	return true;
}

int64_t http_post_deadline_us(const struct http_post *p)
{
	return request_deadline_us(&p->request);
}

const struct http_post_answer *http_post_answer(const struct http_post *p)
{
	return &p->answer;
}
