/*
 * Windows of the notification service: keeps the state of each queue, as a wallboard does, and
 * makes the rows of a window when it closes. Windows are [start, end) and contiguous. An event
 * counts in the window in which it arrives. The caller passes all times, in µs since 1970 of one
 * clock.
 *
 * Each time something happens, first call queue_windows_due() until it returns NULL, which closes
 * the windows that are over. Then pass on what has happened.
 */
#ifndef WINDOW_QUEUE_WINDOW_H
#define WINDOW_QUEUE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/notification.h"
#include "util/base.h"
#include "util/shard.h"
#include "util/slice.h"
#include "window/queue_index.h"
#include "window/row.h"
#include "window/verdict.h"
#include "window/window_clock.h"

#define QUEUE_WINDOW_SOCKETS 2

struct queue_windows_conf {
	/* Both are those of the run: borrowed, and changed by the windows. No other module adds to
	 * the queues. */
	struct window_clock *clock;
	struct queue_index *queues;
	bool replay;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue, room;		/* room: how many queues there may be in the end */
	bool any;			/* add each queue that has an event, on replay */
	const char *const *pattern;	/* of -m: names, or beginnings with `*`; borrowed */
	size_t npattern;
	const struct row_labels *labels;	/* of all rows; NULL: none. Borrowed */
	bool sketch;			/* rows have sketches, see --sketch */
	struct shard shard;		/* see --shard; n 0: none */
	uint32_t asked;			/* metrics of snapshots, see observation_query_bit */
};

enum queue_window_socket {
	SOCKET_LOST,
	SOCKET_SILENT,		/* in older recordings: counts as down, but values are kept */
	SOCKET_CONNECTED
};

struct queue_windows;

enum status queue_windows_new(struct queue_windows **qw, const struct queue_windows_conf *conf,
	struct err *err);
void queue_windows_free(struct queue_windows *qw);

/* Prepares for another recording, after queue_windows_rest() has returned the last window and the
 * clock was restarted. Queues keep their numbers, but have no rows until queue_windows_watch().
 * Nothing else is kept. */
enum status queue_windows_restart(struct queue_windows **qw, struct err *err);

/* The service refused the queue: it has no rows from now on. */
void queue_windows_refuse(struct queue_windows *qw, const char *queue_id);
/* The queue has rows from now on. Adds it if it is new. False: no room, or out of memory. */
bool queue_windows_watch(struct queue_windows *qw, const char *queue_id);

/* Starts window 0 at the whole ms at or before at_us, or where --align puts it, unless it has
 * started. */
void queue_windows_start(struct queue_windows *qw, int64_t at_us);

/* Makes coverage unknown, because the input does not say when the service was connected. */
void queue_windows_coverage_unknown(struct queue_windows *qw);
/* Sets the state of a socket from at_us on. If the last change or the end of the last window is
 * later, the state holds from that time on. False: out of memory. */
bool queue_windows_socket(struct queue_windows *qw, size_t socket, enum queue_window_socket state,
	int64_t at_us);

/* Call it after a stall: the run saw nothing from from_us until until_us. That time counts as
 * neither connected nor observed, but sockets and values stay as they are. False: out of memory. */
bool queue_windows_stalled(struct queue_windows *qw, int64_t from_us, int64_t until_us);

/* Takes an event (NOTIFICATION_EVENT or NOTIFICATION_INVALID) that came on a socket. *place: the
 * row that counts it, if there is one. */
enum verdict queue_windows_take(struct queue_windows *qw, const struct notification *n,
	size_t socket, int64_t at_us, struct verdict_place *place);

/*
 * A snapshot: the answer to an observation query that was sent at asked_us. Values that have had
 * events since then stay as they are. Call begin, take for each result, and end, which sets to 0
 * what the snapshot left out (see state_snapshot_end). If begin returns false the answer is too
 * old; then do not call the other two. asked: the metrics of the query; NULL: those of conf.
 * resync: the query was sent to compare, see state_snapshot.h.
 */
bool queue_windows_snapshot_begin(struct queue_windows *qw, const uint32_t *asked, bool resync,
	int64_t asked_us);
enum verdict queue_windows_snapshot_take(struct queue_windows *qw,
	const struct notification *result, int64_t asked_us, int64_t at_us);
void queue_windows_snapshot_end(struct queue_windows *qw, int64_t asked_us, int64_t at_us);
/* Sets the name of a presence; snapshots have these names too. False: out of memory. */
bool queue_windows_presence(struct queue_windows *qw, struct slice id, struct slice name);
/* See state_snapshot_resync_over. */
bool queue_windows_resync_over(struct queue_windows *qw, int64_t at_us, uint64_t *differences);
/* Whether a snapshot has had the queue of that number. */
bool queue_windows_was_answered(const struct queue_windows *qw, size_t queue);
/* Whether a metric that matches the pattern of -m has had a value. */
bool queue_windows_has_metric(const struct queue_windows *qw, const char *pattern);

/* Closes the next window that is over at now_us, and returns it. It is borrowed until the next
 * change. NULL: no window is over, or out of memory. */
const struct row_window *queue_windows_due(struct queue_windows *qw, int64_t now_us);
/* At the end of a run or recording, closes the present window at at_us, and returns it, borrowed as
 * above. cut: the run was cut short, so the window is partial. NULL: it has not begun, all windows
 * are printed, or out of memory. */
const struct row_window *queue_windows_rest(struct queue_windows *qw, int64_t at_us, bool cut);
bool queue_windows_failed(const struct queue_windows *qw);	/* out of memory */

#endif
