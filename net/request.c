#include "net/request.h"

#include <stdio.h>

#include "util/base.h"

#define GRACE_US 50000		/* so that libcurl's time-out, which says more, comes first */

static bool finish(struct request *r, enum request_end end)
{
	r->state = REQUEST_OVER;
	r->end = end;
	return false;
}

/* --- opening ------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct request *r = arg;

	n *= size;
	r->too_long = r->body.len + n > r->answer_max;
	if (r->too_long || !buf_add(&r->body, bytes, n) || !buf_reserve(&r->body, 1))
		return CURL_WRITEFUNC_ERROR;
	r->body.data[r->body.len] = '\0';
	return n;
}

bool request_open(struct request *r, struct http *http, const struct request_call *call,
	int64_t now_us)
{
	int64_t timeout_ms = (call->timeout_us + 999) / 1000;

	*r = (struct request){ .state = REQUEST_OPEN, .http = http,
		.answer_max = call->answer_max, .end_us = now_us + call->timeout_us + GRACE_US,
		.body.secret = true, .result = { .retry_after_us = -1 } };
	if (call->timeout_us <= 0)
		return finish(r, REQUEST_NO_TIME);
	r->easy = call->other_host ? http_easy_to(http, call->plain, timeout_ms)
		: http_easy(http, timeout_ms);
	if (!r->easy || curl_easy_setopt(r->easy, CURLOPT_URL, call->url) != CURLE_OK
	    || curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK
	    || curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r) != CURLE_OK)
		return finish(r, REQUEST_NOT_MADE);
	return true;
}

bool request_add_header(struct request *r, const char *line)
{
	struct curl_slist *more = curl_slist_append(r->headers, line);

	if (more)
		r->headers = more;
	return more != NULL;
}

/* --- sending, and the end ------------------------------------------------------------- */

static enum request_end end_of(const struct request *r)
{
	if (r->too_long)
		return REQUEST_TOO_LONG;
	if (r->result.by_proxy && !r->result.fatal)
		return REQUEST_AT_PROXY;
	if (r->result.code == CURLE_OK)
		return REQUEST_ANSWERED;
	switch (http_failure_of(&r->result)) {
	case HTTP_FATAL: return REQUEST_FATAL;
	case HTTP_BREACH: return REQUEST_BREACH;
	default: return REQUEST_NETWORK;
	}
}

static void on_done(void *arg, const struct http_result *result)
{
	struct request *r = arg;

	r->result = *result;
	r->result.text = r->text;
	finish(r, end_of(r));
	if (r->end != REQUEST_ANSWERED && r->end != REQUEST_TOO_LONG)
		snprintf(r->text, sizeof(r->text), "%s", result->text);
}

void request_send(struct request *r, bool ok)
{
	r->state = REQUEST_SENT;
	if (!ok || curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers) != CURLE_OK
	    || http_start(r->http, r->easy, on_done, r) != ST_OK)
		finish(r, REQUEST_NOT_MADE);
}

bool request_step(struct request *r, int64_t now_us)
{
	/* libcurl's clock stops while the machine is suspended, ours does not */
	if (r->state == REQUEST_SENT && now_us >= r->end_us) {
		http_stop(r->http, r->easy);
		finish(r, REQUEST_LATE);
	}
	return r->state == REQUEST_OVER;
}

int64_t request_deadline_us(const struct request *r)
{
	switch (r->state) {
	case REQUEST_OVER: return INT64_MIN;
	case REQUEST_SENT: return r->end_us;
	case REQUEST_NONE:
	case REQUEST_OPEN: break;
	}
	return INT64_MAX;
}

enum http_failure request_failure(const struct request *r)
{
	switch (r->end) {
	case REQUEST_FATAL: return HTTP_FATAL;
	case REQUEST_TOO_LONG:
	case REQUEST_BREACH: return HTTP_BREACH;
	default: return HTTP_NETWORK;
	}
}

const char *request_body(const struct request *r)
{
	return r->body.data ? r->body.data : "";
}

const char *request_header(const struct request *r, const char *name)
{
	return http_header(r->easy, name);
}

void request_close(struct request *r)
{
	http_release(r->http, r->easy);
	curl_slist_free_all(r->headers);	/* overwrites its lines, see http.c */
	buf_wipe(&r->body);
	*r = (struct request){ .state = REQUEST_NONE };
}
