/*
 * Which window a frame is in, what becomes of it, and what a window holds when it closes.
 * Times come in with each call (µs since 1970, one clock); no clock is read here, so a
 * test holds it. Streams are numbers, queues are IDs; no transport, no output.
 *
 * Windows are [start, end) and contiguous. The caller advances them in this order at each
 * moment: stream_windows_due() until it is NULL, then what that moment brought.
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

enum stream_window_time { TIME_ARRIVAL, TIME_EVENT };

struct stream_windows_conf {
	int64_t length_ms;
	int64_t lateness_ms;
	enum stream_window_time time;
	bool align;
	bool replay;
	uint32_t count;			/* windows to print; 0: all that the input holds */
	size_t nstream;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue;			/* 0: every queue that is met, on replay */
	size_t queue_max;		/* of met ones */
	const struct filter *outlier;	/* borrowed */
	size_t noutlier;
};

/* A row's content: one queue in one window; borrowed with its window. */
struct stream_window_row {
	size_t queue;		/* its number, the same in every window */
	const char *queue_id;
	const char *interval;	/* stream_windows_interval's, else of the queue's first frame; NULL
				 * if there is neither */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;		/* a view of the window's own; not to be freed */
	const struct accumulator_field *const *field;	/* by metric, then by path bytewise */
	size_t nfield;
	int coverage_e4;	/* cut to 1/10000; -1: not known (a replay without states) */
	uint64_t connected_us;
};

struct stream_window {
	int64_t index;		/* from 0 */
	int64_t start_ms, end_ms;	/* end as it is to be printed */
	bool partial;
	const struct stream_window_row *row;
	size_t nrow;
	/* over all rows */
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	double lag_mean_us;	/* NaN: no lag known */
	int coverage_e4;	/* the mean over queues, cut; -1: not known */
};

struct stream_windows;

enum status stream_windows_new(struct stream_windows **w, const struct stream_windows_conf *conf,
	struct err *err);
void stream_windows_free(struct stream_windows *w);

/*
 * The stream counts as connected from at_us on (the first one from the whole ms), or as
 * down from at_us on; a moment before what was already printed is moved up to that.
 * The first stream_windows_connected() starts window 0, but not in event time on replay.
 * On replay, these two are the state lines: without any, coverage stays unknown.
 * stream_windows_lost() is false if memory ran out.
 */
void stream_windows_connected(struct stream_windows *w, size_t stream, int64_t at_us);
bool stream_windows_lost(struct stream_windows *w, size_t stream, int64_t at_us);

/* The run saw nothing from from_us until until_us: no stream counts as connected then, those that
 * are up stay up. False: out of memory. */
bool stream_windows_stalled(struct stream_windows *w, int64_t from_us, int64_t until_us);

/*
 * Another recording follows, once stream_windows_rest() has handed out what had begun: its windows
 * number on, and nothing of before counts for it. With a list of queues those that
 * stream_windows_watch() names from here on have rows (false: out of memory), without one those
 * that are met.
 */
void stream_windows_restart(struct stream_windows *w);
bool stream_windows_watch(struct stream_windows *w, const char *queue_id);

/* The interval that rows have, a recorded run's; without a call each queue's first frame says it.
 * One that is too long is none. */
void stream_windows_interval(struct stream_windows *w, const char *text, size_t len);

/* Where the frame went: its row's window (0 if in none) for --rejects. */
struct stream_window_place {
	int64_t window;
	bool in_row;
	size_t queue;	/* the queue's number, where in_row */
};

/* One frame of kind STREAM_EVENT_STATISTICS. arrival_us is NO_TIME for a bare frame. */
enum verdict stream_windows_place(struct stream_windows *w, const struct stream_event *frame,
	size_t stream, int64_t arrival_us, struct stream_window_place *placed);

/* When the clock alone will close the next window (live, or a replay by arrival); NO_TIME
 * before window 0. */
int64_t stream_windows_due_us(const struct stream_windows *w);

/* The next window that is over at now_us (by the clock, or by timestamps in event time),
 * borrowed until the next call of this module; NULL: none. */
const struct stream_window *stream_windows_due(struct stream_windows *w, int64_t now_us);

/* At the end of a run cut short (then all of them are partial), or of a recording: the windows
 * still begun, one a call; at_us is the last moment known, where they end. NULL: none left. */
const struct stream_window *stream_windows_rest(struct stream_windows *w, int64_t at_us, bool cut);

bool stream_windows_all_printed(const struct stream_windows *w); /* `count` of them are out */
int64_t stream_windows_printed(const struct stream_windows *w);
int64_t stream_windows_printed_end_us(const struct stream_windows *w);	/* NO_TIME: none yet */
bool stream_windows_failed(const struct stream_windows *w);	/* out of memory somewhere inside */

#endif
