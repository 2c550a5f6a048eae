/*
 * One line on a terminal that says how far a run is, written over itself and wiped before
 * anything else is written there. It never waits for the terminal, and is silent while the
 * terminal belongs to another job.
 */
#ifndef OUTPUT_PROGRESS_H
#define OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct progress_state {
	int64_t window_left_us, run_left_us;	/* NO_TIME: nobody knows */
	int64_t window;				/* the one under way, from 0 */
	int64_t windows;			/* of the run; 0: nobody knows */
	uint64_t frames;
	int64_t lag_us;				/* of the last frame; NO_TIME: unknown */
	const char *connection;
};

/* Appends the text, with as much of it as fits in the columns; pure. */
void progress_put(struct buf *out, const struct progress_state *state, size_t columns);

struct progress;

/* On fd, a terminal, borrowed; a write there is not to wait. NULL: out of memory. */
struct progress *progress_new(int fd, int64_t now_us);
void progress_free(struct progress *p);		/* NULL is fine */

/* When it is to be told again, a few times a second at most; INT64_MAX: never. */
int64_t progress_due_us(const struct progress *p);
/* Writes the line if it is due. state NULL: something else stands half written there. */
void progress_tell(struct progress *p, int64_t now_us, const struct progress_state *state);
void progress_wipe(void *p);	/* so that others can write; they have a moment for it */
void progress_stop(struct progress *p);	/* wiped for good; NULL is fine */

#endif
