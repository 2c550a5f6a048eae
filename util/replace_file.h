/*
 * A file that is replaced as a whole: what is written goes to a temporary file beside it,
 * .NAME.gsqstat-HEX, which is locked while the run lasts and renamed to NAME at the end. What
 * cannot be renamed is kept as NAME.unfinished. The next run for the same file does that for
 * a run that was killed.
 */
#ifndef UTIL_REPLACE_FILE_H
#define UTIL_REPLACE_FILE_H

#include <stdbool.h>

#include "util/base.h"
#include "util/lines.h"

struct replace_file;

/* Whether path, a file, is a mount point: no other file can be renamed to it. */
bool replace_file_is_mount_point(const char *path);

/* Whether path can be replaced (ST_USAGE: it cannot). Touches nothing. */
enum status replace_file_check(const char *path, struct err *err);

/*
 * Makes the temporary file: mode 0666 less the umask, or the mode, owner and group of the file
 * that it replaces as far as the process may set them. Symbolic links of path are followed.
 * warnings gets a line if rows of a run that was killed were found. ST_USAGE if it fails.
 */
enum status replace_file_open(struct replace_file **replace, const char *path,
	struct lines *warnings, struct err *err);

int replace_file_fd(const struct replace_file *r); /* to write to; -1 after replace_file_commit */
/* Borrowed; NULL: there is none, or the target's name is too long for one. */
const char *replace_file_temp_path(const struct replace_file *r);
const char *replace_file_unfinished_path(const struct replace_file *r);

/* Renames the temporary file to the target, which is safe on the disk then if sync is true.
 * ST_OUTPUT if it fails; the text names the file that has the content. */
enum status replace_file_commit(struct replace_file *r, bool sync, struct err *err);
/* A new temporary file after replace_file_commit, for the next content. ST_OUTPUT if it fails. */
enum status replace_file_renew(struct replace_file *r, struct err *err);

/* Gives up: the target stays. Returns the name under which the content is kept, borrowed;
 * NULL: there was no content, and the temporary file is removed, or it is in no place that is
 * known, as its directory was moved. */
const char *replace_file_set_aside(struct replace_file *r);

void replace_file_free(struct replace_file *r);	/* NULL is fine; sets aside what is still there */

#endif
