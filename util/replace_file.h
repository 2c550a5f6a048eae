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

struct replace;

/* Whether path, a file, is a mount point: no other file can be renamed to it. */
bool replace_is_mount_point(const char *path);

/* Whether path can be replaced (ST_USAGE: it cannot). Touches nothing. */
enum status replace_check(const char *path, struct err *err);

/*
 * Makes the temporary file: mode 0666 less the umask, or the mode, owner and group of the file
 * that it replaces as far as the process may set them. Symbolic links of path are followed.
 * warnings gets a line if rows of a run that was killed were found. ST_USAGE if it fails.
 */
enum status replace_open(struct replace **replace, const char *path, struct lines *warnings,
	struct err *err);

int replace_fd(const struct replace *r);		/* to write to; -1 after replace_commit */
/* Borrowed; NULL: there is none, or the target's name is too long for one. */
const char *replace_temp_path(const struct replace *r);
const char *replace_unfinished_path(const struct replace *r);

/* Renames the temporary file to the target, which is safe on the disk then if sync is true.
 * ST_OUTPUT if it fails; the text names the file that has the content. */
enum status replace_commit(struct replace *r, bool sync, struct err *err);
/* A new temporary file after replace_commit, for the next content. ST_OUTPUT if it fails. */
enum status replace_renew(struct replace *r, struct err *err);

/* Gives up: the target stays. Returns the name under which the content is kept, borrowed;
 * NULL: there was no content, and the temporary file is removed, or it is in no place that is
 * known, as its directory was moved. */
const char *replace_set_aside(struct replace *r);

void replace_free(struct replace *r);	/* NULL is fine; sets aside what is still there */

#endif
