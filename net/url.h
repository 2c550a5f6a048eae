/* Reads URLs with libcurl's parser, so that what is checked is what libcurl will connect to. */
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
	const char *rest;		/* of the text, after host and port */
};

/* Reads SCHEME://HOST[:PORT] and what may follow. NULL, or why not (why_no_memory: out of memory):
 * libcurl refuses it, it has a user or port 0, or libcurl understands its host or port differently
 * (0x7f.1, %6c, 080). */
const char *url_read(const char *text, struct url *url);

/* Where the host, with user and port, begins and how long it is, in a text that need not be a valid
 * URL. */
const char *url_host(const char *text, size_t *len);

/* Writes HOST[:PORT] of a URL that libcurl has parsed, cut if it is too long. NULL, or why not. */
struct Curl_URL;	/* CURLU */
const char *url_authority(struct Curl_URL *parsed, char *out, size_t size);

/* Appends s for a URL's query: %XX for all but the unreserved characters (RFC 3986 §2.3). s may be
 * a secret: it leaves no copy in freed memory. */
bool url_put_escaped(struct buf *out, const char *s);

#endif
