/*
 * Delivery of rows to stdout or the file of -o, without ever waiting for a reader: to a pipe, a
 * terminal or a socket at most PIPE_BUF at a time, so that a row that fits is one write. A
 * regular file is replaced as a whole at the end, or as often as is asked for; one that is a
 * mount point, which cannot be replaced, is written in place.
 */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

#define WRITER_WAITING_MAX (16u << 20)	/* bytes that may wait behind the window being written */

struct writer;

/*
 * path NULL, "-" or a name of our own stdout as /dev/stdout: stdout. Opens the target
 * (ST_USAGE if that fails; ST_OUTPUT if stdout is closed). warnings gets a line if rows of a
 * run that was killed were found.
 */
enum status writer_open(struct writer **out, const char *path, struct lines *warnings,
	struct err *err);

/* Whether the path could be opened for writing, touching nothing (for --dry-run). */
enum status writer_check(const char *path, struct err *err);

/* A replay loses nothing by waiting for its reader: no bound on what waits. */
void writer_be_patient(struct writer *out);

/* Queues one window's rows, which are out's then: the buffer is empty. Rows are split at LF for
 * writing. ST_OUTPUT past WRITER_WAITING_MAX. */
enum status writer_window(struct writer *out, struct buf *rows, struct err *err);

/* In place of what the target holds, at once and as a whole: a reader of the file sees the old
 * or the new. For a target that can be replaced alone, and in place of writer_window. */
bool writer_is_replaceable(const struct writer *out);
enum status writer_replace(struct writer *out, const struct buf *text, struct err *err);

/* The descriptor to poll for POLLOUT while something waits, and for errors always; -1 where
 * there is nothing to poll for (a regular file). */
int writer_fd(const struct writer *out);
bool writer_waiting(const struct writer *out);
size_t writer_waiting_bytes(const struct writer *out);

/* Called before rows are written anywhere but to a file: they may show on the terminal. */
void writer_before(struct writer *out, void (*before)(void *arg), void *arg);

/* The terminal that rows go to, in columns and lines, as it is now. False: to none. */
bool writer_terminal(const struct writer *out, size_t *columns, size_t *lines);

/* Writes what can be written now. ST_READER_LEFT: the reader has closed the pipe (noticed
 * also when nothing waits); ST_OUTPUT with a text: any other failure. */
enum status writer_flush(struct writer *out, struct err *err);

/* The end. The file of -o is put in place if a row was written and all of it could be (keep);
 * else the target stays, and rows that were written are kept under a name that a line of
 * `unfinished` names. Stdout: closed and checked. Frees out. */
enum status writer_close(struct writer *out, bool keep, struct lines *unfinished, struct err *err);
void writer_abandon(struct writer *out); /* the same without keeping anything; NULL is fine */
/* Of the file of -o, borrowed; NULL: there is none. */
const char *writer_temp_path(const struct writer *out);
const char *writer_unfinished_path(const struct writer *out);

#endif
