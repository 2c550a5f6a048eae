/* What libcurl's code for a transfer without an answer means, the same to all who ask; http.c is
 * played by the test. */
#include "auth/token.h"
#include "net/rest.h"
#include "tests/support/check.h"
#include "util/lines.h"
#include "ws.h"

#define S INT64_C(1000000)

static struct {
	http_done *done;
	void *arg;
} play;

CURL *http_easy(struct http *http, int64_t timeout_ms)
{
	(void)http, (void)timeout_ms;
	return curl_easy_init();
}

CURL *http_easy_to(struct http *http, bool plain, int64_t timeout_ms)
{
	(void)plain;
	return http_easy(http, timeout_ms);
}

enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg)
{
	(void)http, (void)easy;
	play.done = done;
	play.arg = arg;
	return ST_OK;
}

void http_stop(struct http *http, CURL *easy)
{
	(void)http, (void)easy;
}

void http_release(struct http *http, CURL *easy)
{
	(void)http;
	curl_easy_cleanup(easy);
}

const char *http_waits_for(CURL *easy)
{
	(void)easy;
	return NULL;
}

static void end_with(CURLcode code)
{
	play.done(play.arg, &(struct http_result){ .code = code, .retry_after_us = -1,
		.fatal = code == CURLE_PEER_FAILED_VERIFICATION
			|| code == CURLE_SSL_CACERT_BADFILE ? ST_PROTOCOL : ST_OK,
		.text = curl_easy_strerror(code) });
}

static enum http_failure rest_kind_of(CURLcode code)
{
	struct rest_call call = { .method = "GET", .url = "https://h/", .token = "t",
		.timeout_us = S };
	struct rest *r = rest_start(NULL, &call, 0);
	enum http_failure kind;

	assert_non_null(r);
	end_with(code);
	assert_true(rest_step(r, 0));
	kind = rest_answer(r)->kind;
	rest_free(r);
	return kind;
}

static enum http_failure token_failure_of(CURLcode code)
{
	struct creds creds = { .login_url = (char[]){ "https://h" },
		.client_id = (char[]){ "id" }, .secret = (char[]){ "secret" } };
	struct token_conf conf = { .request_us = S };
	struct token *t = token_new(&conf, &creds, NULL, NULL);
	enum http_failure failure;

	assert_non_null(t);
	assert_int_equal(token_want(t, 0, S), TOKEN_ASKING);
	end_with(code);
	assert_int_equal(token_step(t, 0), TOKEN_FAILED);
	failure = token_result(t)->failure;
	token_free(t);
	return failure;
}

static enum ws_end ws_end_of(CURLcode code)
{
	struct ws *ws = ws_open(NULL, "wss://h/", NULL, 1000);
	struct ws_event e = { 0 };

	assert_non_null(ws);
	end_with(code);
	assert_true(ws_next(ws, &e));
	assert_int_equal(e.kind, WS_ENDED);
	ws_free(ws);
	return e.end;
}

TEST(code__has_one_meaning_without_an_answer)
{
	static const struct {
		CURLcode code;
		enum http_failure rest;
		enum http_failure token;
		enum ws_end ws;
	} table[] = {
		{ CURLE_COULDNT_CONNECT, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_GOT_NOTHING, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_OPERATION_TIMEDOUT, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_SSL_CONNECT_ERROR, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_HTTP2, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_HTTP2_STREAM, HTTP_NETWORK, HTTP_NETWORK, WS_END_NETWORK },
		{ CURLE_WEIRD_SERVER_REPLY, HTTP_BREACH, HTTP_BREACH, WS_END_BREACH },
		{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_BREACH, HTTP_BREACH, WS_END_BREACH },
		{ CURLE_BAD_CONTENT_ENCODING, HTTP_BREACH, HTTP_BREACH, WS_END_BREACH },
		{ CURLE_PEER_FAILED_VERIFICATION, HTTP_FATAL, HTTP_FATAL, WS_END_FATAL },
		{ CURLE_SSL_CACERT_BADFILE, HTTP_FATAL, HTTP_FATAL, WS_END_FATAL }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CURLcode code = table[i].code;
		enum http_failure rest = rest_kind_of(code);
		enum http_failure token = token_failure_of(code);
		enum ws_end ws = ws_end_of(code);

		if (rest != table[i].rest || token != table[i].token || ws != table[i].ws)
			fail_msg("%d (%s): %d to rest, %d to token, %d to ws", (int)code,
				curl_easy_strerror(code), (int)rest, (int)token, (int)ws);
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
