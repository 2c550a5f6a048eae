/*
 * Reads the frames of a WebSocket server (RFC 6455 §5.2) from blocks of bytes that may end anywhere
 * in a frame, and checks the headers and their order. Copies only the payloads of control frames.
 */
#ifndef NET_WS_FRAME_H
#define NET_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_FRAME_HEADER_MAX 10	/* bytes; a server's frames have no mask */
#define WS_FRAME_CONTROL_MAX 125	/* bytes of a control frame's payload (§5.5) */

#define WS_CLOSE_NORMAL 1000
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_NO_CODE 1005		/* RFC 6455 §7.4.1: never on the wire */
#define WS_CLOSE_ABNORMAL 1006
#define WS_CLOSE_BAD_TEXT 1007
#define WS_CLOSE_POLICY 1008
#define WS_CLOSE_TOO_BIG 1009
#define WS_CLOSE_MALFORMED (-1)		/* in place of a code */

enum ws_frame_opcode {
	WS_OP_CONTINUATION = 0x0,
	WS_OP_TEXT = 0x1,
	WS_OP_BINARY = 0x2,
	WS_OP_CLOSE = 0x8,
	WS_OP_PING = 0x9,
	WS_OP_PONG = 0xA
};

/* Part of one frame's payload. */
struct ws_frame_piece {
	/* Never CONTINUATION: a fragment has the opcode of its message. */
	enum ws_frame_opcode opcode;
	bool begins, ends;	/* it is the first or last piece of its message */
	const char *bytes;	/* borrowed from the caller's bytes */
	size_t len;
	uint64_t left;		/* payload bytes of the frame that follow this piece */
};

/* All zero before the first byte. The fields belong to ws_frame.c. */
struct ws_frame_reader {
	unsigned char header[WS_FRAME_HEADER_MAX];
	size_t header_len;
	bool in_payload;
	bool final;			/* FIN of the current frame */
	enum ws_frame_opcode opcode;		/* of the current frame */
	enum ws_frame_opcode message; /* of the message whose next fragment is due, or 0 */
	uint64_t left;			/* payload bytes of the current frame still to come */
};

/*
 * Takes the next piece from the bytes between *at and end, and moves *at behind it. Each frame
 * gives at least one piece, even an empty frame. Returns false when it needs more bytes (*breach is
 * NULL), or when the server broke the protocol: then *breach says how, and the reader must not be
 * used again.
 */
bool ws_frame_next(struct ws_frame_reader *r, const char **at, const char *end,
	struct ws_frame_piece *piece, const char **breach);

/* The payload of a control frame. */
struct ws_frame_control {
	char bytes[WS_FRAME_CONTROL_MAX];
	size_t len;
};

/* Adds a piece of a control frame. It always fits, because ws_frame_next refuses longer frames. */
void ws_frame_collect(struct ws_frame_control *c, const struct ws_frame_piece *piece);

/* The code of a close frame (§7.1.5): NO_CODE if it is empty, MALFORMED if it has a code that must
 * not be sent, or a reason that is not UTF-8. */
int ws_frame_close_code(const struct ws_frame_control *close);

/* Tells whether a text or binary message has begun and not ended. */
bool ws_frame_in_message(const struct ws_frame_reader *r);

#endif
