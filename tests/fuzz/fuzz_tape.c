/* A recording: its beginning, then all of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("tape", 0);
	struct tape_entry e = { .kind = TAPE_WAIT };
	struct tape_head head;
	struct tape *t = NULL;
	struct err err;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size
	    || tape_open(&t, path, &err) != ST_OK)
		abort();
	if (tape_peek(t, size % 2, &head, &err) != ST_OK)
		abort();
	lines_free(&head.queues);
	while (e.kind != TAPE_EOF)
		if (tape_read(t, &e, &err) != ST_OK)
			abort();
	tape_close(t);
	close(fd);
	return 0;
}
