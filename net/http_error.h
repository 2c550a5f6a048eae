/*
 * Why a transfer failed, in words for people: who did not answer or was refused, the server or a
 * proxy, and what to do about it. The words have no URL.
 */
#ifndef NET_HTTP_ERROR_H
#define NET_HTTP_ERROR_H

#include <stdbool.h>

#include "net/http.h"

/* Writes why a transfer ended with r->code, which is not CURLE_OK. message: libcurl's, may be
 * empty. Returns a status as in http_result.fatal. */
enum status http_error_describe(CURL *easy, const struct http_result *r, const char *message,
	char text[HTTP_TEXT_MAX]);

/* Names the proxy that a running transfer has not got past yet; false: there is none. */
bool http_error_proxy(CURL *easy, char text[HTTP_TEXT_MAX]);

#endif
