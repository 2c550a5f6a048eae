#include "net/http.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/http_error.h"

#define HELD_MAX (16u << 20)		/* bytes for libcurl; usual runs need 2 % of it */
#define VERSION_NEEDED 0x080e00		/* 8.14: older ones send two keys (curl issue #17170) */
#define RETRY_AFTER_MAX_S (366 * 24 * 3600)	/* so that no sum overflows */

struct http {
	CURLM *multi;
	struct http_conf conf;
	const char *env_file, *env_dir;	/* SSL_CERT_FILE, SSL_CERT_DIR; borrowed */
	bool lacks_file;		/* libcurl's built-in CA file does not exist */
	struct transfer *transfers;	/* one for each handle of http_easy */
	int64_t date_s;			/* see http_date_s */
	bool abandoned_lookup;		/* a resolver thread may still be running */
};

/* What we store for each easy handle; CURLOPT_PRIVATE points to it. */
struct transfer {
	struct transfer *next;
	CURL *easy;
	http_done *done;
	void *arg;
	bool running;
	bool begun;			/* curl_multi_perform was called since http_start */
	char error[CURL_ERROR_SIZE];
	char text[HTTP_TEXT_MAX];	/* for http_result.text */
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

int64_t http_date_s(const struct http *http)
{
	return http->date_s;
}

/* --- how a transfer ended ----------------------------------------------------------- */

/* Retry-After (RFC 9110 §10.2.3). Not CURLINFO_RETRY_AFTER, which is at most six hours, and 0 for
 * a malformed value. */
static int64_t retry_after_us(CURL *easy)
{
	const char *value = http_header(easy, "Retry-After");
	int64_t seconds = 0;
	time_t date;

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

static void keep_date(struct http *http, CURL *easy)
{
	const time_t date = curl_getdate(http_header(easy, "Date"), NULL);

	if (date > 0)
		http->date_s = date;
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
		r.fatal = http_error_describe(t->easy, &r, t->error, t->text);
	r.text = t->text;
	return r;
}

const char *http_waits_for(CURL *easy)
{
	struct transfer *t = transfer_of(easy);

	return t && http_error_proxy(easy, t->text) ? t->text : NULL;
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
		return err_set(err, ST_NET, "libcurl: curl_multi_perform: %s",
			curl_multi_strerror(mc));
	while ((msg = curl_multi_info_read(http->multi, &left))) {
		struct transfer *t;
		struct http_result r;

		if (msg->msg != CURLMSG_DONE)
			continue;
		t = transfer_of(msg->easy_handle);
		r = result_of(t, msg->data.result);
		keep_date(http, t->easy);
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
		: err_set(err, ST_NET, "libcurl: curl_multi_poll: %s", curl_multi_strerror(mc));
}
