/*
 * Reads the input of --replay: recordings, one after the other, or bare frames without `at`, which
 * may take any number of lines. Holds one line or one bare frame in memory, at most
 * RECORDING_LINE_MAX bytes. The form of the lines is in recording_entry.h.
 */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdbool.h>

#include "source/recording_entry.h"
#include "util/base.h"
#include "util/lines.h"

#define RECORDING_LINE_MAX (8u << 20)
#define RECORDING_STREAMS 10		/* stream numbers are below this */

struct recording;

/* "-" is stdin. ST_USAGE if it cannot be opened. */
enum status recording_open(struct recording **out, const char *path, struct err *err);
void recording_close(struct recording *r);
int recording_fd(const struct recording *r);

/* Fills *entry. ST_PROTOCOL: the input could not be read. Never blocks on a pipe. */
enum status recording_read(struct recording *r, struct recording_entry *entry, struct err *err);

/* What the beginning of the input says of the recorded run. */
struct recording_head {
	enum recording_entry_source source;	/* of the first line, or of the first frame */
	struct lines queues;		/* IDs in lower case; free them */
	char interval[16];		/* empty: unknown */
};

/*
 * Looks ahead, before the first recording_read, which then begins with the same line. Waits for
 * the first line; with until_source, until the source is known. Input that cannot be read is left
 * to recording_read. ST_OUTPUT: out of memory.
 */
enum status recording_peek(struct recording *r, bool until_source, struct recording_head *head,
	struct err *err);

#endif
