/* What libcurl would take for a proxy, and what of it is a secret. */
#include "net/proxy_env.h"
#include "tests/support/check.h"

static const char *const names[] = {
	"wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"
};

static int none(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	return 0;
}

/* --- what is taken -------------------------------------------------------------------- */

static void assert_problems(size_t n, const char *name)
{
	struct lines problems = { 0 };

	proxy_env_check(&problems);
	assert_int_equal(problems.n, n);
	if (n) {
		assert_memory_equal(problems.v[0], name, strlen(name));
		assert_null(strstr(problems.v[0], "secret"));
	}
	lines_free(&problems);
}

TEST(test_valid_proxies)
{
	static const char *const good[] = {
		"proxy", "proxy:3128", "http://proxy", "HTTP://proxy:80/", "https://proxy:1",
		"http://u:secret@proxy", "u:secret@proxy:3128", "u@proxy", "http://u:@proxy",
		"http://u:se%3Acret@proxy", "socks4://proxy", "socks4a://proxy", "socks5://proxy",
		"socks5h://u:secret@proxy:1080", "http://[::1]:3128", "10.1.2.3", "ftp.proxy:80"
	};

	assert_problems(0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		setenv("https_proxy", good[i], 1);
		assert_problems(0, NULL);
	}
}

TEST(test_invalid_proxies_are_reported)
{
	static const char *const bad[] = {
		"http://u:secret@proxy:99999", "foo://u:secret@proxy:1", "u:secret@proxy:port",
		"http://u:sec ret@proxy", "http://u:secret@", "http://u:secret%00@proxy",
		"://", " ",
		"ftp://u:secret@proxy"
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		setenv("https_proxy", bad[i], 1);
		assert_problems(1, "https_proxy: ");
	}
}

TEST(test_first_variable_that_is_set_counts)
{
	setenv("ALL_PROXY", "foo://x", 1);
	assert_problems(1, "ALL_PROXY: ");
	setenv("all_proxy", "proxy", 1);
	assert_problems(0, NULL);
	setenv("HTTPS_PROXY", "foo://x", 1);
	assert_problems(1, "HTTPS_PROXY: ");
	setenv("https_proxy", "", 1);	/* not set */
	assert_problems(1, "HTTPS_PROXY: ");
	setenv("https_proxy", "proxy", 1);
	assert_problems(0, NULL);
	setenv("wss_proxy", "foo://x", 1);
	assert_problems(1, "wss_proxy: ");
}

/* --- secrets -------------------------------------------------------------------------- */

struct kept {
	struct lines lines;
	size_t most;
};

static bool keep(void *arg, const char *secret)
{
	struct kept *k = arg;

	if (k->lines.n == k->most)
		return false;
	lines_add(&k->lines, "%s", secret);
	return true;
}

TEST(test_secrets_are_collected_in_each_form)
{
	static const char *const expected[] = {
		"p%40ss", "p@ss", "me:p@ss",	/* of https_proxy, for https */
		"other", "other", "us:er:other"	/* of wss_proxy */
	};
	struct kept k = { .most = 10 };

	setenv("https_proxy", "http://me:p%40ss@proxy:1", 1);
	setenv("wss_proxy", "us%3Aer:other@proxy", 1);
	assert_true(proxy_env_secrets(keep, &k));
	assert_int_equal(k.lines.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_string_equal(k.lines.v[i], expected[i]);
	lines_free(&k.lines);
}

TEST(test_proxy_without_a_password_has_no_secret)
{
	struct kept k = { .most = 0 };

	assert_true(proxy_env_secrets(keep, &k));
	setenv("https_proxy", "http://me@proxy:1", 1);
	assert_true(proxy_env_secrets(keep, &k));
}

TEST(test_secret_that_cannot_be_stored_is_an_error)
{
	struct kept k = { .most = 0 };

	setenv("https_proxy", "http://me:secret@proxy:1", 1);
	for (; k.most < 6; k.most++) {
		assert_false(proxy_env_secrets(keep, &k));
		lines_free(&k.lines);
	}
	assert_true(proxy_env_secrets(keep, &k));	/* those for https, those for wss */
	lines_free(&k.lines);
}

int main(void)
{
	each_test(none, NULL);
	return run_all_tests(NULL, NULL);
}
