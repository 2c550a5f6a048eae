/*
 * What a source's messages become, the same to the run loop whatever the source: frames in
 * windows and their rows for the stream, notices on a board and its rows for the notification
 * service. Rows go to out, what is rejected to the report and to --rejects.
 */
#ifndef RUN_PIPELINE_H
#define RUN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/writer.h"
#include "run/sinks.h"
#include "util/base.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct flow_conf {		/* all pointers are borrowed for the flow's life */
	bool notices;			/* the notification service; else the stream */
	/* of the stream */
	struct windows_conf windows;
	const char *const *metric;
	size_t nmetric, nasked;
	/* of the notification service */
	struct board_conf board;
	bool starts_connected;		/* window 0, for there is no snapshot to wait for */
	/* of both */
	struct flush_conf flush;
	struct side *rejects;		/* NULL: none */
	size_t ahead;			/* bytes of rows that may wait for the reader, 0: any */
	bool replay;
	const char *default_outlier;	/* the rule that nobody chose; NULL: none */
};

struct flow_message {
	const char *text;
	size_t len;
	bool binary;
	size_t socket;
	int64_t at_us;		/* NO_TIME: a bare frame of a replay */
	uint64_t line;		/* of the replay; 0: live */
	bool verbatim;		/* it stands in the line as it is, so it has to be JSON */
};

/* What a message said to the one who holds the connection. */
enum flow_told { FLOW_NOTHING, FLOW_CLOSING, FLOW_UNSUBSCRIBED, FLOW_REVOKED };

struct flow;

/* Not ST_OK: *flow may be set all the same, for flow_free alone. */
enum status flow_new(struct flow **flow, const struct flow_conf *conf, struct err *err);
void flow_free(struct flow *f);

enum status flow_socket(struct flow *f, size_t socket, enum socket_state state, int64_t at_us,
	struct err *err);

/* The run saw nothing in that time: see windows_stalled and board_stalled. To be told before the
 * windows that end in it are printed. */
enum status flow_stalled(struct flow *f, int64_t from_us, int64_t until_us, struct err *err);

/* *good: something of it could be read. */
enum status flow_take(struct flow *f, const struct flow_message *m, bool *good,
	enum flow_told *told, struct err *err);
/* An observation query's answer. */
struct flow_answer {
	const char *text;
	size_t len;
	bool resync;		/* it was asked for again, to compare */
	const uint32_t *asked;	/* its metrics, see notice_query_bit; NULL: those of board_conf */
	int64_t asked_us, at_us;
};
enum status flow_snapshot(struct flow *f, const struct flow_answer *a, bool *good,
	struct err *err);
/* Whether any answer told of the service's queue of that number. */
bool flow_was_answered(const struct flow *f, size_t queue);
void flow_refuse(struct flow *f, const char *queue_id);
void flow_start(struct flow *f, int64_t at_us);	/* window 0, of the notification service */

/*
 * Another recording follows; the windows that had begun are printed. Its windows number on, and
 * nothing of before counts for them. Where queues are named, those that flow_watch() names from
 * here on have rows; the n of queue are all of them by number, borrowed. flow_watch() is false
 * where there is no memory, or no room.
 */
enum status flow_restart(struct flow *f, const char *const *queue, size_t n, struct err *err);
bool flow_watch(struct flow *f, const char *queue_id);
/* The ID of the notification service's queue of that number; NULL: there is none. */
const char *flow_queue_id(const struct flow *f, size_t queue);
/* The queues' names by number, borrowed. */
void flow_names(struct flow *f, const char *const *name);
/* What a recorded stream was subscribed to, see windows_interval. */
void flow_interval(struct flow *f, const char *text, size_t len);

/*
 * Prints the windows that are over at at_us; the windows still begun. No more than `ahead`
 * lets wait: then flow_has_more is true, and the call is to be made again before any other.
 */
enum status flow_print_due(struct flow *f, int64_t at_us, struct err *err);
enum status flow_print_rest(struct flow *f, int64_t at_us, bool cut, struct err *err);

/* The last instant that bare notifications told; NO_TIME: none. */
int64_t flow_clock_us(const struct flow *f);

/* No window follows; see flush_end. */
enum status flow_end(struct flow *f, struct lines *warnings, struct err *err);

bool flow_has_more(const struct flow *f);

int64_t flow_due_us(const struct flow *f);	/* NO_TIME: no window closes by the clock */
bool flow_has_all(const struct flow *f);	/* every window is printed */
bool flow_is_over(const struct flow *f);	/* it has, or a threshold ends the run */
int64_t flow_printed(const struct flow *f);
int64_t flow_printed_end_us(const struct flow *f);	/* NO_TIME: none yet */

#endif
