/*
 * Checks files by their names before a run writes anything, for example whether two names are the
 * same file; and reads whole files, among them files with secrets.
 */
#ifndef UTIL_FILES_H
#define UTIL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/lines.h"

struct stat;

struct files_use {
	const char *flag;	/* for messages */
	const char *path;	/* "-": stdin or stdout; NULL: not used */
	bool output;
	bool is_stderr;		/* "-" is stderr */
};

/* Adds a problem for each pair that is the same regular file if at least one of the two is an
 * output, and for two that are stdout by name ("-"). Other terminals, pipes and devices may be
 * shared, and stdout and stderr may be the same. */
void files_check(const struct files_use *use, size_t n, struct lines *problems);

/* The file's real path (malloc'd): absolute, with symbolic links followed. The file need not exist
 * yet. NULL: errno says why. */
char *files_real(const char *path);

/* True if path is "-" or a name of our standard output, such as /dev/stdout or a link to it. */
bool files_is_stdout(const char *path);

/* True if path leads through a symbolic link that belongs neither to this user nor to root. */
bool files_has_foreign_link(const char *path);
/* True if st, from lstat(2), is such a link. */
bool files_is_foreign_link(const struct stat *st);

/* NULL, or why no file can be made in the directory of path, symbolic links followed. */
const char *files_unmakeable(const char *path);

/* Makes the file PREFIX HEX SUFFIX with random HEX and opens it for writing. Returns its name
 * (malloc'd); NULL: errno says why. HEX is random because writers in different containers may have
 * the same process ID. */
#define FILES_TEMP_HEX 12	/* digits, 0 to 9 and a to f */
char *files_make_temp(int dir, const char *prefix, const char *suffix, mode_t mode, int *fd);

/* True if this process may do what only the owner may: change the file's mode, or replace it in
 * a sticky directory. Only for a file that the process may write to. */
bool files_is_owned(const char *path);

/* NULL, or why it cannot be read ("-": stdin). Reads nothing. */
const char *files_unreadable(const char *path);

/* NULL, or why it is not a directory that can be read. */
const char *files_no_directory(const char *path);

/* NULL, or why it contains no certificates. A pipe can be read only once, so this checks only that
 * it is readable. */
const char *files_no_certificates(const char *path);

/* Reads an open file or pipe into text, which must be empty. Stops after max + 1 bytes: if text has
 * more than max, the file is too long. Allocates once, because growing would leave copies of a
 * secret in freed memory. Waits wait_ms for each read of a pipe; -1: for ever. NULL, or why it
 * failed. */
const char *files_take(int fd, size_t max, int wait_ms, struct buf *text);

/* The same for a file by its name; "-": stdin. Fails also if it has more than max bytes. */
const char *files_read(const char *path, size_t max, struct buf *text);

#endif
