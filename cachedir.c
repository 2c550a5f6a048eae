#include "cachedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

/* --- where -------------------------------------------------------------------------- */

/* $XDG_CACHE_HOME must be absolute, or it counts as unset (XDG Base Directory). */
char *cachedir_path(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (xdg && *xdg == '/')
		n = asprintf(&path, "%s/gsqstat", xdg);
	else if (home && *home == '/')
		n = asprintf(&path, "%s/.cache/gsqstat", home);
	return n < 0 ? NULL : path;
}

bool cachedir_name(const char *base_url, const char *client_id,
	char out[CACHEDIR_NAME_LEN + 1])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *key = NULL;
	bool ok;

	if (asprintf(&key, "%s\n%s", base_url, client_id) < 0)
		return false;
	ok = EVP_Digest(key, strlen(key), hash, &len, EVP_sha256(), NULL) == 1
		&& 2 * len == CACHEDIR_NAME_LEN;
	if (ok)
		text_hex(hash, len, out);
	free(key);
	return ok;
}

/* Every directory of the path that is missing, closed to others. */
static void make_directories(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The descriptor, or -1, closed, with why it is not to be used. */
static int judged(int fd, bool may_close_it_to_others, const char **why)
{
	struct stat st;

	*why = NULL;
	if (fd < 0 && errno == ENOTDIR)	/* both give that, and strerror(3) names the first alone */
		*why = "it is no directory, or a symbolic link";
	else if (fd < 0 || fstat(fd, &st) != 0)
		*why = strerror(errno);
	else if (st.st_uid != geteuid())
		*why = "it belongs to somebody else";
	else if ((st.st_mode & 077) && (!may_close_it_to_others || fchmod(fd, 0700) != 0))
		*why = "others may look into it";
	else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		*why = "it cannot be written to";
	if (*why && fd >= 0)
		close(fd);
	return *why ? -1 : fd;
}

int cachedir_make(char *path, const char **why)
{
	make_directories(path);
	return judged(open_directory(path), true, why);
}

int cachedir_make_one(const char *path, const char **why)
{
	bool made = mkdir(path, 0700) == 0;

	return judged(open_directory(path), made, why);
}

int cachedir_open(const char *path)
{
	struct stat st;
	int fd = open_directory(path);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- reading ------------------------------------------------------------------------ */

/* Why the file is not to be believed, NULL: it may be. */
static const char *distrust(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return strerror(errno);
	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (st->st_uid != geteuid())
		return "it belongs to somebody else";
	return st->st_mode & 077 ? "others may read or write it" : NULL;
}

/* Room for all of it at once: growing would leave copies of a secret behind. */
static bool read_whole(int fd, size_t size, struct buf *text)
{
	char *room = buf_reserve(text, size + 1);
	ssize_t n = 0;

	while (room && text->len <= size) {
		n = read(fd, room + text->len, size + 1 - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text->len += (size_t)n;
	}
	return room && n == 0 && text->len <= size;
}

enum cachedir_found cachedir_read(int dir, const char *name, size_t max, struct buf *text,
	const char **why)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	enum cachedir_found found = CACHEDIR_WHOLE;
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		return CACHEDIR_NONE;
	*why = fd < 0 ? strerror(errno) : distrust(fd, &st);
	if (fd < 0) {
		found = errno == ELOOP || errno == ENXIO || errno == EACCES
			? CACHEDIR_FOREIGN : CACHEDIR_FAILED;
	} else if (*why) {
		found = CACHEDIR_FOREIGN;
	} else if ((size_t)st.st_size > max) {
		found = CACHEDIR_BROKEN;
		*why = "it is too long";
	} else if (!read_whole(fd, (size_t)st.st_size, text)) {
		found = text->len > (size_t)st.st_size ? CACHEDIR_BROKEN : CACHEDIR_FAILED;
		*why = found == CACHEDIR_BROKEN ? "it is broken" : "it cannot be read";
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* --- writing ------------------------------------------------------------------------ */

bool cachedir_write(int dir, const char *name, const struct buf *text)
{
	char temp[NAME_MAX + 1];
	int fd = -1, saved;
	bool ok;

	if (text->failed) {
		errno = ENOMEM;
		return false;
	}
	snprintf(temp, sizeof(temp), "%s.%ld.tmp", name, (long)getpid());
	unlinkat(dir, temp, 0);		/* left by a process of this number */
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ok = fd >= 0 && buf_write(text, fd) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && renameat(dir, temp, dir, name) == 0;
	if (!ok) {
		saved = errno;
		unlinkat(dir, temp, 0);
		errno = saved;
	}
	return ok;
}
