/*
 * Writes rows to standard output or the file of -o, without ever waiting for a reader. To a pipe, a
 * terminal or a socket it writes at most PIPE_BUF at a time, so that a row that fits is one write.
 * A regular file is replaced as a whole at the end, or at each writer_replace(). A mount point
 * cannot be replaced, and is written in place.
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
 * Opens the target. path NULL, "-", or a name of our own standard output such as /dev/stdout:
 * standard output. ST_USAGE: it cannot be opened; ST_OUTPUT: standard output is closed. warnings
 * gets a line if there are rows of a run that was killed.
 */
enum status writer_open(struct writer **writer, const char *path, struct lines *warnings,
	struct err *err);

/* Whether the path could be opened for writing. Changes nothing (for --dry-run). */
enum status writer_check(const char *path, struct err *err);

/* No limit for what waits: a replay loses nothing by waiting for its reader. */
void writer_be_patient(struct writer *writer);

/* Queues the rows of a window, and takes them: the buffer is empty then. Each ends with LF.
 * ST_OUTPUT: more than WRITER_WAITING_MAX would wait. */
enum status writer_window(struct writer *writer, struct buf *rows, struct err *err);

/* Replaces the file's content at once and as a whole: a reader sees the old or the new one. Only if
 * writer_is_replaceable(), and instead of writer_window(). */
bool writer_is_replaceable(const struct writer *writer);
enum status writer_replace(struct writer *writer, const struct buf *text, struct err *err);

/* The descriptor to poll for POLLOUT while something waits, and for errors always; -1: none, it is
 * a regular file. */
int writer_fd(const struct writer *writer);
bool writer_waiting(const struct writer *writer);
size_t writer_waiting_bytes(const struct writer *writer);

/* Calls before(arg) before rows are written to anything but a regular file, where they may appear
 * on the terminal. */
void writer_before(struct writer *writer, void (*before)(void *arg), void *arg);

/* The current size of the terminal that rows go to. False: they do not go to a terminal. */
bool writer_terminal(const struct writer *writer, size_t *columns, size_t *lines);

/* Writes what can be written now. ST_READER_LEFT: the reader has closed the pipe (noticed
 * also when nothing waits); ST_OUTPUT with a text: any other failure. */
enum status writer_flush(struct writer *writer, struct err *err);

/* The end: frees the writer. keep: the file of -o is put in place, if there was a row and all were
 * written. Else the old file stays, and the new rows are kept in another file, which a line in
 * `unfinished` names. Standard output is closed, with a check for errors. */
enum status writer_close(struct writer *writer, bool keep, struct lines *unfinished,
	struct err *err);
void writer_abandon(struct writer *writer); /* frees it, and keeps no rows; NULL is fine */
/* Paths of the temporary files for -o, borrowed; NULL: there are none. */
const char *writer_temp_path(const struct writer *writer);
const char *writer_unfinished_path(const struct writer *writer);

#endif
