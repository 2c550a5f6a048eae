#include "audit/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/files.h"
#include "util/nowait.h"

#define WAIT_S 1	/* at most, for one line */
#define TRY_MS 5	/* between two tries */

struct audit_file {
	char *path;
	struct nowait w;	/* fd -1: has to be opened */
	int timer;		/* for waiting for the lock, or for a pipe's reader */
	bool waits;		/* the timer is running */
	bool regular;
	bool chained;
	struct hash_chain_work *work;
	struct hash_chain chain;	/* the file's last line */
	struct hash_chain_tear tear;
	bool torn;
	struct buf end;		/* the last bytes of the file */
};

static enum status failed(const struct audit_file *f, const char *why, struct err *err)
{
	return err_set(err, ST_OUTPUT, "--audit-file '%s': %s", f->path, why);
}

static const char foreign_link[] = "it is reached by a symbolic link of another user";
static const char foreign[] = "its last lines were not written with --audit-chain; use a new file";

/* --- the file's end ------------------------------------------------------------------- */

/* Reads the last `want` bytes of the file, or all if it is shorter. */
static bool read_end(int fd, off_t size, size_t want, struct buf *end)
{
	off_t at = size > (off_t)want ? size - (off_t)want : 0;
	size_t len = (size_t)(size - at);
	ssize_t n = 1;

	buf_clear(end);
	if (!buf_reserve(end, len))
		return false;
	while (end->len < len && n != 0) {
		n = pread(fd, end->data + end->len, len - end->len, at + (off_t)end->len);
		if (n < 0 && errno != EINTR)
			return false;
		end->len += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Returns why no line can be appended, or NULL. The last line is enough to decide, except after a
 * crash. */
static const char *look_at_end(struct audit_file *f, off_t size)
{
	static const size_t wants[] = { HASH_CHAIN_LINE_MAX + 1,
		HASH_CHAIN_TEAR_MAX + HASH_CHAIN_LINE_MAX };
	enum hash_chain_end found = HASH_CHAIN_SHORT;

	f->torn = false;
	if (!f->chained) {
		if (!read_end(f->w.fd, size, 1, &f->end))
			return strerror(errno);
		f->tear.open = f->torn = f->end.len && f->end.data[0] != '\n';
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(wants) && found == HASH_CHAIN_SHORT; i++) {
		if (!read_end(f->w.fd, size, wants[i], &f->end))
			return strerror(errno);
		found = hash_chain_look(f->work, f->end.data, f->end.len,
			size <= (off_t)wants[i], &f->chain, &f->tear);
	}
	f->torn = found == HASH_CHAIN_TORN;
	if (found == HASH_CHAIN_FAILED)
		return "cannot compute the hash of its last line";
	if (found == HASH_CHAIN_OTHER_KEY)
		return "its last line is signed, but not with this run's key; use that key, or a "
			"new file";
	return found == HASH_CHAIN_WHOLE || found == HASH_CHAIN_TORN ? NULL : foreign;
}

/* --- opening ------------------------------------------------------------------------ */

/*
 * Returns why the file cannot be opened, or NULL. A regular file is opened for reading too; opening
 * anything else must not block. In a directory where others can make symbolic links, such a link
 * must not make this user's run write into another file of this user.
 */
static const char *open_file(struct audit_file *f)
{
	struct stat st;
	int flags = O_APPEND;
	bool opened;

	if (files_has_foreign_link(f->path))
		return foreign_link;
	if (lstat(f->path, &st) != 0 || !S_ISLNK(st.st_mode))
		flags |= O_NOFOLLOW;	/* a link may have been made after the check */
	f->regular = stat(f->path, &st) != 0 || S_ISREG(st.st_mode);
	f->w = (struct nowait){ .fd = -1 };
	if (f->regular)
		f->w.fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
			| flags, 0600);
	opened = f->regular ? f->w.fd >= 0 : nowait_open(&f->w, f->path, flags, 0);
	if (opened && fstat(f->w.fd, &st) == 0) {
		f->regular = S_ISREG(st.st_mode);
		return NULL;
	}
	if (opened)
		close(f->w.fd);
	f->w.fd = -1;
	return nowait_open_error();
}

const char *audit_file_unfit(const char *path, bool chain, const struct buf *key)
{
	struct audit_file f = { .w.fd = -1, .chained = chain };
	const char *why = NULL;
	struct stat st;

	if (files_has_foreign_link(path))
		return foreign_link;
	if (stat(path, &st) != 0)
		return errno == ENOENT ? NULL : strerror(errno);
	if (S_ISDIR(st.st_mode))
		return strerror(EISDIR);
	if (access(path, S_ISREG(st.st_mode) ? R_OK | W_OK : W_OK) != 0)
		return strerror(errno);
	if (!chain || !S_ISREG(st.st_mode))
		return NULL;
	f.w.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	f.work = f.w.fd >= 0 ? hash_chain_work_new(key ? key->data : NULL, key ? key->len : 0)
			     : NULL;
	if (f.w.fd < 0 || !f.work)
		why = strerror(errno);
	else
		why = look_at_end(&f, st.st_size);
	if (f.w.fd >= 0)
		close(f.w.fd);
	hash_chain_work_free(f.work);
	buf_free(&f.end);
	return why;
}

enum status audit_file_open(struct audit_file **file, const char *path, bool chain,
	const struct buf *key, struct err *err)
{
	struct audit_file *f = calloc(1, sizeof(*f));
	const char *why;

	*file = f;
	if (!f)
		return err_nomem(err);
	f->w.fd = f->timer = -1;
	f->chained = chain;
	f->chain = hash_chain_empty;
	f->path = strdup(path);
	f->work = hash_chain_work_new(key ? key->data : NULL, key ? key->len : 0);
	if (!f->path || !f->work)
		return err_nomem(err);
	f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	why = f->timer < 0 ? strerror(errno) : open_file(f);
	return why ? err_set(err, ST_USAGE, "--audit-file '%s': cannot be opened for writing: %s",
		path, why) : ST_OK;
}

void audit_file_close(struct audit_file *f)
{
	if (!f)
		return;
	if (f->w.fd >= 0)
		close(f->w.fd);
	if (f->timer >= 0)
		close(f->timer);
	hash_chain_work_free(f->work);
	buf_free(&f->end);
	free(f->path);
	free(f);
}

/* --- the lock ----------------------------------------------------------------------- */

static bool set_timer(struct audit_file *f, int seconds)
{
	const struct itimerspec once = { .it_value.tv_sec = seconds };

	f->waits = seconds > 0;
	return timerfd_settime(f->timer, 0, &once, NULL) == 0;
}

/* Waits for a moment. False: the line has waited WAIT_S since its first pause. */
static bool pause_in_time(struct audit_file *f)
{
	struct pollfd p = { .fd = f->timer, .events = POLLIN };

	return (f->waits || set_timer(f, WAIT_S)) && poll(&p, 1, TRY_MS) <= 0;
}

/* True if the path still names the open file; *size is then the file's size. */
static bool is_current(const struct audit_file *f, off_t *size)
{
	struct stat open_one, named;

	if (fstat(f->w.fd, &open_one) != 0 || lstat(f->path, &named) != 0)
		return false;
	if (S_ISLNK(named.st_mode)
	    && (files_is_foreign_link(&named) || stat(f->path, &named) != 0))
		return false;
	*size = open_one.st_size;
	return open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* Returns why the file cannot be locked, or NULL. Opens the path again if the file was rotated
 * between open(2) and flock(2). */
static const char *take_lock(struct audit_file *f, off_t *size)
{
	const char *why;

	do {
		if (f->w.fd < 0 && (why = open_file(f)))
			return why;
		if (!f->regular)
			return NULL;
		if (flock(f->w.fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno != EWOULDBLOCK && errno != EINTR)
				return strerror(errno);
			continue;
		}
		if (is_current(f, size))
			return NULL;
		close(f->w.fd);
		f->w.fd = -1;
	} while (pause_in_time(f));
	return "another process kept it locked for more than a second";
}

enum status audit_file_lock(struct audit_file *f, struct err *err)
{
	off_t size = 0;
	const char *why = take_lock(f, &size);

	if (!why && f->regular)
		why = look_at_end(f, size);
	if (why) {
		audit_file_unlock(f);
		return failed(f, why, err);
	}
	return ST_OK;
}

void audit_file_unlock(struct audit_file *f)
{
	if (f->w.fd >= 0 && f->regular)
		flock(f->w.fd, LOCK_UN);
	if (f->waits)
		set_timer(f, 0);
}

bool audit_file_is_torn(const struct audit_file *f)
{
	return f->torn;
}

const struct hash_chain_tear *audit_file_tear(const struct audit_file *f)
{
	return f->chained ? &f->tear : NULL;
}

/* --- writing ------------------------------------------------------------------------ */

/* Waits for a full pipe as long as for the lock. If only part of a line could be written, it stays
 * there as after a crash, and the next line repairs it. */
static const char *write_whole(struct audit_file *f, const char *bytes, size_t len)
{
	ssize_t n;

	do
		n = nowait_write(&f->w, bytes, len);
	while (n < 0 && errno == EAGAIN && pause_in_time(f));
	if (n < 0)
		return errno == EAGAIN ? "its reader is too slow: it did not take a line within 1 s"
			: strerror(errno);
	return (size_t)n == len ? NULL : strerror(ENOSPC);
}

enum status audit_file_put(struct audit_file *f, struct buf *line, struct err *err)
{
	struct buf out = { 0 };
	const char *why = NULL;

	if (f->chained ? !hash_chain_seal(&f->chain, f->work, line) : !buf_str(line, "}\n"))
		return failed(f, f->chained ? "cannot compute the line's hash: libcrypto failed, "
			"or out of memory" : "out of memory", err);
	if (f->tear.open)
		buf_char(&out, '\n');
	buf_add(&out, line->data, line->len);
	why = out.failed ? "out of memory" : write_whole(f, out.data, out.len);
	buf_free(&out);
	f->tear.open = f->torn = false;
	return why ? failed(f, why, err) : ST_OK;
}
