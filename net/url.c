#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/base.h"

#define AUTHORITY_MAX (URL_HOST_MAX + sizeof(":65535"))
#define SCHEME_MAX 16

static const char bad_url[] = "not a URL with a host";

const char *url_host(const char *text, size_t *len)
{
	const char *host = strstr(text, "://");

	host = host ? host + 3 : text;
	*len = strcspn(host, "/?#");
	return host;
}

static const char *fault_of(CURLUcode c)
{
	return c == CURLUE_OK ? NULL : c == CURLUE_OUT_OF_MEMORY ? why_no_memory : bad_url;
}

const char *url_authority(CURLU *parsed, char *out, size_t size)
{
	char *host = NULL, *port = NULL;
	CURLUcode c = curl_url_get(parsed, CURLUPART_HOST, &host, 0);

	if (c == CURLUE_OK)
		c = curl_url_get(parsed, CURLUPART_PORT, &port, 0);
	if (c == CURLUE_OK)
		snprintf(out, size, "%s:%s", host, port);
	else if (c == CURLUE_NO_PORT)
		snprintf(out, size, "%s", host);
	curl_free(host);
	curl_free(port);
	return fault_of(c == CURLUE_NO_PORT ? CURLUE_OK : c);
}

/* Sets the host, and what kind of host it is, from what libcurl has parsed. False: it is too long,
 * or the port is 0. */
static bool set_host(struct url *url, const char *authority)
{
	struct in_addr v4 = { 0 };
	size_t len = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":");
	bool is_v4;

	if (len > URL_HOST_MAX || strcmp(authority + len, ":0") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		url->host[i] = (char)(authority[i] >= 'A' && authority[i] <= 'Z'
			? authority[i] | 0x20 : authority[i]);
	url->host[len] = '\0';
	is_v4 = inet_pton(AF_INET, url->host, &v4) == 1;
	url->is_address = is_v4 || url->host[0] == '[';
	url->is_loopback = strcmp(url->host, "localhost") == 0 || strcmp(url->host, "[::1]") == 0
		|| (is_v4 && ntohl(v4.s_addr) >> 24 == 127);
	return true;
}

const char *url_read(const char *text, struct url *url)
{
	size_t len;
	const char *authority = url_host(text, &len), *why;
	char head[SCHEME_MAX + AUTHORITY_MAX], normal[AUTHORITY_MAX];
	CURLU *parsed;

	url->rest = authority + len;
	if (authority == text || (size_t)(url->rest - text) >= sizeof(head))
		return bad_url;
	snprintf(head, sizeof(head), "%.*s", (int)(url->rest - text), text);
	parsed = curl_url();
	why = fault_of(parsed ? curl_url_set(parsed, CURLUPART_URL, head,
		CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) : CURLUE_OUT_OF_MEMORY);
	if (!why)
		why = url_authority(parsed, normal, sizeof(normal));
	curl_url_cleanup(parsed);
	if (!why && (strcasecmp(normal, head + (authority - text)) != 0
	    || !set_host(url, normal)))
		why = bad_url;
	return why;
}

bool url_put_escaped(struct buf *out, const char *s)
{
	char *escaped = curl_easy_escape(NULL, s, 0);
	bool ok = escaped && buf_str(out, escaped);

	if (escaped)
		OPENSSL_cleanse(escaped, strlen(escaped));
	else
		out->failed = true;
	curl_free(escaped);
	return ok;
}
