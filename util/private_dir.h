/*
 * Directories of files that are kept between runs: the cache, which has one file for each host and
 * client, and the spool. Files have mode 0600 and are read and written as a whole. A file is used
 * only if we own it and the directory, and others have no permissions for either of them.
 */
#ifndef UTIL_PRIVATE_DIR_H
#define UTIL_PRIVATE_DIR_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buf.h"

#define PRIVATE_DIR_NAME_LEN 64		/* SHA-256 in hex */

/* Its path (malloc'd); NULL: neither XDG_CACHE_HOME nor HOME is set. */
char *private_dir_path(void);
/* Writes the name of the file for this host and client. False: out of memory. */
bool private_dir_name(const char *base_url, const char *client_id,
	char out[PRIVATE_DIR_NAME_LEN + 1]);

/* Creates the directories of the path that are missing, takes permissions of others away, and
 * removes temporary files of killed runs. Returns a descriptor; -1: *why says what is wrong. */
int private_dir_make(char *path, const char **why);
/* The same for a directory that the user names, but creates no parents and refuses a directory
 * for which others have permissions. */
int private_dir_make_one(const char *path, const char **why);
/* Creates and changes nothing; -1: it is missing, not ours, or others have permissions for it. */
int private_dir_open(const char *path);

/* For readdir(3), from the beginning; close it with closedir(3). NULL: errno says why. */
DIR *private_dir_list(int dir);

enum private_dir_found {
	PRIVATE_DIR_NONE,	/* there is no such file */
	PRIVATE_DIR_FOREIGN,	/* it is not ours, or not a file, or others have permissions */
	PRIVATE_DIR_BROKEN,	/* longer than max, or it grows while it is read */
	PRIVATE_DIR_FAILED,	/* out of memory or descriptors, or an error of the disk */
	PRIVATE_DIR_WHOLE
};

/* Reads a file into text, which must be empty, as one piece of memory. Sets *why for FOREIGN,
 * BROKEN and FAILED. */
enum private_dir_found private_dir_read(int dir, const char *name, size_t max, struct buf *text,
	const char **why);

/* Replaces the file atomically: writes NAME.HEX.tmp with random HEX, and renames it. sync: calls
 * fsync, unless the caller syncs several files together. False: errno says why, and the old file is
 * unchanged. */
bool private_dir_write(int dir, const char *name, const struct buf *text, bool sync);

/* True if rest, what follows NAME, is the end of a temporary file's name. */
bool private_dir_is_temp(const char *rest);
/* True if a temporary file is older than ten minutes, so that its writer must have ended. A
 * process ID would not tell: the writer may run in another container. */
bool private_dir_is_left_behind(const struct stat *st);

/* Locks NAME.lock without waiting. Returns a descriptor; close it to unlock. -1: another process
 * holds the lock (*held), or locks do not work on this file system. */
int private_dir_lock(int dir, const char *name, bool *held);

#endif
