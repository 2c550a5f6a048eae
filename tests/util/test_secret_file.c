/* Files with secrets: what is read, and what is refused of each kind. */
#include <errno.h>

#include "tests/support/tempdir.h"
#include "util/secret_file.h"

static const char *read_key(const char *path, struct buf *secret)
{
	unsigned exposed;

	return secret_file_read(SECRET_FILE_KEY, path, secret, &exposed);
}

#define KEY_MAX 4096

static void assert_secret(const char *text, mode_t mode, const char *why, const char *expected)
{
	struct buf secret = { 0 };
	const char *found;

	put_text("secret", text, mode);
	found = read_key("secret", &secret);
	if (why)
		assert_string_equal(found, why);
	else
		assert_null(found);
	if (expected) {
		assert_int_equal(secret.len, strlen(expected));
		assert_memory_equal(secret.data, expected, secret.len);
	}
	buf_wipe(&secret);
}

TEST(secret_is_trimmed_and_closed_to_others)
{
	static char most[KEY_MAX + 2];

	assert_secret("s\n", 0600, NULL, "s");
	assert_secret("s\r\n", 0400, NULL, "s");
	assert_secret("s\n\n", 0600, NULL, "s\n");
	assert_secret("\n", 0600, "it is empty", NULL);
	assert_secret("", 0600, "it is empty", NULL);
	assert_secret("s", 0640, "group or others have access to it; run chmod 600 on it", NULL);
	memset(most, 's', KEY_MAX);
	assert_secret(most, 0600, NULL, most);
	most[KEY_MAX] = 's';
	assert_secret(most, 0600, "it is longer than 4096 bytes", NULL);
}

TEST(secret_in_a_directory_or_pipe)
{
	struct buf secret = { 0 };

	assert_string_equal(read_key("absent", &secret), strerror(ENOENT));
	assert_string_equal(read_key(".", &secret), strerror(EISDIR));
	assert_string_equal(read_key("/proc/self/mem", &secret), strerror(EIO));
	buf_wipe(&secret);
}

TEST(secret_that_may_be_exposed_has_its_mode)
{
	struct buf secret = { 0 };
	unsigned exposed;

	put_text("secret", "s\r", 0640);
	assert_null(secret_file_read(SECRET_FILE_TEXT, "secret", &secret, &exposed));
	assert_string_equal(secret.data, "s");
	assert_int_equal(exposed, 0640);
	buf_wipe(&secret);
	assert_null(secret_file_read(SECRET_FILE_GC, "secret", &secret, &exposed));
	assert_int_equal(secret.len, 2);
	assert_int_equal(exposed, 0640);
	buf_wipe(&secret);
	assert_string_equal(secret_file_read(SECRET_FILE_GC, ".", &secret, &exposed),
		"it is a directory");
	buf_wipe(&secret);
}

int main(void)
{
	each_test(workdir_enter, workdir_leave);
	return run_all_tests(NULL, NULL);
}
