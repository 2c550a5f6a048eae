/* Where callbacks may go, and that what is said of a bad one holds no secret. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tempdir.h"
#include "webhook/target.h"

static const struct targets_flags flags = { "--callback-header-file", "--callback-key-file",
	"--callback-spool" };

static struct targets t;
static struct lines problems, warnings;

static void reset(void)
{
	targets_free(&t);
	lines_free(&problems);
	lines_free(&warnings);
}

static int clean(void **state __attribute__((unused)))
{
	reset();
	return 0;
}

static void good(const char *url, const char *shown)
{
	reset();
	targets_add(&t, url, "--callback", &problems, &warnings);
	if (problems.n || t.n != 1)
		fail_msg("%s: %s", url, problems.n ? problems.v[0] : "not taken");
	assert_string_equal(t.v[0].url, url);
	assert_string_equal(t.v[0].shown, shown);
}

/* One line, with both words, without what is secret. */
static void bad(const char *url, const char *shown, const char *why)
{
	reset();
	targets_add(&t, url, "--callback", &problems, &warnings);
	if (problems.n != 1 || !strstr(problems.v[0], shown) || !strstr(problems.v[0], why)
	    || strstr(problems.v[0], "s3cret"))
		fail_msg("%s: not one line with '%s' and '%s' but '%s'", url, shown, why,
			problems.n ? problems.v[0] : "none");
	assert_int_equal(t.n, 0);
}

TEST(url__is_shown_as_scheme_host_and_port)
{
	good("https://hooks.example", "https://hooks.example");
	good("https://hooks.example/services/T0/B0/s3cret", "https://hooks.example");
	good("https://hooks.example:8443?token=s3cret@x", "https://hooks.example:8443");
	good("HTTPS://Hooks.example/@s3cret", "https://Hooks.example");
	good("https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443");
	good("http://localhost:80/s3cret", "http://localhost:80");
	good("http://127.0.0.2/#s3cret", "http://127.0.0.2");
}

TEST(url__that_is_bad_shows_no_secret)
{
	bad("ftp://hooks.example/s3cret", "'ftp://hooks.example'", "https URL");
	bad("wss://hooks.example/s3cret", "'wss://hooks.example'", "https URL");
	bad("hooks.example/s3cret", "'hooks.example'", "https URL");
	bad("", "''", "https URL");
	bad("u:s3cret@hooks.example/", "'***@hooks.example'", "https URL");
	bad("https://hooks.example/s3cret x", "'https://hooks.example'", "visible");
	bad("https://hooks.example/\xC3\xA4s3cret", "'https://hooks.example'", "visible");
	bad("https:///s3cret", "'https://'", "host");
	bad("https://hooks.example:99999/s3cret", ":99999'", "port");
	bad("https://hooks.example\\s3cret", "'https://hooks.example'", "backslash");
	bad("http://hooks.example/s3cret", "'http://hooks.example'", "loopback");
	bad("http://localhost.example/s3cret", "'http://localhost.example'", "loopback");
}

TEST(url__with_a_user_is_refused_and_the_part_marked)
{
	bad("https://s3cret@hooks.example/", "'https://***@hooks.example'", "(the part ***@)");
	bad("https://me:s3cret@hooks.example:1/s3cret", "'https://***@hooks.example:1'",
		"must not contain a user or password");
	bad("https://a@s3cret@hooks.example/", "'https://***@hooks.example'", "***@");
}

TEST(url__given_twice_counts_once)
{
	good("https://a.example/s3cret", "https://a.example");
	targets_add(&t, "https://a.example/s3cret", "--callback", &problems, &warnings);
	targets_add(&t, "https://a.example/other", "--callback", &problems, &warnings);
	assert_int_equal(t.n, 2);
	assert_int_equal(problems.n, 0);
	assert_int_equal(warnings.n, 1);
	assert_null(strstr(warnings.v[0], "s3cret"));
}

TEST(url__can_be_given_16_times)
{
	char url[64];

	reset();
	for (int i = 0; i < 17; i++) {
		snprintf(url, sizeof(url), "https://a%d.example/", i);
		targets_add(&t, url, "--callback", &problems, &warnings);
	}
	assert_int_equal(t.n, TARGETS_MAX);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.v[0], "16 URLs"));
}

static void checked(const char *url, bool allowed, bool is_good)
{
	reset();
	targets_add(&t, url, "--callback", &problems, &warnings);
	t.allow_private = allowed;
	targets_check(&t, &flags, &problems, &warnings);
	if ((problems.n == 0) != is_good)
		fail_msg("%s: %s", url, problems.n ? problems.v[0] : "taken");
}

TEST(url__with_a_private_address_needs_allow_private)
{
	checked("https://10.0.0.1/s3cret", false, false);
	assert_non_null(strstr(problems.v[0], "--callback-allow-private"));
	assert_null(strstr(problems.v[0], "s3cret"));
	checked("https://10.0.0.1/", true, true);
	checked("https://[::1]:8443/", false, false);
	checked("https://2130706433/", false, false);
	checked("https://0x7f.1:443/", false, false);
	checked("http://localhost:80/", false, false);
	checked("http://localhost:80/", true, true);
	checked("https://8.8.8.8/", false, true);
	checked("https://localhost/", false, true);	/* a name: where it leads shows later */
}

/* --- files ---------------------------------------------------------------------------- */

static char *dir;

static void write_file(const char *name, const char *text, mode_t mode)
{
	char *path = joined(dir, name);

	put_file(path, text, strlen(text), mode);
	free(path);
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return path;
}

static void headers(const char *text)
{
	reset();
	write_file("/headers", text, 0600);
	t.header_file = path_of("/headers");
	targets_check(&t, &flags, &problems, &warnings);
}

TEST(header__lines_are_taken)
{
	headers("# mine\n\nAuthorization:  Bearer s3cret-token \r\nX-A:b c");
	assert_int_equal(problems.n + warnings.n, 0);
	assert_int_equal(t.headers.n, 2);
	assert_string_equal(t.headers.v[0], "Authorization: Bearer s3cret-token");
	assert_string_equal(t.headers.v[1], "X-A: b c");
}

TEST(header__that_is_bad_is_named_by_its_line)
{
	static const char *const lines[] = {
		"s3cret", "Name", ": s3cret", "A B: s3cret", "X:", "X: \t", "X: s3cret\x01",
		"X: s3cret\xC3\xA4", "Content-Length: 3", "HOST: s3cret", "webhook-id: s3cret",
		"Transfer-Encoding: chunked", "Expect: 100-continue", "content-type: a/b",
		"Content-Encoding: gzip", "TE: trailers", "Trailer: x", "Upgrade: h2c",
		"Keep-Alive: x", "Proxy-Connection: x"
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		snprintf(text, sizeof(text), "X-Good: 1\n%s\n", lines[i]);
		headers(text);
		if (problems.n != 1 || !strstr(problems.v[0], "line 2: ")
		    || strstr(problems.v[0], "s3cret"))
			fail_msg("%s: %s", lines[i], problems.n ? problems.v[0] : "taken");
	}
}

TEST(header__file_that_others_may_read_is_a_warning)
{
	reset();
	write_file("/open", "X: 1\n", 0644);
	t.header_file = path_of("/open");
	targets_check(&t, &flags, &problems, &warnings);
	assert_int_equal(problems.n, 0);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.v[0], "chmod 600"));
	reset();
	t.header_file = path_of("/none");
	targets_check(&t, &flags, &problems, &warnings);
	assert_int_equal(problems.n, 1);
}

TEST(url__is_read_from_a_file)
{
	char at[600];

	reset();
	write_file("/url", "https://a.example/s3cret\n", 0600);
	snprintf(at, sizeof(at), "@%s", path_of("/url"));
	targets_add(&t, at, "--callback", &problems, &warnings);
	assert_int_equal(problems.n + warnings.n, 0);
	assert_string_equal(t.v[0].url, "https://a.example/s3cret");
	assert_int_equal(t.files.n, 1);
	write_file("/url", "https://u:s3cret@a.example/", 0600);
	reset();
	targets_add(&t, at, "--callback", &problems, &warnings);
	assert_int_equal(problems.n, 1);
	assert_null(strstr(problems.v[0], "s3cret"));
	reset();
	targets_add(&t, "@/nowhere/at/all", "--callback", &problems, &warnings);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.v[0], "/nowhere/at/all"));
}

TEST(secret__is_each_hidden_part_of_a_url)
{
	size_t at = 0;

	headers("Authorization: Bearer s3cret-token\nX: short a\n");
	targets_add(&t, "https://a.example/s3cret?x=1", "--callback", &problems, &warnings);
	targets_add(&t, "https://b.example", "--callback", &problems, &warnings);
	assert_string_equal(targets_secret(&t, &at), "/s3cret?x=1");
	assert_string_equal(targets_secret(&t, &at), "");
	assert_string_equal(targets_secret(&t, &at), "Bearer s3cret-token");
	assert_string_equal(targets_secret(&t, &at), "s3cret-token");
	assert_string_equal(targets_secret(&t, &at), "short a");
	assert_string_equal(targets_secret(&t, &at), "short a");
	assert_null(targets_secret(&t, &at));
}

static void spool(const char *name, const char *why)
{
	reset();
	t.spool = path_of(name);
	targets_check(&t, &flags, &problems, &warnings);
	if (why && (problems.n != 1 || !strstr(problems.v[0], why)))
		fail_msg("%s: not '%s' but '%s'", name, why, problems.n ? problems.v[0] : "");
	if (!why && problems.n)
		fail_msg("%s: %s", name, problems.v[0]);
}

TEST(spool__is_a_directory_of_ours_or_can_be_made)
{
	spool("/new", NULL);
	spool("/new/", NULL);
	assert_false(exists(path_of("/new")));
	spool("/no/deep", "No such file");
	assert_int_equal(mkdir(path_of("/mine"), 0700), 0);
	spool("/mine", NULL);
	assert_int_equal(chmod(path_of("/mine"), 0750), 0);
	spool("/mine", "group or others have access to it; run chmod 700 on it");
	write_file("/file", "", 0600);
	spool("/file", "Not a directory");
}

static int make_dir(void **state __attribute__((unused)))
{
	dir = tempdir_new();
	return 0;
}

static int remove_dir(void **state __attribute__((unused)))
{
	reset();
	tempdir_free(dir);
	return 0;
}

int main(void)
{
	each_test(NULL, clean);
	return run_all_tests(make_dir, remove_dir);
}
