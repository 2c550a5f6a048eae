#include "util/nowait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 1024	/* descriptors of this process to search for a socket */

static void set_kind(struct nowait *w, mode_t mode)
{
	w->polled = !S_ISREG(mode);
	w->socket = S_ISSOCK(mode);
	w->fifo = S_ISFIFO(mode);
	w->terminal = S_ISCHR(mode) && isatty(w->fd);
}

/* Duplicates the descriptor that this process has for the socket; -1: it has none. */
static int duplicate_socket(const char *path)
{
	struct stat named, ours;

	if (stat(path, &named) != 0 || !S_ISSOCK(named.st_mode)) {
		errno = ENXIO;
		return -1;
	}
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
		if (fstat(fd, &ours) == 0 && ours.st_dev == named.st_dev
		    && ours.st_ino == named.st_ino)
			return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	errno = EOPNOTSUPP;
	return -1;
}

/* O_NONBLOCK: to open a FIFO that has no reader would block. */
bool nowait_open(struct nowait *w, const char *path, int flags, mode_t mode)
{
	struct stat st;

	w->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, mode);
	if (w->fd < 0 && errno == ENXIO)
		w->fd = duplicate_socket(path);
	if (w->fd < 0 || fstat(w->fd, &st) != 0)
		return false;
	set_kind(w, st.st_mode);
	return true;
}

const char *nowait_open_error(void)
{
	return errno == ENXIO ? "no process reads it"
		: errno == EOPNOTSUPP ? "a socket cannot be opened by its name"
		: strerror(errno);
}

/*
 * poll(2) is not enough for terminals and pipes: a terminal is writable with room for one byte,
 * and a longer write then blocks; another writer may fill a pipe before we write. Open them again
 * to get a descriptor that is not shared and can be set to O_NONBLOCK. If that is not allowed (a
 * terminal of another user), use the shared one.
 */
bool nowait_stdout(struct nowait *w)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), fd;
	struct stat st;

	/* main() opened a closed stdout for reading only */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &st) != 0)
		return false;
	w->fd = STDOUT_FILENO;
	set_kind(w, st.st_mode);
	if (!w->terminal && !w->fifo)
		return true;
	fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		w->fd = fd;
	return true;
}

int nowait_ready(const struct nowait *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLOUT };

	if (!w->polled)
		return 1;
	if (poll(&p, 1, 0) < 0)
		return 0;
	if ((w->fifo && (p.revents & POLLERR)) || (w->socket && (p.revents & POLLHUP))) {
		errno = EPIPE;
		return -1;
	}
	if (w->terminal && (p.revents & (POLLERR | POLLHUP))) {
		errno = EIO;
		return -1;
	}
	return (p.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

ssize_t nowait_write(const struct nowait *w, const void *bytes, size_t n)
{
	ssize_t done;

	do
		done = w->socket ? send(w->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
			: write(w->fd, bytes, n);
	while (done < 0 && errno == EINTR);
	return done;
}
