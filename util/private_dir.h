/*
 * The directory of what is kept between runs, and the files in it: a name for each host and
 * client, mode 0600, read and written whole. A file is believed only if it and the directory
 * are ours and closed to others.
 */
#ifndef UTIL_PRIVATE_DIR_H
#define UTIL_PRIVATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buf.h"

#define PRIVATE_DIR_NAME_LEN 64		/* SHA-256 in hex */

/* Where it is (malloc'd), NULL: neither XDG_CACHE_HOME nor HOME is set. */
char *private_dir_path(void);
bool private_dir_name(const char *base_url, const char *client_id,
	char out[PRIVATE_DIR_NAME_LEN + 1]);

/* Makes what is missing of the path; one of ours that was open to others is closed to them.
 * Removes temporaries that killed runs left.
 * The descriptor, -1: why says what is wrong. */
int private_dir_make(char *path, const char **why);
/* A directory that the user names: made alone, without its parents, and refused where it was
 * there and is open to others. */
int private_dir_make_one(const char *path, const char **why);
/* As it is; -1: it is not there, not ours, or open to others. */
int private_dir_open(const char *path);

enum private_dir_found {
	PRIVATE_DIR_NONE,		/* there is no such file */
	PRIVATE_DIR_FOREIGN,	/* not to be believed */
	PRIVATE_DIR_BROKEN,	/* longer than max, or grows */
	PRIVATE_DIR_FAILED,	/* for no fault of its own: memory, descriptors, the disk */
	PRIVATE_DIR_WHOLE
};

/* A file's bytes to text, which is empty, in one piece of memory. why: of FOREIGN, BROKEN and
 * FAILED. */
enum private_dir_found private_dir_read(int dir, const char *name, size_t max, struct buf *text,
	const char **why);

/* Replaces the file in one step: a temporary NAME.HEX.tmp of a random name, fsync, rename. False:
 * errno says why, the old file is as it was. */
bool private_dir_write(int dir, const char *name, const struct buf *text);
/* The same without fsync, for a caller that syncs several files at once. */
bool private_dir_write_unsynced(int dir, const char *name, const struct buf *text);

/* Whether `rest` ends a temporary's name: what follows NAME in it. */
bool private_dir_is_temp(const char *rest);
/* Whether the writer of a temporary must have ended: the file is ten minutes old. A process ID
 * would not say so, since it may be one of another container's. */
bool private_dir_is_left_behind(const struct stat *st);

/* Takes NAME.lock without waiting. *held: another process has it. The descriptor, whose close is
 * the unlock; -1: not locked, because of *held or because locks do not work here. */
int private_dir_lock(int dir, const char *name, bool *held);

#endif
