/*
 * What the notification service has told of each queue, as a wallboard would hold it, and
 * what a window of it holds when it closes. Windows are [start, end), by arrival alone.
 * Times come in with each call (µs since 1970, one clock). Knows no transport, no output.
 *
 * The caller advances it in this order at each moment: board_due() until it is NULL, then
 * what that moment brought.
 */
#ifndef WINDOW_QUEUE_WINDOW_H
#define WINDOW_QUEUE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"
#include "util/base.h"
#include "window/notification.h"
#include "window/series.h"

#define BOARD_SOCKETS 2

struct board_conf {
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
	uint32_t asked;			/* what snapshots ask for, see notice_query_bit */
};

enum socket_state {
	SOCKET_LOST,
	SOCKET_SILENT,		/* of older recordings: counts as down, what is known is kept */
	SOCKET_CONNECTED
};

/* One queue and media type in one window; borrowed with its window. */
struct board_row {
	size_t queue;			/* its number */
	const char *queue_id;
	const char *media;		/* NULL: agents, and gauges summed over media */
	uint64_t updates, duplicates, invalid;
	uint64_t clock_skew;
	struct sample lag_us;		/* a view; not to be freed */
	const struct fact *fact;	/* in the order of -m, then by metric and path */
	size_t nfact;
};

struct board_window {
	int64_t index;
	int64_t start_ms, end_ms;
	bool partial;
	int coverage_e4;		/* -1: not known */
	const struct board_row *row;
	size_t nrow;
	uint64_t updates, duplicates, invalid;
	double lag_mean_us;		/* NaN: none known */
};

enum board_fate {
	BOARD_ACCEPTED,
	BOARD_DUPLICATE,
	BOARD_INVALID,
	BOARD_FOREIGN_QUEUE,
	BOARD_TOO_MANY_QUEUES,
	BOARD_NO_MEMORY
};

struct board;

enum status board_new(struct board **b, const struct board_conf *conf, struct err *err);
void board_free(struct board *b);

/* A queue that was refused has no rows, one that is watched has. False: no room or memory. */
void board_refuse(struct board *b, const char *queue_id);
bool board_watch(struct board *b, const char *queue_id);
const char *board_queue_id(const struct board *b, size_t queue);	/* NULL: there is none */
/* Of an ID in lower case; ROSTER_NONE: it has none. */
size_t board_queue_number(const struct board *b, const char *id);
size_t board_queues(const struct board *b);	/* those that have rows */

/* Window 0 begins at the whole ms at or before at_us. */
void board_start(struct board *b, int64_t at_us);
bool board_has_started(const struct board *b);

/* Nobody tells when the service was connected: coverage is not known. */
void board_untimed(struct board *b);
/* From at_us on, or from the last change or window's end if that is later. */
bool board_socket(struct board *b, size_t socket, enum socket_state state, int64_t at_us);

/* The run saw nothing from from_us until until_us: that time is neither connected nor observed,
 * but the sockets stay as they are, and so does what is known. False: out of memory. */
bool board_stalled(struct board *b, int64_t from_us, int64_t until_us);

/* A message about this queue, and once that was told, about this media type of it, is being
 * read: fetches from memory what it will change. */
void board_expect(struct board *b, const char *queue_id, struct slice media);

/* Takes an event (NOTICE_EVENT or NOTICE_INVALID); *window is where it was counted. */
enum board_fate board_take(struct board *b, const struct notice *n, size_t socket,
	int64_t at_us, int64_t *window);

/* An observation query's answer, asked for at asked_us: what came since is newer. Begin is
 * false where the answer says nothing any more; then no result is to be taken, and no end. asked:
 * the metrics that it was asked for, NULL: those of the board. resync: it was asked for again. */
bool board_snapshot_begin(struct board *b, const uint32_t *asked, bool resync,
	int64_t asked_us);
bool board_presence(struct board *b, struct slice id, struct slice name);
enum board_fate board_snapshot_take(struct board *b, const struct notice *result,
	int64_t asked_us, int64_t at_us);
void board_snapshot_end(struct board *b, int64_t asked_us, int64_t at_us);	/* queue_state.h */
bool board_has_metric(const struct board *b, const char *pattern);	/* queue_state.h */
bool board_resync_over(struct board *b, int64_t at_us, uint64_t *differences);	/* queue_state.h */
bool board_was_answered(const struct board *b, size_t queue);	/* by its number */

int64_t board_due_us(const struct board *b);	/* NO_TIME before the start and at the end */
const struct board_window *board_due(struct board *b, int64_t now_us);
/* The window begun, which ends at at_us, at the end of a run or of a recording; cut: the run was
 * cut short, so it is partial. */
const struct board_window *board_rest(struct board *b, int64_t at_us, bool cut);
bool board_all_printed(const struct board *b);
int64_t board_printed(const struct board *b);
int64_t board_printed_end_us(const struct board *b);	/* NO_TIME: none yet */
bool board_failed(const struct board *b);		/* out of memory somewhere inside */

#endif
