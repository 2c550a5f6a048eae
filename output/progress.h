/*
 * The progress line on a terminal. It overwrites itself, and is wiped before anything else is
 * written there. It is not shown while another job has the terminal in the foreground, and writing
 * it never waits for the terminal.
 */
#ifndef OUTPUT_PROGRESS_H
#define OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct progress_state {
	int64_t window_left_us, run_left_us;	/* NO_TIME: unknown */
	int64_t window;				/* the current one, from 0 */
	int64_t windows;			/* of the run; 0: unknown */
	uint64_t frames;
	int64_t lag_us;				/* of the last frame; NO_TIME: unknown */
	const char *connection;
	unsigned attempt;			/* to connect; 0: the first */
};

/* Appends the text of the line, as much of it as fits into the columns. */
void progress_put(struct buf *out, const struct progress_state *state, size_t columns);

struct progress;

/* fd: a terminal, borrowed. NULL: out of memory. */
struct progress *progress_new(int fd, int64_t now_us);
void progress_free(struct progress *p);		/* NULL is fine */

/* When to call progress_show() next, a few times a second at most; INT64_MAX: never. */
int64_t progress_due_us(const struct progress *p);
/* Writes the line if it is due. state NULL: do not write it now, because other output on the
 * terminal is half written. */
void progress_show(struct progress *p, int64_t now_us, const struct progress_state *state);
void progress_wipe(void *p);	/* call it before other output; the line comes back soon after */
void progress_stop(struct progress *p);	/* wipes the line and shows it no more; NULL is fine */
/* The same after Ctrl-C: wipes the `^C` that the terminal has echoed, also if there is no progress
 * line. The rest of the line must be blank. */
void progress_interrupt(struct progress *p);

#endif
