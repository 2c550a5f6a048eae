/*
 * Windows of the stream: decides in which window a frame counts, or why it is rejected, and makes
 * the rows of a window when it closes. Windows are [start, end) and contiguous. The caller passes
 * all times, in µs since 1970 of one clock.
 *
 * Each time something happens, first call stream_windows_due() until it returns NULL, which closes
 * the windows that are over. Then pass on what has happened.
 */
#ifndef WINDOW_STREAM_WINDOW_H
#define WINDOW_STREAM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/filter.h"
#include "message/stream_event.h"
#include "util/base.h"
#include "util/shard.h"
#include "window/queue_index.h"
#include "window/row.h"
#include "window/verdict.h"
#include "window/window_clock.h"

enum stream_window_time { TIME_ARRIVAL, TIME_EVENT };	/* see --time */

struct stream_windows_conf {
	/* Both are those of the run: borrowed, and changed by the windows. No other module adds to
	 * the queues. */
	struct window_clock *clock;
	struct queue_index *queues;
	int64_t lateness_ms;
	enum stream_window_time time;
	bool replay;
	size_t nconnection;		/* how many connections there may be */
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue;			/* 0: any queue that has a frame, on replay */
	size_t queue_max;		/* at most so many if nqueue is 0 */
	const char *const *metric;	/* names; the index is `metric` of struct
					   stream_event_leaf. Borrowed */
	const char *interval;		/* of all rows; NULL: see stream_windows_interval */
	const struct filter *outlier;	/* borrowed */
	size_t noutlier;
	const struct row_labels *labels;	/* of all rows; NULL: none. Borrowed */
	bool sketch;			/* rows have sketches, see --sketch */
	/* See --shard; n 0: none. On replay, frames of queues of other shards are taken as those of
	 * the run are, so that they drive the clock, but they have no rows. */
	struct shard shard;
};

struct stream_windows;

enum status stream_windows_new(struct stream_windows **w, const struct stream_windows_conf *conf,
	struct err *err);
void stream_windows_free(struct stream_windows *w);

/* Starts window 0 at the whole ms at or before at_us, or where --align puts it, unless it has
 * started. If nobody calls it, the first frame starts window 0. */
void stream_windows_start(struct stream_windows *w, int64_t at_us);

/*
 * Call these when a connection is up, or down, from at_us on. If at_us lies in a window that is
 * already closed, the change counts from the end of the last closed window on. On replay, call
 * these two for the state lines of the recording. If it has none, coverage stays unknown.
 * stream_windows_lost() returns false if memory ran out.
 */
void stream_windows_connected(struct stream_windows *w, size_t connection, int64_t at_us);
bool stream_windows_lost(struct stream_windows *w, size_t connection, int64_t at_us);

/* Call it after a stall: the run saw nothing from from_us until until_us. No connection counts as
 * up in that time, but those that are up stay up. False: out of memory. */
bool stream_windows_stalled(struct stream_windows *w, int64_t from_us, int64_t until_us);

/*
 * Prepares for another recording, after stream_windows_rest() has returned all windows and the
 * clock was restarted. Nothing is kept but the numbers of queues. If the run has a list of queues,
 * call stream_windows_watch() for each of them again (false: out of memory).
 */
void stream_windows_restart(struct stream_windows *w);
bool stream_windows_watch(struct stream_windows *w, const char *queue_id);

/* Sets the interval that all rows show, from a recording; conf.interval takes precedence. If both
 * are missing, the rows of a queue show the interval of its first accepted frame that has one. An
 * interval that is too long is ignored. */
void stream_windows_interval(struct stream_windows *w, const char *text, size_t len);

/* Takes a frame of kind STREAM_EVENT_STATISTICS. arrival_us: NO_TIME for a bare frame of a
 * recording. *placed: the row that counts it. */
enum verdict stream_windows_place(struct stream_windows *w, const struct stream_event *frame,
	size_t connection, int64_t arrival_us, struct verdict_place *placed);

/* When the next window closes by the clock (live, or in a replay by arrival). NO_TIME: window 0 has
 * not begun, all windows are printed, or frames close it. */
int64_t stream_windows_due_us(const struct stream_windows *w);

/* Closes the next window that is over at now_us, by the clock or, in event time, by the timestamps
 * of frames, and returns it. It is borrowed until the next call of this module. NULL: no window is
 * over, or out of memory. */
const struct row_window *stream_windows_due(struct stream_windows *w, int64_t now_us);

/* At the end of a run or recording, closes the oldest window that has begun, and returns it,
 * borrowed as above; call it until it returns NULL: no more, or out of memory. A window ends at
 * at_us, the last known time, if that is before its own end. In event time, the newest timestamp
 * takes the place of at_us; on replay, the later of both. cut: the run was cut short, so all these
 * windows are partial. */
const struct row_window *stream_windows_rest(struct stream_windows *w, int64_t at_us, bool cut);

bool stream_windows_failed(const struct stream_windows *w);	/* out of memory */

#endif
