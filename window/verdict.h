/*
 * The verdict on a frame, a notification or a result of a snapshot: it is counted in a window, or
 * rejected for a reason.
 */
#ifndef WINDOW_VERDICT_H
#define WINDOW_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {		/* of several reasons the first one applies */
	VERDICT_INVALID,
	VERDICT_DUPLICATE,
	VERDICT_STALE,
	VERDICT_OUTLIER,
	VERDICT_REJECTS,	/* the number of reasons before it: `rejected` counts these */
	VERDICT_ACCEPTED = VERDICT_REJECTS,
	VERDICT_FOREIGN_QUEUE,	/* it is of a queue that has no rows */
	VERDICT_OTHER_SHARD,	/* the same, but another run counts it, see --shard */
	VERDICT_BEYOND,		/* accepted, but in a window after the last one to print */
	VERDICT_TOO_MANY_QUEUES,	/* on replay; ends the run */
	VERDICT_NO_MEMORY	/* ends the run */
};

/* The row that counts a frame, accepted or rejected. */
struct verdict_place {
	bool in_row;		/* false: no row counts it */
	int64_t window;
	size_t queue;		/* its number */
};

/* The name that rows have for a reason, which is below VERDICT_REJECTS. */
const char *verdict_name(enum verdict rejected);

#endif
