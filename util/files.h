/*
 * Files by their names, before anything is written: whether two names are one file (what a
 * run writes may be nothing else that it writes or reads; terminals, pipes and devices may be
 * shared), and what is read whole.
 */
#ifndef UTIL_FILES_H
#define UTIL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"

struct stat;

struct files_use {
	const char *flag;	/* for the line that complains */
	const char *path;	/* "-": stdin or stdout; NULL: not used */
	bool output;
	bool is_stderr;		/* "-" is stderr */
};

/* One line of problems for each pair that is one file, at least one of it an output; stdout
 * and stderr may be one. */
void files_check(const struct files_use *use, size_t n, struct lines *problems);

/* The file behind path (malloc'd), symbolic links followed, also where it does not exist yet.
 * NULL: errno says why. */
char *files_real(const char *path);

/* Whether path is "-" or names our standard output, as /dev/stdout and a link to it do. */
bool files_is_stdout(const char *path);

/* Whether path leads through a symbolic link that belongs neither to this user nor to root. */
bool files_has_foreign_link(const char *path);
/* Whether lstat(2) told of such a link. */
bool files_is_foreign_link(const struct stat *st);

/* NULL, or why a file cannot be made in the directory of the file behind path. */
const char *files_unmakeable(const char *path);

/* Whether this process may do to the file what only its owner may: change its mode, or replace
 * it in a sticky directory. Only for a file that it may write to. */
bool files_is_owned(const char *path);

/* NULL, or why it cannot be read ("-", stdin, included). Nothing is read. */
const char *files_unreadable(const char *path);

/* NULL, or why it is no directory to read. */
const char *files_no_directory(const char *path);

/* NULL, or why no certificates can be taken from it. Of a pipe only whether it is readable, as
 * it is read once. */
const char *files_no_certificates(const char *path);

/* Appends all of a file, or of stdin for "-". NULL, or why that is not possible: also where
 * it is more than the limit of text. */
const char *files_read(const char *path, struct buf *text);

/* Opens a file or pipe that holds secrets, without waiting. *exposed: its permissions where the
 * caller owns it and group or others have any, else 0; somebody else's file is their affair, as
 * ssh(1) sees it, so that a key of root that a group may read is fine (Kubernetes' fsGroup). -1:
 * *why tells why, and errno is set. */
int files_open_secret(const char *path, unsigned *exposed, const char **why);

/* Appends a key of at most FILES_SECRET_MAX bytes; a newline at its end is none of it. An exposed
 * file is refused. Wipe it with buf_wipe. NULL, or why that is not possible. */
#define FILES_SECRET_MAX 4096
const char *files_secret(const char *path, struct buf *secret);

/* What is wrong with an exposed file of keys. */
#define FILES_EXPOSED "group or others have permissions for it; chmod 600 it"

/* All of an open file or pipe in one piece of memory, as growing would leave copies behind; of
 * what is longer max + 1 bytes. Why it cannot be had, NULL: it is there. */
const char *files_take_secret(int fd, size_t max, struct buf *secret);

#endif
