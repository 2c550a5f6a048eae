/*
 * What becomes of a frame of the stream, a notification or a snapshot's result: counted in its
 * window, or rejected, and why.
 */
#ifndef WINDOW_VERDICT_H
#define WINDOW_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {		/* the first that applies; INVALID to OUTLIER index `rejected` */
	VERDICT_INVALID,
	VERDICT_DUPLICATE,
	VERDICT_STALE,
	VERDICT_OUTLIER,
	VERDICT_REJECTS,		/* how many of them rows count */
	VERDICT_ACCEPTED = VERDICT_REJECTS,
	VERDICT_FOREIGN_QUEUE,	/* not one of the queues of the run: in no row */
	VERDICT_BEYOND,		/* accepted, but beyond the last window to be printed */
	VERDICT_TOO_MANY_QUEUES,	/* on replay: ends the run */
	VERDICT_NO_MEMORY		/* ends the run */
};

/* The row that counts a frame, accepted or rejected. */
struct verdict_place {
	bool in_row;		/* there is one */
	int64_t window;
	size_t queue;		/* its number */
};

/* The name that rows have for one that is below VERDICT_REJECTS. */
const char *verdict_name(enum verdict rejected);

#endif
