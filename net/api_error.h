/*
 * Error responses of Genesys Cloud, both of the token endpoint (RFC 6749 §5.2) and of the API: a
 * code, a message, and the IDs that its support asks for.
 */
#ifndef NET_API_ERROR_H
#define NET_API_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

struct api_error {
	struct buf code, message, context;	/* empty if there is none; no NUL at the end */
};

/* Reads a response body, which need not be JSON. */
void api_error_read(struct api_error *e, const char *body, size_t len);
void api_error_free(struct api_error *e);	/* wipes */

/* Appends `HOST: HTTP 400 CODE: MESSAGE, contextId X, ININ-Correlation-Id Y` without the parts that
 * are empty. HOST is from the URL; a long message is cut. The text is not cleaned. */
void api_error_put(const struct api_error *e, const char *url, long http_status,
	const char *correlation, struct buf *text);

#endif
