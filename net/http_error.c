#include "net/http_error.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "net/proxy_env.h"
#include "net/url.h"
#include "util/time.h"

#define DESCRIPTORS_NEEDED 6		/* enough to look up a name and to connect */
#define THE_PROXY "the proxy "

/* --- who did not answer --------------------------------------------------------------- */

/* Who is named in the text of a failed transfer. */
struct peer {
	bool proxy;		/* the transfer did not get past the proxy */
	const char *variable;	/* the one that sets the proxy; NULL: there is none */
	char name[200];		/* `HOST[:PORT]`, or `the proxy (VARIABLE: HOST:PORT)` */
};

static bool is_wss(CURL *e)
{
	const char *url = NULL;

	return curl_easy_getinfo(e, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url
		&& strncasecmp(url, "wss:", 4) == 0;
}

/* For a SOCKS proxy only the code tells how far the transfer got. */
static bool ended_at_proxy(CURL *e, CURLcode code, bool socks)
{
	long used = 0, connected = 0;
	curl_off_t begun_us = 0;

	if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY)
		return true;
	if (curl_easy_getinfo(e, CURLINFO_USED_PROXY, &used) != CURLE_OK || !used)
		return false;
	if (socks)
		return code == CURLE_COULDNT_CONNECT;
	curl_easy_getinfo(e, CURLINFO_HTTP_CONNECTCODE, &connected);
	curl_easy_getinfo(e, CURLINFO_PRETRANSFER_TIME_T, &begun_us);
	return connected / 100 != 2 && begun_us == 0;
}

static struct peer peer_of(CURL *e, CURLcode code)
{
	struct peer peer = { .proxy = false };
	const char *url = NULL, *host;
	size_t len;
	char shown[128];
	bool socks = false;

	peer.variable = proxy_env_show(shown, sizeof(shown), is_wss(e), &socks);
	peer.proxy = peer.variable && ended_at_proxy(e, code, socks);
	if (peer.proxy) {
		snprintf(peer.name, sizeof(peer.name), THE_PROXY "(%s: %s)", peer.variable, shown);
	} else if (curl_easy_getinfo(e, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url) {
		host = url_host(url, &len);
		snprintf(peer.name, sizeof(peer.name), "%.*s", (int)len, host);
	}
	return peer;
}

static bool lacks_descriptors(void)
{
	int fd[DESCRIPTORS_NEEDED];
	size_t n = 0;

	while (n < ARRAY_LEN(fd) && (fd[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	for (size_t i = 0; i < n; i++)
		close(fd[i]);
	return n < ARRAY_LEN(fd);
}

/* libcurl has no code for a lack of descriptors. It reports a file that it cannot open although it
 * existed at the start, or a failed connection without a network error. */
static bool ended_without_descriptors(CURL *e, CURLcode code)
{
	long number = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(e, CURLINFO_OS_ERRNO, &number);
		return (number == 0 || number == EMFILE || number == ENFILE)
			&& lacks_descriptors();
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_FAILED_INIT:
	case CURLE_OUT_OF_MEMORY:
		return lacks_descriptors();
	default:
		return false;
	}
}

static bool is_certificate(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE
		|| code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

/* Recognised by OpenSSL's message, which includes the server's alert. */
static bool is_tls_version(CURLcode code, const char *message)
{
	return code == CURLE_SSL_CONNECT_ERROR && (strcasestr(message, "protocol version")
		|| strcasestr(message, "unsupported protocol"));
}

/* Says what to do about a certificate that OpenSSL refused with the code `why`. */
static void put_advice(char *out, size_t size, const struct peer *peer, CURLcode code, long why,
	const char *message)
{
	char now[TIME_TEXT_MAX];

	switch (why) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		time_format_ms(now, (int64_t)time(NULL) * 1000);
		snprintf(out, size, "check this machine's clock, which says %s, then %s", now,
			peer->proxy ? "the proxy's certificate" : "the certificate and --cacert");
		return;
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:	/* not OpenSSL's error: libcurl compares the names */
		if (code == CURLE_PEER_FAILED_VERIFICATION && strstr(message, "name")) {
			snprintf(out, size, "it is for another host name: check the host%s%s",
				peer->proxy ? " in " : "", peer->proxy ? peer->variable : "");
			return;
		}
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		break;
	default:
		snprintf(out, size, "the certificate must be replaced; trusting another "
			"certificate authority does not help");
		return;
	}
	snprintf(out, size, "to trust its certificate authority, use %s", peer->proxy
		? "SSL_CERT_FILE (--cacert does not apply to a proxy)" : "--cacert");
}

static void describe_certificate(CURL *e, const struct peer *peer, CURLcode code,
	const char *message, char text[HTTP_TEXT_MAX])
{
	char advice[160];
	long why = X509_V_ERR_UNSPECIFIED;

	curl_easy_getinfo(e, peer->proxy ? CURLINFO_PROXY_SSL_VERIFYRESULT
		: CURLINFO_SSL_VERIFYRESULT, &why);
	put_advice(advice, sizeof(advice), peer, code, why, message);
	snprintf(text, HTTP_TEXT_MAX, "the certificate of %s could not be verified: %.120s; "
		"%s", peer->name, message, advice);
}

/* The proxy refused CONNECT, or a SOCKS handshake (status 0). */
static enum status describe_refusal(const struct peer *peer, long status, long socks,
	char text[HTTP_TEXT_MAX])
{
	const char *where = peer->proxy ? peer->name + strlen(THE_PROXY) : "", *advice = "";
	enum status fatal = ST_OK;
	char what[32];

	snprintf(what, sizeof(what), status ? "HTTP %ld" : "SOCKS", status);
	if (status == 407 || status == 401 || socks == CURLPX_USER_REJECTED
	    || socks == CURLPX_NO_AUTH) {
		advice = "; check the user and the password in ";
		fatal = ST_AUTH;
	} else if (status == 403 || socks == CURLPX_REPLY_NOT_ALLOWED) {
		advice = "; allow the host in the proxy, or check no_proxy and ";
		fatal = ST_REFUSED;
	}
	snprintf(text, HTTP_TEXT_MAX, "the proxy %s%srefused the connection: %s%s%s", where,
		*where ? " " : "", what, advice,
		*advice && peer->variable ? peer->variable : "");
	return fatal;
}

/* libcurl's message, with the host before it unless the message names it. */
static void describe_other(const struct peer *peer, const char *message,
	char text[HTTP_TEXT_MAX])
{
	bool named = !peer->proxy && memmem(message, strlen(message), peer->name,
		strcspn(peer->name, ":"));

	snprintf(text, HTTP_TEXT_MAX, "%s%s%.255s", named ? "" : peer->name,
		named ? "" : ": ", message);
}

enum status http_error_describe(CURL *e, const struct http_result *r, const char *message,
	char text[HTTP_TEXT_MAX])
{
	struct peer peer = peer_of(e, r->code);
	long socks = CURLPX_OK;
	struct rlimit limit = { 0, 0 };

	if (!*message)
		message = curl_easy_strerror(r->code);
	if (r->code == CURLE_PROXY)
		curl_easy_getinfo(e, CURLINFO_PROXY_ERROR, &socks);
	if (r->by_proxy || socks == CURLPX_USER_REJECTED || socks == CURLPX_NO_AUTH
	    || socks == CURLPX_REPLY_NOT_ALLOWED)
		return describe_refusal(&peer, r->by_proxy ? r->http_status : 0, socks, text);
	if (ended_without_descriptors(e, r->code)) {
		getrlimit(RLIMIT_NOFILE, &limit);
		snprintf(text, HTTP_TEXT_MAX, "out of file descriptors: raise the limit of %llu "
			"(ulimit -n): %.255s", (unsigned long long)limit.rlim_cur, message);
		return ST_OK;
	}
	if (is_certificate(r->code)) {
		describe_certificate(e, &peer, r->code, message, text);
		return ST_PROTOCOL;
	}
	if (is_tls_version(r->code, message)) {
		snprintf(text, HTTP_TEXT_MAX, "%s does not support TLS 1.2 or newer, which "
			"gsqstat needs: %.255s", peer.name, message);
		return ST_PROTOCOL;
	}
	describe_other(&peer, message, text);
	return ST_OK;
}

bool http_error_proxy(CURL *e, char text[HTTP_TEXT_MAX])
{
	struct peer peer = peer_of(e, CURLE_OPERATION_TIMEDOUT);

	if (peer.proxy)
		snprintf(text, HTTP_TEXT_MAX, "%s", peer.name);
	return peer.proxy;
}
