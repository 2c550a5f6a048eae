/*
 * What comes from the network apart from messages: the first byte says as what the rest is read.
 * Answers of the API come through the calls of net/request.h, which are played here.
 */
#define curl_easy_header(easy, name, index, origin, request, header) \
	played_header(easy, name, header)
#include <curl/curl.h>

CURLHcode played_header(CURL *easy, const char *name, struct curl_header **header);

#include "net/http.c"

#include "net/request.h"
#include "net/rest.h"
#include "net/url.h"
#include "source/channel_api.h"
#include "tests/support/fuzz.h"
#include "util/text.h"
#include "util/utf8.h"

#define TOKEN "Z-tok-ABCDEFGH_0123456789"
#define CHANNEL "streaming-0-abcdefghijklmnop"
#define URL "https://api.example.com/api/v2/notifications/channels/" CHANNEL "/subscriptions"

static void check_printable(const char *text)
{
	size_t len = strlen(text), n;

	must(utf8_valid(text, len));
	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		must(!utf8_is_control(text + i, n));
	}
}

/* --- answers to requests -------------------------------------------------------------- */

static struct {
	long status;			/* 0: no answer came */
	char *header;			/* the value of each header, and the text of a failure */
	const uint8_t *body;
	size_t len;
} played;

CURLHcode played_header(CURL *easy, const char *name, struct curl_header **header)
{
	static struct curl_header h;

	(void)easy, (void)name;
	h.value = played.header;
	*header = &h;
	return CURLHE_OK;
}

bool request_open(struct request *r, struct http *http, const struct request_call *call,
	int64_t now_us)
{
	(void)http, (void)now_us;
	must(*call->url);
	r->state = REQUEST_OPEN;
	return true;
}

bool request_add_header(struct request *r, const char *line)
{
	(void)r;
	must(!strpbrk(line, "\r\n"));
	return true;
}

void request_send(struct request *r, bool ok)
{
	must(ok);
	r->state = REQUEST_OVER;
	r->end = played.status ? REQUEST_ANSWERED : REQUEST_NETWORK;
	r->result = (struct http_result){ .http_status = played.status,
		.retry_after_us = played.status ? retry_after_us(NULL) : -1 };
	snprintf(r->text, sizeof(r->text), "%s", played.status ? "" : played.header);
	must(buf_add(&r->body, played.body, played.len) && buf_char(&r->body, '\0'));
	r->body.len--;
}

bool request_step(struct request *r, int64_t now_us)
{
	(void)now_us;
	return r->state == REQUEST_OVER;
}

int64_t request_deadline_us(const struct request *r)
{
	(void)r;
	return INT64_MIN;
}

enum http_failure request_failure(const struct request *r)
{
	must(r->end != REQUEST_ANSWERED);
	return HTTP_NETWORK;
}

const char *request_body(const struct request *r)
{
	return r->body.data;
}

const char *request_header(const struct request *r, const char *name)
{
	(void)r, (void)name;
	return played.header;
}

void request_close(struct request *r)
{
	buf_wipe(&r->body);
	r->state = REQUEST_NONE;
}

/* A byte for the status, a line for the headers, then the body. */
static void check_rest(const uint8_t *data, size_t size)
{
	static const short statuses[] = { 0, 200, 302, 400, 401, 403, 404, 408, 429, 500, 700 };
	const struct rest_call call = { .method = "GET", .url = URL, .token = TOKEN };
	const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
	const struct rest_answer *a;
	struct rest *r;

	if (!lf)
		return;
	played.status = statuses[data[0] % ARRAY_LEN(statuses)];
	played.header = fuzz_text(data + 1, lf > data ? (size_t)(lf - data) - 1 : 0);
	played.body = lf + 1;
	played.len = size - (size_t)(lf + 1 - data);
	r = rest_start(NULL, &call, 0);
	must(r && rest_step(r, 0));
	a = rest_answer(r);
	must(a->http_status == played.status && a->status == ST_OK);
	must((a->kind == HTTP_OK) == (a->http_status == 200));
	must(a->retry_after_us >= -1 && a->retry_after_us < 1000000000 * INT64_C(1000000));
	must(*a->text && strlen(a->text) < sizeof(a->text));
	check_printable(a->text);
	must(!strcasestr(a->text, TOKEN) && !strcasestr(a->text, CHANNEL));
	must(!strstr(a->text, "://"));
	must(!*a->missing_permissions || a->http_status == 403);
	check_printable(a->missing_permissions);
	rest_free(r);
	free(played.header);
}

static void check_retry_after(const uint8_t *data, size_t size)
{
	int64_t us, seconds = 0;
	const char *s;

	played.header = fuzz_text(data, size);
	us = retry_after_us(NULL);
	must(us == -1 || (us >= 0 && us % 1000000 == 0));
	must(us <= RETRY_AFTER_MAX_S * INT64_C(1000000));
	for (s = played.header; *s >= '0' && *s <= '9' && seconds < RETRY_AFTER_MAX_S; s++)
		seconds = 10 * seconds + (*s - '0');
	if (s > played.header && !s[strspn(s, "0123456789")])
		must(us == 1000000 * (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S));
	free(played.header);
}

/* --- the notification service --------------------------------------------------------- */

static void check_channel(const uint8_t *data, size_t size)
{
	const bool plain = size % 2;
	char *id, *uri;
	const char *why = channel_api_parse_channel((const char *)data, size, plain, &id, &uri);
	struct url url;

	if (why) {
		must(!id && !uri);
		return;
	}
	must(text_is_visible(id, SIZE_MAX) && !strpbrk(id, "/?#%&\"\\"));
	must(text_is_visible(uri, SIZE_MAX) && !url_read(uri, &url));
	must(strncmp(uri, "wss://", 6) == 0 || (plain && url.is_loopback));
	text_wipe(&id);
	text_wipe(&uri);
}

static bool take_same(void *arg, const struct channel_api_refusal *again)
{
	const struct channel_api_refusal *first = arg;

	must(again->observations && same_text(first->queue_id, again->queue_id));
	must(same_text(first->reason, again->reason));
	return true;
}

static bool take_refusal(void *arg, const struct channel_api_refusal *refusal)
{
	struct buf answer = { 0 };
	char id[UUID_LEN + 1];

	must(text_parse_uuid(refusal->queue_id, strlen(refusal->queue_id), id));
	must(same_text(refusal->queue_id, id));
	check_printable(refusal->reason);
	must(channel_api_put_refusal(&answer, refusal->queue_id, refusal->reason,
		strlen(refusal->reason)));
	must(!channel_api_parse_topics(answer.data, answer.len, take_same, (void *)refusal));
	buf_free(&answer);
	++*(size_t *)arg;
	return true;
}

static void check_topics(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t n = 0;
	const char *why = channel_api_parse_topics(text, size, take_refusal, &n);

	must(!why || n == 0);
	must(why || channel_api_is_object(text, size));
	must(!channel_api_is_failure(text, size) || memchr(text, '{', size));
}

static void check_metrics(const uint8_t *data, size_t size)
{
	uint32_t asked = channel_api_parse_metrics((const char *)data, size);
	struct buf again = { 0 };

	must(channel_api_put_metrics(&again, asked));
	must(channel_api_parse_metrics(again.data, again.len) == asked);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const uint8_t *rest, size_t size) = {
		['A' - 'A'] = check_retry_after, ['C' - 'A'] = check_channel,
		['E' - 'A'] = check_rest, ['M' - 'A'] = check_metrics, ['T' - 'A'] = check_topics
	};
	size_t kind = size ? (size_t)(data[0] - 'A') & 31 : 0;

	if (size && kind < ARRAY_LEN(checks) && checks[kind])
		checks[kind](data + 1, size - 1);
	return 0;
}
