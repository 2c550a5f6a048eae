/*
 * HTTP and WebSocket transfers over libcurl, all in one curl_multi: checks of the library, the
 * settings that all transfers share (TLS, proxies), waiting, and how a transfer ended. Memory that
 * libcurl frees is overwritten, since it may have held secrets. Only http_wait blocks.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"

struct http;

struct http_conf {
	const char *cacert;	/* --cacert, or NULL: SSL_CERT_FILE, SSL_CERT_DIR, the system's */
	bool plain;		/* use http and ws, only to loopback and never through a proxy */
};

#define HTTP_TEXT_MAX 640

/* How a transfer ended. */
struct http_result {
	CURLcode code;
	long http_status;	/* 0: no answer. The proxy's if it refused CONNECT */
	bool by_proxy;		/* http_status is the proxy's */
	enum status fatal;	/* trying again does not help, the run ends with this status;
				   ST_OK: it may help */
	int64_t retry_after_us;	/* -1: none */
	const char *text;	/* for people, without a URL; borrowed during the callback */
};

/* How a request ended, for deciding whether to try again (source/retry_policy.c). */
enum http_failure {
	HTTP_OK,		/* 2xx */
	HTTP_UNAUTHORISED,	/* 401; the token or the credentials were refused */
	HTTP_FORBIDDEN,		/* 403 */
	HTTP_NOT_FOUND,		/* 404 */
	HTTP_LIMITED,		/* 429 */
	HTTP_REJECTED,		/* any other 4xx */
	HTTP_SERVER,		/* 5xx; 408, which is temporary as they are */
	HTTP_NETWORK,		/* temporary: no connection, a reset, a time-out, no memory */
	HTTP_FATAL,		/* trying again does not help: a certificate, a TLS version, a
				   proxy's refusal */
	HTTP_BREACH		/* no HTTP, a redirect, an unexpected status, a malformed answer */
};

/* Why a transfer ended without an answer. A reset HTTP/2 request is HTTP_NETWORK, because load
 * balancers reset requests when they restart. */
static inline enum http_failure http_failure_of(const struct http_result *r)
{
	if (r->fatal)
		return HTTP_FATAL;
	switch (r->code) {
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		return HTTP_BREACH;
	default:
		return HTTP_NETWORK;
	}
}

/* What an HTTP status means. HTTP_BREACH: 1xx, 3xx, and numbers that HTTP does not have. */
static inline enum http_failure http_failure_of_status(long status)
{
	switch (status) {
	case 401: return HTTP_UNAUTHORISED;
	case 403: return HTTP_FORBIDDEN;
	case 404: return HTTP_NOT_FOUND;
	case 408: return HTTP_SERVER;
	case 429: return HTTP_LIMITED;
	default: break;
	}
	if (status / 100 == 2)
		return HTTP_OK;
	if (status / 100 == 4)
		return HTTP_REJECTED;
	return status / 100 == 5 ? HTTP_SERVER : HTTP_BREACH;
}

/* The value of a header of the answer, "" if there is none. Borrowed from the transfer. */
static inline const char *http_header(CURL *easy, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
		? header->value : "";
}

typedef void http_done(void *arg, const struct http_result *result);

/* ST_USAGE: this libcurl lacks something. */
enum status http_new(struct http **http, const struct http_conf *conf, struct err *err);
/* Frees nothing while a name look-up is running: libcurl would wait for its thread, although the
 * process is about to end. */
void http_free(struct http *http);

/* The last `Date` header of an answer, in s since 1970; 0: there was none. */
int64_t http_date_s(const struct http *http);

/* The versions of libcurl, OpenSSL and cJSON for --version, as one static line. */
const char *http_versions(void);
/* What this libcurl lacks (`version 8.14 or newer`); NULL: nothing. */
const char *http_lacks(void);

/* Makes an easy handle with the shared settings; free it with http_release. The caller sets the
 * rest and calls http_start. NULL: out of memory, or libcurl refused a setting. */
CURL *http_easy(struct http *http, int64_t timeout_ms);
/* Makes an easy handle for a host that is not the API's; plain: as in struct http_conf. */
CURL *http_easy_to(struct http *http, bool plain, int64_t timeout_ms);
/* Starts the transfer. When it is over, http_perform calls `done`. The handle is then no longer in
 * the multi, but the caller still owns it. ST_NET: the transfer was not started. */
enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg);
void http_stop(struct http *http, CURL *easy);	/* removes it from the multi; NULL is fine */
void http_release(struct http *http, CURL *easy);	/* http_stop, then curl_easy_cleanup */

/* Names the proxy if a running transfer still waits for it; NULL: there is none, or the transfer
 * has got past it. Borrowed from the transfer. */
const char *http_waits_for(CURL *easy);

/* Runs the transfers that are ready, and calls done for each that has ended. */
enum status http_perform(struct http *http, struct err *err);
/* Waits at most timeout_ms for libcurl's sockets and the given ones, whose revents it sets. */
enum status http_wait(struct http *http, struct curl_waitfd *fd, unsigned nfd, int timeout_ms,
	struct err *err);

#endif
