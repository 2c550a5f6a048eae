#include "output/side_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/files.h"
#include "util/nowait.h"
#include "util/text.h"

#define FLUSH_BYTES 65536
#define READ_US 1000000

struct side_file {
	char *name;		/* "FLAG FILE" */
	struct nowait w;
	struct buf queue;	/* the waiting bytes, from `sent` on */
	size_t sent;
	struct err failure;	/* empty: none */
	bool begun;		/* side_file_begin() was called, so lines may be written */
	bool reported;
	bool taken;		/* the reader took bytes since the last side_file_is_read() */
	int64_t taken_us;
};

static const char foreign[] = "it belongs to another user, so its mode cannot be set to 0600";

/* --- opening ------------------------------------------------------------------------ */

enum status side_file_check(const char *path, struct err *err)
{
	const char *why = NULL;
	struct stat st;

	if (stat(path, &st) != 0)
		why = errno == ENOENT ? files_unmakeable(path) : strerror(errno);
	else if (S_ISDIR(st.st_mode))
		why = strerror(EISDIR);
	else if (access(path, W_OK) != 0)
		why = strerror(errno);
	else if (S_ISREG(st.st_mode) && !files_is_owned(path))
		why = foreign;
	return why ? err_set(err, ST_USAGE, "'%s': cannot be opened for writing: %s", path, why)
		: ST_OK;
}

/* Returns why the file cannot be used, or NULL. O_CREAT only if it does not exist: with O_CREAT the
 * kernel refuses a FIFO of another user in a sticky directory (proc(5), protected_fifos). */
static const char *open_and_lock(struct side_file *s, const char *path)
{
	if (!nowait_open(&s->w, path, 0, 0)
	    && (errno != ENOENT || !nowait_open(&s->w, path, O_CREAT, 0600)))
		return nowait_open_error();
	if (s->w.polled)
		return NULL;
	if (!files_is_owned(path))
		return foreign;
	if (flock(s->w.fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? "another run is writing it" : strerror(errno);
	return NULL;
}

enum status side_file_open(struct side_file **side, const char *flag, const char *path,
	struct err *err)
{
	struct side_file *s = calloc(1, sizeof(*s));
	enum status st = ST_OK;
	const char *why;

	*side = s;
	if (!s)
		return err_nomem(err);
	s->w.fd = -1;
	s->name = text_format("%s '%s'", flag, path);
	if (!s->name) {
		st = err_nomem(err);
	} else if ((why = open_and_lock(s, path))) {
		st = err_set(err, ST_USAGE, "%s: cannot be opened for writing: %s", s->name, why);
	}
	if (st != ST_OK) {
		side_file_free(s);
		*side = NULL;
	}
	return st;
}

enum status side_file_begin(struct side_file *s, struct err *err)
{
	if (!s->w.polled && (fchmod(s->w.fd, 0600) != 0 || ftruncate(s->w.fd, 0) != 0))
		return err_set(err, ST_USAGE, "%s: cannot be emptied: %s", s->name,
			strerror(errno));
	s->begun = s->taken = true;
	return ST_OK;
}

/* --- writing ------------------------------------------------------------------------ */

/* After a failure nothing more is written, so that no line follows half a line. */
static void fail(struct side_file *s, const char *why)
{
	err_set(&s->failure, ST_OUTPUT, "%s: %s", s->name, why);
	buf_free(&s->queue);
	s->sent = 0;
	if (s->w.fd >= 0)
		close(s->w.fd);
	s->w.fd = -1;
}

static void fail_by_errno(struct side_file *s)
{
	fail(s, errno == EPIPE ? "its reader has closed it" : strerror(errno));
}

size_t side_file_waiting_bytes(const struct side_file *s)
{
	return s->queue.len - s->sent;
}

/* Drops what was written, unless that means copying more than it frees. */
static void compact(struct side_file *s)
{
	size_t waiting = side_file_waiting_bytes(s);

	if (!waiting)
		buf_clear(&s->queue);
	else if (s->sent >= waiting)
		memmove(s->queue.data, s->queue.data + s->sent, waiting);
	else
		return;
	s->queue.len = waiting;
	s->sent = 0;
}

void side_file_flush(struct side_file *s)
{
	int ready = 0;

	while (s->begun && s->w.fd >= 0 && (ready = nowait_ready(&s->w)) > 0
	    && side_file_waiting(s)) {
		ssize_t n = nowait_write(&s->w, s->queue.data + s->sent,
			side_file_waiting_bytes(s));

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			fail_by_errno(s);
		else
			s->sent += (size_t)n;
		s->taken = s->taken || n > 0;
	}
	if (ready < 0)
		fail_by_errno(s);
	compact(s);
}

void side_file_put(struct side_file *s, const struct buf *line)
{
	if (s->failure.text[0])
		return;
	if (line->failed || !buf_add(&s->queue, line->data, line->len))
		fail(s, "out of memory");
	if (side_file_waiting_bytes(s) >= FLUSH_BYTES)
		side_file_flush(s);
	if (side_file_waiting_bytes(s) > SIDE_FILE_WAITING_MAX)
		fail(s, "its reader is too slow: more than 16 MiB are waiting");
}

int side_file_fd(const struct side_file *s)
{
	return s->w.polled ? s->w.fd : -1;
}

bool side_file_waiting(const struct side_file *s)
{
	return side_file_waiting_bytes(s) > 0;
}

bool side_file_is_read(struct side_file *s, int64_t now_us)
{
	if (s->taken)
		s->taken_us = now_us;
	s->taken = false;
	return side_file_waiting(s) && now_us - s->taken_us < READ_US;
}

/* --- the end ------------------------------------------------------------------------ */

const char *side_file_failure(const struct side_file *s)
{
	return s && s->failure.text[0] ? s->failure.text : NULL;
}

const char *side_file_new_failure(struct side_file *s)
{
	const char *why = s && !s->reported ? side_file_failure(s) : NULL;

	if (why)
		s->reported = true;
	return why;
}

void side_file_end(struct side_file *s)
{
	char why[96];

	side_file_flush(s);
	if (s->begun && side_file_waiting(s)) {
		snprintf(why, sizeof(why), "its reader is too slow: %zu bytes were not read "
			"in time", side_file_waiting_bytes(s));
		fail(s, why);
	}
	if (s->w.fd >= 0 && close(s->w.fd) != 0) {
		s->w.fd = -1;
		fail_by_errno(s);
	}
	s->w.fd = -1;
}

void side_file_free(struct side_file *s)
{
	if (!s)
		return;
	if (s->w.fd >= 0)
		close(s->w.fd);
	buf_free(&s->queue);
	free(s->name);
	free(s);
}
