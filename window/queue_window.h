/*
 * Windows of the notification service: keeps the state of each queue as a wallboard would, and
 * makes the rows of a window when it closes. Windows are [start, end) and contiguous, by arrival.
 * Times come in with each call (µs since 1970, one clock).
 *
 * At each moment the caller first takes the windows that are due, until queue_windows_due() returns
 * NULL, and then passes on what came at that moment.
 */
#ifndef WINDOW_QUEUE_WINDOW_H
#define WINDOW_QUEUE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/notification.h"
#include "util/base.h"
#include "util/slice.h"
#include "window/row.h"
#include "window/verdict.h"
#include "window/window_clock.h"

#define QUEUE_WINDOW_SOCKETS 2

struct queue_windows_conf {
	struct window_clock clock;	/* not started */
	bool replay;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue, room;		/* room: for those that come later, too */
	const char *const *queue_name;	/* see queue_windows_set_names */
	bool any;			/* takes every queue, on replay */
	const char *const *pattern;	/* of -m: names, or beginnings with `*`; borrowed */
	size_t npattern;
	uint32_t asked;			/* metrics of snapshots, see observation_query_bit */
};

enum queue_window_socket {
	SOCKET_LOST,
	SOCKET_SILENT,		/* of older recordings: counts as down, but values are kept */
	SOCKET_CONNECTED
};

struct queue_windows;

enum status queue_windows_new(struct queue_windows **qw, const struct queue_windows_conf *conf,
	struct err *err);
void queue_windows_free(struct queue_windows *qw);

/* A refused queue has no rows, a watched one has. False: no room, or out of memory. */
void queue_windows_refuse(struct queue_windows *qw, const char *queue_id);
bool queue_windows_watch(struct queue_windows *qw, const char *queue_id);
/* By its number; NULL: there is none. */
const char *queue_windows_queue_id(const struct queue_windows *qw, size_t queue);
/* The queues' names by number, or NULL; each may be NULL. Borrowed. */
void queue_windows_set_names(struct queue_windows *qw, const char *const *name);

/* Window 0 begins at the whole ms at or before at_us. */
void queue_windows_start(struct queue_windows *qw, int64_t at_us);

/* Coverage is unknown, because the input does not say when the service was connected. */
void queue_windows_coverage_unknown(struct queue_windows *qw);
/* From at_us on, or from the last change or end of a window if that is later. False: out of
 * memory. */
bool queue_windows_socket(struct queue_windows *qw, size_t socket, enum queue_window_socket state,
	int64_t at_us);

/* The run saw nothing from from_us until until_us: that time is neither connected nor observed,
 * but sockets and values stay as they are. False: out of memory. */
bool queue_windows_stalled(struct queue_windows *qw, int64_t from_us, int64_t until_us);

/* Takes an event (NOTIFICATION_EVENT or NOTIFICATION_INVALID). */
enum verdict queue_windows_take(struct queue_windows *qw, const struct notification *n,
	size_t socket, int64_t at_us, struct verdict_place *place);

/*
 * An answer of the observation query, which was sent at asked_us; events since then are newer.
 * asked: its metrics, NULL: those of conf. resync: it was sent to compare. Begin returns false if
 * the answer is too old; then take no result of it, and do not end it.
 */
bool queue_windows_snapshot_begin(struct queue_windows *qw, const uint32_t *asked, bool resync,
	int64_t asked_us);
enum verdict queue_windows_snapshot_take(struct queue_windows *qw,
	const struct notification *result, int64_t asked_us, int64_t at_us);
void queue_windows_snapshot_end(struct queue_windows *qw, int64_t asked_us, int64_t at_us);
/* The name of a presence, which snapshots have too. False: out of memory. */
bool queue_windows_presence(struct queue_windows *qw, struct slice id, struct slice name);
/* See state_snapshot_resync_over. */
bool queue_windows_resync_over(struct queue_windows *qw, int64_t at_us, uint64_t *differences);
/* Whether a snapshot had the queue of that number. */
bool queue_windows_was_answered(const struct queue_windows *qw, size_t queue);
/* Whether any metric that matches the pattern of -m has had a value. */
bool queue_windows_has_metric(const struct queue_windows *qw, const char *pattern);

/* The next window that is over at now_us, borrowed until the next change; NULL: none. */
const struct row_window *queue_windows_due(struct queue_windows *qw, int64_t now_us);
/* At the end of a run or recording: the present window, which ends at at_us. cut: the run was cut
 * short, so the window is partial. */
const struct row_window *queue_windows_rest(struct queue_windows *qw, int64_t at_us, bool cut);
const struct window_clock *queue_windows_clock(const struct queue_windows *qw);
bool queue_windows_failed(const struct queue_windows *qw);	/* out of memory */

#endif
