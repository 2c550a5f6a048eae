/* A recording: its beginning, then all of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/recording.h"
#include "util/base.h"
#include "util/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("tape", 0);
	struct recording_entry e = { .kind = RECORDING_WAIT };
	struct recording_head head;
	struct recording *t = NULL;
	struct err err;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size
	    || recording_open(&t, path, "--replay", &err) != ST_OK)
		abort();
	if (recording_peek(t, size % 2, &head, &err) != ST_OK)
		abort();
	lines_free(&head.queues);
	while (e.kind != RECORDING_EOF)
		if (recording_read(t, &e, &err) != ST_OK)
			abort();
	recording_close(t);
	close(fd);
	return 0;
}
