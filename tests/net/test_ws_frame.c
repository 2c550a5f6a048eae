/* Which headers a WebSocket server may send, and what the reader makes of their payload. */
#include "net/ws_frame.h"
#include "tests/support/check.h"

/* Reads all bytes, at most so many at a time, and drops the pieces. */
static const char *breach_of(struct ws_frame_reader *r, const char *bytes, size_t len, size_t most)
{
	const char *breach = NULL, *end = bytes + len;
	struct ws_frame_piece piece;

	while (!breach && bytes < end) {
		const char *cut = (size_t)(end - bytes) < most ? end : bytes + most;

		while (ws_frame_next(r, &bytes, cut, &piece, &breach))
			assert_ptr_equal(piece.bytes + piece.len, bytes);
	}
	return breach;
}

/* The rules of RFC 6455 §5.2, §5.4 and §5.5 for a header's first two bytes. */
static bool is_allowed(unsigned first, unsigned second, bool in_message)
{
	unsigned opcode = first & 0x0F;
	bool control = opcode >= 8;

	if (first & 0x70 || second & 0x80 || (opcode > 2 && opcode < 8) || opcode > 10)
		return false;
	if (control)
		return (first & 0x80) && second <= 125;
	return in_message == (opcode == 0);
}

TEST(header__is_checked_in_every_case)
{
	for (unsigned in_message = 0; in_message < 2; in_message++)
		for (unsigned first = 0; first < 256; first++)
			for (unsigned second = 0; second < 256; second++) {
				const char header[] = { (char)first, (char)second };
				struct ws_frame_reader r = { .header_len = 0 };
				const char *breach;

				if (in_message)
					assert_null(breach_of(&r, "\x01", 2, 1));
				breach = breach_of(&r, header, 2, 1 + second % 2);
				assert_int_equal(breach == NULL,
					is_allowed(first, second, in_message));
			}
}

TEST(length__is_read_in_all_three_forms)
{
	static const struct {
		const char *header;
		size_t len;
		uint64_t payload;
	} of[] = {
		{ "\x82\x00", 2, 0 }, { "\x82\x7d", 2, 125 },
		{ "\x82\x7e\x00\x00", 4, 0 }, { "\x82\x7e\xff\xfe", 4, 65534 },
		{ "\x82\x7f\0\0\0\0\0\0\0\x05", 10, 5 },
		{ "\x82\x7f\0\0\0\0\xff\xff\xff\xff", 10, UINT32_MAX },
		{ "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, INT64_MAX }
	};

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		struct ws_frame_reader r = { .header_len = 0 };
		const char *at = of[i].header, *breach;
		struct ws_frame_piece piece;

		for (size_t n = 1; n < of[i].len; n++)
			assert_false(ws_frame_next(&r, &at, of[i].header + n, &piece, &breach));
		assert_true(ws_frame_next(&r, &at, of[i].header + of[i].len, &piece, &breach));
		assert_true(piece.begins && piece.len == 0 && piece.left == of[i].payload);
		assert_int_equal(piece.ends, of[i].payload == 0);
		assert_int_equal(ws_frame_in_message(&r), of[i].payload != 0);
		assert_false(ws_frame_next(&r, &at, at, &piece, &breach));
		assert_null(breach);
	}
}

TEST(length__over_63_bits_is_a_protocol_error)
{
	struct ws_frame_reader r = { .header_len = 0 };

	assert_non_null(breach_of(&r, "\x82\x7f\x80\0\0\0\0\0\0\0", 10, 3));
}

/* Every cut of two fragments with a ping between them gives the same bytes and marks. */
TEST(pieces__say_where_a_message_begins_and_ends)
{
	static const char bytes[] = "\x01\x02" "ab" "\x89\x01" "p" "\x80\x01" "c" "\x82\x00";
	const size_t len = sizeof(bytes) - 1;

	for (size_t most = 1; most <= len; most++) {
		struct ws_frame_reader r = { .header_len = 0 };
		const char *at = bytes, *breach;
		struct ws_frame_piece p;
		char text[8] = "";
		unsigned begun = 0, ended = 0, pings = 0;

		while (at < bytes + len) {
			const char *cut = (size_t)(bytes + len - at) < most ? bytes + len
				: at + most;

			while (ws_frame_next(&r, &at, cut, &p, &breach)) {
				if (p.opcode == WS_OP_TEXT)
					strncat(text, p.bytes, p.len);
				pings += p.opcode == WS_OP_PING && p.ends;
				begun += p.begins && p.opcode != WS_OP_PING;
				ended += p.ends && p.opcode != WS_OP_PING;
			}
			assert_null(breach);
		}
		assert_string_equal(text, "abc");
		assert_true(begun == 2 && ended == 2 && pings == 1);
		assert_false(ws_frame_in_message(&r));
	}
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
