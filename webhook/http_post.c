#include "webhook/http_post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"
#include "webhook/ip_filter.h"

#define GRACE_US 50000		/* so that libcurl's own time-out comes first, with its text */

struct http_post {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	bool allow_private;
	unsigned connects, refused;	/* sockets that libcurl asked for, and those refused */
	size_t got;			/* bytes of the answer */
	int64_t end_us;
	bool head;			/* the answer's header is whole */
	bool arrived, done;
	struct http_result result;
	char words[HTTP_TEXT_MAX];	/* a copy of the result's text */
	struct http_post_answer answer;
};

/* Header lines may be secrets: http.c has libcurl's memory wiped when it is freed. */
static void end_request(struct http_post *p)
{
	http_release(p->http, p->easy);
	p->easy = NULL;
	curl_slist_free_all(p->headers);
	p->headers = NULL;
}

void http_post_free(struct http_post *p)
{
	if (!p)
		return;
	end_request(p);
	free(p);
}

/* --- the address ---------------------------------------------------------------------- */

/* A proxy's address is the user's choice, and the address behind it is not known here. */
static bool is_refused(const struct http_post *p, const struct sockaddr *address)
{
	long by_proxy = 0;

	if (p->allow_private)
		return false;
	curl_easy_getinfo(p->easy, CURLINFO_USED_PROXY, &by_proxy);
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

/* Checks the address also if libcurl reuses a connection and asks for no socket. */
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
		buf_str(&text, *words ? ": " : "");
		text_put_printable(&text, words, strlen(words));
	}
	len = text.data ? utf8_cut(text.data, text.len, sizeof(p->answer.text) - 1) : 0;
	memcpy(p->answer.text, len ? text.data : "", len);
	p->answer.text[len] = '\0';
	p->answer.outcome = outcome;
	p->done = true;
	buf_free(&text);
	end_request(p);
}

static enum http_post_outcome outcome_of(long status)
{
	switch (status) {
	case 408:
	case 429:
		return HTTP_POST_AGAIN;
	case 410:
		return HTTP_POST_GONE;
	default:
		return status / 100 == 2			 ? HTTP_POST_TAKEN
			: status / 100 == 3 || status / 100 == 4 ? HTTP_POST_REFUSED
								 : HTTP_POST_AGAIN;
	}
}

static void finish_by_status(struct http_post *p)
{
	const long status = p->answer.http_status;
	char what[64];

	snprintf(what, sizeof(what), "HTTP %ld%s", status, status / 100 == 3
		? ", a redirect, which is not followed" : "");
	finish(p, outcome_of(status), what, "");
}

static void finish_without_answer(struct http_post *p)
{
	switch (http_failure_of(&p->result)) {
	case HTTP_FATAL:
		finish(p, HTTP_POST_AGAIN, p->words, "");
		break;
	case HTTP_BREACH:
		finish(p, HTTP_POST_AGAIN, "what answers does not speak HTTP", p->words);
		break;
	case HTTP_NETWORK:
		finish(p, HTTP_POST_AGAIN, "no answer", p->result.code == CURLE_OK ? "" : p->words);
		break;
	}
}

/* A status counts once the header is whole, even if the body never ended. */
static void take_answer(struct http_post *p)
{
	const struct http_result *r = &p->result;

	if (p->head && !r->by_proxy) {
		p->answer.http_status = r->http_status;
		p->answer.retry_after_us = r->retry_after_us;
	}
	if (p->refused && p->refused == p->connects)
		finish(p, HTTP_POST_REFUSED, "its address is not public, which takes "
			"--callback-allow-private", "");
	else if (r->by_proxy)
		finish(p, HTTP_POST_AGAIN, p->words, "");
	else if (p->answer.http_status >= 200)
		finish_by_status(p);
	else
		finish_without_answer(p);
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

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct http_post *p = arg;

	(void)bytes;
	p->got += size * n;
	return p->got > HTTP_POST_ANSWER_MAX ? CURL_WRITEFUNC_ERROR : size * n;
}

static void on_done(void *arg, const struct http_result *result)
{
	struct http_post *p = arg;

	p->arrived = true;
	p->result = *result;
	snprintf(p->words, sizeof(p->words), "%s", result->text);
}

/* --- the request ------------------------------------------------------------------------ */

static bool set_headers(struct http_post *p, const struct http_post_call *call)
{
	bool ok = http_add_header(&p->headers, "Expect:");

	for (size_t i = 0; ok && i < call->nheader; i++)
		ok = http_add_header(&p->headers, call->header[i]);
	return ok && curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers) == CURLE_OK;
}

static bool set_body(struct http_post *p, const struct http_post_call *call)
{
	CURL *e = p->easy;

	return curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->len)
			== CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_HEADERDATA, p) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_WRITEDATA, p) == CURLE_OK;
}

static bool set_address_checks(struct http_post *p)
{
	CURL *e = p->easy;

	return curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_PREREQDATA, p) == CURLE_OK;
}

static bool begin(struct http_post *p, const struct http_post_call *call)
{
	p->easy = http_easy_to(p->http, call->plain, (call->timeout_us + 999) / 1000);
	return p->easy && set_headers(p, call)
		&& curl_easy_setopt(p->easy, CURLOPT_URL, call->url) == CURLE_OK
		&& set_body(p, call) && set_address_checks(p)
		&& http_start(p->http, p->easy, on_done, p) == ST_OK;
}

struct http_post *http_post_start(struct http *http, const struct http_post_call *call,
	int64_t now_us)
{
	struct http_post *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->http = http;
	p->allow_private = call->allow_private;
	p->answer.retry_after_us = -1;
	p->end_us = now_us + call->timeout_us + GRACE_US;
	if (call->timeout_us <= 0)
		finish(p, HTTP_POST_AGAIN, "no time is left", "");
	else if (!begin(p, call))
		finish(p, HTTP_POST_AGAIN, "the request could not be made", "");
	return p;
}

bool http_post_step(struct http_post *p, int64_t now_us)
{
	if (p->done)
		return true;
	if (p->arrived)
		take_answer(p);
	/* libcurl's clock stops while the machine is suspended, ours does not */
	else if (now_us >= p->end_us)
		finish(p, HTTP_POST_AGAIN, "no answer in time", "");
	return p->done;
}

int64_t http_post_deadline_us(const struct http_post *p)
{
	return p->done || p->arrived ? INT64_MIN : p->end_us;
}

const struct http_post_answer *http_post_answer(const struct http_post *p)
{
	return &p->answer;
}
