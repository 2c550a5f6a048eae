#include "cli/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/text.h"

enum status print_text(struct buf *text)
{
	int error = text->failed ? ENOMEM : buf_write(text, STDOUT_FILENO) ? 0 : errno;

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
