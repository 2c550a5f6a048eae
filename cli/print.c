#include "cli/print.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/text.h"

enum status print_text(struct buf *text)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int error = text->failed ? ENOMEM : 0;
	ssize_t n;

	for (size_t done = 0; !error && done < text->len; done += n > 0 ? (size_t)n : 0) {
		n = write(STDOUT_FILENO, text->data + done, text->len - done);
		if (n < 0 && errno != EINTR && (errno != EAGAIN || poll(&out, 1, -1) < 0))
			error = errno;
	}
	buf_free(text);
	if (!error)
		return ST_OK;
	if (error == EPIPE)
		return ST_READER_LEFT;
	fprintf(stderr, "gsqstat: standard output: %s\n", strerror(error));
	return ST_OUTPUT;
}

void print_lines(const char *prefix, struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		text_clean(lines->v[i]);
		fprintf(stderr, "gsqstat: %s%s\n", prefix, lines->v[i]);
	}
}
