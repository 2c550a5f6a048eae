/* Hosts as libcurl reads them: what is taken, what is loopback, what it would change. */
#include <curl/curl.h>

#include "net/url.h"
#include "tests/support/check.h"

TEST(url__has_a_host_and_a_rest)
{
	static const struct {
		const char *text, *host, *rest;
		bool is_address, is_loopback;
	} good[] = {
		{ "https://API.example.com:8443/x?y", "api.example.com", "/x?y", false, false },
		{ "wss://h?x", "h", "?x", false, false }, { "ws://h#x", "h", "#x", false, false },
		{ "http://LocalHost:1", "localhost", "", false, true },
		{ "http://127.9.9.9/", "127.9.9.9", "/", true, true },
		{ "http://128.0.0.1/", "128.0.0.1", "/", true, false },
		{ "https://[::1]:443", "[::1]", "", true, true },
		{ "https://[2001:DB8::1]", "[2001:db8::1]", "", true, false },
		{ "http://127.evil.com", "127.evil.com", "", false, false },
		{ "http://localhost.", "localhost.", "", false, false }
	};
	struct url url;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (url_read(good[i].text, &url))
			fail_msg("%s", good[i].text);
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.rest, good[i].rest);
		assert_int_equal(url.is_address, good[i].is_address);
		assert_int_equal(url.is_loopback, good[i].is_loopback);
	}
}

TEST(url__that_is_invalid_or_not_normal_is_refused)
{
	static const char *const bad[] = {
		"", "h", "https://", "https:///h", "https://u@h", "https://u:p@h/", "https://h:",
		"https://h:0", "https://h:080", "https://h:65536", "https://h:x", "https://h\\x",
		"https://[::1", "https://[::::]", "https://[1.2.3.4]", "https://[fe80::1%25lo]",
		"http://127.1", "http://0x7f.1", "http://2130706433", "http://0177.0.0.1",
		"http://%6cocalhost", "http://[0:0:0:0:0:0:0:1]", "https://a b"
	};
	char text[URL_HOST_MAX + 16] = "https://";
	struct url url;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (!url_read(bad[i], &url))
			fail_msg("taken: %s", bad[i]);
	memset(text + 8, 'h', URL_HOST_MAX);
	assert_null(url_read(text, &url));
	text[8 + URL_HOST_MAX] = 'h';
	assert_non_null(url_read(text, &url));
}

/* libcurl's allocations: how many more succeed; below 0: all. */
static long left = -1;

static bool fails(void)
{
	if (left > 0)
		left--;
	return left == 0;
}

static void *failing_malloc(size_t n)
{
	return fails() ? NULL : malloc(n);
}

static void *failing_realloc(void *p, size_t n)
{
	return fails() ? NULL : realloc(p, n);
}

static void *failing_calloc(size_t n, size_t size)
{
	return fails() ? NULL : calloc(n, size);
}

static char *failing_strdup(const char *s)
{
	return fails() ? NULL : strdup(s);
}

/* A URL is not called wrong because memory ran out. */
TEST(url__reports_out_of_memory_not_a_bad_url)
{
	const char *why = why_no_memory;
	struct url url;

	for (long n = 1; why; n++) {
		left = n;
		why = url_read("https://[2001:DB8::1]:8443/x", &url);
		assert_true(n > 1 || why);
		if (why)
			assert_ptr_equal(why, why_no_memory);
	}
	left = -1;
}

TEST(url__query_is_escaped)
{
	struct buf out = { 0 };

	assert_true(url_put_escaped(&out, "aZ09-._~ /+%\"\xC3\xA9"));
	assert_true(url_put_escaped(&out, "") && buf_char(&out, '\0'));
	assert_string_equal(out.data, "aZ09-._~%20%2F%2B%25%22%C3%A9");
	buf_free(&out);
}

int main(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, failing_malloc, free, failing_realloc,
	    failing_strdup, failing_calloc) != CURLE_OK)
		return 1;
	return run_all_tests(NULL, NULL);
}
