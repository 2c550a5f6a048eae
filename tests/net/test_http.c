/* What a libcurl must have, checked at run time too, and what it is told to trust: the test plays
 * its curl_version_info and takes what is set. */
#include "net/http.h"
#include "tests/support/check.h"

#undef curl_easy_setopt

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

TEST(test_features_that_libcurl_must_have)
{
	be(0x080e00, "8.14.0", all, CURL_VERSION_ASYNCHDNS);
	assert_null(http_lacks());
	be(0x080d00, "8.13.0", all, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(http_lacks(), "version 8.14 or newer");
	be(0x075800, "7.88.0", older, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(http_lacks(), "version 8.14 or newer");
	be(0x080e01, "8.14.1", older, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(http_lacks(), "WebSocket over TLS (wss)");
	be(0x080e01, "8.14.1", plain, CURL_VERSION_ASYNCHDNS);
	assert_string_equal(http_lacks(), "WebSocket over TLS (wss)");
	be(0x080e01, "8.14.1", all, CURL_VERSION_SSL);
	assert_string_equal(http_lacks(), "an asynchronous resolver");
}

TEST(test_unsuitable_libcurl_ends_the_run_at_the_start)
{
	const struct http_conf conf = { .cacert = NULL };
	struct http *http = (struct http *)&played;
	struct err err = { "" };

	be(0x080d00, "8.13.0", all, CURL_VERSION_ASYNCHDNS);
	assert_int_equal(http_new(&http, &conf, &err), ST_USAGE);
	assert_null(http);
	assert_string_equal(err.text, "this libcurl (8.13.0) lacks version 8.14 or newer");
}

TEST(test_versions_of_one_without_tls)
{
	be(0x080e01, "8.14.1", older, 0);
	assert_non_null(strstr(http_versions(), "libcurl/8.14.1 no-TLS cJSON/"));
}

/* --- what is trusted ---------------------------------------------------------------- */

#define UNTOUCHED "its own"

static const char *file, *directory, *proxy_file, *proxy_directory;

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	const char **set = option == CURLOPT_CAINFO ? &file : option == CURLOPT_CAPATH ? &directory
		: option == CURLOPT_PROXY_CAINFO ? &proxy_file
		: option == CURLOPT_PROXY_CAPATH ? &proxy_directory : NULL;
	va_list values;

	(void)easy;
	va_start(values, option);
	if (set)
		*set = va_arg(values, const char *);
	va_end(values);
	return CURLE_OK;
}

/* What is set where the built-in file is or is not there; NULL in an environment: not set. */
static void settle(const char *built_in, const char *cacert, const char *env_file,
	const char *env_dir)
{
	struct http_conf conf = { .cacert = cacert };
	struct err err = { "" };
	struct http *http;

	be(0x080e01, "8.14.1", all, CURL_VERSION_ASYNCHDNS);
	played.cainfo = built_in;
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	if (env_file)
		setenv("SSL_CERT_FILE", env_file, 1);
	if (env_dir)
		setenv("SSL_CERT_DIR", env_dir, 1);
	file = directory = proxy_file = proxy_directory = UNTOUCHED;
	assert_int_equal(http_new(&http, &conf, &err), ST_OK);
	assert_non_null(http_easy(http, 1000));
	http_free(http);
}

TEST(test_certificates_of_the_environment_are_trusted)
{
	settle("/dev/null", NULL, NULL, NULL);
	assert_string_equal(file, UNTOUCHED);
	assert_string_equal(directory, UNTOUCHED);
	settle("/nowhere", NULL, NULL, NULL);	/* libcurl's error names that file */
	assert_string_equal(file, UNTOUCHED);
	settle("/dev/null", NULL, "mine", NULL);
	assert_string_equal(file, "mine");
	assert_string_equal(proxy_file, "mine");
	assert_string_equal(directory, UNTOUCHED);
	settle("/dev/null", NULL, NULL, "certs");
	assert_string_equal(file, UNTOUCHED);
	assert_string_equal(proxy_file, UNTOUCHED);
	assert_string_equal(directory, "certs");
	assert_string_equal(proxy_directory, "certs");
	settle("/nowhere", NULL, "mine", "certs");
	assert_string_equal(file, "mine");
	assert_string_equal(directory, "certs");
}

TEST(test_directory_where_the_built_in_file_is_absent)
{
	settle("/nowhere", NULL, NULL, "certs");
	assert_null(file);
	assert_null(proxy_file);
	assert_string_equal(directory, "certs");
	settle(NULL, NULL, NULL, "certs");	/* a libcurl that has none */
	assert_string_equal(file, UNTOUCHED);
	assert_string_equal(directory, "certs");
}

TEST(test_only_cacert_is_trusted_for_the_service)
{
	settle("/dev/null", "given", "mine", "certs");
	assert_string_equal(file, "given");
	assert_null(directory);
	assert_string_equal(proxy_file, "mine");
	assert_string_equal(proxy_directory, "certs");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
