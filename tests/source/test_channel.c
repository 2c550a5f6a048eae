/*
 * The notification service as a source, on a clock that is held: hours pass at once. Requests,
 * sockets and the token are played; what is asked and told is one line of words.
 */
#include "net/rest.h"
#include "source/channel.h"
#include "source/stream.h"
#include "tests/support/check.h"
#include "tests/support/fake_source.h"
#include "util/text.h"
#include "ws.h"

#define S INT64_C(1000000)
#define H (3600 * S)
#define QUEUES 500
#define SOCKETS 64

struct token {
	struct token_result result;
	char value[16];
	unsigned made;
};

struct rest {
	struct rest_answer answer;
	char body[128];
	bool done, is_query;
};

struct ws {
	unsigned number;
	struct ws_event event[8];
	size_t first, n;
};

static struct {
	struct channel *ch;
	struct token token;
	int64_t now_us, life_us;	/* life: of a token; 0: nobody knows */
	int64_t told_us;		/* of the last event */
	int64_t bound_us;		/* of the last request */
	int64_t printed_us;		/* the end of the last window */
	unsigned channels, sockets, queries;
	struct ws *socket[SOCKETS];
	bool closed[SOCKETS];
	bool hold, hold_queries;	/* no request, no query is answered */
	bool refuse_sockets;
	const char *fail;		/* a word of the log that fails as kind does, once */
	struct rest_answer failure;
	enum status over;
	char reason[1024];
	char log[4096];
} play;

static char id[QUEUES][UUID_LEN + 1];
static const char *queue[QUEUES];
static const char *const patterns[] = { "oWaiting" };
static struct channel_conf conf;	/* a test may change it */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	size_t used = strlen(play.log);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(play.log + used, sizeof(play.log) - used, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < sizeof(play.log) - used);
}

/* What was said since the last time. */
static void expect_said(const char *words, int line)
{
	if (strcmp(play.log, words) != 0)
		fail_msg("line %d:\n  said     \"%s\"\n  expected \"%s\"", line, play.log, words);
	play.log[0] = '\0';
}

#define assert_said(words) expect_said(words, __LINE__)

/* --- requests ------------------------------------------------------------------------- */

static const char *channel_of(const char *url)
{
	const char *at = strstr(url, "/channels/");

	return at ? at + strlen("/channels/") : "";
}

struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	struct rest *r = calloc(1, sizeof(*r));
	const char *of = channel_of(call->url);
	char word[32];

	(void)http, (void)now_us;
	assert_non_null(r);
	assert_string_equal(call->token, play.token.value);
	play.bound_us = call->timeout_us;
	r->answer = (struct rest_answer){ .http_status = 200, .retry_after_us = -1 };
	if (strcmp(call->method, "POST") == 0 && strstr(call->url, "/query")) {
		snprintf(word, sizeof(word), "query%u", ++play.queries);
		strcpy(r->body, "{}");
		r->is_query = true;
	} else if (strcmp(call->method, "POST") == 0 && !*of) {
		snprintf(word, sizeof(word), "create%u", ++play.channels);
		snprintf(r->body, sizeof(r->body), "{\"id\":\"%u\",\"connectUri\":\"wss://h/%u\"}",
			play.channels, play.channels);
	} else {
		snprintf(word, sizeof(word), "%s%.*s", call->method, (int)strcspn(of, "/"), of);
		strcpy(r->body, "{\"entities\":[]}");
	}
	say("%s ", word);
	if (play.fail && strcmp(play.fail, word) == 0) {
		r->answer = play.failure;
		play.fail = NULL;
	}
	r->answer.body = r->body;
	r->answer.len = strlen(r->body);
	return r;
}

void rest_free(struct rest *r)
{
	free(r);
}

static bool is_held(const struct rest *r)
{
	return play.hold || (r->is_query && play.hold_queries);
}

bool rest_step(struct rest *r, int64_t now_us)
{
	(void)now_us;
	r->done = r->done || !is_held(r);
	return r->done;
}

int64_t rest_deadline_us(const struct rest *r)
{
	return is_held(r) ? INT64_MAX : INT64_MIN;
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	assert_true(r->done);
	return &r->answer;
}

static void fail_once(const char *word, enum http_failure kind, int64_t retry_after_us)
{
	play.fail = word;
	play.failure = (struct rest_answer){ .kind = kind, .http_status = 500,
		.retry_after_us = retry_after_us, .text = "no" };
}

/* --- sockets -------------------------------------------------------------------------- */

static void arrive(unsigned number, struct ws_event event)
{
	struct ws *ws = play.socket[number];

	assert_non_null(ws);
	assert_true(ws->n < ARRAY_LEN(ws->event));
	if (!event.reason)
		event.reason = "";
	ws->event[ws->n++] = event;
}

struct ws *ws_open(struct http *http, const char *url, const char *payload, int64_t handshake_ms)
{
	struct ws *ws = calloc(1, sizeof(*ws));

	(void)http, (void)payload, (void)handshake_ms;
	assert_non_null(ws);
	assert_true(play.sockets < SOCKETS);
	ws->number = play.sockets++;
	play.socket[ws->number] = ws;
	say("open%u:%s ", ws->number, url + strlen("wss://h/"));
	arrive(ws->number, play.refuse_sockets
		? (struct ws_event){ .kind = WS_ENDED, .end = WS_END_NETWORK }
		: (struct ws_event){ .kind = WS_OPENED });
	return ws;
}

void ws_free(struct ws *ws)
{
	if (ws)
		play.socket[ws->number] = NULL;
	free(ws);
}

bool ws_next(struct ws *ws, struct ws_event *event)
{
	if (ws->first == ws->n)
		return false;
	*event = ws->event[ws->first++];
	return true;
}

bool ws_send(struct ws *ws, const char *text)
{
	(void)text;
	say("ping%u ", ws->number);
	return true;
}

void ws_close(struct ws *ws, int64_t now_us)
{
	(void)now_us;
	if (!play.closed[ws->number])
		say("close%u ", ws->number);
	play.closed[ws->number] = true;
	arrive(ws->number, (struct ws_event){ .kind = WS_ENDED, .end = WS_END_OURS,
		.close_code = WS_CLOSE_NORMAL });
}

/* --- the token ------------------------------------------------------------------------ */

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us)
{
	(void)end_us;
	snprintf(t->value, sizeof(t->value), "t%u", ++t->made);
	t->result.generation = t->made;
	t->result.expires_ms = play.life_us ? (now_us + play.life_us) / 1000 : 0;
	say("%s ", t->value);
	return TOKEN_READY;
}

enum token_state token_step(struct token *t, int64_t now_us)
{
	(void)t, (void)now_us;
	return TOKEN_READY;
}

const char *token_value(const struct token *t)
{
	return t->value[0] ? t->value : NULL;
}

const struct token_result *token_result(const struct token *t)
{
	return &t->result;
}

void token_drop(struct token *t)
{
	t->value[0] = '\0';
}

/* --- the run's part ------------------------------------------------------------------- */

static void take(const struct session_event *e)
{
	static const char *const words[] = {
		[SESSION_CONNECTED] = "connected", [SESSION_LOST] = "lost",
		[SESSION_RETRY] = "retry",
		[SESSION_MESSAGE] = "message", [SESSION_CLOSED] = "closed", [SESSION_OVER] = "over",
		[SESSION_SILENT] = "silent", [SESSION_WARNING] = "warning"
	};

	play.told_us = e->at_us;
	if (e->kind == SESSION_OVER)
		play.over = e->status;
	if (e->kind == SESSION_OVER || e->kind == SESSION_RETRY || e->kind == SESSION_WARNING)
		snprintf(play.reason, sizeof(play.reason), "%.*s", (int)e->len, e->text);
	if (e->kind == SESSION_ANSWER)
		say("answer ");
	else if (e->kind < ARRAY_LEN(words) && words[e->kind])
		say("%s%zu ", words[e->kind], e->socket);
}

static void take_all(void)
{
	struct session_event e;

	while (channel_next(play.ch, play.now_us, &e))
		take(&e);
}

static void turn(void)
{

	if (channel_silent_us(play.ch) < play.now_us)
		channel_watch(play.ch, play.now_us, play.printed_us);
	take_all();
	channel_watch(play.ch, play.now_us, play.printed_us);
	channel_step(play.ch, play.now_us);
	take_all();
}

/* All that is due by then, each at its time. */
static void until(int64_t at_us)
{
	unsigned idle = 0;

	for (;;) {
		int64_t due_us;

		turn();
		due_us = channel_deadline_us(play.ch);
		if (due_us > play.now_us) {
			if (play.now_us == at_us)
				break;
			play.now_us = due_us < at_us ? due_us : at_us;
			idle = 0;
		} else if (++idle > 100) {
			fail_msg("a busy loop at %lld us", (long long)play.now_us);
		}
	}
}

static void wait(int64_t us)
{
	until(play.now_us + us);
}

/* Nothing is said before that time has passed; then the words are. */
static void expect_said_after(int64_t us, const char *words, int line)
{
	wait(us - 1);
	expect_said("", line);
	wait(1);
	expect_said(words, line);
}

#define assert_said_after(us, words) expect_said_after(us, words, __LINE__)

static void say_on(unsigned number, const char *text)
{
	arrive(number, (struct ws_event){ .kind = WS_TEXT, .text = text, .len = strlen(text) });
}

static void lose(unsigned number, int code)
{
	arrive(number, (struct ws_event){ .kind = WS_ENDED, .end = WS_END_CLOSED,
		.close_code = code });
	turn();
}

/* The socket with that number stands in that place. */
static void evict_from(size_t place, unsigned number)
{
	channel_control(play.ch, place, NOTIFICATION_UNSUBSCRIBED, play.now_us);
	lose(number, 1001);
}

static void open_channel(size_t nqueue)
{
	play.ch = channel_new(&conf, queue, nqueue, NULL, &play.token, play.now_us);
	assert_non_null(play.ch);
	wait(0);
}

/* Up, its first answer in. */
static void start(void)
{
	open_channel(2);
	assert_said("t1 create1 PUT1 open0:1 connected0 query1 answer ");
	assert_true(channel_is_up(play.ch));
}

static int setup(void **state __attribute__((unused)))
{
	memset(&play, 0, sizeof(play));
	play.now_us = 1000 * H;
	conf = (struct channel_conf){
		.api_url = "https://h", .pattern = patterns, .npattern = 1, .snapshot = true,
		.connect_timeout_us = 15 * S, .retry_for_us = 60 * S,
		.idle_timeout_us = 10000 * H, .pong_timeout_us = 10 * S, .margin_us = 60 * S,
		.began_us = play.now_us
	};
	for (size_t i = 0; i < QUEUES; i++) {
		snprintf(id[i], sizeof(id[i]), "%08zx-0000-4000-8000-000000000001", i);
		queue[i] = id[i];
	}
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	channel_free(play.ch);
	return 0;
}

/* --- topics --------------------------------------------------------------------------- */

TEST(topics__are_put_again_every_20_hours)
{
	start();
	assert_said_after(20 * H, "PUT1 ");
	assert_said_after(20 * H, "PUT1 ");
	assert_true(channel_is_up(play.ch));
}

TEST(topics__are_renewed_again_while_the_connection_stays)
{
	start();
	fail_once("PUT1", HTTP_SERVER, -1);
	wait(20 * H);
	assert_said("PUT1 warning0 ");
	assert_said_after(5 * S, "PUT1 ");
	fail_once("PUT1", HTTP_LIMITED, 30 * S);
	wait(20 * H);
	assert_said("PUT1 warning0 ");
	assert_said_after(30 * S, "PUT1 ");
	assert_int_equal(channel_status(play.ch), ST_OK);
}

TEST(topics__of_a_removed_channel_lead_to_a_new_channel)
{
	start();
	fail_once("PUT1", HTTP_NOT_FOUND, -1);
	wait(20 * H);
	assert_said("PUT1 warning0 ");
	wait(5 * S);
	assert_said("t2 create2 PUT2 open1:2 connected1 ");
	wait(S);
	turn();
	assert_said("close0 lost0 DELETE1 ");
}

TEST(topics__are_renewed_after_the_reconnect)
{
	start();
	wait(20 * H - 1);
	play.hold = true;
	wait(1);
	assert_said("PUT1 ");
	lose(0, 1006);
	assert_said("lost0 retry0 ");
	play.hold = false;
	wait(S);
	assert_said("open1:1 connected0 query2 PUT1 answer ");
}

/* --- a second socket ------------------------------------------------------------------ */

static void closing(size_t socket)
{
	channel_control(play.ch, socket, NOTIFICATION_CLOSING, play.now_us);
	wait(0);
}

/* A service that announces the end of each new connection is obeyed after 1 s, 2 s, 4 s …, and at
 * once again a minute later. */
TEST(hand_over__that_repeats_backs_off)
{
	static const int64_t waits[] = { 0, 1, 2, 4, 8, 16, 30, 30 };
	char said[64];

	start();
	for (unsigned i = 0; i < ARRAY_LEN(waits); i++) {
		size_t slot = (i + 1) % 2;

		closing(i % 2);
		if (waits[i]) {
			wait(waits[i] * S - 1);
			if (strstr(play.log, "open"))
				fail_msg("%u: %s", i, play.log);
			play.log[0] = '\0';
			wait(1);
		}
		snprintf(said, sizeof(said), "open%u:1 ", i + 1);
		assert_non_null(strstr(play.log, said));
		snprintf(said, sizeof(said), "connected%zu ", slot);
		assert_non_null(strstr(play.log, said));
		play.log[0] = '\0';
	}
	wait(61 * S);
	play.log[0] = '\0';
	closing(0);
	assert_non_null(strstr(play.log, "open9:1 connected1 "));
	play.log[0] = '\0';
}

/* If the new connection is lost, the old one stays, and another one replaces the lost one. */
TEST(hand_over__whose_connection_is_lost_keeps_the_old_one)
{
	start();
	closing(0);
	assert_said("open1:1 connected1 ");
	lose(1, 1006);
	assert_true(channel_is_up(play.ch));
	assert_int_equal(channel_status(play.ch), ST_OK);
	wait(S);
	assert_said("lost1 retry0 open2:1 connected1 query2 answer ");
	say_on(0, "x");
	turn();
	assert_said("message0 ");
}

TEST(hand_over__keeps_the_old_connection_for_60_seconds)
{
	start();
	closing(0);
	assert_said("open1:1 connected1 ");
	wait(30 * S);
	say_on(0, "x");
	say_on(1, "y");
	wait(30 * S - 1);
	assert_said("message0 message1 ");
	assert_said_after(1, "close0 lost0 ");
	assert_true(channel_is_up(play.ch));
	wait(H);
	assert_said("");
}

TEST(hand_over__ends_if_the_service_closes_the_old_connection)
{
	start();
	closing(0);
	wait(20 * S);
	lose(0, 1001);
	assert_said("open1:1 connected1 lost0 ");
	assert_int_equal(play.told_us, play.now_us);
	wait(H);
	assert_said("");
	assert_int_equal(channel_status(play.ch), ST_OK);
}

/* There are at most two connections: a third one replaces the oldest. */
TEST(hand_over__during_another_drops_the_oldest_connection)
{
	start();
	closing(0);
	wait(10 * S);
	closing(1);
	assert_said("open1:1 connected1 open2:1 lost0 connected0 ");
	assert_null(play.socket[0]);
	wait(60 * S);
	assert_said("close1 lost1 ");
	assert_true(channel_is_up(play.ch));
}

TEST(hand_over__that_fails_is_tried_again_while_the_old_connection_lasts)
{
	start();
	play.refuse_sockets = true;
	closing(0);
	assert_said("open1:1 warning0 ");
	play.refuse_sockets = false;
	wait(5 * S);
	assert_said("open2:1 connected1 ");
	wait(60 * S);
	assert_said("close0 lost0 ");
}

/* --- eviction ------------------------------------------------------------------------- */

TEST(eviction__leads_to_a_new_channel_at_most_once_a_minute)
{
	int64_t made_us;

	start();
	evict_from(0, 0);
	wait(S);
	assert_said("lost0 retry0 DELETE1 t2 create2 PUT2 open1:2 connected0 query2 answer ");
	made_us = play.told_us;
	wait(9 * S);
	evict_from(0, 1);
	until(made_us + 60 * S - 1);
	assert_said("lost0 retry0 ");
	wait(1);
	assert_said("DELETE2 t3 create3 PUT3 open2:3 connected0 query3 answer ");
	wait(60 * S);
	evict_from(0, 2);
	wait(S);
	assert_said("lost0 retry0 DELETE3 t4 create4 PUT4 open3:4 connected0 query4 answer ");
}

TEST(eviction__that_needs_more_than_retry_for_ends_the_run)
{
	conf.retry_for_us = 20 * S;
	open_channel(2);
	evict_from(0, 0);
	wait(10 * S);
	evict_from(0, 1);
	assert_int_equal(play.over, ST_NET);
	assert_non_null(strstr(play.reason, "evicted"));
	assert_non_null(strstr(play.reason, "the next attempt is in 50"));
	assert_non_null(strstr(play.reason, "--retry-for 20s"));
}

/* --- the next token ------------------------------------------------------------------- */

TEST(token__is_replaced_with_its_channel_before_it_expires)
{
	play.life_us = H;
	start();
	assert_said_after(H - 60 * S, "t2 create2 PUT2 open1:2 connected1 ");
	wait(S - 1);
	assert_said("");
	wait(1);
	turn();
	assert_said("close0 lost0 DELETE1 ");
	assert_said_after(H - 61 * S, "t3 create3 PUT3 open2:3 connected0 ");
}

TEST(token__that_lives_shorter_than_the_margin_is_replaced_at_half_its_life)
{
	play.life_us = 50 * S;
	start();
	assert_said_after(25 * S, "t2 create2 PUT2 open1:2 connected1 ");
}

/* --- the snapshot --------------------------------------------------------------------- */

TEST(snapshot__continues_with_the_query_that_failed)
{
	fail_once("query2", HTTP_LIMITED, 7 * S);
	open_channel(500);
	assert_said("t1 create1 PUT1 open0:1 connected0 query1 query2 retry0 ");
	assert_said_after(7 * S, "query3 query4 answer answer answer ");
}

TEST(snapshot__starts_again_after_a_loss)
{
	fail_once("query2", HTTP_LIMITED, 7 * S);
	open_channel(500);
	lose(0, 1006);
	wait(S);
	assert_said("t1 create1 PUT1 open0:1 connected0 query1 query2 retry0 lost0 retry0 "
		"open1:1 connected0 query3 query4 query5 answer answer answer ");
}

/* A service that drops each connection must not keep a run from ending. */
static void lose_until_over(int64_t began_us)
{
	play.hold_queries = true;
	conf.began_us = began_us;
	open_channel(2);
	while (!play.over && play.now_us < began_us + 120 * S) {
		if (channel_is_up(play.ch))
			lose(play.sockets - 1, 1006);
		wait(S);
		play.log[0] = '\0';
	}
	assert_int_equal(play.over, ST_NET);
	assert_in_range(play.now_us - began_us, 60 * S, 61 * S);
}

TEST(retry_for__goes_on_until_the_first_snapshot)
{
	lose_until_over(play.now_us);
}

/* --retry-for includes the look-up of names. */
TEST(retry_for__includes_the_look_up_of_names)
{
	lose_until_over(play.now_us - 40 * S);
}

/* Each request is answered within its own time limit. */
TEST(retry_for_0__gives_the_start_twice_the_time_of_a_request)
{
	int64_t began_us = play.now_us;

	conf.retry_for_us = 0;
	play.hold = true;
	open_channel(2);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(play.bound_us, 15 * S);
		wait(12 * S);
		play.hold = false;
		turn();
		play.hold = true;
		wait(0);
	}
	assert_said("t1 create1 PUT1 open0:1 connected0 query1 ");
	assert_int_equal(play.bound_us, began_us + 30 * S - play.now_us);
	lose(0, 1006);
	assert_int_equal(play.over, ST_NET);
}

TEST(retry_for_0__does_not_limit_the_time_after_the_start)
{
	conf.retry_for_us = 0;
	start();
	wait(20 * H);
	assert_said("PUT1 ");
	assert_true(channel_is_up(play.ch));
}

/* --- silence -------------------------------------------------------------------------- */

static void start_silent(void)
{
	conf.idle_timeout_us = 40 * S;
	start();
}

TEST(silence__is_a_loss_only_without_a_pong)
{
	start_silent();
	wait(40 * S);
	assert_said("ping0 silent0 ");
	assert_true(channel_is_up(play.ch));
	assert_int_equal(channel_status(play.ch), ST_OK);
	say_on(0, "{}");
	turn();
	assert_said("message0 ");
	wait(50 * S - 1);
	assert_said("ping0 silent0 ");
	assert_said_after(1, "lost0 retry0 ");
	assert_false(channel_is_up(play.ch));
}

/* Asserts the time of the loss, which channel_watch() reports. */
static void lost_at(int64_t at_us, int64_t now_us)
{
	struct session_event e;

	play.now_us = now_us;
	channel_watch(play.ch, now_us, play.printed_us);
	assert_true(channel_next(play.ch, now_us, &e));
	assert_int_equal(e.kind, SESSION_LOST);
	assert_int_equal(e.at_us, at_us);
}

TEST(silence__is_counted_from_the_last_message)
{
	int64_t life_us;

	start_silent();
	wait(5 * S);
	say_on(0, "{}");
	turn();
	life_us = play.now_us;
	wait(40 * S);
	lost_at(life_us, life_us + 50 * S);
}

TEST(silence__does_not_change_printed_windows)
{
	int64_t began_us = play.now_us;

	start_silent();
	wait(40 * S);
	play.printed_us = began_us + 30 * S;
	lost_at(play.printed_us, began_us + 50 * S);
}

TEST(silence__of_a_stalled_run_does_not_count)
{
	int64_t began_us = play.now_us;

	start_silent();
	wait(39 * S);
	channel_stalled(play.ch, play.now_us, play.now_us + 600 * S);
	play.now_us += 600 * S;
	turn();
	assert_said("");
	wait(S);
	assert_said("ping0 silent0 ");
	lost_at(began_us + 639 * S, began_us + 650 * S);
}

TEST(pong__with_an_error_result_does_not_count)
{
	start_silent();
	wait(40 * S);
	say_on(0, "{\"result\":\"400\",\"message\":\"what?\"}");
	turn();
	assert_said("ping0 silent0 message0 ");
	wait(10 * S);
	assert_said("lost0 retry0 ");
}

/* --- the end -------------------------------------------------------------------------- */

TEST(close__deletes_the_subscriptions_of_every_channel)
{
	play.life_us = H;
	start();
	wait(H - 60 * S);
	assert_said("t2 create2 PUT2 open1:2 connected1 ");
	play.hold = true;
	channel_close(play.ch, play.now_us);
	assert_said("close0 close1 DELETE1 DELETE2 ");
	turn();
	assert_false(channel_is_closed(play.ch));
	play.hold = false;
	turn();
	turn();
	assert_true(channel_is_closed(play.ch));
	assert_said("closed0 ");
}

TEST(close__drops_a_request_without_an_answer)
{
	play.hold = true;
	open_channel(2);
	assert_said("t1 create1 ");
	channel_close(play.ch, play.now_us);
	assert_true(channel_is_closed(play.ch));
	assert_said("");
}

int main(void)
{
	each_test(setup, teardown);
	return run_all_tests(NULL, NULL);
}
