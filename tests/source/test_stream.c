/* One stream's policy on a held clock; token and connection are played by the test. */
#include <stdlib.h>
#include <string.h>

#include "source/stream.h"
#include "tests/support/check.h"
#include "ws.h"

#define S INT64_C(1000000)

/* --- the players -------------------------------------------------------------------- */

static struct {
	enum token_state token;
	struct token_result result;
	const char *value;
	unsigned wanted, dropped, opened, freed;
	struct ws_event event[8];
	size_t first, waiting;
	char url[1024];
} play;

struct ws {
	int unused;
};
static struct ws the_ws;

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us)
{
	(void)t, (void)now_us, (void)end_us;
	play.wanted++;
	return play.token;
}

enum token_state token_step(struct token *t, int64_t now_us)
{
	(void)t, (void)now_us;
	return play.token;
}

int64_t token_deadline_us(const struct token *t)
{
	(void)t;
	return INT64_MAX;
}

const char *token_value(const struct token *t)
{
	(void)t;
	return play.value;
}

const struct token_result *token_result(const struct token *t)
{
	(void)t;
	return &play.result;
}

void token_drop(struct token *t)
{
	(void)t;
	play.dropped++;
	play.result.generation++;
}

struct ws *ws_open(struct http *http, const char *url, const char *payload, int64_t handshake_ms)
{
	(void)http, (void)payload, (void)handshake_ms;
	play.opened++;
	strncpy(play.url, url, sizeof(play.url) - 1);
	return &the_ws;
}

void ws_free(struct ws *ws)
{
	play.freed += ws != NULL;
}

bool ws_next(struct ws *ws, struct ws_event *event)
{
	(void)ws;
	if (!play.waiting)
		return false;
	*event = play.event[play.first];
	play.first = (play.first + 1) % 8;
	play.waiting--;
	return true;
}

bool ws_was_cut(const struct ws *ws)
{
	(void)ws;
	return false;
}

void ws_step(struct ws *ws, int64_t now_us)
{
	(void)ws, (void)now_us;
}

const char *ws_waits_for(const struct ws *ws)
{
	(void)ws;
	return NULL;
}

int64_t ws_deadline_us(const struct ws *ws)
{
	(void)ws;
	return INT64_MAX;
}

void ws_close(struct ws *ws, int64_t now_us)
{
	(void)ws, (void)now_us;
}

static void brings(struct ws_event event)
{
	play.event[(play.first + play.waiting++) % 8] = event;
}

static struct ws_event ended(enum ws_end end, int http_status, int code)
{
	return (struct ws_event){ .kind = WS_ENDED, .end = end, .http_status = http_status,
		.close_code = code, .reason = "because", .retry_after_us = -1 };
}

/* --- the run loop's part ------------------------------------------------------------ */

static const struct stream_conf conf = {
	.base_url = "https://h:1", .payload = "{\"a\":[1]}", .connect_timeout_us = 15 * S,
	.retry_for_us = 60 * S, .idle_timeout_us = 20 * S
};

static struct stream *begin(int64_t now)
{
	memset(&play, 0, sizeof(play));
	play.token = TOKEN_READY;
	play.value = "tok/en";
	play.result.generation = 1;
	return stream_new(&conf, NULL, NULL, now);
}

/* One turn; the last event of the kind, if it came. */
static bool turn(struct stream *s, int64_t now, enum session_event_kind kind,
	struct session_event *found)
{
	struct session_event e;
	bool came = false;

	if (stream_silent_us(s) < now)
		stream_watch(s, now, INT64_MIN);
	for (int half = 0; half < 2; half++) {
		while (stream_next(s, now, &e))
			if (e.kind == kind) {
				came = true;
				*found = e;
			}
		if (half == 0) {
			stream_watch(s, now, INT64_MIN);
			stream_step(s, now);
		}
	}
	return came;
}

static void connect_at(struct stream *s, int64_t now)
{
	struct session_event e;

	turn(s, now, SESSION_CONNECTED, &e);
	brings((struct ws_event){ .kind = WS_OPENED });
	assert_true(turn(s, now, SESSION_CONNECTED, &e));
	assert_true(stream_is_up(s));
}

TEST(first_connection__counts_from_whole_ms)
{
	struct stream *s = begin(0);
	struct session_event e;

	assert_false(turn(s, 0, SESSION_CONNECTED, &e));
	assert_string_equal(play.url, "wss://h:1/api/v2/routing/statistics/queues/stream"
		"?access_token=tok%2Fen&payload=%7B%22a%22%3A%5B1%5D%7D");
	brings((struct ws_event){ .kind = WS_OPENED });
	assert_true(turn(s, 1234567, SESSION_CONNECTED, &e));
	assert_int_equal(e.at_us, 1234000);
	brings(ended(WS_END_CLOSED, 0, 1000));
	assert_true(turn(s, 2 * S, SESSION_LOST, &e));
	turn(s, 3 * S, SESSION_CONNECTED, &e);
	brings((struct ws_event){ .kind = WS_OPENED });
	assert_true(turn(s, 3 * S + 77, SESSION_CONNECTED, &e));
	assert_int_equal(e.at_us, 3 * S + 77);
	stream_free(s);
}

TEST(watchdog__counts_from_the_last_message)
{
	struct stream *s = begin(0);
	struct session_event e;

	connect_at(s, 0);
	brings((struct ws_event){ .kind = WS_TEXT, .text = "x", .len = 1 });
	assert_true(turn(s, 5 * S, SESSION_MESSAGE, &e));
	assert_false(turn(s, 25 * S - 1, SESSION_LOST, &e));
	assert_int_equal(stream_deadline_us(s), 25 * S);
	assert_true(turn(s, 25 * S, SESSION_LOST, &e));
	assert_int_equal(e.at_us, 5 * S);
	assert_int_equal(stream_status(s), ST_NET);
	stream_free(s);
}

TEST(watchdog__reaches_back_behind_no_printed_window)
{
	struct stream *s = begin(0);
	struct session_event e;

	connect_at(s, 0);
	stream_watch(s, 30 * S, 10 * S);
	assert_true(stream_next(s, 30 * S, &e));
	assert_int_equal(e.kind, SESSION_LOST);
	assert_int_equal(e.at_us, 10 * S);
	stream_free(s);
}

TEST(message__at_the_same_moment_comes_before_the_watchdog)
{
	struct stream *s = begin(0);
	struct session_event e;

	connect_at(s, 0);
	brings((struct ws_event){ .kind = WS_TEXT, .text = "x", .len = 1 });
	assert_false(turn(s, 20 * S, SESSION_LOST, &e));
	brings((struct ws_event){ .kind = WS_TEXT, .text = "x", .len = 1 });
	assert_true(turn(s, 40 * S + 1, SESSION_LOST, &e));
	assert_int_equal(e.at_us, 20 * S);
	stream_free(s);
}

TEST(stall__is_no_silence)
{
	struct stream *s = begin(0);
	struct session_event e;

	connect_at(s, 0);
	stream_stalled(s, 5 * S, 65 * S);
	assert_false(turn(s, 65 * S, SESSION_LOST, &e));
	assert_int_equal(stream_silent_us(s), 80 * S);
	assert_true(turn(s, 80 * S, SESSION_LOST, &e));
	assert_int_equal(e.at_us, 65 * S);
	stream_free(s);
}

TEST(retry_for__counts_anew_from_each_loss)
{
	struct stream *s = begin(0);
	struct session_event e;

	connect_at(s, 0);
	brings(ended(WS_END_CLOSED, 0, 1000));
	turn(s, 10 * S, SESSION_LOST, &e);
	play.token = TOKEN_LOCKING;
	for (int64_t now = 41 * S; now < 70 * S; now += S)
		assert_false(turn(s, now, SESSION_OVER, &e));
	assert_true(turn(s, 70 * S, SESSION_OVER, &e));
	assert_int_equal(e.status, ST_NET);
	stream_free(s);
}

TEST(last_failure__decides_between_4_and_5)
{
	struct stream *s = begin(0);
	struct session_event e;

	turn(s, 0, SESSION_RETRY, &e);
	brings(ended(WS_END_NETWORK, 0, 0));
	assert_true(turn(s, S, SESSION_RETRY, &e));
	turn(s, 32 * S, SESSION_RETRY, &e);
	brings(ended(WS_END_REFUSED, 429, 0));
	assert_true(turn(s, 33 * S, SESSION_RETRY, &e));
	assert_int_equal(stream_status(s), ST_RATE);
	play.token = TOKEN_LOCKING;
	turn(s, 59 * S, SESSION_OVER, &e);
	assert_true(turn(s, 60 * S, SESSION_OVER, &e));
	assert_int_equal(e.status, ST_RATE);
	stream_free(s);
}

TEST(unauthorised__renews_the_token_once)
{
	struct stream *s = begin(0);
	struct session_event e;

	turn(s, 0, SESSION_RETRY, &e);
	brings(ended(WS_END_REFUSED, 401, 0));
	assert_false(turn(s, 1, SESSION_OVER, &e));
	assert_int_equal(play.dropped, 1);
	turn(s, 2, SESSION_OVER, &e);
	assert_int_equal(play.opened, 2);
	brings(ended(WS_END_REFUSED, 401, 0));
	assert_true(turn(s, 3, SESSION_OVER, &e));
	assert_int_equal(e.status, ST_AUTH);
	stream_free(s);
}

TEST(handshake__is_bounded)
{
	struct stream *s = begin(0);
	struct session_event e;

	turn(s, 0, SESSION_RETRY, &e);
	assert_false(turn(s, 15 * S - 1, SESSION_RETRY, &e));
	assert_true(turn(s, 15 * S, SESSION_RETRY, &e));
	assert_int_equal(play.freed, 1);
	stream_free(s);
}

TEST(close__before_it_is_up_is_at_once)
{
	struct stream *s = begin(0);
	struct session_event e;

	turn(s, 0, SESSION_RETRY, &e);
	stream_close(s, 1);
	assert_true(stream_is_closed(s));
	stream_free(s);
}

TEST(payload__names_queues_interval_and_metrics)
{
	static const char *const queue[] = { "a", "b" }, *const metric[] = { "state" };
	char *payload = stream_payload(queue, 2, "PT1M", metric, 1);

	assert_string_equal(payload,
		"{\"queueIds\":[\"a\",\"b\"],\"interval\":\"PT1M\",\"metrics\":[\"state\"]}");
	free(payload);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
