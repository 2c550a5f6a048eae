#include "output/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/files.h"
#include "util/nowait.h"
#include "util/replace_file.h"

struct writer {
	struct nowait w;
	char *name;		/* for messages */
	struct replace_file *file;	/* what is replaced at the end; NULL: another target */
	bool ours;		/* opened here, not stdout */
	bool in_place;		/* a regular file that cannot be replaced */
	bool emptied;		/* and what it held is gone */
	bool printed;		/* at least one row was queued */
	bool patient;		/* nothing is lost by waiting for the reader */
	struct buf queue;	/* what waits begins at `sent` */
	size_t sent;
	size_t current;		/* bytes, from `sent`, of the window being written */
	struct buf lengths;	/* size_t each: of the windows behind it */
	size_t next_length;	/* bytes of `lengths` that are used up */
	void (*before)(void *arg);	/* NULL: none */
	void *before_arg;
};

/* --- opening ------------------------------------------------------------------------ */

static enum status file_error(struct err *err, const char *path, const char *what)
{
	return err_set(err, ST_USAGE, "%s: %s: %s", path, what, strerror(errno));
}

static enum status open_stdout(struct writer *o, struct err *err)
{
	return nowait_stdout(&o->w) ? ST_OK
		: err_set(err, ST_OUTPUT, "standard output is closed");
}

/* What cannot be replaced: no regular file, or a mount point, which is one run's alone. */
static enum status open_direct(struct writer *o, const char *path, struct err *err)
{
	if (!nowait_open(&o->w, path, 0, 0))
		return err_set(err, ST_USAGE, "%s: cannot be written: %s", path,
			nowait_open_error());
	o->in_place = !o->w.polled;
	if (o->in_place && flock(o->w.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return err_set(err, ST_USAGE, "%s: cannot be written: another run is writing it",
			path);
	return ST_OK;
}

static enum status open_path(struct writer *o, const char *path, struct lines *warnings,
	struct err *err)
{
	enum status st = writer_check(path, err);
	struct stat file;

	o->ours = true;
	if (st != ST_OK)
		return st;
	if (stat(path, &file) == 0 && (!S_ISREG(file.st_mode) || replace_file_is_mount_point(path)))
		return open_direct(o, path, err);
	st = replace_file_open(&o->file, path, warnings, err);
	if (st == ST_OK)
		o->w.fd = replace_file_fd(o->file);
	return st;
}

enum status writer_open(struct writer **out, const char *path, struct lines *warnings,
	struct err *err)
{
	struct writer *o = calloc(1, sizeof(*o));
	bool is_stdout = !path || files_is_stdout(path);
	enum status st;

	*out = o;
	if (!o)
		return err_nomem(err);
	o->w.fd = -1;
	if (asprintf(&o->name, is_stdout ? "standard output" : "--output %s", path) < 0) {
		o->name = NULL;
		st = err_nomem(err);
	} else {
		st = is_stdout ? open_stdout(o, err) : open_path(o, path, warnings, err);
	}
	if (st != ST_OK) {
		writer_abandon(o);
		*out = NULL;
	}
	return st;
}

enum status writer_check(const char *path, struct err *err)
{
	struct stat file;
	bool exists = stat(path, &file) == 0;

	if (files_is_stdout(path))
		return ST_OK;
	if (!exists || (S_ISREG(file.st_mode) && !replace_file_is_mount_point(path)))
		return replace_file_check(path, err);
	if (S_ISDIR(file.st_mode))
		errno = EISDIR;
	return S_ISDIR(file.st_mode) || access(path, W_OK) != 0
		? file_error(err, path, "cannot be written") : ST_OK;
}

/* --- writing ------------------------------------------------------------------------ */

int writer_fd(const struct writer *o)
{
	return o->w.polled ? o->w.fd : -1;
}

void writer_before(struct writer *o, void (*before)(void *arg), void *arg)
{
	o->before = before;
	o->before_arg = arg;
}

bool writer_terminal(const struct writer *o, size_t *columns, size_t *lines)
{
	struct winsize size;

	if (!o->w.terminal)
		return false;
	if (ioctl(o->w.fd, TIOCGWINSZ, &size) != 0)
		size = (struct winsize){ 0 };
	*columns = size.ws_col;
	*lines = size.ws_row;
	return true;
}

size_t writer_waiting_bytes(const struct writer *o)
{
	return o->queue.len - o->sent;
}

bool writer_waiting(const struct writer *o)
{
	return writer_waiting_bytes(o) > 0;
}

const char *writer_temp_path(const struct writer *o)
{
	return o->file ? replace_file_temp_path(o->file) : NULL;
}

const char *writer_unfinished_path(const struct writer *o)
{
	return o->file ? replace_file_unfinished_path(o->file) : NULL;
}

/* n more bytes are out: the next window may now be the one being written. */
static void advance(struct writer *o, size_t n)
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
static void compact(struct writer *o)
{
	size_t waiting = writer_waiting_bytes(o), lengths = o->lengths.len - o->next_length;

	if (waiting)
		memmove(o->queue.data, o->queue.data + o->sent, waiting);
	o->queue.len = waiting;
	o->sent = 0;
	if (lengths)
		memmove(o->lengths.data, o->lengths.data + o->next_length, lengths);
	o->lengths.len = lengths;
	o->next_length = 0;
}

static bool is_too_much(const struct writer *o, size_t len)
{
	return writer_waiting(o) && writer_waiting_bytes(o) - o->current + len > WRITER_WAITING_MAX;
}

void writer_be_patient(struct writer *o)
{
	o->patient = true;
}

/* Hundreds of queues make rows of megabytes: no copy where nothing else waits. */
static bool enqueue(struct writer *o, struct buf *rows)
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

enum status writer_window(struct writer *o, struct buf *rows, struct err *err)
{
	enum status st = ST_OK;
	size_t len = rows->len;

	if (!len)
		return ST_OK;
	o->printed = true;
	/* many windows may come at once: their reader has a chance before it is to blame */
	if (is_too_much(o, len))
		st = writer_flush(o, err);
	if (st != ST_OK)
		return st;
	if (is_too_much(o, len) && !o->patient)
		return err_set(err, ST_OUTPUT, "the reader is too slow: more than %u MiB of "
			"windows wait", WRITER_WAITING_MAX >> 20);
	if (!writer_waiting(o) || o->sent > WRITER_WAITING_MAX)
		compact(o);
	return enqueue(o, rows) ? ST_OK : err_nomem(err);
}

/* How much of what waits goes into one write: whole rows up to PIPE_BUF, or a piece of one
 * that is longer. */
static size_t piece(const struct writer *o)
{
	const char *from = o->queue.data + o->sent, *lf;
	size_t n = writer_waiting_bytes(o);

	if (!o->w.polled || n <= PIPE_BUF)
		return n;
	lf = memrchr(from, '\n', PIPE_BUF);
	return lf ? (size_t)(lf - from) + 1 : PIPE_BUF;
}

static enum status write_failed(const struct writer *o, struct err *err)
{
	if (errno == EPIPE)
		return err_set(err, ST_READER_LEFT, "the reader has left");
	return err_set(err, ST_OUTPUT, "%s: %s", o->name, strerror(errno));
}

/* A file that is written in place keeps what it holds until there is a row. */
static bool empty_in_place(struct writer *o)
{
	if (o->in_place && !o->emptied)
		o->emptied = ftruncate(o->w.fd, 0) == 0;
	return !o->in_place || o->emptied;
}

enum status writer_flush(struct writer *o, struct err *err)
{
	for (;;) {
		int ready = nowait_ready(&o->w);
		ssize_t n;

		if (ready < 0)
			return write_failed(o, err);
		if (!ready || !writer_waiting(o))
			return ST_OK;
		if (o->before && o->w.polled)
			o->before(o->before_arg);
		n = empty_in_place(o)
			? nowait_write(&o->w, o->queue.data + o->sent, piece(o)) : -1;
		if (n < 0 && errno == EAGAIN)
			return ST_OK;
		if (n < 0)
			return write_failed(o, err);
		advance(o, (size_t)n);
	}
}

/* --- the end ------------------------------------------------------------------------ */

static void out_free(struct writer *o)
{
	buf_free(&o->queue);
	buf_free(&o->lengths);
	replace_file_free(o->file);
	free(o->name);
	free(o);
}

bool writer_is_replaceable(const struct writer *o)
{
	return o->file != NULL;
}

enum status writer_replace(struct writer *o, const struct buf *text, struct err *err)
{
	enum status st = replace_file_renew(o->file, err);

	if (st != ST_OK)
		return st;
	return buf_write(text, replace_file_fd(o->file)) ? replace_file_commit(o->file, false, err)
		: write_failed(o, err);
}

/* Stdout's number stays taken, so that nothing else is ever opened on it. */
static enum status close_stdout(struct writer *o, struct err *err)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum status st = ST_OK;

	if (o->w.fd != STDOUT_FILENO)
		close(o->w.fd);
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		st = write_failed(o, err);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return st;
}

static enum status close_direct(struct writer *o, bool keep, struct err *err)
{
	bool ok = !(o->in_place && keep && o->printed) || fsync(o->w.fd) == 0;
	enum status st = ok || !keep ? ST_OK : write_failed(o, err);

	if (close(o->w.fd) != 0 && keep && st == ST_OK)
		st = write_failed(o, err);
	return st;
}

enum status writer_close(struct writer *o, bool keep, struct lines *unfinished, struct err *err)
{
	enum status st = ST_OK;
	const char *kept;

	if (!o)
		return ST_OK;
	keep = keep && !writer_waiting(o);
	if (!o->ours) {
		st = close_stdout(o, err);
	} else if (!o->file) {
		st = close_direct(o, keep, err);
	} else if (keep && o->printed) {
		st = replace_file_commit(o->file, true, err);
	} else {
		kept = replace_file_set_aside(o->file);
		if (kept)
			lines_add(unfinished, "%s: the rows that were written are in %s", o->name,
				kept);
	}
	out_free(o);
	return st;
}

void writer_abandon(struct writer *o)
{
	if (!o)
		return;
	if (!o->file && o->w.fd >= 0 && o->w.fd != STDOUT_FILENO)
		close(o->w.fd);
	out_free(o);
}
