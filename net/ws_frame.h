/*
 * Reads a WebSocket server's frames (RFC 6455 §5.2) from bytes that may be split anywhere, and
 * checks the headers and their order. Does not copy payloads.
 */
#ifndef NET_WS_FRAME_H
#define NET_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_FRAME_HEADER_MAX 10	/* bytes; a server's frames have no mask */
#define WS_FRAME_CONTROL_MAX 125	/* bytes of a control frame's payload (§5.5) */

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
 * gives at least one piece, an empty frame too. Returns false when it needs more bytes, or when
 * the server broke the protocol: *breach then says how (else it is NULL) and the reader must
 * not be used again.
 */
bool ws_frame_next(struct ws_frame_reader *r, const char **at, const char *end,
	struct ws_frame_piece *piece, const char **breach);

/* Tells whether a text or binary message has begun and not ended. */
bool ws_frame_in_message(const struct ws_frame_reader *r);

#endif
