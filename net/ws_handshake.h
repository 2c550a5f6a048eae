/*
 * The opening handshake of a WebSocket client (RFC 6455 §4.1): a random key, and the check of the
 * server's answer to the upgrade, which libcurl does not make. Sends and receives nothing.
 */
#ifndef NET_WS_HANDSHAKE_H
#define NET_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#define WS_HANDSHAKE_HEADER_MAX 64

/* What the header lines of the last answer have contained so far. */
struct ws_handshake_answer {
	unsigned accepts, upgrades;	/* lines of Sec-WebSocket-Accept and Upgrade */
	bool accept_is_right, upgrade_is_websocket, connection_has_upgrade;
	bool has_extensions, has_protocol;
};

struct ws_handshake {
	char accept[32];		/* the value that Sec-WebSocket-Accept must have */
	char phrase[128];		/* the reason phrase of the status line, printable */
	bool complete;			/* the blank line has come */
	struct ws_handshake_answer answer;
};

/* Makes a key and writes its header line. False: there are no random bytes. */
bool ws_handshake_begin(struct ws_handshake *h, char header[WS_HANDSHAKE_HEADER_MAX]);

/* Takes the next line of the answer, with its line end. An interim response (103) may come before
 * the 101. */
void ws_handshake_line(struct ws_handshake *h, const char *line, size_t len);

/* Returns what is wrong with the complete 101, or NULL. */
const char *ws_handshake_fault(const struct ws_handshake *h);

#endif
