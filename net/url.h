/* Reads URLs with libcurl's parser, so that the host we check is the one libcurl connects to. */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

#define URL_HOST_MAX 253

struct url {
	char host[URL_HOST_MAX + 1];	/* in lower case, IPv6 in brackets */
	bool is_address;		/* IPv4 or IPv6 */
	bool is_loopback;		/* localhost, 127.0.0.0/8 or ::1 */
	const char *rest;		/* what follows host and port; points into the text */
};

/* Reads SCHEME://HOST[:PORT] and what may follow. Returns NULL, or why it is refused: libcurl does
 * not parse it, it has a user or port 0, libcurl would change its host or port (0x7f.1, %6c, 080),
 * or memory ran out (why_no_memory). */
const char *url_read(const char *text, struct url *url);

/* Returns where the host begins, with user and port, and sets its length. The text need not be a
 * valid URL. */
const char *url_host(const char *text, size_t *len);

/* Writes HOST[:PORT] of a URL that libcurl has parsed, cut if it is too long. Returns NULL, or why
 * it failed. */
struct Curl_URL;	/* CURLU */
const char *url_authority(struct Curl_URL *parsed, char *out, size_t size);

/* Appends s for a URL's query: %XX for all but the unreserved characters (RFC 3986 §2.3). s may be
 * a secret: it leaves no copy in freed memory. */
bool url_put_escaped(struct buf *out, const char *s);

#endif
