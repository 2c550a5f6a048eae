/* One REST request against a server on loopback that answers with given bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/rest.h"
#include "tests/support/check.h"
#include "util/buf.h"
#include "util/utf8.h"

#define S INT64_C(1000000)
#define TOKEN "s3cret-t0ken_of-the.run~+/="
#define CHANNEL "streaming-0-fmtdmf8cdis7jh14udg5p89t6z"
#define PATH "/api/v2/notifications/channels/" CHANNEL "/subscriptions?ignoreErrors=true"

/* --- the server: one connection, one answer ----------------------------------------- */

static struct place {
	struct http *http;
	int listener, peer;
	char url[256];
	struct buf got, answer;
	size_t sent;
	struct rest *rest;
} place;

static int set_up(void **state __attribute__((unused)))
{
	struct http_conf conf = { .plain = true };
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct err err;

	memset(&place, 0, sizeof(place));
	signal(SIGPIPE, SIG_IGN);
	place.peer = -1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	place.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(place.listener >= 0);
	assert_int_equal(bind(place.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(place.listener, 4), 0);
	assert_int_equal(getsockname(place.listener, (struct sockaddr *)&at, &len), 0);
	snprintf(place.url, sizeof(place.url), "http://127.0.0.1:%d" PATH, ntohs(at.sin_port));
	assert_int_equal(http_new(&place.http, &conf, &err), ST_OK);
	return 0;
}

static void hang_up(void)
{
	if (place.peer >= 0)
		close(place.peer);
	place.peer = -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	rest_free(place.rest);
	http_free(place.http);
	hang_up();
	if (place.listener >= 0)
		close(place.listener);
	buf_free(&place.got);
	buf_free(&place.answer);
	return 0;
}

static bool has_request(void)
{
	const char *head = memmem(place.got.data, place.got.len, "\r\n\r\n", 4);
	const char *length = memmem(place.got.data, place.got.len, "Content-Length: ", 16);
	size_t body = length && head && length < head ? strtoul(length + 16, NULL, 10) : 0;

	return head && place.got.len - (size_t)(head + 4 - place.got.data) >= body;
}

/* An empty answer is silence. */
static void serve(void)
{
	char bytes[4096];
	ssize_t n;

	if (place.peer < 0)
		place.peer = accept4(place.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (place.peer < 0)
		return;
	while ((n = recv(place.peer, bytes, sizeof(bytes), 0)) > 0)
		assert_true(buf_add(&place.got, bytes, (size_t)n));
	if (!place.got.len || !has_request() || !place.answer.len)
		return;
	while (place.sent < place.answer.len) {
		n = send(place.peer, place.answer.data + place.sent, place.answer.len - place.sent,
			0);
		if (n <= 0)
			break;
		place.sent += (size_t)n;
	}
	if (place.sent == place.answer.len || (n < 0 && errno != EAGAIN))
		hang_up();
}

static void start(const char *method, const char *body, int64_t timeout_us)
{
	struct rest_call call = {
		.method = method, .url = place.url, .token = TOKEN, .body = body,
		.timeout_us = timeout_us
	};

	rest_free(place.rest);
	hang_up();
	buf_clear(&place.got);
	place.sent = 0;
	place.rest = rest_start(place.http, &call, 0);
	assert_non_null(place.rest);
}

/* Turns on a held clock until the answer is there. */
static const struct rest_answer *finish(void)
{
	struct err err;

	for (int turn = 0; turn < 20000 && !rest_step(place.rest, 0); turn++) {
		assert_int_equal(http_perform(place.http, &err), ST_OK);
		serve();
		if (rest_deadline_us(place.rest) > 0)
			assert_int_equal(http_wait(place.http, NULL, 0, 2, &err), ST_OK);
	}
	assert_true(rest_deadline_us(place.rest) == INT64_MIN);
	return rest_answer(place.rest);
}

static const struct rest_answer *ask(const char *method, const char *body,
	const char *answer)
{
	buf_clear(&place.answer);
	assert_true(buf_str(&place.answer, answer));
	start(method, body, 5 * S);
	return finish();
}

/* A GET that is answered with this status, these headers (each with its CRLF) and body. */
static const struct rest_answer *get(const char *status, const char *headers,
	const char *body)
{
	char *answer;
	const struct rest_answer *a;

	assert_true(asprintf(&answer, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
		headers, strlen(body), body) > 0);
	a = ask("GET", NULL, answer);
	free(answer);
	assert_true(utf8_valid(a->text, strlen(a->text)));
	assert_null(strstr(a->text, TOKEN));
	assert_null(strstr(a->text, CHANNEL));
	assert_null(strstr(a->text, "://"));
	return a;
}

static bool sent_line(const char *line)
{
	assert_true(buf_char(&place.got, '\0'));
	place.got.len--;
	return strstr(place.got.data, line) != NULL;
}

/* --- what is sent ------------------------------------------------------------------- */

TEST(request__has_token_and_types_and_body)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "HEAD" };
	char first[256];

	for (size_t i = 0; i < 2 * ARRAY_LEN(methods); i++) {
		const char *method = methods[i / 2];
		bool posts = method[0] == 'P', body = posts && i % 2;

		ask(method, body ? "[{\"id\":\"a\"}]" : NULL, "HTTP/1.1 204 Fine\r\n\r\n");
		assert_int_equal(rest_answer(place.rest)->kind, HTTP_OK);
		snprintf(first, sizeof(first), "%s " PATH " HTTP/1.1\r\n", method);
		assert_true(sent_line(first));
		assert_true(sent_line("\r\nAuthorization: Bearer " TOKEN "\r\n"));
		assert_true(sent_line("\r\nAccept: application/json\r\n"));
		assert_true(sent_line("\r\nUser-Agent: gsqstat/"));
		assert_false(sent_line("Expect:"));
		assert_int_equal(sent_line("\r\nContent-Type: application/json\r\n"), body);
		assert_int_equal(sent_line("Content-Type:"), body);
		assert_int_equal(sent_line("\r\n\r\n[{\"id\":\"a\"}]"), body);
		assert_int_equal(sent_line("\r\nContent-Length: 0\r\n"), posts && !body);
	}
}

TEST(token__that_does_not_fit_into_a_header_is_not_sent)
{
	static const char *const bad[] = { "", "a b", "a\r\nX: y", "a\n", "\303\251", "a\177" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rest_call call = {
			.method = "GET", .url = place.url, .token = bad[i], .timeout_us = S
		};

		rest_free(place.rest);
		place.rest = rest_start(place.http, &call, 0);
		assert_true(rest_deadline_us(place.rest) == INT64_MIN);
		assert_int_equal(rest_answer(place.rest)->kind, HTTP_UNAUTHORISED);
	}
	assert_true(accept(place.listener, NULL, NULL) < 0);
}

/* What stands behind the host, which all texts begin with. */
static const char *said(const char *text)
{
	const char *end = strstr(text, ": ");

	assert_int_equal(strncmp(text, "127.0.0.1:", 10), 0);
	assert_non_null(end);
	return end + 2;
}

/* --- what comes back ---------------------------------------------------------------- */

TEST(answer__of_status_200_is_returned_whole)
{
	const struct rest_answer *a = get("200 OK", "ININ-Correlation-Id: c-1\r\n"
		"inin-ratelimit-reset: 61\r\n", "{\"message\":\"x\"}");

	assert_int_equal(a->kind, HTTP_OK);
	assert_int_equal(a->http_status, 200);
	assert_string_equal(a->body, "{\"message\":\"x\"}");
	assert_int_equal(a->len, 15);
	assert_true(a->retry_after_us == -1);
	assert_string_equal(said(a->text), "HTTP 200, ININ-Correlation-Id c-1");
	assert_string_equal(a->missing_permissions, "");
}

TEST(answer__without_a_body_is_empty_text)
{
	const struct rest_answer *a = ask("DELETE", NULL, "HTTP/1.1 204 No Content\r\n\r\n");

	assert_int_equal(a->kind, HTTP_OK);
	assert_string_equal(a->body, "");
	a = ask("HEAD", NULL, "HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n");
	assert_int_equal(a->kind, HTTP_NOT_FOUND);
	assert_int_equal(a->len, 0);
	assert_string_equal(said(a->text), "HTTP 404");
}

TEST(status__has_its_kind)
{
	static const struct {
		const char *status;
		enum http_failure kind;
	} table[] = {
		{ "200 A", HTTP_OK }, { "202 B", HTTP_OK }, { "300 C", HTTP_BREACH },
		{ "304 D", HTTP_BREACH }, { "400 E", HTTP_REJECTED },
		{ "401 F", HTTP_UNAUTHORISED }, { "403 G", HTTP_FORBIDDEN },
		{ "404 H", HTTP_NOT_FOUND }, { "405 I", HTTP_REJECTED },
		{ "408 J", HTTP_SERVER }, { "409 K", HTTP_REJECTED }, { "413 L", HTTP_REJECTED },
		{ "429 M", HTTP_LIMITED }, { "500 N", HTTP_SERVER }, { "503 O", HTTP_SERVER },
		{ "504 P", HTTP_SERVER }, { "600 Q", HTTP_BREACH }, { "999 R", HTTP_BREACH }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct rest_answer *a = get(table[i].status, "", "");

		if (a->kind != table[i].kind)
			fail_msg("%s is kind %d, not %d", table[i].status, (int)a->kind,
				(int)table[i].kind);
		assert_int_equal(a->http_status, strtol(table[i].status, NULL, 10));
		assert_int_equal(strncmp(said(a->text), "HTTP ", 5), 0);
	}
}

TEST(error__has_code_message_and_both_ids)
{
	const struct rest_answer *a = get("400 Bad Request",
		"ININ-Correlation-Id: 11111111-2222\r\n",
		"{\"message\":\"Value [] is not valid\",\"code\":\"invalid.value\",\"status\":400,"
		"\"contextId\":\"7dafa55d\",\"details\":[],\"errors\":[]}");

	assert_int_equal(a->kind, HTTP_REJECTED);
	assert_string_equal(said(a->text), "HTTP 400 invalid.value: Value [] is not valid, "
		"contextId 7dafa55d, ININ-Correlation-Id 11111111-2222");
	a = get("400 Bad", "", "{\"message\":\"plain\",\"messageWithParams\":\"filled\"}");
	assert_string_equal(said(a->text), "HTTP 400: filled");
	a = get("400 Bad", "", "{\"message\":\"plain\",\"messageWithParams\":\"a {b}\"}");
	assert_string_equal(said(a->text), "HTTP 400: plain");
	a = get("400 Bad Request", "", "{\"messageWithParams\":\"a {b}\",\"message\":null}");
	assert_string_equal(said(a->text), "HTTP 400: a {b}");
}

TEST(forbidden__names_the_missing_permissions)
{
	static const char *const bodies[] = {
		"{\"message\":\"You must have one of: [analytics:queueObservation:view, "
		"routing:queue:view]\",\"code\":\"missing.any.permissions\",\"status\":403}",
		"{\"code\":\"missing.permissions\",\"messageParams\":{\"permissions\":"
		"\"[analytics:queueObservation:view, routing:queue:view]\"},\"message\":\"routing:"
		"queue:view\",\"messageWithParams\":\"{permissions}\"}",
		"{\"missingPermissions\":[\"analytics:queueObservation:view\","
		"\"routing:queue:view\",\"analytics:queueObservation:view\"],\"a\":\"12:30:45\","
		"\"b\":\"b:c\","
		"\"x\":\"a:b:c:d\",\"y\":\"::a\",\"z\":\"a::b\",\"w\":\"a:b:\"}"
	};
	char many[4096] = "{\"message\":\"";
	size_t len = strlen(many);

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct rest_answer *a = get("403 Forbidden", "", bodies[i]);

		assert_int_equal(a->kind, HTTP_FORBIDDEN);
		assert_string_equal(a->missing_permissions,
			"analytics:queueObservation:view, routing:queue:view");
	}
	assert_string_equal(get("400 Bad", "", bodies[0])->missing_permissions, "");
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "area:thing:action%d ", i);
	snprintf(many + len, sizeof(many) - len, "\"}");
	len = strlen(get("403 Forbidden", "", many)->missing_permissions);
	assert_in_range(len, 230, 255);
}

TEST(limited__has_the_time_to_wait)
{
	static const struct {
		const char *status, *headers;
		int64_t us;
	} table[] = {
		{ "429 Many", "Retry-After: 7\r\ninin-ratelimit-reset: 61\r\n", 7 * S },
		{ "429 Many", "inin-ratelimit-reset: 61\r\nRetry-After: 0\r\n", 0 },
		{ "429 Many", "inin-ratelimit-count: 301\r\ninin-ratelimit-reset: 61\r\n", 61 * S },
		{ "429 Many", "Inin-RateLimit-Reset: 0\r\n", 0 },
		{ "429 Many", "Retry-After: soon\r\ninin-ratelimit-reset: 5\r\n", 5 * S },
		{ "429 Many", "inin-ratelimit-reset: -5\r\n", -1 },
		{ "429 Many", "inin-ratelimit-reset: 5s\r\n", -1 },
		{ "429 Many", "inin-ratelimit-reset: 9999999999\r\n", -1 },
		{ "429 Many", "", -1 },
		{ "503 Down", "Retry-After: 9\r\n", 9 * S },
		{ "503 Down", "inin-ratelimit-reset: 61\r\n", -1 }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct rest_answer *a = get(table[i].status, table[i].headers,
			"{\"code\":\"too.many.requests\"}");

		if (a->retry_after_us != table[i].us)
			fail_msg("%s is %lld us", table[i].headers, (long long)a->retry_after_us);
	}
}

TEST(redirect__is_not_followed)
{
	char location[512];
	const struct rest_answer *a;

	snprintf(location, sizeof(location), "Location: %s\r\n", place.url);
	a = get("302 Found", location, "");
	assert_int_equal(a->kind, HTTP_BREACH);
	assert_int_equal(a->http_status, 302);
	assert_non_null(strstr(a->text, "redirect"));
	assert_true(accept(place.listener, NULL, NULL) < 0);
}

TEST(answer__over_16_mib_is_cut_off)
{
	const struct rest_answer *a;
	char *room;

	for (size_t more = 0; more < 2; more++) {
		buf_clear(&place.answer);
		assert_true(buf_str(&place.answer, "HTTP/1.1 200 OK\r\n\r\n"));
		room = buf_reserve(&place.answer, REST_BODY_MAX + more);
		assert_non_null(room);
		for (size_t i = 0; i < REST_BODY_MAX + more; i++)
			room[i] = (char)('a' + i % 23);
		place.answer.len += REST_BODY_MAX + more;
		start("GET", NULL, 20 * S);
		a = finish();
		assert_int_equal(a->kind, more ? HTTP_BREACH : HTTP_OK);
		assert_int_equal(a->len, more ? 0 : REST_BODY_MAX);
		assert_memory_equal(a->body, room, a->len);
		assert_int_equal(a->body[a->len], '\0');
	}
	assert_string_equal(a->text, "the service's answer is longer than 16 MiB");
}

/* --- no answer ---------------------------------------------------------------------- */

TEST(request__without_an_answer_ends_at_its_limit)
{
	const struct rest_answer *a;

	buf_clear(&place.answer);
	start("GET", NULL, S / 5);
	a = finish();
	assert_int_equal(a->kind, HTTP_NETWORK);
	assert_int_equal(a->http_status, 0);
	assert_true(a->text[0]);
}

TEST(limit__also_counts_by_our_own_clock)
{
	int64_t end_us;

	start("GET", NULL, 3600 * S);
	end_us = rest_deadline_us(place.rest);
	assert_in_range(end_us, 3600 * S, 3601 * S);
	assert_false(rest_step(place.rest, end_us - 1));
	assert_true(rest_step(place.rest, end_us));
	assert_int_equal(rest_answer(place.rest)->kind, HTTP_NETWORK);
	start("GET", NULL, 0);
	assert_true(rest_deadline_us(place.rest) == INT64_MIN);
	assert_int_equal(rest_answer(place.rest)->kind, HTTP_NETWORK);
}

TEST(call__under_way_can_be_dropped)
{
	struct err err;

	start("POST", "{}", 60 * S);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(http_perform(place.http, &err), ST_OK);
		serve();
	}
	rest_free(place.rest);
	place.rest = NULL;
	assert_int_equal(http_perform(place.http, &err), ST_OK);
	rest_free(NULL);
}

TEST(answer__that_is_not_http_or_incomplete_is_an_error)
{
	static const struct {
		const char *bytes;
		enum http_failure kind;
	} table[] = {
		{ "SSH-2.0-OpenSSH_9.2\r\n", HTTP_BREACH },
		{ "\x15\x03\x01\x02\x02\x28", HTTP_BREACH },
		{ "HTTP/1.1\r\n\r\n", HTTP_BREACH },
		{ "HTTP/1.1 20 OK\r\n\r\n", HTTP_BREACH },
		{ "{\"entities\":[]}", HTTP_BREACH },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", HTTP_NETWORK },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
			HTTP_NETWORK }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct rest_answer *a = ask("GET", NULL, table[i].bytes);

		if (a->kind != table[i].kind)
			fail_msg("%s is kind %d: %s", table[i].bytes, (int)a->kind, a->text);
		assert_string_equal(a->body, "");
	}
}

TEST(closed_port__is_a_network_error)
{
	const struct rest_answer *a;

	close(place.listener);
	place.listener = -1;
	start("GET", NULL, 5 * S);
	a = finish();
	assert_int_equal(a->kind, HTTP_NETWORK);
	assert_null(strstr(a->text, "api/v2"));
}

/* --- the text ----------------------------------------------------------------------- */

TEST(text__has_no_token_url_or_channel)
{
	const struct rest_answer *a = get("404 Not Found", "ININ-Correlation-Id: " TOKEN "\r\n",
		"{\"code\":\"" TOKEN "\",\"message\":\"No channel STREAMING-0-fmtdmf8cdis7jh14udg"
		"5p89t6z at (wss://streaming.example.com/x?y), use https:\\/\\/e.com and "
		TOKEN TOKEN " as is\","
		"\"contextId\":\"x" TOKEN "x\"}");

	assert_string_equal(said(a->text), "HTTP 404 ***: No channel *** at *** use *** and "
		"****** as is, contextId x***x, ININ-Correlation-Id ***");
}

TEST(text__is_printable_and_cut_between_words)
{
	static const char start[] = "HTTP 500:  [31m a b c\357\277\275d e\357\277\275 ";
	char body[4096] = "{\"message\":\"\\u001b[31m\\u0000a\\u009bb\\nc\377d\177e\\ud800 ";
	const struct rest_answer *a;

	for (int i = 0; i < 300; i++)
		strncat(body, i % 9 ? "\303\266\342\202\254" : " ",
			sizeof(body) - strlen(body) - 1);
	strncat(body, "\",\"contextId\":\"c-2\"}", sizeof(body) - strlen(body) - 1);
	a = get("500 Oops", "ININ-Correlation-Id: c-1\r\n", body);
	assert_int_equal(strncmp(said(a->text), start, strlen(start)), 0);
	assert_in_range(strlen(a->text), 300, 400);
	assert_non_null(strstr(a->text, "\342\202\254, contextId c-2, ININ-Correlation-Id c-1"));
}

TEST(body__in_another_form_is_not_quoted)
{
	static const char *const bodies[] = {
		"", "<html>down</html>", "[]", "null", "\"x\"", "{", "{\"message\":7}",
		"{\"message\":{}}", "{\"message\":\"\"}", "{message:1}"
	};
	char *large = malloc(70001);

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_string_equal(said(get("502 Bad Gateway", "", bodies[i])->text),
			"HTTP 502");
	assert_non_null(large);
	memset(large, ' ', 70000);
	large[70000] = '\0';
	memcpy(large, "{\"message\":\"a:b:c\"}", 19);
	assert_string_equal(said(get("403 Forbidden", "", large)->text), "HTTP 403");
	assert_string_equal(rest_answer(place.rest)->missing_permissions, "");
	free(large);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
