/* The directory of what is kept between runs, and whole files in it, on a real file system. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/tempdir.h"
#include "util/private_dir.h"

#define MAX 200000		/* more than one reading takes */

static struct place {
	char *root, *path, *file;	/* XDG_CACHE_HOME, the directory in it, a file in that */
	int dir;
	struct buf text;
} place;

static int set_up(void **state __attribute__((unused)))
{
	const char *why;

	memset(&place, 0, sizeof(place));
	place.root = tempdir_new();
	place.path = private_dir_path();
	assert_non_null(place.path);
	place.file = joined(place.path, "/file");
	place.dir = private_dir_make(place.path, &why);
	assert_true(place.dir >= 0);
	assert_null(why);
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	close(place.dir);
	tempdir_free(place.root);
	buf_free(&place.text);
	free(place.path);
	free(place.file);
	return 0;
}

static bool is_made(void)
{
	const char *why = NULL;
	int fd = private_dir_make(place.path, &why);

	assert_int_equal(fd < 0, why != NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_opened(void)
{
	int fd = private_dir_open(place.path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* --- where -------------------------------------------------------------------------- */

TEST(path__of_the_root_directory_has_one_slash)
{
	char *path;

	setenv("XDG_CACHE_HOME", "/", 1);
	path = private_dir_path();
	assert_string_equal(path, "/gsqstat");
	free(path);
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", "/", 1);
	path = private_dir_path();
	assert_string_equal(path, "/.cache/gsqstat");
	free(path);
}

TEST(name__is_of_host_and_client)
{
	static const char *const others[][2] = {
		{ "https://h", "d" }, { "https://g", "c" }, { "https://h\nc", "" }, { "", "" }
	};
	char name[PRIVATE_DIR_NAME_LEN + 1], other[PRIVATE_DIR_NAME_LEN + 1];

	assert_true(private_dir_name("https://h", "c", name));
	assert_string_equal(name,
		"883e0c8af7586a41865bd238fbc47660c6b1f8291a6235732e5f241d4287b71c");
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_true(private_dir_name(others[i][0], others[i][1], other));
		assert_string_not_equal(other, name);
	}
}

TEST(directory__of_ours_that_is_open_gets_mode_700)
{
	static const mode_t modes[] = { 0777, 0750, 0701, 0740 };

	assert_int_equal(mode_of(place.path), 0700);
	assert_true(is_opened());
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(place.path, modes[i]), 0);
		assert_false(is_opened());
		assert_int_equal(mode_of(place.path), modes[i]);
		assert_true(is_made());
		assert_int_equal(mode_of(place.path), 0700);
		assert_true(is_opened());
	}
}

TEST(directory__that_is_a_link_or_a_file_is_refused)
{
	char *real = joined(place.root, "/real");

	assert_int_equal(rename(place.path, real), 0);
	assert_false(is_opened());
	assert_false(exists(place.path));
	assert_int_equal(symlink(real, place.path), 0);
	assert_false(is_opened() || is_made());
	assert_int_equal(unlink(place.path), 0);
	put_file(place.path, "", 0, 0600);
	assert_false(is_opened() || is_made());
	free(real);
}

TEST(directory__of_another_user_is_refused)
{
	if (chown(place.path, 12345, (gid_t)-1) != 0)
		skip();
	assert_false(is_opened() || is_made());
	assert_int_equal(mode_of(place.path), 0700);
}

TEST(directory__that_the_user_named_keeps_its_mode)
{
	char *one = joined(place.root, "/one"), *deep = joined(place.root, "/no/deep");
	const char *why = NULL;
	int fd = private_dir_make_one(one, &why);

	assert_true(fd >= 0);
	assert_null(why);
	assert_int_equal(close(fd), 0);
	assert_int_equal(mode_of(one), 0700);
	fd = private_dir_make_one(one, &why);	/* again */
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(chmod(one, 0750), 0);
	assert_int_equal(private_dir_make_one(one, &why), -1);
	assert_string_equal(why, "group or others have access to it; run chmod 700 on it");
	assert_int_equal(mode_of(one), 0750);
	assert_int_equal(private_dir_make_one(deep, &why), -1);
	assert_non_null(why);
	assert_int_equal(rmdir(one), 0);
	assert_int_equal(symlink(place.path, one), 0);
	assert_int_equal(private_dir_make_one(one, &why), -1);
	assert_non_null(why);
	free(one);
	free(deep);
}

/* --- files -------------------------------------------------------------------------- */

static enum private_dir_found found(const char **why)
{
	*why = NULL;
	buf_free(&place.text);
	return private_dir_read(place.dir, "file", MAX, &place.text, why);
}

static void assert_found(enum private_dir_found want)
{
	const char *why;

	assert_int_equal(found(&why), want);
	assert_int_equal(why != NULL, want != PRIVATE_DIR_NONE && want != PRIVATE_DIR_WHOLE);
}

TEST(file__is_read_whole_up_to_the_limit)
{
	static const size_t sizes[] = { 0, 1, 4096, MAX - 1, MAX };
	struct buf text = { 0 };

	assert_found(PRIVATE_DIR_NONE);
	assert_non_null(buf_reserve(&text, MAX + 1));
	for (size_t i = 0; i <= MAX; i++)
		text.data[i] = (char)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		text.len = sizes[i];
		assert_true(private_dir_write(place.dir, "file", &text, true));
		assert_found(PRIVATE_DIR_WHOLE);
		assert_int_equal(place.text.len, sizes[i]);
		assert_memory_equal(place.text.data, text.data, sizes[i]);
	}
	text.len = MAX + 1;
	assert_true(private_dir_write(place.dir, "file", &text, true));
	assert_found(PRIVATE_DIR_BROKEN);
	buf_free(&text);
}

TEST(file__is_read_only_if_it_is_ours_and_closed_to_others)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0666 };
	char *target = joined(place.root, "/target");

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(place.file, "x", 1, modes[i]);
		assert_found(PRIVATE_DIR_FOREIGN);
	}
	put_file(place.file, "x", 1, 0600);
	assert_found(PRIVATE_DIR_WHOLE);
	assert_int_equal(rename(place.file, target), 0);
	assert_int_equal(symlink(target, place.file), 0);
	assert_found(PRIVATE_DIR_FOREIGN);
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(mkfifo(place.file, 0600), 0);
	assert_found(PRIVATE_DIR_FOREIGN);	/* and is not waited for */
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(mkdir(place.file, 0700), 0);
	assert_found(PRIVATE_DIR_FOREIGN);
	free(target);
}

/* Such a file may be as good as ever: whoever sets aside what is not must know. */
TEST(file__that_cannot_be_read_now_is_not_bad)
{
	struct rlimit before, none;

	put_file(place.file, "x", 1, 0600);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_found(PRIVATE_DIR_FAILED);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	place.text.limit = 1;
	assert_found(PRIVATE_DIR_FAILED);	/* no room for it */
	place.text.limit = 0;
	assert_found(PRIVATE_DIR_WHOLE);
}

TEST(file__of_another_user_is_ignored)
{
	put_file(place.file, "x", 1, 0600);
	if (chown(place.file, 12345, (gid_t)-1) != 0)
		skip();
	assert_found(PRIVATE_DIR_FOREIGN);
}

TEST(write__replaces_what_was_there)
{
	struct buf text = { .data = (char[]){ "new" }, .len = 3 };
	mode_t before = umask(0);
	char *target = joined(place.root, "/target");

	put_file(target, "x", 1, 0600);
	assert_int_equal(symlink(target, place.file), 0);
	assert_true(private_dir_write(place.dir, "file", &text, true));
	umask(before);
	assert_found(PRIVATE_DIR_WHOLE);
	assert_int_equal(place.text.len, 3);
	assert_int_equal(mode_of(place.file), 0600);
	assert_int_equal(temps_in(place.path), 0);
	assert_int_equal(mode_of(target), 0600);
	free(target);
}

/* A container that shares the directory may have a process of the same number. */
TEST(write__leaves_temporary_files_of_other_writers_alone)
{
	struct buf text = { .data = (char[]){ "new" }, .len = 3 };
	char *temp = NULL;

	assert_true(asprintf(&temp, "%s.%ld.tmp", place.file, (long)getpid()) > 0);
	put_file(temp, "half a token", 12, 0600);
	assert_true(private_dir_write(place.dir, "file", &text, true));
	assert_true(private_dir_write(place.dir, "file", &text, false));
	assert_true(exists(temp));
	assert_found(PRIVATE_DIR_WHOLE);
	assert_int_equal(place.text.len, 3);
	assert_true(is_made());
	assert_true(exists(temp));	/* its writer may be at work */
	free(temp);
}

/* Sixteen writers of one file: what is read between is always one of their texts, whole. */
TEST(write__of_many_at_once_is_whole)
{
	pid_t pid[16];
	int status;

	put_file(place.file, "", 0, 0600);
	for (int i = 0; i < 16; i++) {
		struct buf text = { 0 };

		for (int j = 0; j < 5000; j++)
			buf_char(&text, (char)('a' + i));
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			bool ok = true;

			for (int j = 0; j < 20; j++)
				ok = private_dir_write(place.dir, "file", &text, false) && ok;
			_exit(ok ? 0 : 1);
		}
		buf_free(&text);
	}
	for (int i = 0; i < 16; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
		assert_found(PRIVATE_DIR_WHOLE);
		assert_int_equal(place.text.len, 5000);
		for (size_t j = 1; j < place.text.len; j++)
			assert_int_equal(place.text.data[j], place.text.data[0]);
	}
	assert_int_equal(temps_in(place.path), 0);
}

TEST(temporary_file__of_a_killed_run_is_removed_after_10_minutes)
{
	static const char *const names[] = { "/file.123.tmp", "/file.names.00ff.tmp" },
		*const others[] = { "/file.tmp", "/file.12x.tmp", "/.12.tmp", "/file.12.tmpx" };
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 700 },
		{ .tv_sec = time(NULL) - 700 } };

	for (size_t i = 0; i < ARRAY_LEN(names) + ARRAY_LEN(others); i++) {
		bool temp = i < ARRAY_LEN(names);
		char *path = joined(place.path, temp ? names[i] : others[i - ARRAY_LEN(names)]);

		put_file(path, "x", 1, 0600);
		assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
		assert_true(is_made());
		assert_int_equal(exists(path), !temp);
		free(path);
	}
}

TEST(lock__is_held_by_one)
{
	bool held;
	int one = private_dir_lock(place.dir, "file", &held);

	assert_true(one >= 0 && !held);
	assert_int_equal(private_dir_lock(place.dir, "file", &held), -1);
	assert_true(held);
	close(one);
	one = private_dir_lock(place.dir, "file", &held);
	assert_true(one >= 0 && !held);
	close(one);
	one = private_dir_lock(place.dir, "no/such", &held);
	assert_true(one == -1 && !held);
}

/* Limits hold for root too: the write is cut, the next one fails. */
TEST(write__that_fails_leaves_what_was_there)
{
	struct buf text = { .data = (char[]){ "longer than ten" }, .len = 15 };
	struct rlimit before, none;

	put_file(place.file, "old", 3, 0600);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	errno = 0;
	assert_false(private_dir_write(place.dir, "file", &text, true));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	text.failed = true;
	assert_false(private_dir_write(place.dir, "file", &text, true));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(temps_in(place.path), 0);
	assert_found(PRIVATE_DIR_WHOLE);
	assert_int_equal(place.text.len, 3);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
