/* Two names for one file, also of one that does not exist yet; what is read whole, and what a
 * pipe without an end costs. */
#include <errno.h>
#include <sys/wait.h>

#include "tests/support/tempdir.h"
#include "util/files.h"

/* --- two names ---------------------------------------------------------------------- */

static void assert_one(const char *a, const char *b, bool one)
{
	const struct files_use use[] = {
		{ .flag = "--a", .path = a, .output = true },
		{ .flag = "--b", .path = b, .output = true },
		{ .flag = "--c" }
	};
	struct lines problems = { 0 };

	files_check(use, 3, &problems);
	assert_false(problems.failed);
	assert_int_equal(problems.n, one);
	if (one)
		assert_string_equal(problems.v[0], "--a and --b are the same file");
	lines_free(&problems);
}

TEST(test_names_of_a_file_that_is_not_there_yet)
{
	char *absolute = joined(workdir, "/new");

	assert_one("new", "./new", true);
	assert_one("new", absolute, true);
	assert_one("new", "other", false);
	assert_one("/gsqstat-new", "//gsqstat-new", true);
	/* where there is no directory there will be no file */
	assert_one("nowhere/new", "nowhere/new", false);
	assert_false(exists("new") || exists("other"));
	free(absolute);
}

TEST(test_links_that_lead_to_nothing_yet)
{
	char *absolute = joined(workdir, "/new");

	assert_int_equal(symlink("new", "relative"), 0);
	assert_int_equal(symlink(absolute, "absolute"), 0);
	assert_int_equal(symlink("relative", "second"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_one("relative", "new", true);
	assert_one("absolute", "new", true);
	assert_one("second", "absolute", true);
	assert_one("loop", "new", false);
	assert_int_equal(unlink("relative") | unlink("absolute") | unlink("second")
		| unlink("loop"), 0);
	free(absolute);
}

TEST(test_names_of_a_file_that_is_there)
{
	put_text("one", "", 0600);
	assert_int_equal(link("one", "two"), 0);
	assert_one("one", "two", true);
	assert_one("one", "three", false);
	assert_one("/dev/null", "/dev/null", false);	/* no regular file may be shared */
}

/* --- what is read ------------------------------------------------------------------- */

TEST(test_read_whole_or_why_not)
{
	struct buf text = { 0 };

	put_text("in", "some text", 0600);
	assert_null(files_read("in", 100000, &text));
	assert_int_equal(text.len, 9);
	assert_memory_equal(text.data, "some text", 9);
	buf_clear(&text);
	assert_string_equal(files_read("absent", 100000, &text), strerror(ENOENT));
	assert_string_equal(files_read(".", 100000, &text), strerror(EISDIR));
	assert_string_equal(files_read("/proc/self/mem", 100000, &text), strerror(EIO));
	buf_free(&text);
	assert_string_equal(files_read("in", 4, &text), "it is too long");
	buf_free(&text);
}

/* A descriptor that another process made non-blocking: what comes late is read too. */
TEST(test_stdin_that_does_not_block)
{
	struct buf text = { 0 };
	int saved = dup(STDIN_FILENO), ends[2], status;
	pid_t writer;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		usleep(50000);
		_exit(write(ends[1], "late", 4) == 4 ? 0 : 1);
	}
	close(ends[1]);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	assert_null(files_read("-", 1 << 20, &text));
	assert_int_equal(text.len, 4);
	assert_true(dup2(saved, STDIN_FILENO) >= 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(saved);
	buf_free(&text);
}

int main(void)
{
	each_test(workdir_enter, workdir_leave);
	return run_all_tests(NULL, NULL);
}
