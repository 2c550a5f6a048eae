/*
 * What Genesys Cloud says of a request that failed, at the login (RFC 6749 §5.2) as at the API:
 * a code, a message and the IDs that its support asks for, as parts of a text.
 */
#ifndef NET_API_ERROR_H
#define NET_API_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

struct api_error {
	struct buf code, message, context;	/* empty if there is none; no NUL at the end */
};

/* Reads a body, which may be anything. */
void api_error_read(struct api_error *e, const char *body, size_t len);
void api_error_free(struct api_error *e);	/* wipes */

/* `HOST: HTTP 400 CODE: MESSAGE, contextId X, ININ-Correlation-Id Y`, without what is empty; the
 * host is that of the URL, a long message is cut. Not cleaned for a terminal. */
void api_error_put(const struct api_error *e, const char *url, long http_status,
	const char *correlation, struct buf *text);

#endif
