/*
 * URLs by libcurl's own parser, so that what is judged here is what will be connected to.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>

#include "util/buf.h"

#define URL_HOST_MAX 253

struct url {
	char host[URL_HOST_MAX + 1];	/* in lower case, IPv6 in brackets */
	bool is_address;		/* IPv4 or IPv6 */
	bool is_loopback;		/* localhost, 127.0.0.0/8 or ::1 */
	const char *rest;		/* of the text, behind host and port */
};

/* SCHEME://HOST[:PORT] and perhaps more. False: libcurl would not take it, has a user, port 0, or
 * a host or port that libcurl takes for another one than stands there (0x7f.1, %6c, 080). */
bool url_read(const char *text, struct url *url);

/* Appends s for a URL's query: all but the unreserved characters (RFC 3986 §2.3) as %XX. It may
 * be a secret: no copy is left in memory. */
bool url_put_escaped(struct buf *out, const char *s);

#endif
