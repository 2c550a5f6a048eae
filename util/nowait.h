/*
 * Writes that never wait for a reader: a pipe, terminal or socket is written to only when poll(2)
 * reports it as writable. O_NONBLOCK is never set on a descriptor that other processes share.
 * Writes to a regular file can block, for example if the disk hangs.
 */
#ifndef UTIL_NOWAIT_H
#define UTIL_NOWAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct nowait {
	int fd;			/* -1: none */
	bool polled;		/* not a regular file: poll it before each write */
	bool socket, fifo, terminal;
};

/* Opens path for writing, without truncating it; flags may contain O_CREAT. A socket can only be
 * opened by the name of a descriptor of this process, such as /dev/stderr. False: see errno. */
bool nowait_open(struct nowait *w, const char *path, int flags, mode_t mode);
/* Describes errno after nowait_open has failed. */
const char *nowait_open_error(void);

/* Uses standard output. False: it is closed, or not open for writing. */
bool nowait_stdout(struct nowait *w);

/* 1: it can be written to now; 0: not yet; -1: nobody will read it, and errno says why (EPIPE: the
 * reader of a pipe or socket has closed it). */
int nowait_ready(const struct nowait *w);
/* Like write(2). errno EAGAIN: try again later. */
ssize_t nowait_write(const struct nowait *w, const void *bytes, size_t n);

#endif
