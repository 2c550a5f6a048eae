#include "net/rest.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/api_error.h"
#include "net/request.h"
#include "net/url.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define ERROR_BODY_MAX 65536	/* a longer body is not searched for permissions */
#define SECRET_MIN 8
#define ID_MIN 20		/* bytes; a longer part of the path is an ID, not a word */
#define MASK_LEN 3

struct rest {
	struct request request;
	char *token, *url;		/* for masking them in the text */
	bool done;
	struct rest_answer answer;
};

void rest_free(struct rest *r)
{
	if (!r)
		return;
	request_close(&r->request);
	text_wipe(&r->token);
	text_wipe(&r->url);
	OPENSSL_cleanse(r, sizeof(*r));
	free(r);
}

/* --- the text ----------------------------------------------------------------------- */

/* Replaces what is between at and to by the mask. */
static void replace(char *at, const char *to)
{
	memset(at, '*', MASK_LEN);
	memmove(at + MASK_LEN, to, strlen(to) + 1);
}

static void mask(char *text, const char *secret, size_t least)
{
	size_t len = strlen(secret);

	for (char *at = text; len >= least && (at = strcasestr(at, secret)); at += MASK_LEN)
		replace(at, at + len);
}

/* Masks each word that contains a URL. */
static void mask_urls(char *text)
{
	for (char *at = text; (at = strstr(at, "://")); ) {
		const char *to = at + strcspn(at, " ");

		while (at > text && at[-1] != ' ')
			at--;
		replace(at, to);
	}
}

/* Masks IDs of the URL: a channel's ID is enough to open its socket, and the service may repeat it
 * in its message. */
static void mask_path(char *text, char *url)
{
	size_t len;
	const char *host = url_host(url, &len);
	char *end;

	for (char *at = url + (host - url) + len; *at; at = end) {
		char behind;

		at += strspn(at, "/?&=");
		end = at + strcspn(at, "/?&=");
		behind = *end;
		*end = '\0';
		mask(text, at, ID_MIN);
		*end = behind;
	}
}

/* Masks before cutting, because a secret that was cut could not be recognised. */
static void set_text(struct rest *r, struct buf *text)
{
	struct buf plain = { .secret = true };
	size_t len;

	text_put_printable(&plain, text->data ? text->data : "", text->len);
	buf_char(&plain, '\0');
	if (!plain.failed && !text->failed) {
		mask_urls(plain.data);
		if (r->token)
			mask(plain.data, r->token, SECRET_MIN);
		if (r->url)
			mask_path(plain.data, r->url);
		len = utf8_cut(plain.data, strlen(plain.data), sizeof(r->answer.text) - 1);
		memcpy(r->answer.text, plain.data, len);
		r->answer.text[len] = '\0';
	}
	buf_wipe(&plain);
	buf_wipe(text);
}

/* --- error responses ---------------------------------------------------------------- */

static void describe(struct rest *r)
{
	struct api_error e = { .code = { 0 } };
	struct buf text = { 0 };

	if (r->answer.http_status / 100 != 2)
		api_error_read(&e, r->answer.body, r->answer.len);
	api_error_put(&e, r->url, r->answer.http_status,
		request_header(&r->request, "ININ-Correlation-Id"), &text);
	api_error_free(&e);
	set_text(r, &text);
}

/* domain:entity:action */
static bool is_permission(const char *s, size_t len)
{
	const char *end = s + len, *one = memchr(s, ':', len);
	const char *two = one ? memchr(one + 1, ':', (size_t)(end - one) - 1) : NULL;

	return two && *s > '9' && one > s && two > one + 1 && two + 1 < end
		&& !memchr(two + 1, ':', (size_t)(end - two) - 1);
}

static bool is_listed(const char *list, const char *name, size_t len)
{
	for (const char *at = list; *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ",");

		if (n == len && memcmp(at, name, len) == 0)
			return true;
		at += n;
	}
	return false;
}

/* Finds permissions by their form, because their place in the body varies. */
static void list_permissions(struct rest_answer *a)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789*_-:";
	char *list = a->missing_permissions;
	size_t used = 0, len;

	for (const char *s = a->body; a->len <= ERROR_BODY_MAX && *s; s += len ? len : 1) {
		len = strspn(s, letters);
		if (len == 0 || !is_permission(s, len) || is_listed(list, s, len))
			continue;
		if (used + len + 3 > sizeof(a->missing_permissions))
			break;
		used += (size_t)snprintf(list + used, sizeof(a->missing_permissions) - used,
			"%s%.*s", used ? ", " : "", (int)len, s);
	}
}

/* --- the answer --------------------------------------------------------------------- */

static int64_t rate_limit_reset_us(const struct rest *r)
{
	const char *s = request_header(&r->request, "inin-ratelimit-reset");
	size_t n = strspn(s, "0123456789");

	return n == 0 || n > 9 || s[n] ? -1 : strtoll(s, NULL, 10) * INT64_C(1000000);
}

static void take_answer(struct rest *r)
{
	struct rest_answer *a = &r->answer;

	a->body = request_body(&r->request);
	a->len = r->request.body.len;
	a->kind = http_failure_of_status(a->http_status);
	a->retry_after_us = r->request.result.retry_after_us;
	if (a->kind == HTTP_LIMITED && a->retry_after_us < 0)
		a->retry_after_us = rate_limit_reset_us(r);
	if (a->kind == HTTP_FORBIDDEN)
		list_permissions(a);
	describe(r);
}

static void set_failure(struct rest *r, enum http_failure kind, const char *what,
	const char *detail)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s%s%s", what, *what && *detail ? ": " : "", detail);
	set_text(r, &text);
	r->answer.kind = kind;
}

static void take_failure(struct rest *r)
{
	static const char *const what[REQUEST_ENDS] = {
		[REQUEST_NO_TIME] = "the time was over before the request was sent",
		[REQUEST_NOT_MADE] = "the request to the service could not be made",
		[REQUEST_LATE] = "the service did not answer in time",
		[REQUEST_TOO_LONG] = "the service's answer is longer than 16 MiB",
		[REQUEST_AT_PROXY] = "",
		[REQUEST_NETWORK] = "no answer from the service",
		[REQUEST_FATAL] = "",
		[REQUEST_BREACH] = "the service's answer is not HTTP"
	};

	r->answer.status = r->request.result.fatal;
	set_failure(r, request_failure(&r->request), what[r->request.end], r->request.text);
}

/* --- the request -------------------------------------------------------------------- */

static bool add_headers(struct request *q, const struct rest_call *call)
{
	struct buf line = { .secret = true };
	bool ok = buf_printf(&line, "Authorization: Bearer %s", call->token)
		&& request_add_header(q, line.data)
		&& request_add_header(q, "Accept: application/json")
		/* without a body: no Content-Type, as libcurl would send that of a form */
		&& request_add_header(q,
			call->body ? "Content-Type: application/json" : "Content-Type:")
		&& request_add_header(q, "Expect:");
	buf_wipe(&line);
	return ok;
}

static CURLcode set_method(CURL *e, const struct rest_call *call)
{
	bool posts = call->body || call->method[0] == 'P';
	const char *body = call->body ? call->body : "";
	CURLcode c = CURLE_OK;

	if (strcmp(call->method, "HEAD") == 0)
		return curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (posts) {
		c = curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		c = c ? c : curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, body);
	}
	if (strcmp(call->method, posts ? "POST" : "GET") != 0)
		c = c ? c : curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, call->method);
	return c;
}

static void begin(struct rest *r, struct http *http, const struct rest_call *call, int64_t now_us)
{
	const struct request_call to_api = { .url = call->url, .timeout_us = call->timeout_us,
		.answer_max = REST_BODY_MAX };
	struct request *q = &r->request;

	if (request_open(q, http, &to_api, now_us))
		request_send(q, add_headers(q, call) && set_method(q->easy, call) == CURLE_OK);
}

struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	struct rest *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->answer = (struct rest_answer){ .retry_after_us = -1, .body = "" };
	r->token = strdup(call->token);
	r->url = strdup(call->url);
	if (!r->token || !r->url) {
		rest_free(r);
		return NULL;
	}
	/* a line break in it would begin another header */
	if (text_is_visible(call->token, SIZE_MAX)) {
		begin(r, http, call, now_us);
		rest_step(r, now_us);
	} else {
		set_failure(r, HTTP_UNAUTHORISED, "the access token has characters that an HTTP "
			"header cannot have", "");
		r->done = true;
	}
	return r;
}

bool rest_step(struct rest *r, int64_t now_us)
{
	if (r->done || !request_step(&r->request, now_us))
		return r->done;
	r->answer.http_status = r->request.result.http_status;
	if (r->request.end == REQUEST_ANSWERED)
		take_answer(r);
	else
		take_failure(r);
	r->done = true;
	return true;
}

int64_t rest_deadline_us(const struct rest *r)
{
	return r->done ? INT64_MIN : request_deadline_us(&r->request);
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	return &r->answer;
}
