#include "net/proxy_env.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/url.h"
#include "util/base.h"
#include "util/text.h"

/* In libcurl's order. The first that is set and not empty is used. */
static const char *const of_https[] = {
	"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL
};
static const char *const of_wss[] = {
	"wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL
};

static const char *used(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);

		if (value && *value)
			return *names;
	}
	return NULL;
}

/* Parses a proxy as libcurl does; NULL: it is invalid, or out of memory. */
static CURLU *parse(const char *value)
{
	CURLU *url = curl_url();

	if (url && curl_url_set(url, CURLUPART_URL, value,
	    CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

static bool is_proxy_scheme(const char *scheme)
{
	static const char *const known[] = {
		"http", "https", "socks4", "socks4a", "socks5", "socks5h"
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcasecmp(scheme, known[i]) == 0)
			return true;
	return false;
}

static void wipe(char *part)
{
	if (part)
		OPENSSL_cleanse(part, strlen(part));
	curl_free(part);
}

/* True if the part is absent, or can be percent-decoded. */
static bool has_text(CURLU *url, CURLUPart part, CURLUcode absent)
{
	char *text = NULL;
	CURLUcode c = curl_url_get(url, part, &text, CURLU_URLDECODE);

	wipe(text);
	return c == CURLUE_OK || c == absent;
}

static bool names_proxy(const char *value)
{
	CURLU *url = parse(value);
	char *scheme = NULL;
	bool ok = url && (curl_url_get(url, CURLUPART_SCHEME, &scheme, CURLU_NO_GUESS_SCHEME)
		== CURLUE_NO_SCHEME || (scheme && is_proxy_scheme(scheme)))
		&& has_text(url, CURLUPART_USER, CURLUE_NO_USER)
		&& has_text(url, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD);

	curl_free(scheme);
	curl_url_cleanup(url);
	return ok;
}

static void check(const char *name, struct lines *problems)
{
	if (name && !names_proxy(getenv(name)))
		lines_add(problems, "%s: must be [SCHEME://][USER:PASSWORD@]HOST[:PORT], where "
			"SCHEME is http, https, socks4, socks4a, socks5 or socks5h", name);
}

void proxy_env_check(struct lines *problems)
{
	const char *https = used(of_https), *wss = used(of_wss);

	check(https, problems);
	if (wss != https)
		check(wss, problems);
}

const char *proxy_env_show(char *out, size_t size, bool wss, bool *socks)
{
	const char *name = used(wss ? of_wss : of_https);
	CURLU *url = name ? parse(getenv(name)) : NULL;
	char *scheme = NULL;

	*socks = url && curl_url_get(url, CURLUPART_SCHEME, &scheme, CURLU_NO_GUESS_SCHEME)
		== CURLUE_OK && strncasecmp(scheme, "socks", 5) == 0;
	if (!url || url_authority(url, out, size))
		snprintf(out, size, "?");
	curl_free(scheme);
	curl_url_cleanup(url);
	return name;
}

/* --- secrets -------------------------------------------------------------------------- */

static bool keep_pair(const char *user, const char *password,
	bool (*keep)(void *arg, const char *secret), void *arg)
{
	char *pair;
	bool ok;

	if (asprintf(&pair, "%s:%s", user ? user : "", password) < 0)
		return false;
	ok = keep(arg, pair);
	text_wipe(&pair);
	return ok;
}

static bool keep_secrets(const char *name, bool (*keep)(void *arg, const char *secret), void *arg)
{
	CURLU *url = name ? parse(getenv(name)) : NULL;
	char *raw = NULL, *password = NULL, *user = NULL;
	bool ok = true;

	if (url && curl_url_get(url, CURLUPART_PASSWORD, &raw, 0) == CURLUE_OK) {
		curl_url_get(url, CURLUPART_USER, &user, CURLU_URLDECODE);
		ok = keep(arg, raw)
			&& curl_url_get(url, CURLUPART_PASSWORD, &password, CURLU_URLDECODE)
			== CURLUE_OK && keep(arg, password) && keep_pair(user, password, keep, arg);
	}
	wipe(raw);
	wipe(password);
	wipe(user);
	curl_url_cleanup(url);
	return ok;
}

bool proxy_env_secrets(bool (*keep)(void *arg, const char *secret), void *arg)
{
	return keep_secrets(used(of_https), keep, arg)
		&& keep_secrets(used(of_wss), keep, arg);
}
