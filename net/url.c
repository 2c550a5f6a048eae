#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Sets the host, which libcurl has parsed, and what kind of host it is. */
static bool set_host(struct url *url, const char *host)
{
	struct in_addr v4 = { 0 };
	size_t len = strlen(host);
	bool is_v4 = inet_pton(AF_INET, host, &v4) == 1;

	if (len > URL_HOST_MAX)
		return false;
	for (size_t i = 0; i <= len; i++)
		url->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
	url->is_address = is_v4 || host[0] == '[';
	url->is_loopback = strcmp(url->host, "localhost") == 0 || strcmp(url->host, "[::1]") == 0
		|| (is_v4 && ntohl(v4.s_addr) >> 24 == 127);
	return true;
}

bool url_read(const char *text, struct url *url)
{
	const char *authority = strstr(text, "://");
	char *head = NULL, *host = NULL, *port = NULL, normal[URL_HOST_MAX + 8];
	CURLU *parsed = curl_url();
	bool ok = false;

	if (authority) {
		authority += 3;
		url->rest = authority + strcspn(authority, "/?#");
		head = strndup(text, (size_t)(url->rest - text));
	}
	if (head && parsed && curl_url_set(parsed, CURLUPART_URL, head, CURLU_DISALLOW_USER
	    | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK
	    && curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		if (curl_url_get(parsed, CURLUPART_PORT, &port, 0) != CURLUE_OK)
			port = NULL;
		snprintf(normal, sizeof(normal), "%s%s%s", host, port ? ":" : "",
			port ? port : "");
		ok = set_host(url, host) && strcasecmp(normal, head + (authority - text)) == 0
			&& (!port || strcmp(port, "0") != 0);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
	free(head);
	return ok;
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
