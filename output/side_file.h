/*
 * A side file (--record, --rejects): lines that are kept beside the rows. Each has its own
 * failure state, so that a full disk under it costs no row: after a failure its lines are
 * dropped and side_file_failure says why. A slow reader never blocks the caller;
 * SIDE_FILE_WAITING_MAX bytes may wait for it, then the side file has failed.
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

/* Whether path can be a side file (ST_USAGE: it cannot). Touches nothing. */
enum status side_file_check(const char *path, struct err *err);

/* Opens path, made with mode 0600 if it does not exist; a regular file is locked and keeps
 * what it holds until side_file_begin. flag is for messages. ST_USAGE if that is not possible. */
enum status side_file_open(struct side_file **side, const char *flag, const char *path,
	struct err *err);
/* Empties a regular file and sets its mode to 0600. Call it after every other check of the
 * start. ST_USAGE if it cannot be done. */
enum status side_file_begin(struct side_file *side, struct err *err);

/* Adds a line with its LF. A line that failed for lack of memory is a failure of the side
 * file. */
void side_file_put(struct side_file *side, const struct buf *line);
void side_file_flush(struct side_file *side);	/* writes what can be written now */

/* The descriptor to poll for POLLOUT while something waits, and for errors always; -1: none. */
int side_file_fd(const struct side_file *side);
bool side_file_waiting(const struct side_file *side);
size_t side_file_waiting_bytes(const struct side_file *side);
/* For who can wait, as a replay: something waits, and its reader took some of it in the last
 * second before now_us. */
bool side_file_is_read(struct side_file *side, int64_t now_us);

/* "FLAG FILE: reason", NULL: it has not failed. NULL is a side file that never fails. */
const char *side_file_failure(const struct side_file *side);
/* The same, but only once. */
const char *side_file_new_failure(struct side_file *side);

void side_file_end(struct side_file *side);	/* closes the file; what still waits is a failure */
void side_file_free(struct side_file *side);	/* NULL is fine */

#endif
