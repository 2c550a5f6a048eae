#include "auth/token.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "net/api_error.h"
#include "net/request.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define ANSWER_MAX 65536
#define LOCK_AGAIN_US 50000
#define MESSAGE_MAX 120		/* bytes of a message of the endpoint */
#define LIFE_MAX_S (10.0 * 365 * 24 * 3600)
#define FORM "grant_type=client_credentials&scope=routing%3Astatistics%3Aview"

struct token {
	struct token_conf conf;
	const struct creds *creds;
	struct token_cache *cache;
	struct http *http;
	enum token_state state;
	struct token_result result;
	uint64_t generation;
	char *value;			/* the token; NULL: none */
	char *refused;			/* the last token that the API refused: never used again */
	int64_t lock_since_us, lock_again_us, end_us, now_us;
	struct request request;
};

struct token *token_new(const struct token_conf *conf, const struct creds *creds,
	struct token_cache *cache, struct http *http)
{
	struct token *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = *conf;
	t->creds = creds;
	t->cache = cache;
	t->http = http;
	return t;
}

/* The time, in ms since 1970, until which a token must be valid to be used. */
static int64_t good_ms(const struct token *t)
{
	return t->now_us / 1000 + t->conf.margin_ms;
}

static bool is_refused(const struct token *t, const char *token)
{
	return t->refused && strcmp(t->refused, token) == 0;
}

static void drop_lock(struct token *t)
{
	if (t->cache)
		token_cache_unlock(t->cache);
}

void token_free(struct token *t)
{
	if (!t)
		return;
	request_close(&t->request);
	drop_lock(t);
	text_wipe(&t->value);
	text_wipe(&t->refused);
	free(t);
}

/* --- the answer --------------------------------------------------------------------- */

const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s)
{
	const char *why;
	struct cJSON *answer = json_document(text, len, ANSWER_MAX, &why);
	const char *value = json_value_string(json_member(answer, "access_token"));
	const char *type = json_value_string(json_member(answer, "token_type"));

	*token = NULL;
	if (!answer)
		return why;
	why = NULL;
	if (!value || !text_is_visible(value, TEXT_TOKEN_MAX))
		why = "it has no access_token";
	else if (!type || strcasecmp(type, "bearer") != 0)
		why = "its token_type is not bearer";
	else if (!json_value_number(json_member(answer, "expires_in"), life_s)
	    || !(*life_s > 0) || *life_s > LIFE_MAX_S)
		why = "its expires_in is not a number of seconds";
	if (!why) {
		*token = strdup(value);
		why = *token ? NULL : why_no_memory;
	}
	json_document_free(answer);
	return why;
}

/* True if the text has the secret, or ID and secret as HTTP Basic sends them (RFC 7617); also if
 * memory ran out. */
static bool repeats_secret(const struct creds *creds, const char *text)
{
	char *pair = text_format("%s:%s", creds->client_id, creds->secret);
	size_t len = pair ? strlen(pair) : 0;
	char *basic = pair ? malloc(len / 3 * 4 + 5) : NULL;
	bool repeats = true;

	if (basic) {
		EVP_EncodeBlock((unsigned char *)basic, (const unsigned char *)pair, (int)len);
		repeats = strstr(text, creds->secret) || strstr(text, basic);
	}
	text_wipe(&pair);
	text_wipe(&basic);
	return repeats;
}

/* Shortens a text of the endpoint. Cuts it only at a blank, because the audit could not recognise
 * and mask half a secret. Empties a text that repeats the client secret. */
static void cut_text(const struct token *t, struct buf *text)
{
	size_t cut = text->len ? utf8_cut(text->data, text->len, MESSAGE_MAX) : 0;

	if (!utf8_valid(text->data ? text->data : "", text->len) || !buf_char(text, '\0')
	    || repeats_secret(t->creds, text->data)) {
		buf_clear(text);
		return;
	}
	text->len--;
	while (cut < text->len && cut > 0 && text->data[cut] != ' ')
		cut--;
	text->len = cut;
}

static bool is_text(const struct buf *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* Writes the error that the endpoint answered to text. True: the error is invalid_client. */
static bool describe_error(struct token *t, long status, char text[HTTP_TEXT_MAX])
{
	struct buf raw = { 0 }, plain = { 0 };
	struct api_error e;
	bool invalid;

	api_error_read(&e, request_body(&t->request), t->request.body.len);
	invalid = is_text(&e.code, "invalid_client");
	t->result.unknown_client = invalid && is_text(&e.message, "client not found");
	cut_text(t, &e.code);
	cut_text(t, &e.message);
	cut_text(t, &e.context);
	api_error_put(&e, t->creds->login_url, status,
		request_header(&t->request, "ININ-Correlation-Id"), &raw);
	api_error_free(&e);
	text[0] = '\0';
	if (!raw.failed && text_put_printable(&plain, raw.data, raw.len)
	    && buf_char(&plain, '\0'))
		snprintf(text, HTTP_TEXT_MAX, "%.400s", plain.data);
	buf_wipe(&raw);
	buf_wipe(&plain);
	return invalid;
}

static void set_origins(struct token *t)
{
	bool given = t->creds->access_token;

	t->result.from = given ? t->creds->token_from : t->creds->secret_from;
	t->result.id_from = given ? NULL : t->creds->id_from;
	t->result.host_from = t->creds->host_from;
}

static enum token_state failed(struct token *t, enum http_failure failure, const char *what,
	const char *text)
{
	set_origins(t);
	t->result.failure = failure;
	snprintf(t->result.text, sizeof(t->result.text), "%.90s%s%.540s", what,
		*what && *text ? ": " : "", text);
	drop_lock(t);
	request_close(&t->request);
	return t->state = TOKEN_FAILED;
}

static enum token_state refused_by_status(struct token *t, long status)
{
	static const char *const what[] = {
		[HTTP_UNAUTHORISED] = "the client ID or secret was refused",
		[HTTP_FORBIDDEN] = "the client is not allowed to get a token",
		[HTTP_NOT_FOUND] = "the token request was rejected",
		[HTTP_LIMITED] = "too many token requests",
		[HTTP_REJECTED] = "the token request was rejected",
		[HTTP_SERVER] = "the token endpoint failed",
		[HTTP_BREACH] = "the token endpoint answered with an unexpected status"
	};
	char text[HTTP_TEXT_MAX];
	bool invalid_client = describe_error(t, status, text);
	enum http_failure failure = http_failure_of_status(status);

	t->result.retry_after_us = t->request.result.retry_after_us;
	if (status == 400 && invalid_client)
		failure = HTTP_UNAUTHORISED;
	else if (failure == HTTP_OK)	/* a 2xx other than 200 */
		failure = HTTP_BREACH;
	return failed(t, failure, status / 100 == 3 ? "the token request was redirected"
		: what[failure], text);
}

static enum token_state without_answer(struct token *t)
{
	static const char *const what[REQUEST_ENDS] = {
		[REQUEST_NO_TIME] = "the time was over before a token was requested",
		[REQUEST_NOT_MADE] = "the token request could not be made",
		[REQUEST_LATE] = "the token endpoint did not answer in time",
		[REQUEST_TOO_LONG] = "the token answer is longer than 64 KiB",
		[REQUEST_AT_PROXY] = "could not get a token",
		[REQUEST_NETWORK] = "could not get a token",
		[REQUEST_FATAL] = "",
		[REQUEST_BREACH] = "the token endpoint does not speak HTTP"
	};

	t->result.status = t->request.result.fatal;
	return failed(t, request_failure(&t->request), what[t->request.end], t->request.text);
}

static enum token_state ready(struct token *t, char *value, int64_t expires_ms, bool cached)
{
	text_wipe(&t->value);
	t->value = value;
	t->result = (struct token_result){
		.cached = cached, .generation = ++t->generation, .expires_ms = expires_ms,
		.retry_after_us = -1
	};
	set_origins(t);
	drop_lock(t);
	return t->state = TOKEN_READY;
}

static enum token_state take_answer(struct token *t)
{
	const struct request *q = &t->request;
	const long status = q->result.http_status;
	const char *why;
	char *value;
	double life_s = 0;
	int64_t expires_ms;

	t->result = (struct token_result){ .http_status = status, .retry_after_us = -1 };
	/* an error page may be too long to read; its status is enough */
	if (status != 200 && (q->end == REQUEST_ANSWERED || q->end == REQUEST_TOO_LONG))
		return refused_by_status(t, status);
	if (q->end != REQUEST_ANSWERED)
		return without_answer(t);
	why = token_parse_answer(request_body(q), q->body.len, &value, &life_s);
	if (why == why_no_memory)
		return failed(t, HTTP_NETWORK, why, "");
	if (why)
		return failed(t, HTTP_BREACH, "the token answer is malformed", why);
	request_close(&t->request);
	expires_ms = t->now_us / 1000 + (int64_t)(life_s * 1000);
	if (t->cache && expires_ms > good_ms(t))
		token_cache_write(t->cache, value, expires_ms);
	return ready(t, value, expires_ms, false);
}

/* --- the request -------------------------------------------------------------------- */

/*
 * RFC 6749 §2.3.1 wants ID and secret form-encoded before Basic encodes them. The service and its
 * SDKs do not do that, so neither do we.
 */
static bool set_request(struct request *q, const struct creds *creds)
{
	CURL *e = q->easy;

	return request_add_header(q, "Accept: application/json")
		&& curl_easy_setopt(e, CURLOPT_POSTFIELDS, FORM) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_USERNAME, creds->client_id) == CURLE_OK
		&& curl_easy_setopt(e, CURLOPT_PASSWORD, creds->secret) == CURLE_OK;
}

static enum token_state request_token(struct token *t)
{
	struct request_call call = { .timeout_us = t->end_us - t->now_us,
		.answer_max = ANSWER_MAX };
	struct request *q = &t->request;
	char *url;

	if (call.timeout_us > t->conf.request_us)
		call.timeout_us = t->conf.request_us;
	request_close(q);
	url = text_format("%s/oauth/token", t->creds->login_url);
	if (!url)
		return failed(t, HTTP_NETWORK, why_no_memory, "");
	call.url = url;
	if (request_open(q, t->http, &call, t->now_us))
		request_send(q, set_request(q, t->creds));
	free(url);
	t->state = TOKEN_ASKING;
	return token_step(t, t->now_us);
}

/* --- cache, lock, request ----------------------------------------------------------- */

static bool use_cache(struct token *t)
{
	struct token_cache_entry c;

	if (!token_cache_read(t->cache, good_ms(t), &c))
		return false;
	if (is_refused(t, c.token)) {
		token_cache_entry_free(&c);
		return false;
	}
	ready(t, c.token, c.expires_ms, true);
	return true;
}

/* Tries to take the lock, then looks into the cache again: the run that held the lock may have
 * stored a token. If another run still holds it, waits, but at most lock_wait_us in all. */
static enum token_state try_lock(struct token *t)
{
	bool locked = token_cache_lock(t->cache);
	int64_t last_us;

	if (use_cache(t))
		return t->state;
	last_us = t->lock_since_us + t->conf.lock_wait_us;
	if (last_us > t->end_us)
		last_us = t->end_us;
	if (locked || t->now_us >= last_us)
		return request_token(t);
	t->lock_again_us = t->now_us + LOCK_AGAIN_US;
	if (t->lock_again_us > last_us)
		t->lock_again_us = last_us;
	return t->state = TOKEN_LOCKING;
}

/* True if the user gave a token, it was not refused, and it does not expire soon. */
static bool is_given(const struct token *t)
{
	const char *given = t->creds->access_token;
	int64_t end_ms = t->creds->expires_ms;

	return given && !is_refused(t, given) && (!end_ms || end_ms > good_ms(t));
}

static enum token_state take_given(struct token *t)
{
	char *value;

	if (t->state == TOKEN_READY && strcmp(t->value, t->creds->access_token) == 0)
		return t->state;
	value = strdup(t->creds->access_token);
	return value ? ready(t, value, t->creds->expires_ms, true)
		: failed(t, HTTP_NETWORK, "out of memory", "");
}

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us)
{
	t->now_us = now_us;
	t->end_us = end_us;
	if (t->state == TOKEN_LOCKING || t->state == TOKEN_ASKING)
		return t->state;
	if (is_given(t))
		return take_given(t);
	if (!t->creds->secret) {
		t->result = (struct token_result){ .http_status = 401, .retry_after_us = -1 };
		return failed(t, HTTP_UNAUTHORISED,
			"the access token was refused or has expired", "");
	}
	if (t->state == TOKEN_READY && t->result.expires_ms > good_ms(t))
		return t->state;
	if (!t->cache)
		return request_token(t);
	if (use_cache(t))
		return t->state;
	t->lock_since_us = now_us;
	return try_lock(t);
}

enum token_state token_step(struct token *t, int64_t now_us)
{
	t->now_us = now_us;
	switch (t->state) {
	case TOKEN_LOCKING:
		return now_us < t->lock_again_us ? t->state : try_lock(t);
	case TOKEN_ASKING:
		return request_step(&t->request, now_us) ? take_answer(t) : t->state;
	case TOKEN_NONE:
	case TOKEN_READY:
	case TOKEN_FAILED:
		break;
	}
	return t->state;
}

int64_t token_deadline_us(const struct token *t)
{
	return t->state == TOKEN_LOCKING ? t->lock_again_us : request_deadline_us(&t->request);
}

const char *token_value(const struct token *t)
{
	return t->value;
}

const struct token_result *token_result(const struct token *t)
{
	return &t->result;
}

void token_drop(struct token *t)
{
	if (t->cache && t->value)
		token_cache_drop(t->cache, t->value);
	text_wipe(&t->refused);
	t->refused = t->value;
	t->value = NULL;
	t->state = TOKEN_NONE;
}
