/*
 * Reads the input of --replay: recordings, one after the other, or bare frames. A bare frame has no
 * `at` and may take any number of lines. At most one line or one bare frame is in memory, of at
 * most RECORDING_LINE_MAX bytes. recording_entry.h describes the lines.
 */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdbool.h>

#include "source/recording_entry.h"
#include "util/base.h"
#include "util/lines.h"

#define RECORDING_LINE_MAX (8u << 20)
#define RECORDING_STREAMS 10		/* connections; `stream` is the number of one */

struct recording;

/* "-" is stdin. Path and flag (`--replay`, as errors name the file) are borrowed as long as *out
 * exists. ST_USAGE: it cannot be opened. */
enum status recording_open(struct recording **out, const char *path, const char *flag,
	struct err *err);
void recording_close(struct recording *r);
int recording_fd(const struct recording *r);

/* Reads the next entry. If a pipe has no line yet, sets entry->kind to RECORDING_WAIT and does not
 * block. ST_PROTOCOL: the input could not be read. */
enum status recording_read(struct recording *r, struct recording_entry *entry, struct err *err);

/* What the beginning of the input says about the recorded run. */
struct recording_head {
	enum source_kind source;	/* of the first line, or of the first frame */
	struct lines queues;		/* IDs in lower case; the caller frees them */
	char interval[16];		/* empty: unknown */
};

/*
 * Looks ahead. Call before the first recording_read(), which then begins with the same line. Waits
 * for the first line, or with until_source, until the source is known. Does not report input that
 * cannot be read: recording_read() does. ST_OUTPUT: out of memory.
 */
enum status recording_peek(struct recording *r, bool until_source, struct recording_head *head,
	struct err *err);

#endif
