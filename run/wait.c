#include "run/wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "util/time.h"

#define WAIT_FDS 5

/* Fills fd with the descriptors that the run waits for. Returns how many there are. */
static unsigned wait_fds(const struct run *run, struct curl_waitfd fd[WAIT_FDS])
{
	const struct side_file *const sides[] = { run->record, run->rejects };
	int input_fd = input_report(run).fd;
	unsigned n = 0;

	fd[n++] = (struct curl_waitfd){ run->signal_fd, CURL_WAIT_POLLIN, 0 };
	for (size_t i = 0; i < ARRAY_LEN(sides); i++)
		if (sides[i] && side_file_fd(sides[i]) >= 0)
			fd[n++] = (struct curl_waitfd){ side_file_fd(sides[i]),
				side_file_waiting(sides[i]) ? CURL_WAIT_POLLOUT : 0, 0 };
	if (run->writer && writer_fd(run->writer) >= 0)
		fd[n++] = (struct curl_waitfd){ writer_fd(run->writer),
			writer_waiting(run->writer) ? CURL_WAIT_POLLOUT : 0, 0 };
	if (input_fd >= 0)
		fd[n++] = (struct curl_waitfd){ input_fd, CURL_WAIT_POLLIN, 0 };
	return n;
}

int64_t wait_us(const struct run *run)
{
	int64_t until = run->now_us + WAIT_MAX_US;
	int64_t at = input_report(run).deadline_us;

	if (at < until)
		until = at;
	if (progress_due_us(run->progress) < until)
		until = progress_due_us(run->progress);
	return until > run->now_us ? until - run->now_us : 0;
}

static enum status wait_without_http(struct curl_waitfd *fd, unsigned n, int timeout_ms,
	struct err *err)
{
	struct pollfd p[WAIT_FDS] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		p[i].fd = fd[i].fd;
		p[i].events = fd[i].events == CURL_WAIT_POLLOUT ? POLLOUT
			: fd[i].events ? POLLIN : 0;
	}
	if (poll(p, n, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ST_OUTPUT, "cannot wait for input or output: poll: %s",
			strerror(errno));
	return ST_OK;
}

enum status wait_for(struct run *run, int64_t us, struct err *err)
{
	struct curl_waitfd fd[WAIT_FDS];
	unsigned n = wait_fds(run, fd);
	int64_t due_us = run->deliveries ? deliveries_deadline_us(run->deliveries) : INT64_MAX;
	int timeout_ms;
	enum status st;

	if (due_us < run->now_us + us)
		us = due_us > run->now_us ? due_us - run->now_us : 0;
	timeout_ms = (int)((us + US_PER_MS - 1) / US_PER_MS);
	if (!run->http)
		return wait_without_http(fd, n, timeout_ms, err);
	st = http_wait(run->http, fd, n, timeout_ms, err);
	return st == ST_OK ? http_perform(run->http, err) : st;
}
