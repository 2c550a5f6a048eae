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

/* Parses a proxy as libcurl does. *url is NULL after an error. */
static CURLUcode parse(const char *value, CURLU **url)
{
	CURLUcode c = CURLUE_OUT_OF_MEMORY;

	*url = curl_url();
	if (*url)
		c = curl_url_set(*url, CURLUPART_URL, value,
			CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
	if (c != CURLUE_OK) {
		curl_url_cleanup(*url);
		*url = NULL;
	}
	/* libcurl has no other cause to find no login where it stands */
	return c == CURLUE_BAD_LOGIN ? CURLUE_OUT_OF_MEMORY : c;
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

static CURLUcode check_scheme(CURLU *url)
{
	char *scheme = NULL;
	CURLUcode c = curl_url_get(url, CURLUPART_SCHEME, &scheme, CURLU_NO_GUESS_SCHEME);

	if (c == CURLUE_OK && !is_proxy_scheme(scheme))
		c = CURLUE_UNSUPPORTED_SCHEME;
	curl_free(scheme);
	return c == CURLUE_NO_SCHEME ? CURLUE_OK : c;
}

/* Checks that the part, if there is one, can be percent-decoded. CURLU_URLDECODE of curl_url_get
 * would not tell a control character, which libcurl refuses, from a lack of memory. */
static CURLUcode check_text(CURLU *url, CURLUPart part, CURLUcode absent)
{
	char *raw = NULL, *text = NULL;
	CURLUcode c = curl_url_get(url, part, &raw, 0);
	int len = 0;

	if (c == CURLUE_OK) {
		text = curl_easy_unescape(NULL, raw, 0, &len);
		c = text ? CURLUE_OK : CURLUE_OUT_OF_MEMORY;
	}
	for (int i = 0; text && i < len; i++)
		if ((unsigned char)text[i] < ' ')
			c = CURLUE_URLDECODE;
	if (text)
		OPENSSL_cleanse(text, (size_t)len);
	curl_free(text);
	wipe(raw);
	return c == absent ? CURLUE_OK : c;
}

static CURLUcode check_proxy(const char *value)
{
	CURLU *url;
	CURLUcode c = parse(value, &url);

	c = c ? c : check_scheme(url);
	c = c ? c : check_text(url, CURLUPART_USER, CURLUE_NO_USER);
	c = c ? c : check_text(url, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD);
	curl_url_cleanup(url);
	return c;
}

static void check(const char *name, struct lines *problems)
{
	CURLUcode c = name ? check_proxy(getenv(name)) : CURLUE_OK;

	if (c == CURLUE_OUT_OF_MEMORY)
		problems->failed = true;
	else if (c != CURLUE_OK)
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
	char *scheme = NULL;
	CURLU *url = NULL;

	if (name)
		parse(getenv(name), &url);
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
	char *raw = NULL, *password = NULL, *user = NULL;
	CURLU *url = NULL;
	CURLUcode c = name ? parse(getenv(name), &url) : CURLUE_OK;
	bool ok;

	if (url)
		c = curl_url_get(url, CURLUPART_PASSWORD, &raw, 0);
	ok = c != CURLUE_OUT_OF_MEMORY;
	if (raw) {
		c = curl_url_get(url, CURLUPART_USER, &user, CURLU_URLDECODE);
		ok = (c == CURLUE_OK || c == CURLUE_NO_USER) && keep(arg, raw)
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
