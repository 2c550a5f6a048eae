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
#include "util/text.h"

struct writer {
	struct nowait target;
	char *name;			/* for messages */
	struct replace_file *file;	/* replaces the target at the end; NULL: not replaceable */
	bool ours;			/* opened here, not standard output */
	bool in_place;			/* a regular file that cannot be replaced */
	bool emptied;			/* with in_place: the old content was removed */
	bool printed;			/* at least one row was queued */
	bool patient;			/* without a limit for waiting bytes */
	struct buf queue;		/* the waiting bytes, from `sent` on */
	size_t sent;
	size_t current;			/* bytes of it that belong to the window being written */
	struct buf lengths;		/* of the windows after that; a size_t each */
	size_t next_length;		/* bytes of `lengths` that are used up */
	void (*before)(void *arg);	/* NULL: none */
	void *before_arg;
};

/* --- opening ------------------------------------------------------------------------ */

static enum status file_error(struct err *err, const char *path, const char *what)
{
	return err_set(err, ST_USAGE, "'%s': %s: %s", path, what, strerror(errno));
}

static enum status open_stdout(struct writer *w, struct err *err)
{
	return nowait_stdout(&w->target) ? ST_OK
		: err_set(err, ST_OUTPUT, "standard output is closed");
}

/* Opens what cannot be replaced: a pipe or device, or a mount point, which only one run may
 * write. */
static enum status open_direct(struct writer *w, const char *path, struct err *err)
{
	if (!nowait_open(&w->target, path, 0, 0))
		return err_set(err, ST_USAGE, "'%s': cannot be written: %s", path,
			nowait_open_error());
	w->in_place = !w->target.polled;
	if (w->in_place && flock(w->target.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return err_set(err, ST_USAGE, "'%s': cannot be written: another run is writing it",
			path);
	return ST_OK;
}

static enum status open_path(struct writer *w, const char *path, struct lines *warnings,
	struct err *err)
{
	enum status st = writer_check(path, err);
	struct stat file;

	w->ours = true;
	if (st != ST_OK)
		return st;
	if (stat(path, &file) == 0 && (!S_ISREG(file.st_mode) || replace_file_is_mount_point(path)))
		return open_direct(w, path, err);
	st = replace_file_open(&w->file, path, warnings, err);
	if (st == ST_OK)
		w->target.fd = replace_file_fd(w->file);
	return st;
}

enum status writer_open(struct writer **writer, const char *path, struct lines *warnings,
	struct err *err)
{
	struct writer *w = calloc(1, sizeof(*w));
	bool is_stdout = !path || files_is_stdout(path);
	enum status st;

	*writer = w;
	if (!w)
		return err_nomem(err);
	w->target.fd = -1;
	w->name = is_stdout ? strdup("standard output") : text_format("--output '%s'", path);
	st = !w->name ? err_nomem(err) : is_stdout ? open_stdout(w, err)
		: open_path(w, path, warnings, err);
	if (st != ST_OK) {
		writer_abandon(w);
		*writer = NULL;
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

int writer_fd(const struct writer *w)
{
	return w->target.polled ? w->target.fd : -1;
}

void writer_before(struct writer *w, void (*before)(void *arg), void *arg)
{
	w->before = before;
	w->before_arg = arg;
}

bool writer_terminal(const struct writer *w, size_t *columns, size_t *lines)
{
	struct winsize size;

	if (!w->target.terminal)
		return false;
	if (ioctl(w->target.fd, TIOCGWINSZ, &size) != 0)
		size = (struct winsize){ 0 };
	*columns = size.ws_col;
	*lines = size.ws_row;
	return true;
}

size_t writer_waiting_bytes(const struct writer *w)
{
	return w->queue.len - w->sent;
}

bool writer_waiting(const struct writer *w)
{
	return writer_waiting_bytes(w) > 0;
}

const char *writer_temp_path(const struct writer *w)
{
	return w->file ? replace_file_temp_path(w->file) : NULL;
}

const char *writer_unfinished_path(const struct writer *w)
{
	return w->file ? replace_file_unfinished_path(w->file) : NULL;
}

/* Notes that n more bytes were written, and which window is being written now. */
static void advance(struct writer *w, size_t n)
{
	w->sent += n;
	while (n >= w->current && w->next_length < w->lengths.len) {
		n -= w->current;
		memcpy(&w->current, w->lengths.data + w->next_length, sizeof(w->current));
		w->next_length += sizeof(w->current);
	}
	w->current -= n;
}

/* Drops what was written. */
static void compact(struct writer *w)
{
	size_t waiting = writer_waiting_bytes(w), lengths = w->lengths.len - w->next_length;

	if (waiting)
		memmove(w->queue.data, w->queue.data + w->sent, waiting);
	w->queue.len = waiting;
	w->sent = 0;
	if (lengths)
		memmove(w->lengths.data, w->lengths.data + w->next_length, lengths);
	w->lengths.len = lengths;
	w->next_length = 0;
}

static bool is_too_much(const struct writer *w, size_t len)
{
	return writer_waiting(w) && writer_waiting_bytes(w) - w->current + len > WRITER_WAITING_MAX;
}

void writer_be_patient(struct writer *w)
{
	w->patient = true;
}

/* Takes the buffer without a copy if nothing else waits: rows may be megabytes. */
static bool enqueue(struct writer *w, struct buf *rows)
{
	bool ok = true;

	if (w->queue.len) {
		ok = buf_add(&w->lengths, &rows->len, sizeof(rows->len))
			&& buf_add(&w->queue, rows->data, rows->len);
		buf_clear(rows);
		return ok;
	}
	w->current = rows->len;
	buf_free(&w->queue);
	w->queue = *rows;
	*rows = (struct buf){ 0 };
	return true;
}

enum status writer_window(struct writer *w, struct buf *rows, struct err *err)
{
	enum status st = ST_OK;
	size_t len = rows->len;

	if (!len)
		return ST_OK;
	w->printed = true;
	/* many windows may come at once: write some before deciding that the reader is slow */
	if (is_too_much(w, len))
		st = writer_flush(w, err);
	if (st != ST_OK)
		return st;
	if (is_too_much(w, len) && !w->patient)
		return err_set(err, ST_OUTPUT, "%s: its reader is too slow: more than %u MiB of "
			"windows are waiting", w->name, WRITER_WAITING_MAX >> 20);
	if (!writer_waiting(w) || w->sent > WRITER_WAITING_MAX)
		compact(w);
	return enqueue(w, rows) ? ST_OK : err_nomem(err);
}

const char *writer_name(const struct writer *w)
{
	return w->name;
}

/* How many bytes go into one write: whole rows up to PIPE_BUF, or a piece of a longer row. */
static size_t piece(const struct writer *w)
{
	const char *from = w->queue.data + w->sent, *lf;
	size_t n = writer_waiting_bytes(w);

	if (!w->target.polled || n <= PIPE_BUF)
		return n;
	lf = memrchr(from, '\n', PIPE_BUF);
	return lf ? (size_t)(lf - from) + 1 : PIPE_BUF;
}

static enum status write_failed(const struct writer *w, struct err *err)
{
	if (errno == EPIPE)
		return err_set(err, ST_READER_LEFT, "the reader has closed the pipe");
	return err_set(err, ST_OUTPUT, "%s: %s", w->name, strerror(errno));
}

/* A file that is written in place keeps its content until there is a row. */
static bool empty_in_place(struct writer *w)
{
	if (w->in_place && !w->emptied)
		w->emptied = ftruncate(w->target.fd, 0) == 0;
	return !w->in_place || w->emptied;
}

enum status writer_flush(struct writer *w, struct err *err)
{
	for (;;) {
		int ready = nowait_ready(&w->target);
		ssize_t n;

		if (ready < 0)
			return write_failed(w, err);
		if (!ready || !writer_waiting(w))
			return ST_OK;
		if (w->before && w->target.polled)
			w->before(w->before_arg);
		n = empty_in_place(w)
			? nowait_write(&w->target, w->queue.data + w->sent, piece(w)) : -1;
		if (n < 0 && errno == EAGAIN)
			return ST_OK;
		if (n < 0)
			return write_failed(w, err);
		advance(w, (size_t)n);
	}
}

/* --- the end ------------------------------------------------------------------------ */

static void writer_free(struct writer *w)
{
	buf_free(&w->queue);
	buf_free(&w->lengths);
	replace_file_free(w->file);
	free(w->name);
	free(w);
}

bool writer_is_replaceable(const struct writer *w)
{
	return w->file != NULL;
}

enum status writer_replace(struct writer *w, const struct buf *text, struct err *err)
{
	enum status st = replace_file_renew(w->file, err);

	if (st != ST_OK)
		return st;
	return buf_write(text, replace_file_fd(w->file)) ? replace_file_commit(w->file, false, err)
		: write_failed(w, err);
}

/* Keeps descriptor 1 in use, so that no other file is opened with this number. */
static enum status close_stdout(struct writer *w, struct err *err)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum status st = ST_OK;

	if (w->target.fd != STDOUT_FILENO)
		close(w->target.fd);
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		st = write_failed(w, err);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return st;
}

static enum status close_direct(struct writer *w, bool keep, struct err *err)
{
	bool ok = !(w->in_place && keep && w->printed) || fsync(w->target.fd) == 0;
	enum status st = ok || !keep ? ST_OK : write_failed(w, err);

	if (close(w->target.fd) != 0 && keep && st == ST_OK)
		st = write_failed(w, err);
	return st;
}

enum status writer_close(struct writer *w, bool keep, struct lines *unfinished, struct err *err)
{
	enum status st = ST_OK;
	const char *kept;

	if (!w)
		return ST_OK;
	keep = keep && !writer_waiting(w);
	if (!w->ours) {
		st = close_stdout(w, err);
	} else if (!w->file) {
		st = close_direct(w, keep, err);
	} else if (keep && w->printed) {
		st = replace_file_commit(w->file, true, err);
	} else {
		kept = replace_file_set_aside(w->file);
		if (kept)
			lines_add(unfinished, "%s: the rows that were written are in %s", w->name,
				kept);
	}
	writer_free(w);
	return st;
}

void writer_abandon(struct writer *w)
{
	if (!w)
		return;
	if (!w->file && w->target.fd >= 0 && w->target.fd != STDOUT_FILENO)
		close(w->target.fd);
	writer_free(w);
}
