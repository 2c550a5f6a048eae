/*
 * Reads files with secrets that the user names. Each kind of file has one policy: its maximum
 * length, what it may be read from, and what happens if others may read it. As in ssh(1), the mode
 * of a file that another user owns is not checked: Kubernetes, for example, mounts secrets as files
 * of root that a group may read (fsGroup).
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

/* Reads a file or pipe into text, which must be empty; free it with buf_wipe. Waits at most 5 s for
 * a pipe. A file is exposed if we own it and group or others have permissions. An exposed file of
 * signing keys is refused; for other kinds *exposed is set to its mode, or to 0 if it is not
 * exposed. Returns NULL, or why the file is refused or cannot be read. */
const char *secret_file_read(enum secret_file kind, const char *path, struct buf *text,
	unsigned *exposed);

/* Adds a warning if the file is exposed (exposed is not 0). */
void secret_file_warn(struct lines *warnings, const char *path, unsigned exposed);

#endif
