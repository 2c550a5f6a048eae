/* One stream's policy on a held clock; token and connection are played by the test. */
#include "source/stream.h"
#include "tests/support/check.h"
#include "tests/support/fake_source.h"
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

void ws_close(struct ws *ws, int64_t now_us)
{
	(void)ws, (void)now_us;
}

static const struct ws_event opened = { .kind = WS_OPENED };
static const struct ws_event message = { .kind = WS_TEXT, .text = "x", .len = 1 };

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

static struct stream *stream;
static struct session_event found;	/* the last one of the kind that a turn looked for */

static int set_up(void **state __attribute__((unused)))
{
	memset(&play, 0, sizeof(play));
	play.token = TOKEN_READY;
	play.value = "tok/en";
	play.result.generation = 1;
	stream = stream_new(&conf, NULL, NULL, 0);
	return stream ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	stream_free(stream);
	return 0;
}

/* One turn. True: an event of the kind came. */
static bool turn(int64_t now, enum session_event_kind kind)
{
	struct session_event e;
	bool came = false;

	if (stream_silent_us(stream) < now)
		stream_watch(stream, now, INT64_MIN);
	for (int half = 0; half < 2; half++) {
		while (stream_next(stream, now, &e))
			if (e.kind == kind) {
				came = true;
				found = e;
			}
		if (half == 0) {
			stream_watch(stream, now, INT64_MIN);
			stream_step(stream, now);
		}
	}
	return came;
}

static void assert_event(int64_t now, enum session_event_kind kind, int64_t at_us)
{
	assert_true(turn(now, kind));
	assert_int_equal(found.at_us, at_us);
}

static void assert_over(int64_t now, enum status st)
{
	assert_true(turn(now, SESSION_OVER));
	assert_int_equal(found.status, st);
}

static void connect_at(int64_t now)
{
	turn(now, SESSION_CONNECTED);
	brings(opened);
	assert_true(turn(now, SESSION_CONNECTED));
	assert_true(stream_is_up(stream));
}

TEST(first_connection__counts_from_a_whole_ms)
{
	assert_false(turn(0, SESSION_CONNECTED));
	assert_string_equal(play.url, "wss://h:1/api/v2/routing/statistics/queues/stream"
		"?access_token=tok%2Fen&payload=%7B%22a%22%3A%5B1%5D%7D");
	brings(opened);
	assert_event(1234567, SESSION_CONNECTED, 1234000);
	brings(ended(WS_END_CLOSED, 0, 1000));
	assert_true(turn(2 * S, SESSION_LOST));
	turn(3 * S, SESSION_CONNECTED);
	brings(opened);
	assert_event(3 * S + 77, SESSION_CONNECTED, 3 * S + 77);
}

TEST(idle_timeout__counts_from_the_last_message)
{
	connect_at(0);
	brings(message);
	assert_true(turn(5 * S, SESSION_MESSAGE));
	assert_false(turn(25 * S - 1, SESSION_LOST));
	assert_int_equal(stream_deadline_us(stream), 25 * S);
	assert_event(25 * S, SESSION_LOST, 5 * S);
	assert_int_equal(stream_status(stream), ST_NET);
}

TEST(idle_timeout__does_not_change_printed_windows)
{
	connect_at(0);
	stream_watch(stream, 30 * S, 10 * S);
	assert_true(stream_next(stream, 30 * S, &found));
	assert_int_equal(found.kind, SESSION_LOST);
	assert_int_equal(found.at_us, 10 * S);
}

TEST(message__at_the_same_moment_comes_before_the_idle_timeout)
{
	connect_at(0);
	brings(message);
	assert_false(turn(20 * S, SESSION_LOST));
	brings(message);
	assert_event(40 * S + 1, SESSION_LOST, 20 * S);
}

TEST(stall__does_not_count_as_silence)
{
	connect_at(0);
	stream_stalled(stream, 5 * S, 65 * S);
	assert_false(turn(65 * S, SESSION_LOST));
	assert_int_equal(stream_silent_us(stream), 80 * S);
	assert_event(80 * S, SESSION_LOST, 65 * S);
}

TEST(retry_for__starts_again_with_each_loss)
{
	connect_at(0);
	brings(ended(WS_END_CLOSED, 0, 1000));
	turn(10 * S, SESSION_LOST);
	play.token = TOKEN_LOCKING;
	for (int64_t now = 41 * S; now < 70 * S; now += S)
		assert_false(turn(now, SESSION_OVER));
	assert_over(70 * S, ST_NET);
}

TEST(last_failure__decides_between_4_and_5)
{
	turn(0, SESSION_RETRY);
	brings(ended(WS_END_NETWORK, 0, 0));
	assert_true(turn(S, SESSION_RETRY));
	turn(32 * S, SESSION_RETRY);
	brings(ended(WS_END_REFUSED, 429, 0));
	assert_true(turn(33 * S, SESSION_RETRY));
	assert_int_equal(stream_status(stream), ST_RATE);
	play.token = TOKEN_LOCKING;
	turn(59 * S, SESSION_OVER);
	assert_over(60 * S, ST_RATE);
}

TEST(status_401__renews_the_token_once)
{
	turn(0, SESSION_RETRY);
	brings(ended(WS_END_REFUSED, 401, 0));
	assert_false(turn(1, SESSION_OVER));
	assert_int_equal(play.dropped, 1);
	turn(2, SESSION_OVER);
	assert_int_equal(play.opened, 2);
	brings(ended(WS_END_REFUSED, 401, 0));
	assert_over(3, ST_AUTH);
}

TEST(handshake__has_a_time_limit)
{
	turn(0, SESSION_RETRY);
	assert_false(turn(15 * S - 1, SESSION_RETRY));
	assert_true(turn(15 * S, SESSION_RETRY));
	assert_int_equal(play.freed, 1);
}

TEST(close__before_the_connection_ends_at_once)
{
	turn(0, SESSION_RETRY);
	stream_close(stream, 1);
	assert_true(stream_is_closed(stream));
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
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
