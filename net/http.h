/*
 * The one curl_multi: start-up checks of the library, what every transfer has in common
 * (TLS, proxies, secrets kept out of freed memory), waiting, and who owns a finished
 * transfer. Nothing blocks but http_wait.
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
	bool plain;		/* http and ws to loopback, never by a proxy */
};

#define HTTP_TEXT_MAX 640

/* How a transfer ended, in words that hold no URL. */
struct http_result {
	CURLcode code;
	long http_status;	/* 0: no answer; of a proxy's CONNECT where that was refused */
	bool by_proxy;		/* http_status is the proxy's */
	enum status fatal;	/* no other attempt will do better, the run ends with this; ST_OK:
				   one may */
	int64_t retry_after_us;	/* -1: none */
	const char *text;	/* with what to do about it; borrowed for the callback */
};

enum http_failure {
	HTTP_NETWORK,		/* what may pass: no connection, a reset, out of time */
	HTTP_FATAL,		/* r->fatal: a certificate, a TLS version, a proxy's refusal */
	HTTP_BREACH		/* what the peer speaks is no HTTP */
};

/* Of a transfer that ended without an answer. A reset HTTP/2 request is a reset: balancers
 * that restart do that. */
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

typedef void http_done(void *arg, const struct http_result *result);

/* ST_USAGE if the library lacks what is needed. */
enum status http_new(struct http **http, const struct http_conf *conf, struct err *err);
/* Does nothing while a name look-up is under way: libcurl would wait for its thread, and the
 * process ends soon. */
void http_free(struct http *http);

/* The versions of libcurl, OpenSSL and cJSON for --version, as one static line. */
const char *http_versions(void);
/* What this libcurl lacks for the job (`version 8.14 or newer`), NULL: nothing. */
const char *http_lacks(void);

/* At the end of the list; false: out of memory, it is as it was. */
static inline bool http_add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more)
		*list = more;
	return more != NULL;
}

/* An easy handle with all that is common set; the caller sets the rest, then http_start. */
CURL *http_easy(struct http *http, int64_t timeout_ms);
/* The same to a host that is not the API's, plain as in net_conf. */
CURL *http_easy_to(struct http *http, bool plain, int64_t timeout_ms);
/* done is called from http_perform once the transfer is over; the handle is then out of
 * the multi and still the caller's. */
enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg);
void http_stop(struct http *http, CURL *easy);	/* out of the multi, at once; NULL is fine */
void http_release(struct http *http, CURL *easy);	/* http_stop, then curl_easy_cleanup */

/* Names the proxy that a transfer under way has not come past; NULL: there is none, or it has.
 * Borrowed from the transfer. */
const char *http_waits_for(CURL *easy);

/* Runs what is ready and calls back for each finished transfer. */
enum status http_perform(struct http *http, struct err *err);
/* Waits for libcurl's sockets, the given ones and at most timeout_ms. Their revents are
 * zeroed first. */
enum status http_wait(struct http *http, struct curl_waitfd *fd, unsigned nfd, int timeout_ms,
	struct err *err);

#endif
