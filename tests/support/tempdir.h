/* A directory for one test, which is its XDG_CACHE_HOME too, and files in it. */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"

static inline char *joined(const char *a, const char *b)
{
	char *s = NULL;

	assert_true(asprintf(&s, "%s%s", a, b) > 0);
	return s;
}

static inline char *tempdir_new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = joined(tmp ? tmp : "/tmp", "/gsqstat-cache-XXXXXX");

	assert_non_null(mkdtemp(path));
	assert_int_equal(setenv("XDG_CACHE_HOME", path, 1), 0);
	return path;
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int kind,
	struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static inline void tempdir_free(char *path)
{
	nftw(path, tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(path);
}

/* A setup that makes such a directory and works in it, and the teardown. */
static char *workdir;
static int workdir_before;

static inline int workdir_enter(void **state)
{
	(void)state;
	workdir = tempdir_new();
	workdir_before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return workdir_before >= 0 && chdir(workdir) == 0 ? 0 : -1;
}

static inline int workdir_leave(void **state)
{
	bool failed = fchdir(workdir_before) != 0 || close(workdir_before) != 0;

	(void)state;
	tempdir_free(workdir);
	return failed ? -1 : 0;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* How many names in the directory end in ".tmp". */
static inline int temps_in(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strlen(e->d_name) > 4
			&& strcmp(e->d_name + strlen(e->d_name) - 4, ".tmp") == 0;
	closedir(d);
	return n;
}

static inline unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static inline void put_file(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fchmod(fd, mode) == 0
		&& close(fd) == 0;

	assert_true(good);
}

static inline void put_text(const char *path, const char *text, mode_t mode)
{
	put_file(path, text, strlen(text), mode);
}

static inline void assert_file(const char *path, const char *text)
{
	char got[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, got, sizeof(got) - 1);

	close(fd);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, text);
}

#endif
