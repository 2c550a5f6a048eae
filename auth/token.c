#include "auth/token.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/api_error.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/utf8.h"

#define ANSWER_MAX 65536
#define LOCK_AGAIN_US 50000
#define GRACE_US 50000		/* libcurl's own time-out comes first, in its own words */
#define WORDS_MAX 120		/* bytes of what the endpoint says */
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
	char *value, *refused;		/* refused: not to be taken from the cache again */
	int64_t lock_since_us, step_at_us, end_us, now_us;
	bool locked;
	CURL *easy;
	struct curl_slist *headers;
	struct buf answer;
	bool answer_too_long;
	bool arrived;			/* http_perform has brought the answer */
	struct http_result http_result;
	char http_text[HTTP_TEXT_MAX];
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
	t->answer.limit = ANSWER_MAX + 1;
	/* all of it at once: growing would leave copies behind */
	if (!buf_reserve(&t->answer, ANSWER_MAX + 1)) {
		free(t);
		return NULL;
	}
	return t;
}

static void end_request(struct token *t)
{
	http_release(t->http, t->easy);
	t->easy = NULL;
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	if (t->answer.data)
		OPENSSL_cleanse(t->answer.data, t->answer.cap);
	buf_clear(&t->answer);
	t->arrived = false;
}

static void drop_lock(struct token *t)
{
	if (t->locked)
		token_cache_unlock(t->cache);
	t->locked = false;
}

void token_free(struct token *t)
{
	if (!t)
		return;
	end_request(t);
	drop_lock(t);
	buf_wipe(&t->answer);
	text_wipe(&t->value);
	text_wipe(&t->refused);
	free(t);
}

/* --- the answer --------------------------------------------------------------------- */

/* cJSON ends a string at a NUL, and would take the half of a token for the whole. */
static bool holds_nul(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!text[i] || (text[i] == '\\' && len - i >= 6
		    && memcmp(text + i + 1, "u0000", 5) == 0))
			return true;
		if (text[i] == '\\')
			i++;	/* what is escaped begins no escape itself */
	}
	return false;
}

static void wipe_strings(const cJSON *object)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
		if (cJSON_IsString(item))
			OPENSSL_cleanse(item->valuestring, strlen(item->valuestring));
}

/* RFC 6749 §5.1, each field of it. */
const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s)
{
	const char *rest = NULL, *why = NULL;
	cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &rest, 0);
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(tree, "access_token");
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(tree, "token_type");
	const cJSON *life = cJSON_GetObjectItemCaseSensitive(tree, "expires_in");

	*token = NULL;
	while (tree && rest < text + len && strchr(" \t\r\n", *rest) && *rest)
		rest++;
	if (!cJSON_IsObject(tree) || rest != text + len || holds_nul(text, len))
		why = "it is no JSON object";
	else if (!cJSON_IsString(value) || !text_is_visible(value->valuestring, TEXT_TOKEN_MAX))
		why = "it has no access_token";
	else if (!cJSON_IsString(type) || strcasecmp(type->valuestring, "bearer") != 0)
		why = "its token_type is not bearer";
	else if (!cJSON_IsNumber(life) || !(life->valuedouble > 0)
	    || life->valuedouble > LIFE_MAX_S)
		why = "its expires_in is no number of seconds";
	if (!why) {
		*life_s = life->valuedouble;
		*token = strdup(value->valuestring);
	}
	wipe_strings(tree);
	cJSON_Delete(tree);
	return why;
}

/* ID and secret as they travel (RFC 7617); an answer that repeats them is not quoted. */
static bool repeats_secret(const struct creds *creds, const char *words)
{
	char *pair = NULL, *basic = NULL;
	int len = asprintf(&pair, "%s:%s", creds->client_id, creds->secret);
	bool repeats = true;

	if (len < 0)
		return true;
	basic = malloc((size_t)len / 3 * 4 + 5);
	if (basic) {
		EVP_EncodeBlock((unsigned char *)basic, (const unsigned char *)pair, len);
		repeats = strstr(words, creds->secret) || strstr(words, basic);
	}
	text_wipe(&pair);
	text_wipe(&basic);
	return repeats;
}

/* Part of the endpoint's words, cut: at a blank, as half a secret is one that the audit would not
 * know; nothing of one that repeats a secret. */
static void cut_part(const struct token *t, struct buf *part)
{
	size_t cut = part->len ? utf8_cut(part->data, part->len, WORDS_MAX) : 0;

	if (!utf8_valid(part->data ? part->data : "", part->len) || !buf_char(part, '\0')
	    || repeats_secret(t->creds, part->data)) {
		buf_clear(part);
		return;
	}
	part->len--;
	while (cut < part->len && cut > 0 && part->data[cut] != ' ')
		cut--;
	part->len = cut;
}

static const char *correlation_id(const struct token *t)
{
	struct curl_header *h = NULL;

	return t->easy && curl_easy_header(t->easy, "ININ-Correlation-Id", 0, CURLH_HEADER, -1, &h)
		== CURLHE_OK ? h->value : "";
}

static bool is_text(const struct buf *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* What the endpoint says goes to http_text; whether the error is invalid_client. */
static bool describe(struct token *t, long status)
{
	struct buf raw = { 0 }, plain = { 0 };
	struct api_error e;
	bool invalid;

	api_error_read(&e, t->answer.data, t->answer.len);
	invalid = is_text(&e.code, "invalid_client");
	t->result.unknown_client = invalid && is_text(&e.message, "client not found");
	cut_part(t, &e.code);
	cut_part(t, &e.message);
	cut_part(t, &e.context);
	api_error_put(&e, t->creds->login_url, status, correlation_id(t), &raw);
	api_error_free(&e);
	if (!raw.failed && text_put_printable(&plain, raw.data, raw.len)
	    && buf_char(&plain, '\0'))
		snprintf(t->http_text, sizeof(t->http_text), "%.400s", plain.data);
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

static enum token_state failed(struct token *t, enum token_failure failure, const char *what)
{
	set_origins(t);
	t->result.failure = failure;
	snprintf(t->result.text, sizeof(t->result.text), "%.90s%s%.540s", what,
		*what && t->http_text[0] ? ": " : "", t->http_text);
	drop_lock(t);
	end_request(t);
	return t->state = TOKEN_FAILED;
}

static enum token_state refused_by_status(struct token *t, long status)
{
	bool invalid_client = describe(t, status);

	t->result.retry_after_us = t->http_result.retry_after_us;
	if (status == 401 || (status == 400 && invalid_client))
		return failed(t, TOKEN_REFUSED, "the client ID or secret was refused");
	if (status == 403)
		return failed(t, TOKEN_FORBIDDEN, "the client may not have a token");
	if (status == 429)
		return failed(t, TOKEN_LIMITED, "too many token requests");
	if (status >= 500)
		return failed(t, TOKEN_NETWORK, "the token endpoint failed");
	if (status / 100 == 3)
		return failed(t, TOKEN_BREACH, "no token");
	if (status / 100 == 4)
		return failed(t, TOKEN_REJECTED, "the token request was rejected");
	return failed(t, TOKEN_BREACH, "the token endpoint answered with an odd status");
}

static enum token_state without_answer(struct token *t)
{
	switch (http_failure_of(&t->http_result)) {
	case HTTP_FATAL:
		t->result.status = t->http_result.fatal;
		return failed(t, TOKEN_FATAL, "");
	case HTTP_BREACH:
		return failed(t, TOKEN_BREACH, "the token endpoint does not speak HTTP");
	case HTTP_NETWORK:
		break;
	}
	return failed(t, TOKEN_NETWORK, "no token");
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

static enum token_state take_answer(struct token *t, struct lines *warnings)
{
	const struct http_result *r = &t->http_result;
	const char *why;
	char *value;
	double life_s;
	int64_t expires_ms;

	t->result = (struct token_result){ .retry_after_us = -1 };
	t->result.http_status = r->http_status;
	if (r->by_proxy)
		return without_answer(t);
	/* a refusal's page may be as long as it likes: its status says what it is */
	if (t->answer_too_long && r->http_status != 200)
		return refused_by_status(t, r->http_status);
	if (t->answer_too_long) {
		t->http_text[0] = '\0';
		return failed(t, TOKEN_BREACH, "the token answer is longer than 64 KiB");
	}
	if (r->code != CURLE_OK)
		return without_answer(t);
	if (r->http_status != 200)
		return refused_by_status(t, r->http_status);
	why = token_parse_answer(t->answer.data, t->answer.len, &value, &life_s);
	if (why) {
		snprintf(t->http_text, sizeof(t->http_text), "%s", why);
		return failed(t, TOKEN_BREACH, "the token answer is malformed");
	}
	if (!value)
		return failed(t, TOKEN_NETWORK, "out of memory");
	end_request(t);
	expires_ms = t->now_us / 1000 + (int64_t)(life_s * 1000);
	if (t->cache && expires_ms > t->now_us / 1000 + t->conf.margin_ms)
		token_cache_write(t->cache, value, expires_ms, warnings);
	return ready(t, value, expires_ms, false);
}

/* --- the request -------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct token *t = arg;

	if (!buf_add(&t->answer, bytes, size * n) || t->answer.len > ANSWER_MAX) {
		t->answer_too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return size * n;
}

static void on_done(void *arg, const struct http_result *result)
{
	struct token *t = arg;

	t->arrived = true;
	t->http_result = *result;
	snprintf(t->http_text, sizeof(t->http_text), "%s", result->text);
	if (result->code == CURLE_OK)
		t->http_text[0] = '\0';
}

/*
 * RFC 6749 §2.3.1 would have ID and secret form-encoded before they go into Basic; the
 * service and its SDKs take them as they are, and so do we.
 */
static CURLcode set_request(struct token *t, CURL *e, const char *url)
{
	CURLcode c = curl_easy_setopt(e, CURLOPT_URL, url);

	t->headers = curl_slist_append(NULL, "Accept: application/json");
	c = c ? c : t->headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
	c = c ? c : curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	c = c ? c : curl_easy_setopt(e, CURLOPT_POSTFIELDS, FORM);
	c = c ? c : curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	c = c ? c : curl_easy_setopt(e, CURLOPT_USERNAME, t->creds->client_id);
	c = c ? c : curl_easy_setopt(e, CURLOPT_PASSWORD, t->creds->secret);
	c = c ? c : curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	c = c ? c : curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	return c;
}

static enum token_state ask(struct token *t)
{
	int64_t bound_us = t->end_us - t->now_us;
	char *url = NULL;
	bool ok;

	if (bound_us > t->conf.request_us)
		bound_us = t->conf.request_us;
	end_request(t);
	t->answer_too_long = false;
	t->http_text[0] = '\0';
	t->result = (struct token_result){ .retry_after_us = -1 };
	if (bound_us <= 0)
		return failed(t, TOKEN_NETWORK, "no time is left to ask for a token");
	t->step_at_us = t->now_us + bound_us + GRACE_US;
	ok = asprintf(&url, "%s/oauth/token", t->creds->login_url) > 0;
	t->easy = ok ? http_easy(t->http, (bound_us + 999) / 1000) : NULL;
	ok = t->easy && set_request(t, t->easy, url) == CURLE_OK
		&& http_start(t->http, t->easy, on_done, t) == ST_OK;
	free(url);
	if (!ok)
		return failed(t, TOKEN_NETWORK, "the token request could not be made");
	return t->state = TOKEN_ASKING;
}

/* --- the order of things ------------------------------------------------------------ */

static bool from_cache(struct token *t, struct lines *warnings)
{
	int64_t not_before_ms = t->now_us / 1000 + t->conf.margin_ms;
	struct token_cache_entry c;

	if (!token_cache_read(t->cache, not_before_ms, &c, warnings))
		return false;
	if (t->refused && strcmp(t->refused, c.token) == 0) {
		token_cache_entry_free(&c);
		return false;
	}
	ready(t, c.token, c.expires_ms, true);
	return true;
}

/* With the lock another run may have left a token; without it there is nothing to do but
 * wait, for as long as a request of one's own would take. */
static enum token_state try_lock(struct token *t, struct lines *warnings)
{
	int64_t last_us;

	t->locked = token_cache_lock(t->cache);
	if (from_cache(t, warnings))
		return t->state;
	last_us = t->lock_since_us + t->conf.lock_wait_us;
	if (last_us > t->end_us)
		last_us = t->end_us;
	if (t->locked || t->now_us >= last_us)
		return ask(t);
	t->step_at_us = t->now_us + LOCK_AGAIN_US;
	if (t->step_at_us > last_us)
		t->step_at_us = last_us;
	return t->state = TOKEN_LOCKING;
}

/* A token that was given needs no request, until it is refused or near its end. */
static bool is_given(const struct token *t)
{
	const char *given = t->creds->access_token;
	int64_t end_ms = t->creds->expires_ms;

	return given && !(t->refused && strcmp(t->refused, given) == 0)
		&& (!end_ms || end_ms > t->now_us / 1000 + t->conf.margin_ms);
}

static enum token_state take_given(struct token *t)
{
	char *value;

	if (t->state == TOKEN_READY && strcmp(t->value, t->creds->access_token) == 0)
		return t->state;
	value = strdup(t->creds->access_token);
	return value ? ready(t, value, t->creds->expires_ms, true)
		: failed(t, TOKEN_NETWORK, "out of memory");
}

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us,
	struct lines *warnings)
{
	t->now_us = now_us;
	t->end_us = end_us;
	if (t->state == TOKEN_LOCKING || t->state == TOKEN_ASKING)
		return t->state;
	if (is_given(t))
		return take_given(t);
	if (!t->creds->secret) {
		t->result = (struct token_result){ .http_status = 401, .retry_after_us = -1 };
		t->http_text[0] = '\0';
		return failed(t, TOKEN_REFUSED, "the access token was refused, or is at its end");
	}
	if (t->state == TOKEN_READY
	    && t->result.expires_ms > now_us / 1000 + t->conf.margin_ms)
		return t->state;
	if (!t->cache)
		return ask(t);
	if (from_cache(t, warnings))
		return t->state;
	t->lock_since_us = now_us;
	return try_lock(t, warnings);
}

enum token_state token_step(struct token *t, int64_t now_us, struct lines *warnings)
{
	t->now_us = now_us;
	if (t->state == TOKEN_ASKING && t->arrived)
		return take_answer(t, warnings);
	if (t->state == TOKEN_LOCKING && now_us >= t->step_at_us)
		return try_lock(t, warnings);
	/* libcurl's clock stands still while the machine is suspended, ours does not */
	if (t->state == TOKEN_ASKING && now_us >= t->step_at_us)
		return failed(t, TOKEN_NETWORK, "the token endpoint did not answer in time");
	return t->state;
}

int64_t token_deadline_us(const struct token *t)
{
	if (t->arrived)
		return t->now_us;
	return t->state == TOKEN_LOCKING || t->state == TOKEN_ASKING ? t->step_at_us
		: INT64_MAX;
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
