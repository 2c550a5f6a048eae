/*
 * Which window a frame is in, what becomes of it, and what a window holds when it closes.
 * Times come in with each call (µs since 1970, one clock); no clock is read here, so a
 * test holds it. Streams are numbers, queues are IDs; no transport, no output.
 *
 * Windows are [start, end) and contiguous. The caller advances them in this order at each
 * moment: windows_due() until it is NULL, then what that moment brought.
 */
#ifndef WINDOW_STREAM_WINDOW_H
#define WINDOW_STREAM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "window/accumulator.h"
#include "window/filter.h"
#include "window/stream_event.h"

enum time_kind { TIME_ARRIVAL, TIME_EVENT };

struct windows_conf {
	int64_t length_ms;
	int64_t lateness_ms;
	enum time_kind time;
	bool align;
	bool replay;
	uint32_t count;			/* windows to print; 0: all that the input holds */
	size_t nstream;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue;			/* 0: every queue that is met, on replay */
	size_t queue_max;		/* of met ones */
	const struct rule *outlier;	/* borrowed */
	size_t noutlier;
};

/* A row's content: one queue in one window; borrowed with its window. */
struct row {
	size_t queue;		/* its number, the same in every window */
	const char *queue_id;
	const char *interval;	/* windows_interval's, else of the queue's first frame; NULL
				 * if there is neither */
	uint64_t updates;
	uint64_t rejected[FATE_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;		/* a view of the window's own; not to be freed */
	const struct field *const *field;	/* by metric, then by path bytewise */
	size_t nfield;
	int coverage_e4;	/* cut to 1/10000; -1: not known (a replay without states) */
	uint64_t connected_us;
};

struct window {
	int64_t index;		/* from 0 */
	int64_t start_ms, end_ms;	/* end as it is to be printed */
	bool partial;
	const struct row *row;
	size_t nrow;
	/* over all rows */
	uint64_t updates;
	uint64_t rejected[FATE_REJECTS];
	double lag_mean_us;	/* NaN: no lag known */
	int coverage_e4;	/* the mean over queues, cut; -1: not known */
};

struct windows;

enum status windows_new(struct windows **w, const struct windows_conf *conf, struct err *err);
void windows_free(struct windows *w);

/*
 * The stream counts as connected from at_us on (the first one from the whole ms), or as
 * down from at_us on; a moment before what was already printed is moved up to that.
 * The first windows_connected() starts window 0, but not in event time on replay.
 * On replay, these two are the state lines: without any, coverage stays unknown.
 * windows_lost() is false if memory ran out.
 */
void windows_connected(struct windows *w, size_t stream, int64_t at_us);
bool windows_lost(struct windows *w, size_t stream, int64_t at_us);

/* The run saw nothing from from_us until until_us: no stream counts as connected then, those that
 * are up stay up. False: out of memory. */
bool windows_stalled(struct windows *w, int64_t from_us, int64_t until_us);

/*
 * Another recording follows, once windows_rest() has handed out what had begun: its windows number
 * on, and nothing of before counts for it. With a list of queues those that windows_watch() names
 * from here on have rows (false: out of memory), without one those that are met.
 */
void windows_restart(struct windows *w);
bool windows_watch(struct windows *w, const char *queue_id);

/* The interval that rows have, a recorded run's; without a call each queue's first frame says it.
 * One that is too long is none. */
void windows_interval(struct windows *w, const char *text, size_t len);

/* Where the frame went: its row's window (0 if in none) for --rejects. */
struct placed {
	int64_t window;
	bool in_row;
	size_t queue;	/* the queue's number, where in_row */
};

/* One frame of kind FRAME_STATISTICS. arrival_us is NO_TIME for a bare frame. */
enum fate windows_place(struct windows *w, const struct frame *frame, size_t stream,
	int64_t arrival_us, struct placed *placed);

/* When the clock alone will close the next window (live, or a replay by arrival); NO_TIME
 * before window 0. */
int64_t windows_due_us(const struct windows *w);

/* The next window that is over at now_us (by the clock, or by timestamps in event time),
 * borrowed until the next call of this module; NULL: none. */
const struct window *windows_due(struct windows *w, int64_t now_us);

/* At the end of a run cut short (then all of them are partial), or of a recording: the windows
 * still begun, one a call; at_us is the last moment known, where they end. NULL: none left. */
const struct window *windows_rest(struct windows *w, int64_t at_us, bool cut);

bool windows_all_printed(const struct windows *w);	/* `count` of them are out */
int64_t windows_printed(const struct windows *w);
int64_t windows_printed_end_us(const struct windows *w);	/* NO_TIME: none yet */
bool windows_failed(const struct windows *w);	/* out of memory somewhere inside */

#endif
