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

#define OUT_WAITING_MAX (16u << 20)	/* bytes that may wait behind the window being written */

struct out;

/*
 * path NULL, "-" or a name of our own stdout as /dev/stdout: stdout. Opens the target
 * (ST_USAGE if that fails; ST_OUTPUT if stdout is closed). warnings gets a line if rows of a
 * run that was killed were found.
 */
enum status out_open(struct out **out, const char *path, struct lines *warnings,
	struct err *err);

/* Whether the path could be opened for writing, touching nothing (for --dry-run). */
enum status out_check(const char *path, struct err *err);

/* A replay loses nothing by waiting for its reader: no bound on what waits. */
void out_be_patient(struct out *out);

/* Queues one window's rows, which are out's then: the buffer is empty. Rows are split at LF for
 * writing. ST_OUTPUT past OUT_WAITING_MAX. */
enum status out_window(struct out *out, struct buf *rows, struct err *err);

/* In place of what the target holds, at once and as a whole: a reader of the file sees the old
 * or the new. For a target that can be replaced alone, and in place of out_window. */
bool out_is_replaceable(const struct out *out);
enum status out_replace(struct out *out, const struct buf *text, struct err *err);

/* The descriptor to poll for POLLOUT while something waits, and for errors always; -1 where
 * there is nothing to poll for (a regular file). */
int out_fd(const struct out *out);
bool out_waiting(const struct out *out);
size_t out_waiting_bytes(const struct out *out);

/* Called before rows are written anywhere but to a file: they may show on the terminal. */
void out_before(struct out *out, void (*before)(void *arg), void *arg);

/* The terminal that rows go to, in columns and lines, as it is now. False: to none. */
bool out_terminal(const struct out *out, size_t *columns, size_t *lines);

/* Writes what can be written now. ST_READER_LEFT: the reader has closed the pipe (noticed
 * also when nothing waits); ST_OUTPUT with a text: any other failure. */
enum status out_flush(struct out *out, struct err *err);

/* The end. The file of -o is put in place if a row was written and all of it could be (keep);
 * else the target stays, and rows that were written are kept under a name that a line of
 * `unfinished` names. Stdout: closed and checked. Frees out. */
enum status out_close(struct out *out, bool keep, struct lines *unfinished, struct err *err);
void out_abandon(struct out *out);	/* the same without keeping anything; NULL is fine */
/* Of the file of -o, borrowed; NULL: there is none. */
const char *out_temp_path(const struct out *out);
const char *out_unfinished_path(const struct out *out);

#endif
