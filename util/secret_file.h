/*
 * The one reader of files with secrets that a user names: how long each kind may be, what it may
 * come from, and what happens when others may read it. Of somebody else's file the mode is not
 * checked, as in ssh(1): a key of root that a group may read is fine (Kubernetes' fsGroup).
 */
#ifndef UTIL_SECRET_FILE_H
#define UTIL_SECRET_FILE_H

#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"

enum secret_file {
	SECRET_FILE_KEY,	/* --audit-key-file: bytes, without the newline at their end */
	SECRET_FILE_KEYS,	/* --callback-key-file */
	SECRET_FILE_TEXT,	/* a client's secret or a URL, without the newline at its end;
				   a NUL follows */
	SECRET_FILE_HEADERS,	/* --callback-header-file */
	SECRET_FILE_GC		/* gc's config.toml */
};

/* Reads a file or pipe to text, which is empty, without waiting for long. A file of signing keys
 * that is exposed (we own it, and group or others have permissions) is refused; of others
 * *exposed is the mode then, else 0. Free the text with buf_wipe. NULL, or why not. */
const char *secret_file_read(enum secret_file kind, const char *path, struct buf *text,
	unsigned *exposed);

/* Warns of an exposed file; 0 is none. */
void secret_file_warn(struct lines *warnings, const char *path, unsigned exposed);

/* Reads all of an open file or pipe, but at most max + 1 bytes, into one piece of memory: growing
 * would leave copies of the secret in freed memory. NULL, or why not. */
const char *secret_file_take(int fd, size_t max, struct buf *secret);

#endif
