/*
 * Describes why a transfer failed, whether because of the server or of a proxy, and what the user
 * can do. The texts have no URL.
 */
#ifndef NET_HTTP_ERROR_H
#define NET_HTTP_ERROR_H

#include <stdbool.h>

#include "net/http.h"

/* Writes to text why a transfer ended with r->code, which is not CURLE_OK. message is libcurl's
 * and may be empty. Returns the value of http_result.fatal. */
enum status http_error_describe(CURL *easy, const struct http_result *r, const char *message,
	char text[HTTP_TEXT_MAX]);

/* Names the proxy that a running transfer has not got past yet; false: there is none. */
bool http_error_proxy(CURL *easy, char text[HTTP_TEXT_MAX]);

#endif
