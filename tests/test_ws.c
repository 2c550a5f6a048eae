/* Whole messages out of a peer's frames, and the close, with libcurl played by the test. */

#include "tests/support/check.h"
#include "tests/support/fake_ws.h"

#define S INT64_C(1000000)
#define MIB (1u << 20)
#define TEXT CURLWS_TEXT
#define BINARY CURLWS_BINARY
#define CLOSE CURLWS_CLOSE
#define MORE CURLWS_CONT

static struct ws *ws;

static int tear_down(void **state __attribute__((unused)))
{
	ws_free(ws);
	ws = NULL;
	return 0;
}

/* A connection whose upgrade was answered. The payload is not sent yet. */
static void open_with(const char *payload)
{
	ws_free(ws);
	ws = fake_open(payload);
	assert_non_null(ws);
}

static struct ws_event next(void)
{
	struct ws_event e;

	if (!ws_next(ws, &e))
		fail_msg("nothing came");
	return e;
}

static void assert_nothing(void)
{
	struct ws_event e;

	assert_false(ws_next(ws, &e));
}

static void assert_message(enum ws_event_kind kind, const char *text, size_t len)
{
	struct ws_event e = next();

	assert_int_equal(e.kind, kind);
	assert_int_equal(e.len, len);
	assert_memory_equal(e.text, text, len);
}

static void open_ws(void)
{
	open_with(NULL);
	assert_int_equal(next().kind, WS_OPENED);
}

/* The loop's turn, and what it says of the end. */
static struct ws_event ended(void)
{
	struct ws_event e;

	assert_nothing();
	ws_step(ws, 0);
	e = next();
	assert_int_equal(e.kind, WS_ENDED);
	assert_nothing();
	return e;
}

static void assert_sent_close(int code)
{
	assert_int_equal(fake.nsent, 1);
	assert_int_equal(fake.sent_flags, CLOSE);
	assert_int_equal(fake.sent_len, 2);
	assert_int_equal((unsigned char)fake.sent[0] << 8 | (unsigned char)fake.sent[1], code);
}

/* --- the handshake -------------------------------------------------------------------- */

#define GOOD "Upgrade: websocket\r\n", "Connection: Upgrade\r\n"

/* The lines of a head in their order, Sec-WebSocket-Accept where a `*` is; nothing may come of
 * it before its last one. */
static void answer_with(const char *const *lines, size_t n)
{
	ws_free(ws);
	ws = fake_connect(NULL);
	assert_non_null(ws);
	for (size_t i = 0; i < n; i++) {
		assert_nothing();
		if (lines[i][0] == '*')
			fake_line("sec-websocket-accept:\t%s  \r\n", ws->handshake.accept);
		else
			fake_line("%s", lines[i]);
	}
}

TEST(handshake__is_checked_when_its_header_is_complete)
{
	static const char *const heads[][9] = {
		{ "HTTP/1.1 101 X\r\n", GOOD, "*", "\r\n" },
		{ "HTTP/1.1 101\r\n", "*", "X-Y: z\r\n", "CONNECTION: keep-alive ,  uPGRADE\r\n",
		  "upgrade:WebSocket\r\n", "\r\n" },
		{ "HTTP/1.1 101 X\r\n", "Connection: x\r\n", "*", GOOD, "no colon\r\n", "\n" },
		{ "HTTP/1.1 103 Early Hints\r\n", "Upgrade: h2c\r\n", "*", "\r\n",
		  "HTTP/1.1 101 X\r\n", GOOD, "*", "\r\n" }
	};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		size_t n = 0;

		while (n < ARRAY_LEN(heads[i]) && heads[i][n])
			n++;
		answer_with(heads[i], n);
		assert_int_equal(next().kind, WS_OPENED);
		assert_nothing();
	}
}

TEST(handshake__that_is_wrong_is_a_protocol_error)
{
	static const struct {
		const char *lines[8], *why;
	} heads[] = {
		{ { "HTTP/1.1 101 X\r\n", GOOD, "\r\n" }, "Accept is missing" },
		{ { "HTTP/1.1 101 X\r\n", GOOD, "*", "*", "\r\n" }, "Accept is wrong" },
		{ { "HTTP/1.1 101 X\r\n", GOOD, "Sec-WebSocket-Accept: x\r\n", "\r\n" },
		  "Accept is wrong" },
		{ { "HTTP/1.1 101 X\r\n", GOOD, "*", "Upgrade: websocket\r\n", "\r\n" },
		  "Upgrade is not" },
		{ { "HTTP/1.1 101 X\r\n", "Upgrade: h2c\r\n", "Connection: Upgrade\r\n", "*",
		  "\r\n" }, "Upgrade is not" },
		{ { "HTTP/1.1 101 X\r\n", "Upgrade: websocket\r\n", "Connection: upgrades\r\n", "*",
		  "\r\n" }, "Connection" },
		{ { "HTTP/1.1 101 X\r\n", GOOD, "*", "Sec-WebSocket-Extensions: x\r\n", "\r\n" },
		  "extension" },
		{ { "HTTP/1.1 101 X\r\n", GOOD, "*", "Sec-WebSocket-Protocol: x\r\n", "\r\n" },
		  "subprotocol" },
		{ { "HTTP/1.1 103 X\r\n", GOOD, "*", "\r\n", "HTTP/1.1 101 X\r\n", "\r\n" },
		  "Accept is missing" }
	};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct ws_event e;
		size_t n = 0;

		while (n < ARRAY_LEN(heads[i].lines) && heads[i].lines[n])
			n++;
		answer_with(heads[i].lines, n);
		e = next();
		assert_int_equal(e.kind, WS_ENDED);
		assert_int_equal(e.end, WS_END_BREACH);
		assert_non_null(strstr(e.reason, heads[i].why));
		assert_nothing();
	}
}

/* --- messages ----------------------------------------------------------------------- */

TEST(fragments__are_joined_wherever_they_are_cut)
{
	static const char text[] = "{\"a\":\"\303\251\342\202\254\360\237\230\200\"}";
	const size_t len = sizeof(text) - 1;

	open_ws();
	for (size_t i = 0; i <= len; i++)
		for (size_t j = i; j <= len; j++) {
			fake_frame(TEXT | MORE, text, i, 1 + j % 4);
			fake_frame(CURLWS_PING, "ping", 4, 3);
			fake_frame(TEXT | MORE, text + i, j - i, 4096);
			fake_frame(CURLWS_PONG, "", 0, 1);
			assert_nothing();
			fake_frame(TEXT, text + j, len - j, 1 + i % 4);
			assert_message(WS_TEXT, text, len);
		}
	assert_nothing();
}

TEST(messages__keep_their_order_and_kind)
{
	open_ws();
	fake_frame(TEXT, "one", 3, 1);
	fake_frame(BINARY | MORE, "\xff", 1, 1);
	fake_frame(BINARY, "\0", 1, 1);
	fake_frame(TEXT, "", 0, 1);
	fake_frame(TEXT, "two", 3, 4096);
	assert_message(WS_TEXT, "one", 3);
	assert_message(WS_BINARY, "\xff", 2);
	assert_message(WS_TEXT, "", 0);
	assert_message(WS_TEXT, "two", 3);
	assert_nothing();
}

/* An empty fragment is one like any other, the first, the last and the only one too. */
TEST(empty_fragments__count)
{
	static const char text[] = "{}";

	for (int mask = 0; mask < 8; mask++)	/* which of three fragments have bytes */
		for (size_t most = 1; most < 5; most++) {
			size_t len = 0;

			open_ws();
			for (int i = 0; i < 3; i++) {
				size_t n = mask & 1 << i && len < 2 ? 1 : 0;

				assert_false(ws_was_cut(ws) && i == 0);
				fake_frame(i < 2 ? TEXT | MORE : TEXT, text + len, n, most);
				len += n;
				assert_int_equal(ws_was_cut(ws), i < 2);
			}
			assert_message(WS_TEXT, text, len);
			assert_nothing();
		}
}

TEST(message__that_is_cut_is_reported)
{
	static const char frame[] = "\x01\x01x\x80\x00";

	for (size_t len = 0; len < sizeof(frame); len++) {
		open_ws();
		fake_bytes(frame, len);
		assert_int_equal(ws_was_cut(ws), len > 0 && len < sizeof(frame) - 1);
		fake_over(CURLE_OK);
		if (len == sizeof(frame) - 1)
			assert_message(WS_TEXT, "x", 1);
		assert_int_equal(next().close_code, 1006);
		assert_int_equal(ws_was_cut(ws), len > 0 && len < sizeof(frame) - 1);
	}
}

TEST(control_frame__that_is_cut_is_not_counted)
{
	static const char *const bytes[] = { "\x88", "\x89\x02x", "\x8a\x7d" };

	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		open_ws();
		fake_bytes(bytes[i], strlen(bytes[i]));
		assert_false(ws_was_cut(ws));
	}
}

TEST(message__of_1_mib_is_the_longest)
{
	char *text = malloc(MIB + 1);

	assert_non_null(text);
	memset(text, 'x', MIB + 1);
	for (size_t len = MIB; len <= MIB + 1; len++)
		for (size_t first = 0; first <= len; first += len / 4) {
			open_ws();
			if (first)
				fake_frame(TEXT | MORE, text, first, 4096);
			fake_frame(TEXT, text + first, len - first, 4096);
			if (len == MIB) {
				assert_message(WS_TEXT, text, len);
			} else {
				assert_int_equal(ended().end, WS_END_TOO_BIG);
				assert_sent_close(1009);
			}
		}
	free(text);
}

TEST(too_big__is_found_by_the_header_and_ends_reading)
{
	open_ws();
	fake_frame(TEXT, "before", 6, 6);
	fake_bytes("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
	for (int i = 0; i < 100; i++)
		fake_bytes("xxxxxxxxxxxxxxxx", 16);
	fake_frame(TEXT, "after", 5, 5);
	fake_frame(CLOSE, "\x03\xe8", 2, 2);
	assert_int_equal(ws->partial.cap, 0);
	assert_int_equal(fake.nsent, 0);
	assert_message(WS_TEXT, "before", 6);
	assert_int_equal(ended().end, WS_END_TOO_BIG);
	assert_true(ws_was_cut(ws));
	assert_sent_close(1009);
	assert_int_equal(fake.stopped, 1);
}

TEST(bad_text__is_closed_with_1007)
{
	static const struct {
		const char *a, *b;
	} bad[] = {
		{ "\xff", "" }, { "", "\xff" }, { "\303", "(" }, { "a", "\303" },
		{ "\355\240", "\200" }, { "\300", "\200" }, { "\364\220", "\200\200" }
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		open_ws();
		fake_frame(TEXT | MORE, bad[i].a, strlen(bad[i].a), 1);
		assert_int_equal(ws->fault, FAULT_NONE);
		fake_frame(TEXT, bad[i].b, strlen(bad[i].b), 1);
		fake_frame(TEXT, "after", 5, 5);
		assert_int_equal(ended().end, WS_END_BAD_TEXT);
		assert_false(ws_was_cut(ws));
		assert_sent_close(1007);
	}
}

/* What the peer may not send; the reader's own test has every header. */
TEST(protocol_error__is_closed_with_1002)
{
	struct ws_event e;

	open_ws();
	fake_frame(TEXT | MORE, "cut", 3, 9);
	fake_bytes("\x81\x05" "after", 7);
	fake_frame(CLOSE, "\x03\xe8", 2, 2);
	e = ended();
	assert_int_equal(e.end, WS_END_BREACH);
	assert_non_null(strstr(e.reason, "a message within another one"));
	assert_true(ws_was_cut(ws));
	assert_sent_close(1002);
}

/* A server that sends and does not read our first message is not stored without end. */
TEST(flood__before_the_payload_is_sent_has_a_limit)
{
	static const char text[4096];
	size_t n = 0;

	open_with("subscribe");
	fake.room = 0;
	while (n <= 8192 && fake_frame(BINARY, text, sizeof(text), SIZE_MAX))
		n++;
	assert_in_range(n, 4000, 4096);
	assert_true(ws->events.cap <= 16 * MIB);
}

TEST(no_memory__leaves_no_half_message)
{
	open_ws();
	ws->events.limit = 2 * sizeof(struct stored) + 20;
	assert_true(fake_frame(TEXT, "first", 5, 5));
	assert_false(fake_frame(TEXT, "more than there is room for", 27, 27));
	fake_over(CURLE_WRITE_ERROR);
	assert_message(WS_TEXT, "first", 5);
	assert_string_equal(next().reason, "out of memory");
}

/* --- the close ---------------------------------------------------------------------- */

TEST(close__may_come_in_pieces)
{
	static const char close[] = "\x03\xf0too many";

	for (size_t most = 1; most < sizeof(close); most++) {
		struct ws_event e;

		open_ws();
		fake_frame(TEXT | MORE, "cut off", 7, 7);
		fake_frame(CLOSE, close, sizeof(close) - 1, most);
		fake_frame(TEXT, "after", 5, 5);
		fake_frame(CLOSE, "\x03\xe8", 2, 2);
		e = ended();
		assert_int_equal(e.end, WS_END_CLOSED);
		assert_int_equal(e.close_code, 1008);
		assert_string_equal(e.reason, "too many");
		assert_sent_close(1008);
	}
}

TEST(close__without_a_code_is_answered_without_a_code)
{
	struct ws_event e;

	open_ws();
	fake_frame(CLOSE, "", 0, 1);
	e = ended();
	assert_int_equal(e.end, WS_END_CLOSED);
	assert_int_equal(e.close_code, 1005);
	assert_int_equal(fake.nsent, 1);
	assert_int_equal(fake.sent_flags, CLOSE);
	assert_int_equal(fake.sent_len, 0);
}

TEST(close__with_a_forbidden_code_is_a_protocol_error)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x03", 1 }, { "\x03\xe7", 2 }, { "\x03\xec", 2 }, { "\x03\xed", 2 },
		{ "\x03\xee", 2 }, { "\x03\xf7", 2 }, { "\x0b\xb7", 2 }, { "\x13\x88", 2 },
		{ "\0\0", 2 }, { "\x03\xe8\xff", 3 }
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		open_ws();
		fake_frame(CLOSE, bad[i].bytes, bad[i].len, 1);
		assert_int_equal(ended().end, WS_END_BREACH);
		assert_sent_close(1002);
	}
}

TEST(end__without_a_close_is_1006)
{
	struct ws_event e;

	open_ws();
	fake_frame(TEXT, "whole", 5, 5);
	fake_frame(TEXT | MORE, "half", 4, 4);
	fake_bytes("\x88\x02\x03", 3);
	fake_over(CURLE_OK);
	assert_message(WS_TEXT, "whole", 5);
	e = next();
	assert_int_equal(e.end, WS_END_CLOSED);
	assert_int_equal(e.close_code, 1006);
	assert_int_equal(fake.nsent, 0);
}

TEST(answer__waits_a_limited_time_for_a_full_socket)
{
	open_ws();
	fake.room = 0;
	fake_frame(CLOSE, "\x03\xe8", 2, 2);
	ws_step(ws, 0);
	assert_nothing();
	assert_int_equal(ws_deadline_us(ws), S);
	ws_step(ws, S - 1);
	assert_nothing();
	ws_step(ws, S);
	assert_int_equal(next().end, WS_END_CLOSED);
}

TEST(our_close__waits_a_second_for_that_of_the_service)
{
	for (int answered = 0; answered < 2; answered++) {
		open_ws();
		ws_close(ws, 0);
		assert_sent_close(1000);
		fake_frame(TEXT, "late", 4, 4);
		ws_step(ws, S - 1);
		assert_nothing();
		if (answered)
			fake_frame(CLOSE, "\x03\xe8", 2, 1);
		ws_step(ws, answered ? S - 1 : S);
		assert_int_equal(next().end, WS_END_OURS);
		assert_int_equal(fake.nsent, 1);
	}
}

/* --- pongs -------------------------------------------------------------------------- */

TEST(ping__is_answered_with_its_payload)
{
	char payload[125];

	memset(payload, 'p', sizeof(payload));
	for (size_t len = 0; len <= sizeof(payload); len += 25)
		for (size_t most = 1; most <= 128; most *= 2) {
			open_ws();
			fake_frame(CURLWS_PING, payload, len, most);
			assert_nothing();
			assert_int_equal(fake.nsent, 0);
			ws_step(ws, 0);
			assert_int_equal(fake.nsent, 1);
			assert_int_equal(fake.sent_flags, CURLWS_PONG);
			assert_int_equal(fake.sent_len, len);
			assert_memory_equal(fake.sent, payload, len);
			ws_step(ws, 0);
			assert_int_equal(fake.nsent, 1);
		}
}

/* A pong that is being sent is not changed by the next ping; of those that wait the last counts. */
TEST(pings__while_the_socket_is_full_get_one_answer)
{
	open_ws();
	fake.room = 2;
	fake_frame(CURLWS_PING, "first", 5, 9);
	ws_step(ws, 0);
	for (int i = 0; i < 1000; i++) {
		fake_frame(CURLWS_PING, "other", 5, 9);
		ws_step(ws, i);
	}
	fake_frame(CURLWS_PING, "last", 4, 9);
	assert_int_equal(fake.sent_len, 2);
	assert_int_equal(ws_deadline_us(ws), INT64_MAX);
	fake.room = SIZE_MAX;
	ws_step(ws, S);
	assert_int_equal(fake.sent_len, 9);
	assert_memory_equal(fake.sent, "firstlast", 9);
	ws_step(ws, S);
	assert_int_equal(fake.sent_len, 9);
}

TEST(pong__waits_for_a_text_being_sent_and_for_no_close)
{
	open_ws();
	fake.room = 2;
	assert_true(ws_send(ws, "text"));
	ws_step(ws, 0);
	fake_frame(CURLWS_PING, "ping", 4, 9);
	assert_false(ws_send(ws, "next"));
	fake_frame(CURLWS_PING, "pong", 4, 9);
	fake.room = 6;
	ws_step(ws, 0);
	assert_memory_equal(fake.sent, "textpong", 8);
	assert_true(ws_send(ws, "next"));
	fake_frame(CURLWS_PING, "late", 4, 9);
	fake_frame(CLOSE, "\x03\xe8", 2, 2);
	fake.room = SIZE_MAX;
	ws_step(ws, 0);
	assert_int_equal(fake.sent_len, 10);
	assert_int_equal(fake.sent_flags, CLOSE);
	assert_int_equal(next().close_code, 1000);
}

/* --- the payload -------------------------------------------------------------------- */

TEST(payload__is_sent_in_pieces_before_it_counts_as_open)
{
	open_with("subscribe");
	fake.room = 4;
	fake_frame(TEXT, "early", 5, 5);
	for (int i = 0; i < 3; i++) {
		assert_nothing();
		ws_step(ws, i);
	}
	assert_nothing();
	fake.room = SIZE_MAX;
	ws_step(ws, 3);
	assert_int_equal(ws_deadline_us(ws), INT64_MIN);
	assert_int_equal(next().kind, WS_OPENED);
	assert_message(WS_TEXT, "early", 5);
	assert_int_equal(fake.sent_len, 9);
	assert_memory_equal(fake.sent, "subscribe", 9);
	assert_int_equal(fake.sent_flags, TEXT);
}

TEST(payload__that_cannot_be_sent_ends_the_connection)
{
	open_with("subscribe");
	fake.room = 0;
	assert_nothing();
	ws_step(ws, 0);
	ws_step(ws, 5 * S - 1);
	assert_nothing();
	ws_step(ws, 5 * S);
	assert_int_equal(next().end, WS_END_NETWORK);
}

TEST(time_limit__that_cannot_be_removed_ends_the_connection)
{
	open_with(NULL);
	fake.option = CURLE_UNKNOWN_OPTION;
	assert_int_equal(next().end, WS_END_NETWORK);
	assert_nothing();
	assert_int_equal(fake.stopped, 1);
}

int main(void)
{
	each_test(NULL, tear_down);
	return run_all_tests(NULL, NULL);
}
