/*
 * Windows of the stream: decides which window a frame belongs to and whether it counts, and makes
 * the rows of a window when it closes. Windows are [start, end) and contiguous. Times come in with
 * each call (µs since 1970, one clock).
 *
 * At each moment the caller first takes the windows that are due, until stream_windows_due()
 * returns NULL, and then passes on what came at that moment.
 */
#ifndef WINDOW_STREAM_WINDOW_H
#define WINDOW_STREAM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/filter.h"
#include "message/stream_event.h"
#include "util/base.h"
#include "window/row.h"
#include "window/verdict.h"
#include "window/window_clock.h"

enum stream_window_time { TIME_ARRIVAL, TIME_EVENT };

struct stream_windows_conf {
	struct window_clock clock;	/* not started */
	int64_t lateness_ms;
	enum stream_window_time time;
	bool replay;
	size_t nstream;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue;			/* 0: takes every queue, on replay */
	size_t queue_max;		/* how many of these */
	const char *const *metric;	/* names by the index that leaves carry; borrowed */
	const char *interval;		/* of all rows; NULL: see stream_windows_interval */
	const struct filter *outlier;	/* borrowed */
	size_t noutlier;
};

struct stream_windows;

enum status stream_windows_new(struct stream_windows **w, const struct stream_windows_conf *conf,
	struct err *err);
void stream_windows_free(struct stream_windows *w);

/*
 * The stream counts as connected from at_us on (at first from the whole ms), or as down. A moment
 * that is already printed is moved up to the end of that. The first stream_windows_connected()
 * starts window 0, but not in event time on replay. On replay these two are the state lines;
 * without them coverage stays unknown. stream_windows_lost() is false if memory ran out.
 */
void stream_windows_connected(struct stream_windows *w, size_t stream, int64_t at_us);
bool stream_windows_lost(struct stream_windows *w, size_t stream, int64_t at_us);

/* The run saw nothing from from_us until until_us: no stream counts as connected then, but those
 * that are up stay up. False: out of memory. */
bool stream_windows_stalled(struct stream_windows *w, int64_t from_us, int64_t until_us);

/*
 * Another recording follows, after stream_windows_rest() has returned all windows: the numbers of
 * windows go on, and nothing else is kept. If there is a list of queues, name those that have rows
 * again by stream_windows_watch() (false: out of memory).
 */
void stream_windows_restart(struct stream_windows *w);
bool stream_windows_watch(struct stream_windows *w, const char *queue_id);

/* The interval that rows have, that of a recorded run; without a call, that of each queue's first
 * frame. One that is too long is ignored. */
void stream_windows_interval(struct stream_windows *w, const char *text, size_t len);

/* Takes a frame of kind STREAM_EVENT_STATISTICS. arrival_us: NO_TIME for a bare frame. */
enum verdict stream_windows_place(struct stream_windows *w, const struct stream_event *frame,
	size_t stream, int64_t arrival_us, struct verdict_place *placed);

/* When the clock closes the next window (live, or a replay by arrival); NO_TIME before window 0. */
int64_t stream_windows_due_us(const struct stream_windows *w);

/* The next window that is over at now_us (by the clock, or by timestamps in event time), borrowed
 * until the next call of this module; NULL: none. */
const struct row_window *stream_windows_due(struct stream_windows *w, int64_t now_us);

/* At the end of a run that was cut short (its windows are partial), or of a recording: the windows
 * that have begun, one for each call, which end at at_us, the last known moment. NULL: no more. */
const struct row_window *stream_windows_rest(struct stream_windows *w, int64_t at_us, bool cut);

const struct window_clock *stream_windows_clock(const struct stream_windows *w);
bool stream_windows_failed(const struct stream_windows *w);	/* out of memory */

#endif
