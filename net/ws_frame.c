/* Reads the frames that a WebSocket server sends. libcurl writes the client's. */
#include "net/ws_frame.h"

#include <string.h>

#include "util/utf8.h"

#define FIN 0x80
#define RESERVED 0x70
#define OPCODE 0x0F
#define CONTROL 0x08		/* this bit of the opcode tells control frames from data */
#define MASK 0x80
#define LENGTH 0x7F
#define LENGTH_16_BITS 126
#define LENGTH_64_BITS 127

static bool is_known(enum ws_frame_opcode opcode)
{
	switch (opcode) {
	case WS_OP_CONTINUATION:
	case WS_OP_TEXT:
	case WS_OP_BINARY:
	case WS_OP_CLOSE:
	case WS_OP_PING:
	case WS_OP_PONG:
		return true;
	}
	return false;
}

/* Returns what is wrong with the first two bytes of a header (RFC 6455 §5.2, §5.4, §5.5), or
 * NULL. */
static const char *header_fault(const struct ws_frame_reader *r)
{
	const unsigned char *h = r->header;
	enum ws_frame_opcode opcode = h[0] & OPCODE;

	if (h[0] & RESERVED)
		return "a frame with a reserved bit";
	if (!is_known(opcode))
		return "a frame with an unknown opcode";
	if (h[1] & MASK)
		return "a masked frame";
	if (opcode & CONTROL) {
		if (!(h[0] & FIN))
			return "a fragmented control frame";
		return (h[1] & LENGTH) > WS_FRAME_CONTROL_MAX
			? "a control frame of more than 125 bytes"
			: NULL;
	}
	if (opcode == WS_OP_CONTINUATION)
		return r->message ? NULL : "a continuation without a message";
	return r->message ? "a message within another one" : NULL;
}

/* The header's length, as far as it is known yet. */
static size_t header_size(const struct ws_frame_reader *r)
{
	if (r->header_len < 2)
		return 2;
	switch (r->header[1] & LENGTH) {
	case LENGTH_16_BITS:
		return 4;
	case LENGTH_64_BITS:
		return 10;
	default:
		return 2;
	}
}

static uint64_t payload_length(const struct ws_frame_reader *r)
{
	uint64_t len = 0;

	if (r->header_len == 2)
		return r->header[1] & LENGTH;
	for (size_t i = 2; i < r->header_len; i++)
		len = len << 8 | r->header[i];
	return len;
}

/* Collects the header. True: it is complete. */
static bool take_header(struct ws_frame_reader *r, const char **at, const char *end,
	const char **breach)
{
	while (*at < end) {
		r->header[r->header_len++] = (unsigned char)*(*at)++;
		if (r->header_len == 2 && (*breach = header_fault(r)))
			return false;
		if (r->header_len == header_size(r))
			return true;
	}
	return false;
}

/* The header is complete: begins the frame. True: the frame begins a message. */
static bool begin_frame(struct ws_frame_reader *r)
{
	enum ws_frame_opcode opcode = r->header[0] & OPCODE;

	r->final = r->header[0] & FIN;
	r->opcode = opcode ? opcode : r->message;
	r->left = payload_length(r);
	r->header_len = 0;
	r->in_payload = true;
	if (!(opcode & CONTROL))
		r->message = r->final ? WS_OP_CONTINUATION : r->opcode;
	return opcode != WS_OP_CONTINUATION;
}

bool ws_frame_next(struct ws_frame_reader *r, const char **at, const char *end,
	struct ws_frame_piece *piece, const char **breach)
{
	bool begins = false;
	size_t len = (size_t)(end - *at);

	*breach = NULL;
	if (r->in_payload && len == 0)
		return false;
	if (!r->in_payload) {
		if (!take_header(r, at, end, breach))
			return false;
		begins = begin_frame(r);
		if (r->left > INT64_MAX) {
			*breach = "a frame's length of 64 bits";
			return false;
		}
		len = (size_t)(end - *at);
	}
	if (len > r->left)
		len = (size_t)r->left;
	r->left -= len;
	r->in_payload = r->left > 0;
	*piece = (struct ws_frame_piece){ .opcode = r->opcode, .begins = begins,
		.ends = r->final && !r->left, .bytes = *at, .len = len, .left = r->left };
	*at += len;
	return true;
}

bool ws_frame_in_message(const struct ws_frame_reader *r)
{
	return r->message || (r->in_payload && !(r->opcode & CONTROL))
		|| (r->header_len && !(r->header[0] & CONTROL));
}

/* --- control frames ------------------------------------------------------------------- */

void ws_frame_collect(struct ws_frame_control *c, const struct ws_frame_piece *piece)
{
	if (piece->begins)
		c->len = 0;
	memcpy(c->bytes + c->len, piece->bytes, piece->len);
	c->len += piece->len;
}

/* True for a code that a close frame may have (RFC 6455 §7.4). */
static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != WS_CLOSE_NO_CODE
		&& code != WS_CLOSE_ABNORMAL) || (code >= 3000 && code <= 4999);
}

int ws_frame_close_code(const struct ws_frame_control *close)
{
	const unsigned char *bytes = (const unsigned char *)close->bytes;
	unsigned code = (unsigned)(bytes[0] << 8 | bytes[1]);

	if (close->len == 0)
		return WS_CLOSE_NO_CODE;
	if (close->len == 1 || !is_close_code(code)
	    || !utf8_valid(close->bytes + 2, close->len - 2))
		return WS_CLOSE_MALFORMED;
	return (int)code;
}
