#include "util/private_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "util/files.h"
#include "util/text.h"

#define TEMP_KEPT_S 600		/* seconds, much longer than a write takes */

/* --- the directory ------------------------------------------------------------------ */

/* An XDG_CACHE_HOME that is not absolute is ignored (XDG Base Directory Specification). */
char *private_dir_path(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return text_format("%s/gsqstat", strcmp(xdg, "/") == 0 ? "" : xdg);
	if (home && *home == '/')
		return text_format("%s/.cache/gsqstat", strcmp(home, "/") == 0 ? "" : home);
	return NULL;
}

bool private_dir_name(const char *base_url, const char *client_id,
	char out[PRIVATE_DIR_NAME_LEN + 1])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *key = text_format("%s\n%s", base_url, client_id);
	bool ok = key && EVP_Digest(key, strlen(key), hash, &len, EVP_sha256(), NULL) == 1
		&& 2 * len == PRIVATE_DIR_NAME_LEN;
	if (ok)
		text_hex(hash, len, out);
	free(key);
	return ok;
}

/* 0: the directory was made or existed; else errno. */
static int make_directory(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/* Makes all missing directories of the path. 0, or errno of the first that failed. */
static int make_directories(char *path)
{
	int first = 0, error;

	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		error = make_directory(path);
		*slash = '/';
		first = first ? first : error;
	}
	error = make_directory(path);
	return first ? first : error;
}

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* If the directory is missing, errno says why it could not be made. */
static int open_made(const char *path, int make_error)
{
	int fd = open_directory(path);

	if (fd < 0 && errno == ENOENT && make_error)
		errno = make_error;
	return fd;
}

/* Returns fd if the directory may be used. Else closes it and returns -1, with the reason. */
static int checked(int fd, bool may_restrict, const char **why)
{
	struct stat st;

	*why = NULL;
	if (fd < 0 && errno == ENOTDIR)	/* which strerror(3) calls "Not a directory" for both */
		*why = "it is a symbolic link or not a directory";
	else if (fd < 0 || fstat(fd, &st) != 0)
		*why = strerror(errno);
	else if (st.st_uid != geteuid())
		*why = "it belongs to another user";
	else if ((st.st_mode & 077) && (!may_restrict || fchmod(fd, 0700) != 0))
		*why = "group or others have access to it; run chmod 700 on it";
	else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		*why = "it cannot be written to";
	if (*why && fd >= 0)
		close(fd);
	return *why ? -1 : fd;
}

/* --- temporaries -------------------------------------------------------------------- */

bool private_dir_is_temp(const char *rest)
{
	size_t digits = *rest == '.' ? strspn(rest + 1, "0123456789abcdef") : 0;

	return digits && strcmp(rest + 1 + digits, ".tmp") == 0;
}

bool private_dir_is_left_behind(const struct stat *st)
{
	int64_t age_s = (int64_t)time(NULL) - st->st_mtime;

	return age_s > TEMP_KEPT_S || age_s < -TEMP_KEPT_S;
}

static bool is_any_temp(const char *name)
{
	const char *suffix = strrchr(name, '.');

	suffix = suffix ? memrchr(name, '.', (size_t)(suffix - name)) : NULL;
	return suffix && suffix > name && private_dir_is_temp(suffix);
}

DIR *private_dir_list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static void remove_left_behind(int dir)
{
	DIR *d = private_dir_list(dir);
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d)))
		if (is_any_temp(entry->d_name)
		    && fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
		    && S_ISREG(st.st_mode) && private_dir_is_left_behind(&st))
			unlinkat(dir, entry->d_name, 0);
	if (d)
		closedir(d);
}

int private_dir_make(char *path, const char **why)
{
	int error = make_directories(path);
	int dir = checked(open_made(path, error), true, why);

	if (dir >= 0)
		remove_left_behind(dir);
	return dir;
}

int private_dir_make_one(const char *path, const char **why)
{
	bool made = mkdir(path, 0700) == 0;

	return checked(open_made(path, made ? 0 : errno), made, why);
}

int private_dir_open(const char *path)
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

/* Returns why the file must not be used, or NULL. */
static const char *distrust(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return strerror(errno);
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	if (st->st_uid != geteuid())
		return "it belongs to another user";
	return st->st_mode & 077 ? "group or others have access to it" : NULL;
}

enum private_dir_found private_dir_read(int dir, const char *name, size_t max, struct buf *text,
	const char **why)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	enum private_dir_found found = PRIVATE_DIR_WHOLE;
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		return PRIVATE_DIR_NONE;
	*why = fd < 0 ? strerror(errno) : distrust(fd, &st);
	if (fd < 0) {
		found = errno == ELOOP || errno == ENXIO || errno == EACCES
			? PRIVATE_DIR_FOREIGN : PRIVATE_DIR_FAILED;
	} else if (*why) {
		found = PRIVATE_DIR_FOREIGN;
	} else if ((size_t)st.st_size > max) {
		found = PRIVATE_DIR_BROKEN;
		*why = "it is too long";
	} else if (files_take(fd, (size_t)st.st_size, -1, text)) {
		found = PRIVATE_DIR_FAILED;
		*why = "it cannot be read";
	} else if (text->len > (size_t)st.st_size) {
		found = PRIVATE_DIR_BROKEN;
		*why = "it grows while it is read";
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* --- writing ------------------------------------------------------------------------ */

bool private_dir_write(int dir, const char *name, const struct buf *text, bool sync)
{
	char prefix[NAME_MAX + 1], *temp;
	int fd, error;
	bool ok;

	if (text->failed) {
		errno = ENOMEM;
		return false;
	}
	snprintf(prefix, sizeof(prefix), "%s.", name);
	temp = files_make_temp(dir, prefix, ".tmp", 0600, &fd);
	if (!temp)
		return false;
	ok = buf_write(text, fd) && (!sync || fsync(fd) == 0);
	if (close(fd) != 0)
		ok = false;
	ok = ok && renameat(dir, temp, dir, name) == 0;
	error = errno;
	if (!ok)
		unlinkat(dir, temp, 0);
	free(temp);
	errno = error;
	return ok;
}

/* --- the lock ----------------------------------------------------------------------- */

int private_dir_lock(int dir, const char *name, bool *held)
{
	char path[NAME_MAX + 1];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", name);
	fd = openat(dir, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	*held = false;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		*held = errno == EWOULDBLOCK;
		close(fd);
		fd = -1;
	}
	return fd;
}
