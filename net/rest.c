#include "net/rest.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/api_error.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define GRACE_US 50000		/* so that libcurl's time-out, which says more, comes first */
#define ERROR_BODY_MAX 65536	/* a longer body is not searched for permissions */
#define SECRET_MIN 8
#define ID_MIN 20		/* a longer part of the path is an ID, not a word */
#define MASK_LEN 3

struct rest {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	char *token, *url;		/* for masking them in the text */
	int64_t end_us;
	bool arrived, done, too_long;
	struct http_result result;
	char result_text[HTTP_TEXT_MAX];
	struct buf body;
	struct rest_answer answer;
};

static void end_request(struct rest *r)
{
	http_release(r->http, r->easy);
	r->easy = NULL;
	curl_slist_free_all(r->headers);
	r->headers = NULL;
	text_wipe(&r->token);
	text_wipe(&r->url);
}

void rest_free(struct rest *r)
{
	if (!r)
		return;
	end_request(r);
	buf_wipe(&r->body);
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
	char *host = strstr(url, "://"), *end;

	host = host ? host + 3 : url;
	for (char *at = host + strcspn(host, "/?"); *at; at = end) {
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
	struct buf plain = { 0 };
	size_t len;

	buf_reserve(&plain, 3 * text->len + 1);	/* growing would leave copies */
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

static const char *header(const struct rest *r, const char *name)
{
	struct curl_header *h = NULL;

	return r->easy && curl_easy_header(r->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK
		? h->value : "";
}

static void describe(struct rest *r)
{
	struct api_error e = { .code = { 0 } };
	struct buf text = { 0 };

	if (r->answer.http_status / 100 != 2)
		api_error_read(&e, r->answer.body, r->answer.len);
	api_error_put(&e, r->url, r->answer.http_status, header(r, "ININ-Correlation-Id"), &text);
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

static void finish(struct rest *r, enum rest_kind kind)
{
	r->answer.kind = kind;
	r->done = true;
	end_request(r);
}

static void finish_with_text(struct rest *r, enum rest_kind kind, const char *what,
	const char *detail)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s%s%s", what, *detail ? ": " : "", detail);
	set_text(r, &text);
	finish(r, kind);
}

static enum rest_kind kind_of_status(long status)
{
	switch (status) {
	case 401: return REST_UNAUTHORISED;
	case 403: return REST_FORBIDDEN;
	case 404: return REST_NOT_FOUND;
	case 408: return REST_SERVER;
	case 429: return REST_LIMITED;
	default: return status / 100 == 2 ? REST_OK : status / 100 == 4 ? REST_REJECTED
		: status / 100 == 5 ? REST_SERVER : REST_BREACH;
	}
}

static void finish_without_answer(struct rest *r)
{
	switch (http_failure_of(&r->result)) {
	case HTTP_FATAL:
		r->answer.status = r->result.fatal;
		finish_with_text(r, REST_FATAL, r->result_text, "");
		break;
	case HTTP_BREACH:
		finish_with_text(r, REST_BREACH, "the API does not speak HTTP", r->result_text);
		break;
	case HTTP_NETWORK:
		finish_with_text(r, REST_NETWORK, "no answer from the API", r->result_text);
		break;
	}
}

static int64_t rate_limit_reset_us(const struct rest *r)
{
	const char *s = header(r, "inin-ratelimit-reset");
	size_t n = strspn(s, "0123456789");

	return n == 0 || n > 9 || s[n] ? -1 : strtoll(s, NULL, 10) * INT64_C(1000000);
}

static void take_answer(struct rest *r)
{
	struct rest_answer *a = &r->answer;

	a->http_status = r->result.http_status;
	if (r->too_long) {
		finish_with_text(r, REST_BREACH, "the API's answer is longer than 16 MiB", "");
	} else if (r->result.by_proxy && !r->result.fatal) {
		finish_with_text(r, REST_NETWORK, r->result_text, "");
	} else if (r->result.code != CURLE_OK) {
		finish_without_answer(r);
	} else {
		enum rest_kind kind = kind_of_status(a->http_status);

		if (r->body.data) {
			a->body = r->body.data;
			a->len = r->body.len;
		}
		a->retry_after_us = r->result.retry_after_us;
		if (kind == REST_LIMITED && a->retry_after_us < 0)
			a->retry_after_us = rate_limit_reset_us(r);
		if (kind == REST_FORBIDDEN)
			list_permissions(a);
		describe(r);
		finish(r, kind);
	}
}

/* Makes room for n bytes and a NUL. Overwrites the old memory, which may hold a connectUri. */
static bool grow(struct buf *body, size_t n)
{
	struct buf larger = { 0 };

	if (body->data && body->len + n < body->cap)
		return true;
	if (!buf_reserve(&larger, 2 * (body->len + n) + 1)
	    || !buf_add(&larger, body->data, body->len)) {
		buf_free(&larger);
		return false;
	}
	buf_wipe(body);
	*body = larger;
	return true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct rest *r = arg;

	n *= size;
	r->too_long = r->body.len + n > REST_BODY_MAX;
	if (r->too_long || !grow(&r->body, n) || !buf_add(&r->body, bytes, n))
		return CURL_WRITEFUNC_ERROR;
	r->body.data[r->body.len] = '\0';
	return n;
}

static void on_done(void *arg, const struct http_result *result)
{
	struct rest *r = arg;

	r->arrived = true;
	r->result = *result;
	snprintf(r->result_text, sizeof(r->result_text), "%s", result->text);
}

/* --- the request -------------------------------------------------------------------- */

static bool set_headers(struct rest *r, const struct rest_call *call)
{
	struct buf line = { 0 };
	bool ok;

	buf_reserve(&line, strlen(r->token) + 32);	/* growing would leave copies */
	ok = buf_printf(&line, "Authorization: Bearer %s", r->token)
		&& http_add_header(&r->headers, line.data)
		&& http_add_header(&r->headers, "Accept: application/json")
		/* without a body: no Content-Type, as libcurl would send that of a form */
		&& http_add_header(&r->headers,
			call->body ? "Content-Type: application/json" : "Content-Type:")
		&& http_add_header(&r->headers, "Expect:");
	buf_wipe(&line);
	return ok && curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK;
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

static bool begin(struct rest *r, const struct rest_call *call)
{
	r->easy = http_easy(r->http, (call->timeout_us + 999) / 1000);
	return r->easy && set_headers(r, call)
		&& curl_easy_setopt(r->easy, CURLOPT_URL, call->url) == CURLE_OK
		&& set_method(r->easy, call) == CURLE_OK
		&& curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK
		&& curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r) == CURLE_OK
		&& http_start(r->http, r->easy, on_done, r) == ST_OK;
}

struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	struct rest *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->http = http;
	r->answer = (struct rest_answer){ .retry_after_us = -1, .body = "" };
	r->token = strdup(call->token);
	r->url = strdup(call->url);
	if (!r->token || !r->url) {
		rest_free(r);
		return NULL;
	}
	r->end_us = now_us + call->timeout_us + GRACE_US;
	/* a line break in it would begin another header */
	if (!text_is_visible(call->token, SIZE_MAX))
		finish_with_text(r, REST_UNAUTHORISED, "the access token fits no HTTP header", "");
	else if (call->timeout_us <= 0)
		finish_with_text(r, REST_NETWORK, "no time is left to ask the API", "");
	else if (!begin(r, call))
		finish_with_text(r, REST_NETWORK, "the request to the API could not be made", "");
	return r;
}

bool rest_step(struct rest *r, int64_t now_us)
{
	if (r->done)
		return true;
	if (r->arrived)
		take_answer(r);
	/* libcurl's clock stops while the machine is suspended, ours does not */
	else if (now_us >= r->end_us)
		finish_with_text(r, REST_NETWORK, "the API did not answer in time", "");
	return r->done;
}

bool rest_is_done(const struct rest *r)
{
	return r->done;
}

int64_t rest_deadline_us(const struct rest *r)
{
	return r->done ? INT64_MAX : r->arrived ? INT64_MIN : r->end_us;
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	return &r->answer;
}
