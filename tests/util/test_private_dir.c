/* The directory of what is kept between runs, and whole files in it, on a real file system. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/check.h"
#include "tests/support/tempdir.h"
#include "util/base.h"
#include "util/private_dir.h"

#define MAX 200000		/* more than one reading takes */

struct place {
	char *root, *path, *file;	/* XDG_CACHE_HOME, the directory in it, a file in that */
	int dir;
	struct buf text;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *why;

	assert_non_null(p);
	p->root = tempdir_new();
	p->path = private_dir_path();
	assert_non_null(p->path);
	p->file = joined(p->path, "/file");
	p->dir = private_dir_make(p->path, &why);
	assert_true(p->dir >= 0);
	assert_null(why);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	close(p->dir);
	tempdir_free(p->root);
	buf_free(&p->text);
	free(p->path);
	free(p->file);
	free(p);
	return 0;
}

static bool is_made(struct place *p)
{
	const char *why = NULL;
	int fd = private_dir_make(p->path, &why);

	assert_int_equal(fd < 0, why != NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_opened(const struct place *p)
{
	int fd = private_dir_open(p->path);

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

TEST(directory__of_ours_that_was_open_is_closed_when_made_alone)
{
	static const mode_t modes[] = { 0777, 0750, 0701, 0740 };
	struct place *p = *state;

	assert_int_equal(mode_of(p->path), 0700);
	assert_true(is_opened(p));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(p->path, modes[i]), 0);
		assert_false(is_opened(p));
		assert_int_equal(mode_of(p->path), modes[i]);
		assert_true(is_made(p));
		assert_int_equal(mode_of(p->path), 0700);
		assert_true(is_opened(p));
	}
}

TEST(directory__that_is_a_link_or_a_file_is_refused)
{
	struct place *p = *state;
	char *real = joined(p->root, "/real");

	assert_int_equal(rename(p->path, real), 0);
	assert_false(is_opened(p));
	assert_false(exists(p->path));
	assert_int_equal(symlink(real, p->path), 0);
	assert_false(is_opened(p) || is_made(p));
	assert_int_equal(unlink(p->path), 0);
	put_file(p->path, "", 0, 0600);
	assert_false(is_opened(p) || is_made(p));
	free(real);
}

TEST(directory__of_another_user_is_refused)
{
	struct place *p = *state;

	if (chown(p->path, 12345, (gid_t)-1) != 0)
		skip();
	assert_false(is_opened(p) || is_made(p));
	assert_int_equal(mode_of(p->path), 0700);
}

TEST(directory__that_the_user_names_is_made_alone_and_not_closed)
{
	struct place *p = *state;
	char *one = joined(p->root, "/one"), *deep = joined(p->root, "/no/deep");
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
	assert_string_equal(why, "others may look into it");
	assert_int_equal(mode_of(one), 0750);
	assert_int_equal(private_dir_make_one(deep, &why), -1);
	assert_non_null(why);
	assert_int_equal(rmdir(one), 0);
	assert_int_equal(symlink(p->path, one), 0);
	assert_int_equal(private_dir_make_one(one, &why), -1);
	assert_non_null(why);
	free(one);
	free(deep);
}

/* --- files -------------------------------------------------------------------------- */

static enum private_dir_found found(struct place *p, const char **why)
{
	*why = NULL;
	buf_free(&p->text);
	return private_dir_read(p->dir, "file", MAX, &p->text, why);
}

static void assert_found(struct place *p, enum private_dir_found want)
{
	const char *why;

	assert_int_equal(found(p, &why), want);
	assert_int_equal(why != NULL, want != PRIVATE_DIR_NONE && want != PRIVATE_DIR_WHOLE);
}

TEST(file__comes_back_whole_up_to_the_bound)
{
	static const size_t sizes[] = { 0, 1, 4096, MAX - 1, MAX };
	struct place *p = *state;
	struct buf text = { 0 };

	assert_found(p, PRIVATE_DIR_NONE);
	assert_non_null(buf_reserve(&text, MAX + 1));
	for (size_t i = 0; i <= MAX; i++)
		text.data[i] = (char)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		text.len = sizes[i];
		assert_true(private_dir_write(p->dir, "file", &text, true));
		assert_found(p, PRIVATE_DIR_WHOLE);
		assert_int_equal(p->text.len, sizes[i]);
		assert_memory_equal(p->text.data, text.data, sizes[i]);
	}
	text.len = MAX + 1;
	assert_true(private_dir_write(p->dir, "file", &text, true));
	assert_found(p, PRIVATE_DIR_BROKEN);
	buf_free(&text);
}

TEST(file__is_believed_if_it_is_ours_alone)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0666 };
	struct place *p = *state;
	char *target = joined(p->root, "/target");

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(p->file, "x", 1, modes[i]);
		assert_found(p, PRIVATE_DIR_FOREIGN);
	}
	put_file(p->file, "x", 1, 0600);
	assert_found(p, PRIVATE_DIR_WHOLE);
	assert_int_equal(rename(p->file, target), 0);
	assert_int_equal(symlink(target, p->file), 0);
	assert_found(p, PRIVATE_DIR_FOREIGN);
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(mkfifo(p->file, 0600), 0);
	assert_found(p, PRIVATE_DIR_FOREIGN);	/* and is not waited for */
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(mkdir(p->file, 0700), 0);
	assert_found(p, PRIVATE_DIR_FOREIGN);
	free(target);
}

/* Such a file may be as good as ever: whoever sets aside what is not must know. */
TEST(file__that_cannot_be_read_now_is_not_to_blame)
{
	struct rlimit before, none;
	struct place *p = *state;

	put_file(p->file, "x", 1, 0600);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_found(p, PRIVATE_DIR_FAILED);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	p->text.limit = 1;
	assert_found(p, PRIVATE_DIR_FAILED);	/* no room for it */
	p->text.limit = 0;
	assert_found(p, PRIVATE_DIR_WHOLE);
}

TEST(file__of_another_user_is_not_believed)
{
	struct place *p = *state;

	put_file(p->file, "x", 1, 0600);
	if (chown(p->file, 12345, (gid_t)-1) != 0)
		skip();
	assert_found(p, PRIVATE_DIR_FOREIGN);
}

TEST(write__takes_the_place_of_whatever_was_there)
{
	struct buf text = { .data = (char[]){ "new" }, .len = 3 };
	struct place *p = *state;
	mode_t before = umask(0);
	char *target = joined(p->root, "/target");

	put_file(target, "x", 1, 0600);
	assert_int_equal(symlink(target, p->file), 0);
	assert_true(private_dir_write(p->dir, "file", &text, true));
	umask(before);
	assert_found(p, PRIVATE_DIR_WHOLE);
	assert_int_equal(p->text.len, 3);
	assert_int_equal(mode_of(p->file), 0600);
	assert_int_equal(temps_in(p->path), 0);
	assert_int_equal(mode_of(target), 0600);
	free(target);
}

/* A container that shares the directory may have a process of the same number. */
TEST(write__leaves_the_temporary_of_another_writer_alone)
{
	struct buf text = { .data = (char[]){ "new" }, .len = 3 };
	struct place *p = *state;
	char *temp = NULL;

	assert_true(asprintf(&temp, "%s.%ld.tmp", p->file, (long)getpid()) > 0);
	put_file(temp, "half a token", 12, 0600);
	assert_true(private_dir_write(p->dir, "file", &text, true));
	assert_true(private_dir_write(p->dir, "file", &text, false));
	assert_true(exists(temp));
	assert_found(p, PRIVATE_DIR_WHOLE);
	assert_int_equal(p->text.len, 3);
	assert_true(is_made(p));
	assert_true(exists(temp));	/* its writer may be at work */
	free(temp);
}

/* Sixteen writers of one file: what is read between is always one of their texts, whole. */
TEST(write__of_many_at_once_is_whole)
{
	struct place *p = *state;
	pid_t pid[16];
	int status;

	put_file(p->file, "", 0, 0600);
	for (int i = 0; i < 16; i++) {
		struct buf text = { 0 };

		for (int j = 0; j < 5000; j++)
			buf_char(&text, (char)('a' + i));
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			bool ok = true;

			for (int j = 0; j < 20; j++)
				ok = private_dir_write(p->dir, "file", &text, false) && ok;
			_exit(ok ? 0 : 1);
		}
		buf_free(&text);
	}
	for (int i = 0; i < 16; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
		assert_found(p, PRIVATE_DIR_WHOLE);
		assert_int_equal(p->text.len, 5000);
		for (size_t j = 1; j < p->text.len; j++)
			assert_int_equal(p->text.data[j], p->text.data[0]);
	}
	assert_int_equal(temps_in(p->path), 0);
}

TEST(temporary__of_a_killed_run_goes_after_ten_minutes)
{
	static const char *const names[] = { "/file.123.tmp", "/file.names.00ff.tmp" },
		*const others[] = { "/file.tmp", "/file.12x.tmp", "/.12.tmp", "/file.12.tmpx" };
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 700 },
		{ .tv_sec = time(NULL) - 700 } };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(names) + ARRAY_LEN(others); i++) {
		bool temp = i < ARRAY_LEN(names);
		char *path = joined(p->path, temp ? names[i] : others[i - ARRAY_LEN(names)]);

		put_file(path, "x", 1, 0600);
		assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
		assert_true(is_made(p));
		assert_int_equal(exists(path), !temp);
		free(path);
	}
}

TEST(lock__is_held_by_one)
{
	struct place *p = *state;
	bool held;
	int one = private_dir_lock(p->dir, "file", &held);

	assert_true(one >= 0 && !held);
	assert_int_equal(private_dir_lock(p->dir, "file", &held), -1);
	assert_true(held);
	close(one);
	one = private_dir_lock(p->dir, "file", &held);
	assert_true(one >= 0 && !held);
	close(one);
	one = private_dir_lock(p->dir, "no/such", &held);
	assert_true(one == -1 && !held);
}

/* Limits hold for root too: the write is cut, the next one fails. */
TEST(write__that_fails_leaves_what_was_there)
{
	struct buf text = { .data = (char[]){ "longer than ten" }, .len = 15 };
	struct rlimit before, none;
	struct place *p = *state;

	put_file(p->file, "old", 3, 0600);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	errno = 0;
	assert_false(private_dir_write(p->dir, "file", &text, true));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	text.failed = true;
	assert_false(private_dir_write(p->dir, "file", &text, true));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(temps_in(p->path), 0);
	assert_found(p, PRIVATE_DIR_WHOLE);
	assert_int_equal(p->text.len, 3);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
