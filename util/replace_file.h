/*
 * Replaces a file as a whole. The run writes to a temporary file in the same directory,
 * .NAME.gsqstat-HEX, keeps it locked, and renames it to NAME at the end. If it cannot be renamed,
 * it is kept as NAME.unfinished. When a run was killed, the next run that writes the same file
 * renames its temporary file to NAME.unfinished.
 */
#ifndef UTIL_REPLACE_FILE_H
#define UTIL_REPLACE_FILE_H

#include <stdbool.h>

#include "util/base.h"
#include "util/lines.h"

struct replace_file;

/* True if path is a mount point, so that no other file can be renamed to it. */
bool replace_file_is_mount_point(const char *path);

/* ST_USAGE: path cannot be replaced. Changes nothing. */
enum status replace_file_check(const char *path, struct err *err);

/*
 * Makes the temporary file. If path exists, the new file gets its mode, owner and group, as far as
 * the process may set them; else mode 0666 without the bits of the umask. Follows symbolic links.
 * Adds a warning if it finds the rows of a killed run. ST_USAGE: it failed.
 */
enum status replace_file_open(struct replace_file **replace, const char *path,
	struct lines *warnings, struct err *err);

int replace_file_fd(const struct replace_file *r); /* to write to; -1 after replace_file_commit */
/* Borrowed; NULL: there is no such file, or its name would be too long. */
const char *replace_file_temp_path(const struct replace_file *r);
const char *replace_file_unfinished_path(const struct replace_file *r);

/* Renames the temporary file to the target, and syncs it to the disk if sync is true. ST_OUTPUT:
 * it failed, and the text names the file that has the content. */
enum status replace_file_commit(struct replace_file *r, bool sync, struct err *err);
/* Makes a new temporary file after replace_file_commit. ST_OUTPUT: it failed. */
enum status replace_file_renew(struct replace_file *r, struct err *err);

/* Leaves the target unchanged and keeps the content under another name, which it returns
 * (borrowed). NULL: there was no content, so the temporary file was removed; or the temporary file
 * cannot be found, because its directory was moved. */
const char *replace_file_set_aside(struct replace_file *r);

void replace_file_free(struct replace_file *r);	/* NULL is fine; calls replace_file_set_aside */

#endif
