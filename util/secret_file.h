/*
 * Reads files with secrets that the user names, with one policy for each kind: how long it may be,
 * what it may be read from, and what happens if others may read it. As in ssh(1), the mode of a
 * file of somebody else is not checked: a key of root that a group may read is fine (Kubernetes'
 * fsGroup).
 */
#ifndef UTIL_SECRET_FILE_H
#define UTIL_SECRET_FILE_H

#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"

enum secret_file {
	SECRET_FILE_KEY,	/* --audit-key-file: bytes, without the newline at the end */
	SECRET_FILE_KEYS,	/* --callback-key-file */
	SECRET_FILE_TEXT,	/* a client's secret or a URL, without the newline at its end;
				   a NUL follows */
	SECRET_FILE_HEADERS,	/* --callback-header-file */
	SECRET_FILE_GC		/* gc's config.toml */
};

/* Reads a file or pipe into text, which must be empty. Waits at most 5 s for a pipe. A file is
 * exposed if we own it and group or others have permissions: it refuses an exposed file of signing
 * keys; for other kinds *exposed is the mode, else 0. Free text with buf_wipe. NULL, or why not. */
const char *secret_file_read(enum secret_file kind, const char *path, struct buf *text,
	unsigned *exposed);

/* Adds a warning if the file is exposed (exposed is not 0). */
void secret_file_warn(struct lines *warnings, const char *path, unsigned exposed);

#endif
