/* The list of queues, page by page, with another attempt after a failure. */
#include "net/rest.h"
#include "source/queue_lookup.h"
#include "tests/support/queue_pages.h"

#define HOST "https://api.example.com"
#define NOW INT64_C(1800000000000000)	/* µs */
#define S INT64_C(1000000)

/* --- requests and tokens are played ------------------------------------------------- */

static struct {
	const char *const *page;	/* bodies in the order of the requests */
	size_t npage, asked, freed;
	struct rest_answer answer;
	char url[8][256], token[64];
	int64_t timeout_us;
	bool waits;			/* no answer yet */
	const char *token_value;
	struct token_result token_result;
} play;

struct rest {
	int unused;
};
static struct rest the_rest;

struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	(void)http, (void)now_us;
	assert_string_equal(call->method, "GET");
	assert_null(call->body);
	snprintf(play.url[play.asked % 8], sizeof(play.url[0]), "%s", call->url);
	snprintf(play.token, sizeof(play.token), "%s", call->token);
	play.timeout_us = call->timeout_us;
	if (play.npage) {
		const char *body = play.page[play.asked < play.npage ? play.asked : play.npage - 1];

		play.answer.body = body;
		play.answer.len = strlen(body);
	}
	play.asked++;
	return &the_rest;
}

void rest_free(struct rest *r)
{
	play.freed += r != NULL;
}

bool rest_step(struct rest *r, int64_t now_us)
{
	(void)r, (void)now_us;
	return !play.waits;
}

int64_t rest_deadline_us(const struct rest *r)
{
	(void)r;
	return 77;
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	(void)r;
	return &play.answer;
}

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us)
{
	(void)t, (void)now_us, (void)end_us;
	play.token_result.generation++;
	return TOKEN_READY;
}

enum token_state token_step(struct token *t, int64_t now_us)
{
	(void)t, (void)now_us;
	return TOKEN_READY;
}

int64_t token_deadline_us(const struct token *t)
{
	(void)t;
	return INT64_MAX;
}

const char *token_value(const struct token *t)
{
	(void)t;
	return play.token_value;
}

const struct token_result *token_result(const struct token *t)
{
	(void)t;
	return &play.token_result;
}

void token_drop(struct token *t)
{
	(void)t;
}

/* --- the list ----------------------------------------------------------------------- */

static struct queue_lookup *new_lookup(void)
{
	const struct queue_lookup_conf conf = { .api_url = HOST, .request_us = 15 * S,
		.retry_for_us = 60 * S };
	struct queue_lookup *l = queue_lookup_new(&conf, NULL, NULL, NOW);

	assert_non_null(l);
	return l;
}

static int set_up(void **state)
{
	memset(&play, 0, sizeof(play));
	play.answer = (struct rest_answer){ .kind = HTTP_OK, .body = "", .retry_after_us = -1,
		.text = "HTTP 200" };
	play.token_value = "token";
	*state = new_lookup();
	return 0;
}

static int tear_down(void **state)
{
	queue_lookup_free(*state);
	assert_int_equal(play.freed, play.asked);
	return 0;
}

/* One turn. False: it is ready, or has failed by the event. */
static bool turn(struct queue_lookup *l, int64_t now_us, struct session_event *event)
{
	struct lines warnings = { 0 };

	queue_lookup_step(l, now_us, &warnings);
	assert_int_equal(warnings.n, 0);
	while (queue_lookup_next(l, event))
		if (event->kind != SESSION_TOKEN_ACQUIRED)
			return false;
	return !queue_lookup_is_ready(l);
}

/* Turns until it is ready or has failed. */
static void look_up(struct queue_lookup *l, const char *const *pages, size_t npages,
	struct session_event *event)
{
	play.page = pages;
	play.npage = npages;
	for (int i = 0; i < 1000 && turn(l, NOW, event); i++)
		;
}

static const char *const three_pages[] = {
	PAGE(QUEUE("0001", "one"), ",\"pageCount\":3"),
	PAGE(QUEUE("0001", "one") "," QUEUE("0002", "two"), ",\"pageCount\":2,\"nextUri\":\"/x\""),
	PAGE(QUEUE("0003", "three"), ",\"pageCount\":3,\"nextUri\":\"\"")
};

TEST(lookup__asks_for_each_page_once)
{
	struct queue_lookup *l = *state;
	struct session_event event;
	char url[256];

	look_up(l, three_pages, 3, &event);
	assert_true(queue_lookup_is_ready(l));
	assert_int_equal(play.asked, 3);
	for (int i = 0; i < 3; i++) {
		snprintf(url, sizeof(url), HOST "/api/v2/routing/queues?pageSize=500&pageNumber=%d",
			i + 1);
		assert_string_equal(play.url[i], url);
	}
	assert_string_equal(play.token, "token");
	assert_true(play.timeout_us == 15 * S);
	assert_int_equal(queue_lookup_list(l)->n, 3);
	assert_string_equal(queue_lookup_list(l)->v[0].name, "one");
	assert_true(queue_lookup_deadline_us(l) == INT64_MAX);
}

TEST(lookup__ends_with_a_page_that_says_so)
{
	static const char *const last[] = {
		PAGE(QUEUE("0001", "one"), ""), PAGE("", ",\"nextUri\":\"/x\""),
		PAGE("", ",\"pageCount\":0"), PAGE(QUEUE("0001", "one"), ",\"pageCount\":1")
	};
	struct session_event event;

	for (size_t i = 0; i < ARRAY_LEN(last); i++) {
		struct queue_lookup *l = new_lookup();

		play.asked = play.freed = 0;
		look_up(l, &last[i], 1, &event);
		assert_true(queue_lookup_is_ready(l));
		assert_int_equal(play.asked, 1);
		queue_lookup_free(l);
	}
}

TEST(lookup__with_too_many_pages_is_a_protocol_error)
{
	static const char *const endless[] = { PAGE(QUEUE("0001", "one"), ",\"nextUri\":\"/x\"") };
	struct queue_lookup *l = *state;
	struct session_event event;
	int64_t at_us;

	look_up(l, endless, 1, &event);
	assert_int_equal(play.asked, 200);
	assert_int_equal(event.kind, SESSION_RETRY);
	assert_non_null(strstr(event.text, "200 pages"));
	at_us = queue_lookup_deadline_us(l);
	assert_true(turn(l, at_us, &event));
	assert_false(turn(l, at_us, &event));
	assert_int_equal(event.kind, SESSION_OVER);
	assert_int_equal(event.status, ST_PROTOCOL);
}

TEST(lookup__continues_with_the_page_that_failed)
{
	struct queue_lookup *l = *state;
	struct session_event event;

	play.page = three_pages;
	play.npage = 3;
	play.token_value = "first";
	assert_true(turn(l, NOW, &event));
	assert_int_equal(play.asked, 1);
	play.waits = true;
	assert_true(queue_lookup_deadline_us(l) == 77);
	assert_true(turn(l, NOW, &event));
	assert_int_equal(play.asked, 1);
	play.waits = false;
	assert_true(turn(l, NOW, &event));
	play.answer.kind = HTTP_LIMITED;
	play.answer.retry_after_us = 51 * S;
	assert_false(turn(l, NOW, &event));
	assert_int_equal(event.kind, SESSION_RETRY);
	assert_true(event.wait_us == 51 * S);
	assert_true(queue_lookup_deadline_us(l) == NOW + 51 * S);
	play.answer.kind = HTTP_OK;
	play.asked = play.freed = 1;
	play.token_value = "second";
	assert_true(turn(l, NOW + 51 * S, &event));
	assert_string_equal(play.url[1], HOST "/api/v2/routing/queues?pageSize=500&pageNumber=2");
	assert_string_equal(play.token, "second");
	assert_true(play.timeout_us == 9 * S);
	while (turn(l, NOW + 51 * S, &event))
		;
	assert_int_equal(queue_lookup_list(l)->n, 3);
	assert_int_equal(play.asked, 3);
}

TEST(lookup__that_is_malformed_says_why)
{
	static const char *const other[] = { "<html>" };
	struct session_event event;

	look_up(*state, other, 1, &event);
	assert_int_equal(event.kind, SESSION_RETRY);
	assert_string_equal(event.text,
		"the list of queues cannot be read: it is not a JSON object (HTTP 200)");
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
