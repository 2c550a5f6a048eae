#include "net/http.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "net/proxy_env.h"
#include "net/url.h"
#include "util/time.h"

#define HELD_MAX (16u << 20)		/* bytes; usual runs need 2 % of it */
#define VERSION_NEEDED 0x080e00		/* 8.14: older ones send two keys (curl issue #17170) */
#define DESCRIPTORS_NEEDED 6		/* enough to look up a name and to connect */
#define RETRY_AFTER_MAX_S (366 * 24 * 3600)	/* so that no sum overflows */

struct http {
	CURLM *multi;
	struct http_conf conf;
	const char *env_file, *env_dir;	/* SSL_CERT_FILE, SSL_CERT_DIR; borrowed */
	bool lacks_file;		/* libcurl's built-in CA file does not exist */
	struct transfer *transfers;	/* one for each handle of http_easy */
	bool abandoned_lookup;		/* a resolver thread may still be running */
};

/* Our data of an easy handle, which CURLOPT_PRIVATE points to. */
struct transfer {
	struct transfer *next;
	CURL *easy;
	http_done *done;
	void *arg;
	bool running;
	bool begun;			/* curl_multi_perform was called since http_start */
	char error[CURL_ERROR_SIZE];
	char text[HTTP_TEXT_MAX];	/* of struct http_result */
};

/* --- libcurl's memory: limited, and overwritten when freed, since it held secrets ------ */

/* Bytes that libcurl has allocated. A static count, because its allocators take no argument;
 * atomic, because the resolver runs in a thread. */
static atomic_size_t *held(void)
{
	static atomic_size_t bytes;

	return &bytes;
}

/* A limit is needed: for example, pongs queue up if the peer sends pings but reads nothing. */
static bool fits(size_t n)
{
	size_t now = atomic_load(held());

	return n <= HELD_MAX && now <= HELD_MAX - n;
}

static void *counted(void *p)
{
	if (p)
		atomic_fetch_add(held(), malloc_usable_size(p));
	return p;
}

static void *bounded_malloc(size_t n)
{
	return fits(n) ? counted(malloc(n)) : NULL;
}

static void *bounded_calloc(size_t n, size_t size)
{
	return size && n <= HELD_MAX / size && fits(n * size) ? counted(calloc(n, size)) : NULL;
}

static void wiping_free(void *p)
{
	if (p) {
		OPENSSL_cleanse(p, malloc_usable_size(p));
		atomic_fetch_sub(held(), malloc_usable_size(p));
	}
	free(p);
}

static void *wiping_realloc(void *old, size_t n)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	void *p;

	if (old && n <= had && n > had / 2)
		return old;
	p = bounded_malloc(n);
	if (!p)
		return NULL;
	if (old)
		memcpy(p, old, had < n ? had : n);
	wiping_free(old);
	return p;
}

static char *bounded_strdup(const char *s)
{
	return counted(strdup(s));
}

/* --- the library -------------------------------------------------------------------- */

static bool has_protocol(const curl_version_info_data *info, const char *name)
{
	for (const char *const *p = info->protocols; *p; p++)
		if (strcmp(*p, name) == 0)
			return true;
	return false;
}

const char *http_lacks(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (info->version_num < VERSION_NEEDED)
		return "version 8.14 or newer";
	if (!has_protocol(info, "ws") || !has_protocol(info, "wss"))
		return "WebSocket over TLS (wss)";
	if (!(info->features & CURL_VERSION_ASYNCHDNS))
		return "an asynchronous resolver";
	return NULL;
}

const char *http_versions(void)
{
	static char text[160];
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	snprintf(text, sizeof(text), "libcurl/%s %s cJSON/%s", info->version,
		info->ssl_version ? info->ssl_version : "no-TLS", cJSON_Version());
	return text;
}

/* True if libcurl's built-in CA file does not exist. */
static bool lacks_file(void)
{
	const char *file = curl_version_info(CURLVERSION_NOW)->cainfo;

	return file && access(file, R_OK) != 0;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

enum status http_new(struct http **out, const struct http_conf *conf, struct err *err)
{
	const char *lacks = http_lacks();
	struct http *http;

	*out = NULL;
	if (lacks)
		return err_set(err, ST_USAGE, "this libcurl (%s) lacks %s",
			curl_version_info(CURLVERSION_NOW)->version, lacks);
	/* libcurl would write the keys of all TLS sessions there */
	unsetenv("SSLKEYLOGFILE");
	http = calloc(1, sizeof(*http));
	if (!http || curl_global_init_mem(CURL_GLOBAL_DEFAULT, bounded_malloc,
	    wiping_free, wiping_realloc, bounded_strdup, bounded_calloc) != CURLE_OK) {
		free(http);
		return err_nomem(err);
	}
	http->conf = *conf;
	http->env_file = variable("SSL_CERT_FILE");
	http->env_dir = variable("SSL_CERT_DIR");
	http->lacks_file = lacks_file();
	http->multi = curl_multi_init();
	if (!http->multi) {
		http_free(http);
		return err_nomem(err);
	}
	*out = http;
	return ST_OK;
}

static void free_now(struct http *http)
{
	while (http->transfers)
		http_release(http, http->transfers->easy);
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	free(http);
}

/* While libcurl knows neither the address nor the time that the look-up took, the resolver's thread
 * may be running. (For a reused connection it knows only the address.) */
static bool is_looking_up(const struct transfer *t)
{
	CURL *easy = t->easy;
	const char *address = NULL;
	curl_off_t us = 0;

	if (!t->begun)
		return false;
	if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address
	    && *address)
		return false;
	return curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &us) != CURLE_OK || us == 0;
}

static bool has_lookup(const struct http *http)
{
	for (const struct transfer *t = http->transfers; t; t = t->next)
		if (t->running && is_looking_up(t))
			return true;
	return http->abandoned_lookup;
}

/* Keeps what is not freed reachable, so that leak checkers do not report it. */
static struct http *left_to_exit __attribute__((used));

void http_free(struct http *http)
{
	if (http && has_lookup(http))
		left_to_exit = http;
	else if (http)
		free_now(http);
}

/* --- one transfer ------------------------------------------------------------------- */

static struct transfer *transfer_of(CURL *easy)
{
	void *private = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	return private;
}

/* Applies SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL does. If only a directory is set, a built-in
 * file that does not exist is no error to OpenSSL, but it is to libcurl. */
static CURLcode trust_environment(const struct http *http, CURL *e, CURLoption file,
	CURLoption directory)
{
	bool replaced = http->env_file || (http->env_dir && http->lacks_file);
	CURLcode c = replaced ? curl_easy_setopt(e, file, http->env_file) : CURLE_OK;

	return c || !http->env_dir ? c : curl_easy_setopt(e, directory, http->env_dir);
}

static CURLcode set_tls(const struct http *http, CURL *e)
{
	CURLcode c = curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	c = c ? c : curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!http->conf.cacert)
		return c ? c : trust_environment(http, e, CURLOPT_CAINFO, CURLOPT_CAPATH);
	c = c ? c : curl_easy_setopt(e, CURLOPT_CAINFO, http->conf.cacert);
	/* without this the built-in directory would still be trusted */
	return c ? c : curl_easy_setopt(e, CURLOPT_CAPATH, (char *)NULL);
}

/* TLS to a proxy has its own settings; --cacert is only for the API. */
static CURLcode set_proxy_tls(const struct http *http, CURL *e)
{
	CURLcode c = curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION,
		(long)CURL_SSLVERSION_TLSv1_2);

	c = c ? c : trust_environment(http, e, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH);
	/* a libcurl without proxy support does not know these options */
	return c == CURLE_UNKNOWN_OPTION || c == CURLE_NOT_BUILT_IN ? CURLE_OK : c;
}

static CURLcode set_connection(CURL *e, bool plain, int64_t timeout_ms)
{
	const char *protocols = plain ? "http,ws" : "https,wss";
	CURLcode c = curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, protocols);
	long timeout = timeout_ms > 0 ? (long)timeout_ms : 1;

	c = c ? c : curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, timeout);
	c = c ? c : curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout);
	c = c ? c : curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 30L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 10L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_TCP_KEEPCNT, 3L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	c = c ? c : curl_easy_setopt(e, CURLOPT_USERAGENT, "gsqstat/" GSQSTAT_VERSION);
	if (plain)	/* a proxy could read the secrets */
		c = c ? c : curl_easy_setopt(e, CURLOPT_PROXY, "");
	return c;
}

CURL *http_easy(struct http *http, int64_t timeout_ms)
{
	return http_easy_to(http, http->conf.plain, timeout_ms);
}

CURL *http_easy_to(struct http *http, bool plain, int64_t timeout_ms)
{
	struct transfer *t = calloc(1, sizeof(*t));
	CURL *e = curl_easy_init();
	CURLcode c = CURLE_OUT_OF_MEMORY;

	if (t && e) {
		c = set_connection(e, plain, timeout_ms);
		c = c ? c : set_tls(http, e);
		c = c ? c : set_proxy_tls(http, e);
		c = c ? c : curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
		c = c ? c : curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	}
	if (!t || c != CURLE_OK) {
		curl_easy_cleanup(e);
		free(t);
		return NULL;
	}
	t->easy = e;
	t->next = http->transfers;
	http->transfers = t;
	return e;
}

enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg)
{
	struct transfer *t = transfer_of(easy);

	t->done = done;
	t->arg = arg;
	t->begun = false;
	t->running = curl_multi_add_handle(http->multi, easy) == CURLM_OK;
	return t->running ? ST_OK : ST_NET;
}

void http_stop(struct http *http, CURL *easy)
{
	struct transfer *t = easy ? transfer_of(easy) : NULL;

	if (!t || !t->running)
		return;
	if (is_looking_up(t))
		http->abandoned_lookup = true;
	curl_multi_remove_handle(http->multi, easy);
	t->running = false;
}

void http_release(struct http *http, CURL *easy)
{
	if (!easy)
		return;
	http_stop(http, easy);
	for (struct transfer **at = &http->transfers; *at; at = &(*at)->next)
		if ((*at)->easy == easy) {
			struct transfer *t = *at;

			*at = t->next;
			curl_easy_cleanup(easy);
			free(t);
			return;
		}
}

/* --- how a transfer ended ----------------------------------------------------------- */

/* Retry-After (RFC 9110 §10.2.3). Not CURLINFO_RETRY_AFTER, which is at most six hours, and 0 for
 * a malformed value. */
static int64_t retry_after_us(CURL *easy)
{
	struct curl_header *header;
	const char *value;
	int64_t seconds = 0;
	time_t date;

	if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return -1;
	value = header->value;
	if (*value && !value[strspn(value, "0123456789")]) {
		for (; *value && seconds <= RETRY_AFTER_MAX_S; value++)
			seconds = 10 * seconds + (*value - '0');
	} else {
		date = curl_getdate(value, NULL);
		if (date < 0)
			return -1;
		seconds = (int64_t)date - (int64_t)time(NULL);
	}
	if (seconds > RETRY_AFTER_MAX_S)
		seconds = RETRY_AFTER_MAX_S;
	return seconds < 0 ? 0 : seconds * INT64_C(1000000);
}

#define THE_PROXY "the proxy "

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
		snprintf(out, size, "check this machine's clock first, which says %s; then %s",
			now, peer->proxy ? "the proxy's certificate"
			: "the certificate and --cacert");
		return;
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:	/* not OpenSSL's error: libcurl compares the names */
		if (code == CURLE_PEER_FAILED_VERIFICATION && strstr(message, "name")) {
			snprintf(out, size, "it is for another name: check the host%s%s",
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
		snprintf(out, size, "trusting another authority does not help, its owner has to "
			"replace it");
		return;
	}
	snprintf(out, size, "%s", peer->proxy ? "SSL_CERT_FILE names the authority to trust for "
		"a proxy, --cacert does not reach it" : "--cacert names the authority to trust");
}

static void describe_certificate(struct transfer *t, const struct peer *peer, CURLcode code,
	const char *message)
{
	char advice[160];
	long why = X509_V_ERR_UNSPECIFIED;

	curl_easy_getinfo(t->easy, peer->proxy ? CURLINFO_PROXY_SSL_VERIFYRESULT
		: CURLINFO_SSL_VERIFYRESULT, &why);
	put_advice(advice, sizeof(advice), peer, code, why, message);
	snprintf(t->text, sizeof(t->text), "the certificate of %s could not be verified: %.120s; "
		"%s", peer->name, message, advice);
}

/* The proxy refused CONNECT, or a SOCKS handshake (status 0). */
static enum status describe_refusal(struct transfer *t, const struct peer *peer, long status,
	long socks)
{
	const char *where = peer->proxy ? peer->name + strlen(THE_PROXY) : "", *advice = "";
	enum status fatal = ST_OK;
	char what[32];

	snprintf(what, sizeof(what), status ? "with %ld" : "by SOCKS", status);
	if (status == 407 || status == 401 || socks == CURLPX_USER_REJECTED
	    || socks == CURLPX_NO_AUTH) {
		advice = "; check the user and the password in ";
		fatal = ST_AUTH;
	} else if (status == 403 || socks == CURLPX_REPLY_NOT_ALLOWED) {
		advice = "; its rules forbid this host, see no_proxy and ";
		fatal = ST_REFUSED;
	}
	snprintf(t->text, sizeof(t->text), "the proxy refused %s %s%s%s", what, where, advice,
		*advice && peer->variable ? peer->variable : "");
	return fatal;
}

/* libcurl's message, with the host before it unless the message names it. */
static void describe_other(struct transfer *t, const struct peer *peer, const char *message)
{
	bool named = !peer->proxy && memmem(message, strlen(message), peer->name,
		strcspn(peer->name, ":"));

	snprintf(t->text, sizeof(t->text), "%s%s%.255s", named ? "" : peer->name,
		named ? "" : ": ", message);
}

/* Describes why the transfer failed. Returns a status as in http_result.fatal. */
static enum status describe_end(struct transfer *t, const struct http_result *r)
{
	const char *message = t->error[0] ? t->error : curl_easy_strerror(r->code);
	struct peer peer = peer_of(t->easy, r->code);
	long socks = CURLPX_OK;
	struct rlimit limit = { 0, 0 };

	if (r->code == CURLE_PROXY)
		curl_easy_getinfo(t->easy, CURLINFO_PROXY_ERROR, &socks);
	if (r->by_proxy || socks == CURLPX_USER_REJECTED || socks == CURLPX_NO_AUTH
	    || socks == CURLPX_REPLY_NOT_ALLOWED)
		return describe_refusal(t, &peer, r->by_proxy ? r->http_status : 0, socks);
	if (ended_without_descriptors(t->easy, r->code)) {
		getrlimit(RLIMIT_NOFILE, &limit);
		snprintf(t->text, sizeof(t->text), "too few file descriptors, see ulimit -n, "
			"which is %llu: %.255s", (unsigned long long)limit.rlim_cur, message);
		return ST_OK;
	}
	if (is_certificate(r->code)) {
		describe_certificate(t, &peer, r->code, message);
		return ST_PROTOCOL;
	}
	if (is_tls_version(r->code, message)) {
		snprintf(t->text, sizeof(t->text), "%s and gsqstat have no TLS version in common, "
			"which is 1.2 or newer: %.255s", peer.name, message);
		return ST_PROTOCOL;
	}
	describe_other(t, &peer, message);
	return ST_OK;
}

static struct http_result result_of(struct transfer *t, CURLcode code)
{
	struct http_result r = { .code = code, .retry_after_us = -1 };
	long proxy_status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r.http_status);
	if (r.http_status) {
		r.retry_after_us = retry_after_us(t->easy);
	} else if (curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status)
	    == CURLE_OK && proxy_status && proxy_status / 100 != 2) {
		r.http_status = proxy_status;
		r.by_proxy = true;
	}
	if (code == CURLE_OK)
		snprintf(t->text, sizeof(t->text), "%s", curl_easy_strerror(code));
	else
		r.fatal = describe_end(t, &r);
	r.text = t->text;
	return r;
}

const char *http_waits_for(CURL *easy)
{
	struct transfer *t = transfer_of(easy);
	struct peer peer = peer_of(easy, CURLE_OPERATION_TIMEDOUT);

	if (!t || !peer.proxy)
		return NULL;
	snprintf(t->text, sizeof(t->text), "%s", peer.name);
	return t->text;
}

enum status http_perform(struct http *http, struct err *err)
{
	int running, left;
	CURLMcode mc;
	CURLMsg *msg;

	for (struct transfer *t = http->transfers; t; t = t->next)
		t->begun = t->running;
	mc = curl_multi_perform(http->multi, &running);
	if (mc != CURLM_OK)
		return err_set(err, ST_NET, "libcurl: %s", curl_multi_strerror(mc));
	while ((msg = curl_multi_info_read(http->multi, &left))) {
		struct transfer *t;
		struct http_result r;

		if (msg->msg != CURLMSG_DONE)
			continue;
		t = transfer_of(msg->easy_handle);
		r = result_of(t, msg->data.result);
		if (r.code == CURLE_OPERATION_TIMEDOUT && is_looking_up(t))
			http->abandoned_lookup = true;
		curl_multi_remove_handle(http->multi, t->easy);
		t->running = false;
		t->done(t->arg, &r);
	}
	return ST_OK;
}

enum status http_wait(struct http *http, struct curl_waitfd *fd, unsigned nfd, int timeout_ms,
	struct err *err)
{
	CURLMcode mc;

	for (unsigned i = 0; i < nfd; i++)
		fd[i].revents = 0;
	mc = curl_multi_poll(http->multi, fd, nfd, timeout_ms, NULL);
	return mc == CURLM_OK ? ST_OK
		: err_set(err, ST_NET, "libcurl: %s", curl_multi_strerror(mc));
}
