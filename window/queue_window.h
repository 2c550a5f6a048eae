/*
 * What the notification service has told of each queue, as a wallboard would hold it, and
 * what a window of it holds when it closes. Windows are [start, end), by arrival alone.
 * Times come in with each call (µs since 1970, one clock). Knows no transport, no output.
 *
 * The caller advances it in this order at each moment: queue_windows_due() until it is NULL, then
 * what that moment brought.
 */
#ifndef WINDOW_QUEUE_WINDOW_H
#define WINDOW_QUEUE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"
#include "util/base.h"
#include "util/slice.h"
#include "window/notification.h"
#include "window/series.h"

#define QUEUE_WINDOW_SOCKETS 2

struct queue_windows_conf {
	int64_t length_ms;
	bool align;
	uint32_t count;			/* windows to print; 0: all that the input holds */
	bool replay;
	const char *const *queue;	/* lower case, in the order of the rows; borrowed */
	size_t nqueue, room;		/* how many there may be with those that come later */
	bool any;			/* every queue that is met, on replay */
	int64_t first;			/* the first window's index */
	const char *const *pattern;	/* of -m: names, or beginnings with `*`; borrowed */
	size_t npattern;
	uint32_t asked;			/* what snapshots ask for, see observation_query_bit */
};

enum queue_window_socket {
	SOCKET_LOST,
	SOCKET_SILENT,		/* of older recordings: counts as down, what is known is kept */
	SOCKET_CONNECTED
};

/* One queue and media type in one window; borrowed with its window. */
struct queue_window_row {
	size_t queue;			/* its number */
	const char *queue_id;
	const char *media;		/* NULL: agents, and gauges summed over media */
	uint64_t updates, duplicates, invalid;
	uint64_t clock_skew;
	struct sample lag_us;		/* a view; not to be freed */
	const struct series_result *result;	/* in the order of -m, then by metric and path */
	size_t nresult;
};

struct queue_window {
	int64_t index;
	int64_t start_ms, end_ms;
	bool partial;
	int coverage_e4;		/* -1: not known */
	const struct queue_window_row *row;
	size_t nrow;
	uint64_t updates, duplicates, invalid;
	double lag_mean_us;		/* NaN: none known */
};

enum queue_windows_verdict {
	QUEUE_WINDOWS_ACCEPTED,
	QUEUE_WINDOWS_DUPLICATE,
	QUEUE_WINDOWS_INVALID,
	QUEUE_WINDOWS_FOREIGN_QUEUE,
	QUEUE_WINDOWS_TOO_MANY_QUEUES,
	QUEUE_WINDOWS_NO_MEMORY
};

struct queue_windows;

enum status queue_windows_new(struct queue_windows **b, const struct queue_windows_conf *conf,
	struct err *err);
void queue_windows_free(struct queue_windows *b);

/* A queue that was refused has no rows, one that is watched has. False: no room or memory. */
void queue_windows_refuse(struct queue_windows *b, const char *queue_id);
bool queue_windows_watch(struct queue_windows *b, const char *queue_id);
const char *queue_windows_queue_id(const struct queue_windows *b,
	size_t queue); /* NULL: there is none */
/* Of an ID in lower case; QUEUE_INDEX_NONE: it has none. */
size_t queue_windows_queue_number(const struct queue_windows *b, const char *id);
size_t queue_windows_queues(const struct queue_windows *b);	/* those that have rows */

/* Window 0 begins at the whole ms at or before at_us. */
void queue_windows_start(struct queue_windows *b, int64_t at_us);
bool queue_windows_has_started(const struct queue_windows *b);

/* Nobody tells when the service was connected: coverage is not known. */
void queue_windows_untimed(struct queue_windows *b);
/* From at_us on, or from the last change or window's end if that is later. */
bool queue_windows_socket(struct queue_windows *b, size_t socket, enum queue_window_socket state,
	int64_t at_us);

/* The run saw nothing from from_us until until_us: that time is neither connected nor observed,
 * but the sockets stay as they are, and so does what is known. False: out of memory. */
bool queue_windows_stalled(struct queue_windows *b, int64_t from_us, int64_t until_us);

/* A message about this queue, and once that was told, about this media type of it, is being
 * read: fetches from memory what it will change. */
void queue_windows_expect(struct queue_windows *b, const char *queue_id, struct slice media);

/* Takes an event (NOTIFICATION_EVENT or NOTIFICATION_INVALID); *window is where it was counted. */
enum queue_windows_verdict queue_windows_take(struct queue_windows *b, const struct notification *n,
	size_t socket, int64_t at_us, int64_t *window);

/* An observation query's answer, asked for at asked_us: what came since is newer. Begin is
 * false where the answer says nothing any more; then no result is to be taken, and no end. asked:
 * the metrics that it was asked for, NULL: those of the board. resync: it was asked for again. */
bool queue_windows_snapshot_begin(struct queue_windows *b, const uint32_t *asked, bool resync,
	int64_t asked_us);
bool queue_windows_presence(struct queue_windows *b, struct slice id, struct slice name);
enum queue_windows_verdict queue_windows_snapshot_take(struct queue_windows *b,
	const struct notification *result, int64_t asked_us, int64_t at_us);
void queue_windows_snapshot_end(struct queue_windows *b, int64_t asked_us,
	int64_t at_us); /* queue_state.h */
bool queue_windows_has_metric(const struct queue_windows *b,
	const char *pattern); /* queue_state.h */
bool queue_windows_resync_over(struct queue_windows *b, int64_t at_us,
	uint64_t *differences); /* queue_state.h */
bool queue_windows_was_answered(const struct queue_windows *b, size_t queue);	/* by its number */

int64_t queue_windows_due_us(
	const struct queue_windows *b); /* NO_TIME before the start and at the end */
const struct queue_window *queue_windows_due(struct queue_windows *b, int64_t now_us);
/* The window begun, which ends at at_us, at the end of a run or of a recording; cut: the run was
 * cut short, so it is partial. */
const struct queue_window *queue_windows_rest(struct queue_windows *b, int64_t at_us, bool cut);
bool queue_windows_all_printed(const struct queue_windows *b);
int64_t queue_windows_printed(const struct queue_windows *b);
int64_t queue_windows_printed_end_us(const struct queue_windows *b);	/* NO_TIME: none yet */
bool queue_windows_failed(const struct queue_windows *b); /* out of memory somewhere inside */

#endif
