/* What a libcurl must have, checked at run time too: the test plays its curl_version_info. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../net.h"

static const char *const all[] = { "https", "ws", "wss", NULL };
static const char *const plain[] = { "https", "ws", NULL };
static const char *const older[] = { "https", NULL };

static curl_version_info_data played;

curl_version_info_data *curl_version_info(CURLversion age)
{
	(void)age;
	return &played;
}

static void be(unsigned number, const char *version, const char *const *protocols, int features)
{
	memset(&played, 0, sizeof(played));
	played.age = CURLVERSION_NOW;
	played.version_num = number;
	played.version = version;
	played.protocols = protocols;
	played.features = features;
}

static void test_what_it_must_have(void **state)
{
	(void)state;
	be(0x080d00, "8.13.0", all, CURL_VERSION_ASYNCHDNS);
	assert_null(net_lacks());
	be(0x080c01, "8.12.1", all, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(net_lacks(), "version 8.13 or newer");
	be(0x075800, "7.88.0", older, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(net_lacks(), "version 8.13 or newer");
	be(0x080e01, "8.14.1", older, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(net_lacks(), "WebSocket over TLS (wss)");
	be(0x080e01, "8.14.1", plain, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(net_lacks(), "WebSocket over TLS (wss)");
	be(0x080e01, "8.14.1", all, CURL_VERSION_SSL);
	assert_string_equal(net_lacks(), "an asynchronous resolver");
}

static void test_run_ends_before_it_begins(void **state)
{
	const struct net_conf conf = { .cacert = NULL };
	struct net *net = (struct net *)&played;
	struct err err = { "" };

	(void)state;
	be(0x080c01, "8.12.1", all, CURL_VERSION_ASYNCHDNS);
	assert_int_equal(net_new(&net, &conf, &err), ST_USAGE);
	assert_null(net);
	assert_string_equal(err.text, "this libcurl (8.12.1) lacks version 8.13 or newer");
}

static void test_versions_of_one_without_tls(void **state)
{
	(void)state;
	be(0x080e01, "8.14.1", older, 0);
	assert_non_null(strstr(net_versions(), "libcurl/8.14.1 no-TLS cJSON/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_must_have),
		cmocka_unit_test(test_run_ends_before_it_begins),
		cmocka_unit_test(test_versions_of_one_without_tls)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
