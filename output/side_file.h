/*
 * A side file (--record, --rejects): lines that are written in addition to the rows. If it fails,
 * for example because its disk is full, the rows are not affected: its later lines are dropped, and
 * side_file_failure() says why. A slow reader never blocks the caller: up to SIDE_FILE_WAITING_MAX
 * bytes wait for it, then the side file fails.
 */
#ifndef OUTPUT_SIDE_FILE_H
#define OUTPUT_SIDE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/buf.h"

#define SIDE_FILE_WAITING_MAX (16u << 20)	/* bytes that may wait for a reader */

struct side_file;

/* Checks a path without changing anything. ST_USAGE: it cannot be a side file. */
enum status side_file_check(const char *path, struct err *err);

/* Opens the path, with mode 0600 if it does not exist. A regular file is locked, and keeps its
 * content until side_file_begin(). flag is for messages. ST_USAGE: it cannot be opened. */
enum status side_file_open(struct side_file **side, const char *flag, const char *path,
	struct err *err);
/* Empties a regular file and sets its mode to 0600. Call it after all other checks at the start.
 * ST_USAGE: that is not possible. */
enum status side_file_begin(struct side_file *side, struct err *err);

/* Adds a line, which ends with LF. If the line's `failed` is set, the side file fails. */
void side_file_put(struct side_file *side, const struct buf *line);
void side_file_flush(struct side_file *side);	/* writes what can be written now */

/* The descriptor to poll for POLLOUT while something waits, and for errors always; -1: none. */
int side_file_fd(const struct side_file *side);
bool side_file_waiting(const struct side_file *side);
size_t side_file_waiting_bytes(const struct side_file *side);
/* For callers that can wait (a replay): true if bytes wait, and the reader took some in the last
 * second. */
bool side_file_is_read(struct side_file *side, int64_t now_us);

/* "FLAG FILE: reason"; NULL: it has not failed. side NULL is fine, and never fails. */
const char *side_file_failure(const struct side_file *side);
/* The same, but only at the first call after a failure. */
const char *side_file_new_failure(struct side_file *side);

void side_file_end(struct side_file *side);	/* closes it; fails if something still waits */
void side_file_free(struct side_file *side);	/* NULL is fine */

#endif
