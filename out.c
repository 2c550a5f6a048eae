#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_TRIES 16
#define TEMP_NAME_MAX 200	/* of the target's name in the temporary one, which is longer */
#define LINKS_MAX 40		/* as the kernel has it */

struct out {
	int fd;
	bool ours;		/* opened here, not stdout */
	bool polled;		/* a pipe, a terminal, a socket: it may not take bytes now */
	bool socket, fifo, terminal;
	bool printed;		/* at least one row was queued */
	bool patient;		/* nothing is lost by waiting for the reader */
	struct buf queue;	/* what waits begins at `sent` */
	size_t sent;
	size_t current;		/* bytes, from `sent`, of the window being written */
	struct buf lengths;	/* size_t each: of the windows behind it */
	size_t next_length;	/* bytes of `lengths` that are used up */
	void (*before)(void *arg);	/* NULL: none */
	void *before_arg;
	char *target, *temp;	/* the file of -o and its temporary neighbour; NULL: direct */
};

/* --- opening ------------------------------------------------------------------------ */

static enum status file_error(struct err *err, const char *path, const char *what)
{
	return err_set(err, ST_USAGE, "%s: %s: %s", path, what, strerror(errno));
}

static void set_kind(struct out *o, mode_t mode)
{
	o->polled = !S_ISREG(mode);
	o->socket = S_ISSOCK(mode);
	o->fifo = S_ISFIFO(mode);
	o->terminal = S_ISCHR(mode) && o->fd >= 0 && isatty(o->fd);
}

/*
 * A terminal says that it is writable when it has room for one byte, and a longer write then
 * waits for the rest; of a pipe another writer may take the room that poll(2) saw. Opened anew
 * it has a descriptor that nobody shares and that need not wait; where that may not be (another
 * user's terminal) the shared one has to do.
 */
static void own_descriptor(struct out *o)
{
	int fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0)
		o->fd = fd;
}

static enum status open_stdout(struct out *o, struct err *err)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat st;

	/* main() puts a read-only descriptor where there was none */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &st) != 0)
		return err_set(err, ST_OUTPUT, "standard output is closed");
	o->fd = STDOUT_FILENO;
	set_kind(o, st.st_mode);
	if (o->terminal || o->fifo)
		own_descriptor(o);
	return ST_OK;
}

/* What the link at path names, as a path from here; NULL: it is none, or no memory. */
static char *follow(const char *path)
{
	char link[PATH_MAX], *copy, *full = NULL;
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	if (n <= 0)
		return NULL;
	link[n] = '\0';
	if (link[0] == '/')
		return strdup(link);
	copy = strdup(path);
	if (copy && asprintf(&full, "%s/%s", dirname(copy), link) < 0)
		full = NULL;
	free(copy);
	return full;
}

/* The last name of a path that a file can have; NULL: it can only be a directory's. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

/* path as its directory's real path and its own name. */
static char *in_real_directory(const char *path)
{
	char *copy = strdup(path), *dir = copy ? realpath(dirname(copy), NULL) : NULL;
	const char *name = file_name(path);
	char *full = NULL;

	if (dir && name && asprintf(&full, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name) < 0)
		full = NULL;
	if (dir && !name)
		errno = *path ? EISDIR : ENOENT;
	free(dir);
	free(copy);
	return full;
}

/* The file behind path, symbolic links followed, also where it does not exist yet. */
static char *resolve(const char *path)
{
	char *full = realpath(path, NULL), *at, *next;
	int links = 0;

	if (full || errno != ENOENT)
		return full;
	at = strdup(path);
	while (at && links++ < LINKS_MAX && (next = follow(at))) {
		free(at);
		at = next;
	}
	full = at ? in_real_directory(at) : NULL;
	free(at);
	return full;
}

static bool temp_name(struct out *o)
{
	unsigned char random[6];
	char *slash = strrchr(o->target, '/');

	free(o->temp);
	o->temp = NULL;
	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	if (asprintf(&o->temp, "%.*s/.%.*s.%02x%02x%02x%02x%02x%02x", (int)(slash - o->target),
		o->target, TEMP_NAME_MAX, slash + 1, random[0], random[1], random[2],
		random[3], random[4], random[5]) < 0)
		o->temp = NULL;
	return o->temp != NULL;
}

/* A new file takes its mode from the umask; one that replaces another takes that one's, but
 * no set-user-ID: its owner may be another now. */
static enum status open_temp(struct out *o, const char *path, const struct stat *old,
	struct err *err)
{
	mode_t mode = old ? old->st_mode & 0777 : 0666;

	for (int tries = 0; o->fd < 0 && tries < TEMP_TRIES; tries++) {
		if (!temp_name(o))
			return err_nomem(err);
		o->fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			mode);
		if (o->fd < 0 && errno != EEXIST)
			break;
	}
	if (o->fd < 0) {
		free(o->temp);
		o->temp = NULL;
		return file_error(err, path, "a file beside it cannot be made");
	}
	if (old && fchmod(o->fd, mode) != 0)
		return file_error(err, path, "its mode cannot be kept");
	return ST_OK;
}

/* A FIFO that nobody reads must not hold the start up, so it is opened without waiting. */
static int open_direct(const char *path, int flags, mode_t mode)
{
	return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, mode);
}

static enum status open_path(struct out *o, const char *path, struct err *err)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;

	if (!exists && errno != ENOENT)
		return file_error(err, path, "cannot be opened");
	o->ours = true;
	if (exists && !S_ISREG(st.st_mode)) {
		o->fd = S_ISDIR(st.st_mode) ? -1 : open_direct(path, 0, 0);
		if (o->fd < 0 && S_ISDIR(st.st_mode))
			errno = EISDIR;
		set_kind(o, st.st_mode);
		return o->fd < 0 ? file_error(err, path, errno == ENXIO
			? "nobody reads it" : "cannot be written") : ST_OK;
	}
	if (exists && access(path, W_OK) != 0)
		return file_error(err, path, "cannot be written");
	o->target = resolve(path);
	if (!o->target)
		return file_error(err, path, "cannot be made");
	return open_temp(o, path, exists ? &st : NULL, err);
}

enum status out_open(struct out **out, const char *path, struct err *err)
{
	struct out *o = calloc(1, sizeof(*o));
	enum status st;

	*out = o;
	if (!o)
		return err_nomem(err);
	o->fd = -1;
	st = !path || strcmp(path, "-") == 0 ? open_stdout(o, err) : open_path(o, path, err);
	if (st != ST_OK) {
		out_abandon(o);
		*out = NULL;
	}
	return st;
}

/* Whether a file can be made beside target, which is cut. */
static bool can_make_beside(char *target)
{
	char *slash = strrchr(target, '/');

	slash[slash == target] = '\0';
	return access(target, W_OK | X_OK) == 0;
}

enum status out_check(const char *path, struct err *err)
{
	enum status st = ST_OK;
	char *target = NULL;
	struct stat file;
	bool exists = stat(path, &file) == 0;

	if (exists && S_ISDIR(file.st_mode))
		errno = EISDIR;
	if (exists && (S_ISDIR(file.st_mode) || access(path, W_OK) != 0))
		st = file_error(err, path, "cannot be written");
	else if (!exists && errno != ENOENT)
		st = file_error(err, path, "cannot be opened");
	else if (!exists || S_ISREG(file.st_mode)) {
		target = resolve(path);
		if (!target || !can_make_beside(target))
			st = file_error(err, path, exists ? "a file beside it cannot be made"
				: "cannot be made");
	}
	free(target);
	return st;
}

/* --- writing ------------------------------------------------------------------------ */

int out_fd(const struct out *o)
{
	return o->polled ? o->fd : -1;
}

void out_before(struct out *o, void (*before)(void *arg), void *arg)
{
	o->before = before;
	o->before_arg = arg;
}

bool out_terminal(const struct out *o, size_t *columns, size_t *lines)
{
	struct winsize size;

	if (!o->terminal)
		return false;
	if (ioctl(o->fd, TIOCGWINSZ, &size) != 0)
		size = (struct winsize){ 0 };
	*columns = size.ws_col;
	*lines = size.ws_row;
	return true;
}

size_t out_waiting_bytes(const struct out *o)
{
	return o->queue.len - o->sent;
}

bool out_waiting(const struct out *o)
{
	return out_waiting_bytes(o) > 0;
}

const char *out_temp_path(const struct out *o)
{
	return o->temp;
}

/* n more bytes are out: the next window may now be the one being written. */
static void advance(struct out *o, size_t n)
{
	o->sent += n;
	while (n >= o->current && o->next_length < o->lengths.len) {
		n -= o->current;
		memcpy(&o->current, o->lengths.data + o->next_length, sizeof(o->current));
		o->next_length += sizeof(o->current);
	}
	o->current -= n;
}

/* What was sent need not be kept. */
static void compact(struct out *o)
{
	size_t waiting = out_waiting_bytes(o), lengths = o->lengths.len - o->next_length;

	if (waiting)
		memmove(o->queue.data, o->queue.data + o->sent, waiting);
	o->queue.len = waiting;
	o->sent = 0;
	if (lengths)
		memmove(o->lengths.data, o->lengths.data + o->next_length, lengths);
	o->lengths.len = lengths;
	o->next_length = 0;
}

static bool is_too_much(const struct out *o, size_t len)
{
	return out_waiting(o) && out_waiting_bytes(o) - o->current + len > OUT_WAITING_MAX;
}

void out_be_patient(struct out *o)
{
	o->patient = true;
}

/* Hundreds of queues make rows of megabytes: no copy where nothing else waits. */
static bool enqueue(struct out *o, struct buf *rows)
{
	bool ok = true;

	if (o->queue.len) {
		ok = buf_add(&o->lengths, &rows->len, sizeof(rows->len))
			&& buf_add(&o->queue, rows->data, rows->len);
		buf_clear(rows);
		return ok;
	}
	o->current = rows->len;
	buf_free(&o->queue);
	o->queue = *rows;
	*rows = (struct buf){ 0 };
	return true;
}

enum status out_window(struct out *o, struct buf *rows, struct err *err)
{
	enum status st = ST_OK;
	size_t len = rows->len;

	if (!len)
		return ST_OK;
	o->printed = true;
	/* many windows may come at once: their reader has a chance before it is to blame */
	if (is_too_much(o, len))
		st = out_flush(o, err);
	if (st != ST_OK)
		return st;
	if (is_too_much(o, len) && !o->patient)
		return err_set(err, ST_OUTPUT, "the reader is too slow: more than %u MiB of "
			"windows wait", OUT_WAITING_MAX >> 20);
	if (!out_waiting(o) || o->sent > OUT_WAITING_MAX)
		compact(o);
	return enqueue(o, rows) ? ST_OK : err_nomem(err);
}

/* How much of what waits goes into one write: whole rows up to PIPE_BUF, or a piece of one
 * that is longer. */
static size_t piece(const struct out *o)
{
	const char *from = o->queue.data + o->sent, *lf;
	size_t n = out_waiting_bytes(o);

	if (!o->polled || n <= PIPE_BUF)
		return n;
	lf = memrchr(from, '\n', PIPE_BUF);
	return lf ? (size_t)(lf - from) + 1 : PIPE_BUF;
}

static enum status write_failed(const struct out *o, struct err *err)
{
	if (errno == EPIPE)
		return err_set(err, ST_READER_LEFT, "the reader has left");
	return err_set(err, ST_OUTPUT, "%s: %s", o->target ? o->target : "output",
		strerror(errno));
}

/* 1: it will take a piece now, 0: not yet, -1: nobody will read it (errno says why). */
static int writable(const struct out *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	if (!o->polled)
		return 1;
	if (poll(&p, 1, 0) < 0)
		return 0;
	if ((o->fifo && (p.revents & POLLERR)) || (o->socket && (p.revents & POLLHUP))) {
		errno = EPIPE;
		return -1;
	}
	if (o->terminal && (p.revents & (POLLERR | POLLHUP))) {
		errno = EIO;
		return -1;
	}
	return (p.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

enum status out_flush(struct out *o, struct err *err)
{
	for (;;) {
		int ready = writable(o);
		ssize_t n;

		if (ready < 0)
			return write_failed(o, err);
		if (!ready || !out_waiting(o))
			return ST_OK;
		if (o->before && o->polled)
			o->before(o->before_arg);
		n = o->socket
			? send(o->fd, o->queue.data + o->sent, piece(o),
				MSG_DONTWAIT | MSG_NOSIGNAL)
			: write(o->fd, o->queue.data + o->sent, piece(o));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ST_OK;
		if (n < 0)
			return write_failed(o, err);
		advance(o, (size_t)n);
	}
}

/* --- the end ------------------------------------------------------------------------ */

static void out_free(struct out *o)
{
	buf_free(&o->queue);
	buf_free(&o->lengths);
	free(o->target);
	free(o->temp);
	free(o);
}

/* The directory's own record of the new name must last too, where we may open it. No memory is
 * asked for, now that the file is there: target is cut meanwhile. */
static bool sync_directory(char *target)
{
	char *slash = strrchr(target, '/'), *cut = slash + (slash == target), kept = *cut;
	bool ok;
	int fd;

	*cut = '\0';
	fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*cut = kept;
	ok = fd < 0 ? errno == EACCES : fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
	if (fd >= 0) {
		int why = errno;	/* for the message, which close may not change */

		close(fd);
		errno = why;
	}
	return ok;
}

static enum status replace_target(struct out *o, struct err *err)
{
	enum status st = ST_OK;

	if (fsync(o->fd) != 0)
		st = write_failed(o, err);
	if (close(o->fd) != 0 && st == ST_OK)
		st = write_failed(o, err);
	o->fd = -1;
	if (st == ST_OK && rename(o->temp, o->target) != 0)
		st = write_failed(o, err);
	if (st != ST_OK)
		unlink(o->temp);
	else if (!sync_directory(o->target))
		st = write_failed(o, err);
	return st;
}

bool out_is_replaceable(const struct out *o)
{
	return o->target != NULL;
}

/* The first temporary file is that of the start, each other one is made when it is needed. */
static enum status next_temp(struct out *o, struct err *err)
{
	struct stat old;
	bool exists = stat(o->target, &old) == 0;

	if (o->temp)
		return ST_OK;
	return open_temp(o, o->target, exists ? &old : NULL, err) == ST_OK && o->temp
		? ST_OK : ST_OUTPUT;
}

enum status out_replace(struct out *o, const struct buf *text, struct err *err)
{
	enum status st = next_temp(o, err);

	if (st != ST_OK)
		return st;
	if (!buf_write(text, o->fd))
		return write_failed(o, err);
	st = replace_target(o, err);
	free(o->temp);
	o->temp = NULL;
	return st;
}

/* Stdout's number stays taken, so that nothing else is ever opened on it. */
static enum status close_stdout(struct out *o, struct err *err)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum status st = ST_OK;

	if (o->fd != STDOUT_FILENO)
		close(o->fd);
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		st = write_failed(o, err);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return st;
}

enum status out_close(struct out *o, bool keep, struct err *err)
{
	enum status st = ST_OK;

	if (!o)
		return ST_OK;
	keep = keep && !out_waiting(o);
	if (o->temp && keep && o->printed) {
		st = replace_target(o, err);
	} else {
		if (o->temp)
			unlink(o->temp);
		if (o->ours && o->fd >= 0 && close(o->fd) != 0 && keep)
			st = write_failed(o, err);
		if (!o->ours && o->fd >= 0)
			st = close_stdout(o, err);
	}
	out_free(o);
	return st;
}

void out_abandon(struct out *o)
{
	if (!o)
		return;
	if (o->temp)
		unlink(o->temp);
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	out_free(o);
}
