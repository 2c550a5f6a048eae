/*
 * Writes rows to standard output or the file of -o, without ever waiting for a reader. Writes at
 * most PIPE_BUF bytes at a time to a pipe, a terminal or a socket, so that a row of that length is
 * one write. Replaces a regular file as a whole, at the end or at each writer_replace(). A mount
 * point cannot be replaced, so it is written in place.
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

/* `--output PATH` or `standard output`, for messages. */
const char *writer_name(const struct writer *writer);

/* For --dry-run: checks that the path can be opened for writing. Changes nothing. */
enum status writer_check(const char *path, struct err *err);

/* Removes the limit on bytes that wait, for a replay, which can wait for its reader. */
void writer_be_patient(struct writer *writer);

/* Queues the rows of a window, each with its LF, and takes their memory: the buffer is then empty.
 * ST_OUTPUT: more than WRITER_WAITING_MAX would wait. */
enum status writer_window(struct writer *writer, struct buf *rows, struct err *err);

/* Replaces the file's content atomically: a reader sees the old or the new content. Call it instead
 * of writer_window(), and only if writer_is_replaceable(). */
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

/* The current size of the terminal that rows are written to. False: it is not a terminal. */
bool writer_terminal(const struct writer *writer, size_t *columns, size_t *lines);

/* Writes what can be written now. ST_READER_LEFT: the reader has closed the pipe (noticed
 * also when nothing waits); ST_OUTPUT with a text: any other failure. */
enum status writer_flush(struct writer *writer, struct err *err);

/* Ends the output and frees the writer. keep: the new file of -o replaces the old one, if it has a
 * row and all rows were written. Else the old file stays, and the new rows are kept in another
 * file, which a line in `unfinished` names. Standard output is closed, with a check for errors. */
enum status writer_close(struct writer *writer, bool keep, struct lines *unfinished,
	struct err *err);
void writer_abandon(struct writer *writer); /* frees it and drops its rows; NULL is fine */
/* Paths of the temporary files for -o, borrowed; NULL: there are none. */
const char *writer_temp_path(const struct writer *writer);
const char *writer_unfinished_path(const struct writer *writer);

#endif
