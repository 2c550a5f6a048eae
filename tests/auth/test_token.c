/* What the token endpoint may answer, hosts and regions: text from outside. */
#include "auth/creds.h"
#include "auth/token.h"
#include "tests/support/check.h"

TEST(answer__is_checked_field_by_field)
{
	static const char twice[] = "{\"access_token\":\"t\",\"access_token\":\"u\","
		"\"token_type\":\"bearer\",\"expires_in\":1}";
	static const char *const bad[] = {
		"", "{", "[]", "null", "\"x\"", "{}", "{\"access_token\":\"t\"}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":7,\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"a b\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"a\\n\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"\\u00e9\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"t\",\"token_type\":\"mac\",\"expires_in\":1}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":0}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":-1}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":\"1\"}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1e300}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1} x",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1}{}",
		"{\"access_token\":\"t\\u0000u\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\\u0000\",\"expires_in\":1}",
		"{\"access_token\":\"t\",\"token_type\":7,\"expires_in\":1}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":null}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1e999}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":NaN}",
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":315360001}",
		"{\"Access_Token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"token_type\":\"bearer\",\"expires_in\":1}",
		"{\"access_token\":\"t\",\"expires_in\":1}",
		twice
	};
	static const char good[] =
		"{\"access_token\":\"t-._~+/=\",\"token_type\":\"Bearer\","
		"\"expires_in\":86399.5} \n";
	char *token;
	double life_s;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (!token_parse_answer(bad[i], strlen(bad[i]), &token, &life_s))
			fail_msg("%s", bad[i]);
		assert_null(token);
	}
	assert_null(token_parse_answer(good, strlen(good), &token, &life_s));
	assert_string_equal(token, "t-._~+/=");
	assert_double_equal_exact(life_s, 86399.5);
	free(token);
}

TEST(answer__with_a_raw_nul_is_refused)
{
	char in_token[] = "{\"access_token\":\"t?u\",\"token_type\":\"bearer\",\"expires_in\":1}";
	static const char at_end[] =
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1}";
	char *token;
	double life_s;

	*strchr(in_token, '?') = '\0';
	assert_non_null(token_parse_answer(in_token, sizeof(in_token) - 1, &token, &life_s));
	assert_null(token);
	assert_non_null(token_parse_answer(at_end, sizeof(at_end), &token, &life_s));
	assert_null(token);
}

/* What else an answer says is nobody's business; an escaped backslash begins no escape. */
TEST(answer__may_have_other_members)
{
	static const char *const good[] = {
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1,"
		"\"x\":\"\\\\u0000\"}",
		" \r\n\t{\"x\":[{}],\"expires_in\":1,\"token_type\":\"BEARER\","
		"\"access_token\":\"t\"}\t\r\n"
	};
	char *token;
	double life_s;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const char *why = token_parse_answer(good[i], strlen(good[i]), &token, &life_s);

		if (why)
			fail_msg("%s: %s", good[i], why);
		assert_string_equal(token, "t");
		free(token);
	}
}

TEST(answer__holds_a_token_of_at_most_16_kib)
{
	static const char start[] = "{\"access_token\":\"";
	static const char end[] = "\",\"token_type\":\"bearer\",\"expires_in\":1}";
	char *text = malloc(20000), *token;
	double life_s;

	assert_non_null(text);
	for (size_t n = 16384; n <= 16385; n++) {
		size_t len = sizeof(start) - 1;

		memcpy(text, start, len);
		memset(text + len, 'x', n);
		memcpy(text + len + n, end, sizeof(end));
		if (n > 16384) {
			assert_non_null(token_parse_answer(text, strlen(text), &token, &life_s));
			continue;
		}
		assert_null(token_parse_answer(text, strlen(text), &token, &life_s));
		assert_int_equal(strlen(token), n);
		free(token);
	}
	free(text);
}

TEST(host__becomes_a_base_url)
{
	static const struct {
		const char *host, *url;
	} good[] = {
		{ "api.example.com", "https://api.example.com" },
		{ "api.example.com:8443", "https://api.example.com:8443" },
		{ "https://api.example.com/", "https://api.example.com" },
		{ "WSS://h", "https://h" }, { "http://127.0.0.1:80", "http://127.0.0.1:80" },
		{ "ws://localhost:1", "http://localhost:1" }, { "http://[::1]:5",
		"http://[::1]:5" },
		{ "localhost:1", "https://localhost:1" }, { "[2001:db8::1]:443",
		"https://[2001:db8::1]:443" }
	};
	static const char *const bad[] = {
		"", "http://example.com", "http://127.evil.com", "ftp://h", "h/path", "u@h",
		"h?x", "h:0",
		"h:65536", "h:x", ":1", "h:", "a b", "https://", "http://localhost.evil.com",
		"[::1", "-h"
	};
	const char *why;
	bool plain;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char *url = creds_base_url(good[i].host, &plain, &why);

		if (!url)
			fail_msg("%s", good[i].host);
		assert_string_equal(url, good[i].url);
		assert_int_equal(plain, strncmp(url, "http:", 5) == 0);
		free(url);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (creds_base_url(bad[i], &plain, &why))
			fail_msg("'%s' was taken", bad[i]);
}

TEST(region__may_have_dashes_or_underscores)
{
	static const char *const pairs[][2] = {
		{ "us-east-1", "mypurecloud.com" }, { "EU_Central_1", "mypurecloud.de" },
		{ "mypurecloud.ie", "mypurecloud.ie" }
	};
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		char *domain = creds_region_domain(pairs[i][0], &why);

		assert_non_null(domain);
		assert_string_equal(domain, pairs[i][1]);
		free(domain);
	}
	assert_null(creds_region_domain("moon-1", &why));
	assert_non_null(why);
	assert_null(creds_region_domain("bad domain.com", &why));
	assert_non_null(why);
}

/* A domain, each of its hosts or a region: the same three; loopback and addresses as they are. */
TEST(host__of_the_service_gives_three_urls)
{
	static const struct {
		const char *host, *domain, *api, *login;
	} good[] = {
		{ "mypurecloud.de", "mypurecloud.de", "https://api.mypurecloud.de",
		  "https://login.mypurecloud.de" },
		{ "API.MyPureCloud.de", "mypurecloud.de", "https://api.MyPureCloud.de",
		  "https://login.MyPureCloud.de" },
		{ "https://login.usw2.pure.cloud/", "usw2.pure.cloud",
		  "https://api.usw2.pure.cloud", "https://login.usw2.pure.cloud" },
		{ "wss://streaming.mypurecloud.ie:8443", "mypurecloud.ie",
		  "https://api.mypurecloud.ie:8443", "https://login.mypurecloud.ie:8443" },
		{ "eu_central_1", "mypurecloud.de", "https://api.mypurecloud.de",
		  "https://login.mypurecloud.de" },
		{ "US-EAST-1", "mypurecloud.com", "https://api.mypurecloud.com",
		  "https://login.mypurecloud.com" },
		{ "localhost", "localhost", "https://localhost", "https://localhost" },
		{ "LocalHost:1", "localhost", "https://LocalHost:1", "https://LocalHost:1" },
		{ "ws://127.0.0.1:80", "127.0.0.1", "http://127.0.0.1:80",
		  "http://127.0.0.1:80" },
		{ "http://[::1]:5", "[::1]", "http://[::1]:5", "http://[::1]:5" },
		{ "10.1.2.3:443", "10.1.2.3", "https://10.1.2.3:443", "https://10.1.2.3:443" },
		{ "[2001:DB8::1]", "[2001:db8::1]", "https://[2001:DB8::1]",
		  "https://[2001:DB8::1]" }
	};
	static const char *const bad[] = {
		"", "mars-1", "host", "eu-central-1 ", "h.x/path", "u@h.x", "http://api.x.de",
		"ftp://x.de", "x.de:0", "[::1", "."
	};
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct creds c = { 0 };

		if (!creds_hosts(&c, good[i].host, true, &why))
			fail_msg("%s: %s", good[i].host, why);
		assert_string_equal(c.domain, good[i].domain);
		assert_string_equal(c.base_url, good[i].api);
		assert_string_equal(c.login_url, good[i].login);
		assert_int_equal(c.plain, strncmp(good[i].api, "http:", 5) == 0);
		creds_free(&c);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct creds c = { 0 };

		if (creds_hosts(&c, bad[i], true, &why))
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(why);
		assert_null(c.base_url);
	}
}

TEST(token__that_was_given_is_used_until_it_is_refused)
{
	struct creds creds = { .access_token = (char[]){ "given" } };
	struct token_conf conf = { .margin_ms = 60000 };
	struct token *t = token_new(&conf, &creds, NULL, NULL);
	const char *value;

	assert_non_null(t);
	assert_int_equal(token_want(t, 1, 2), TOKEN_READY);
	value = token_value(t);
	assert_string_equal(value, "given");
	assert_int_equal(token_result(t)->expires_ms, 0);
	assert_int_equal(token_want(t, 1, 2), TOKEN_READY);
	assert_ptr_equal(token_value(t), value);
	assert_int_equal(token_result(t)->generation, 1);	/* it is no new one */
	token_drop(t);
	assert_int_equal(token_want(t, 1, 2), TOKEN_FAILED);
	assert_int_equal(token_result(t)->failure, HTTP_UNAUTHORISED);
	token_free(t);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
