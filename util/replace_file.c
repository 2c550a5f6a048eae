#include "util/replace_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/files.h"
#include "util/text.h"

#define TEMP_TRIES 16
#define TEMP_MARK ".gsqstat-"
/* The name of a temporary file contains at most this much of the target's name. If the name is cut,
 * a later run cannot find out which target the temporary file belongs to. */
#define TEMP_NAME_MAX (NAME_MAX - 1 - (sizeof(TEMP_MARK) - 1) - FILES_TEMP_HEX)
#define UNFINISHED ".unfinished"

struct replace_file {
	char *path;		/* as the user gave it, for messages */
	char *target;		/* the real path */
	char *directory;	/* of the target */
	char *unfinished;	/* NULL: the target's name is too long for one */
	const char *name;	/* of the target in its directory */
	char *temp_prefix;	/* how the paths of its temporary files begin */
	char *temp;		/* NULL: there is none */
	int fd;			/* of temp, or -1 */
};

static enum status file_error(struct err *err, const char *path, const char *what)
{
	return err_set(err, ST_USAGE, "'%s': %s: %s", path, what, strerror(errno));
}

/* --- checks ------------------------------------------------------------------------- */

bool replace_file_is_mount_point(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, 0, STATX_TYPE, &st) == 0 && S_ISREG(st.stx_mode)
		&& (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* In a sticky directory only the owner of the file or of the directory may replace the file. */
static bool may_be_replaced(const char *path, const char *target, const struct stat *st)
{
	char *dir = strndup(target, (size_t)(strrchr(target, '/') + 1 - target));
	struct stat in;
	bool ok = dir && stat(dir, &in) == 0;

	if (ok && (in.st_mode & S_ISVTX) && in.st_uid != geteuid() && st->st_uid != geteuid()
	    && !files_is_owned(path)) {
		errno = EPERM;
		ok = false;
	}
	free(dir);
	return ok;
}

enum status replace_file_check(const char *path, struct err *err)
{
	enum status st = ST_OK;
	const char *why = NULL;
	char *target = NULL;
	struct stat old;
	bool exists = stat(path, &old) == 0;

	if (!exists && errno != ENOENT)
		return file_error(err, path, "cannot be opened");
	if (exists && access(path, W_OK) != 0)
		return file_error(err, path, "cannot be written");
	why = files_unmakeable(path);
	if (why)
		return err_set(err, ST_USAGE, "'%s': %s: %s", path, exists
			? "cannot create a file next to it" : "cannot be created", why);
	target = files_real(path);
	if (!target)
		st = file_error(err, path, "cannot be created");
	else if (exists && !may_be_replaced(path, target, &old))
		st = file_error(err, path, "cannot be replaced in its directory");
	free(target);
	return st;
}

/* --- temporary files ---------------------------------------------------------------- */

/* Locks a new temporary file. False: it failed, or before that another run took the file for an
 * abandoned one. */
static bool lock_new(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static void close_temp(struct replace_file *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	free(r->temp);
	r->temp = NULL;
}

static bool make_temp(struct replace_file *r, mode_t mode)
{
	for (int tries = 0; tries < TEMP_TRIES; tries++) {
		r->temp = files_make_temp(AT_FDCWD, r->temp_prefix, "", mode, &r->fd);
		if (!r->temp)
			return false;
		if (lock_new(r->fd))
			return true;
		close_temp(r);
	}
	return false;
}

/*
 * Copies the old file's mode, group and owner, but not set-user-ID, as the owner may not be kept.
 * If the group cannot be kept either, the new group gets only the permissions of others.
 */
static bool keep_permissions(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (st.st_gid != old->st_gid && fchown(fd, (uid_t)-1, old->st_gid) != 0)
		mode &= (mode_t)(0707 | (mode & 07) << 3);
	if (fchmod(fd, mode) != 0)
		return false;
	return st.st_uid == old->st_uid || fchown(fd, old->st_uid, (gid_t)-1) == 0
		|| errno == EPERM || errno == EINVAL;
}

static enum status open_temp(struct replace_file *r, struct err *err)
{
	struct stat old;
	bool exists = stat(r->target, &old) == 0;

	if (!make_temp(r, exists ? 0600 : 0666)) {
		enum status st = file_error(err, r->path, "cannot create a file next to it");

		close_temp(r);
		return st;
	}
	if (exists && !keep_permissions(r->fd, &old))
		return file_error(err, r->path, "cannot set the mode of the new file");
	return ST_OK;
}

/* --- files of killed runs ----------------------------------------------------------- */

static bool is_temp_name(const struct replace_file *r, const char *name)
{
	const char *prefix = r->temp_prefix + strlen(r->directory);
	const size_t len = strlen(prefix);

	return strlen(name) == len + FILES_TEMP_HEX && memcmp(name, prefix, len) == 0
		&& strspn(name + len, "0123456789abcdef") == FILES_TEMP_HEX;
}

static bool is_newer(const struct stat *st, const char *than)
{
	struct stat other;

	if (lstat(than, &other) != 0)
		return true;
	return st->st_mtim.tv_sec != other.st_mtim.tv_sec
		? st->st_mtim.tv_sec > other.st_mtim.tv_sec
		: st->st_mtim.tv_nsec >= other.st_mtim.tv_nsec;
}

/* True: it was renamed to NAME.unfinished. A locked file belongs to a run that has not ended. */
static bool rescue(const struct replace_file *r, int dir, const char *name, uid_t owner)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	bool kept = false;
	struct stat st;

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
	    && (st.st_uid == geteuid() || st.st_uid == owner)) {
		if (st.st_size == 0 || !is_newer(&st, r->unfinished))
			unlinkat(dir, name, 0);
		else
			kept = renameat(dir, name, AT_FDCWD, r->unfinished) == 0;
	}
	close(fd);
	return kept;
}

static void rescue_all(const struct replace_file *r, struct lines *warnings)
{
	bool named = r->unfinished && strlen(r->name) <= TEMP_NAME_MAX;
	DIR *dir = named ? opendir(r->directory) : NULL;
	struct stat old;
	uid_t owner = stat(r->target, &old) == 0 ? old.st_uid : geteuid();
	bool kept = false;

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (is_temp_name(r, entry->d_name))
			kept = rescue(r, dirfd(dir), entry->d_name, owner) || kept;
	if (kept)
		lines_add(warnings, "an earlier run was killed; its rows are in %s, which may end "
			"within a row", r->unfinished);
	if (dir)
		closedir(dir);
}

/* --- from open to commit ------------------------------------------------------------ */

static enum status begin(struct replace_file *r, const char *path, struct lines *warnings,
	struct err *err)
{
	enum status st = replace_file_check(path, err);
	bool has_unfinished;

	if (st != ST_OK)
		return st;
	r->path = strdup(path);
	r->target = files_real(path);
	if (!r->path || !r->target)
		return file_error(err, path, "cannot be created");
	r->name = strrchr(r->target, '/') + 1;
	has_unfinished = strlen(r->name) + sizeof(UNFINISHED) - 1 <= NAME_MAX;
	r->directory = strndup(r->target, (size_t)(r->name - r->target));
	if (!r->directory)
		return err_nomem(err);
	r->temp_prefix = text_format("%s.%.*s" TEMP_MARK, r->directory, (int)TEMP_NAME_MAX,
		r->name);
	if (has_unfinished)
		r->unfinished = text_format("%s" UNFINISHED, r->target);
	if (!r->temp_prefix || (has_unfinished && !r->unfinished))
		return err_nomem(err);
	rescue_all(r, warnings);
	return open_temp(r, err);
}

enum status replace_file_open(struct replace_file **replace, const char *path,
	struct lines *warnings, struct err *err)
{
	struct replace_file *r = calloc(1, sizeof(*r));
	enum status st;

	*replace = r;
	if (!r)
		return err_nomem(err);
	r->fd = -1;
	st = begin(r, path, warnings, err);
	if (st != ST_OK) {
		replace_file_free(r);
		*replace = NULL;
	}
	return st;
}

int replace_file_fd(const struct replace_file *r)
{
	return r->fd;
}

const char *replace_file_temp_path(const struct replace_file *r)
{
	return r->temp;
}

const char *replace_file_unfinished_path(const struct replace_file *r)
{
	return r->unfinished;
}

enum status replace_file_renew(struct replace_file *r, struct err *err)
{
	return r->temp || open_temp(r, err) == ST_OK ? ST_OK : ST_OUTPUT;
}

/* Syncs the directory too, so that the new name is on the disk, if we may open the directory. */
static bool sync_directory(const struct replace_file *r)
{
	int fd = open(r->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd < 0 ? errno == EACCES
		: fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
	int why = errno;	/* for the message; close may change it */

	if (fd >= 0)
		close(fd);
	errno = why;
	return ok;
}

/* Keeps the lock until the file is renamed: without it another run would take the file for an
 * abandoned one. */
enum status replace_file_commit(struct replace_file *r, bool sync, struct err *err)
{
	const char *kept;
	int why;

	if ((!sync || fsync(r->fd) == 0) && rename(r->temp, r->target) == 0) {
		bool ok = (!sync || sync_directory(r)) && close(r->fd) == 0;

		why = errno;
		if (ok)
			r->fd = -1;
		close_temp(r);
		return ok ? ST_OK : err_set(err, ST_OUTPUT, "%s: it was replaced, but may be lost "
			"after a power failure: %s", r->path, strerror(why));
	}
	why = errno;
	kept = replace_file_set_aside(r);
	return err_set(err, ST_OUTPUT, "%s: %s%s%s", r->path, strerror(why),
		kept ? "; the content is in " : "", kept ? kept : "");
}

const char *replace_file_set_aside(struct replace_file *r)
{
	struct stat st, named;

	if (!r->temp)
		return NULL;
	if (fstat(r->fd, &st) != 0 || st.st_size == 0) {
		unlink(r->temp);
		close_temp(r);
		return NULL;
	}
	/* the directory may have been moved or removed */
	if (lstat(r->temp, &named) != 0 || named.st_ino != st.st_ino
	    || named.st_dev != st.st_dev) {
		close_temp(r);
		return NULL;
	}
	if (!r->unfinished || rename(r->temp, r->unfinished) != 0)
		return r->temp;
	close_temp(r);
	return r->unfinished;
}

void replace_file_free(struct replace_file *r)
{
	if (!r)
		return;
	replace_file_set_aside(r);
	close_temp(r);
	free(r->path);
	free(r->target);
	free(r->directory);
	free(r->temp_prefix);
	free(r->unfinished);
	free(r);
}
