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
#include "util/lines.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct pipeline_conf {		/* all pointers are borrowed for the flow's life */
	bool notices;			/* the notification service; else the stream */
	/* of the stream */
	struct stream_windows_conf windows;
	const char *const *metric;
	size_t nmetric, nasked;
	/* of the notification service */
	struct queue_windows_conf board;
	bool starts_connected;		/* window 0, for there is no snapshot to wait for */
	/* of both */
	struct sinks_conf flush;
	struct side_file *rejects;		/* NULL: none */
	size_t ahead;			/* bytes of rows that may wait for the reader, 0: any */
	bool replay;
	const char *default_outlier;	/* the rule that nobody chose; NULL: none */
};

struct pipeline_message {
	const char *text;
	size_t len;
	bool binary;
	size_t socket;
	int64_t at_us;		/* NO_TIME: a bare frame of a replay */
	uint64_t line;		/* of the replay; 0: live */
	bool verbatim;		/* it stands in the line as it is, so it has to be JSON */
};

/* What a message said to the one who holds the connection. */
enum pipeline_told { PIPELINE_NOTHING, PIPELINE_CLOSING, PIPELINE_UNSUBSCRIBED, PIPELINE_REVOKED };

struct pipeline;

/* Not ST_OK: *flow may be set all the same, for pipeline_free alone. */
enum status pipeline_new(struct pipeline **flow, const struct pipeline_conf *conf, struct err *err);
void pipeline_free(struct pipeline *f);

enum status pipeline_socket(struct pipeline *f, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err);

/* The run saw nothing in that time: see stream_windows_stalled and queue_windows_stalled. To be
 * told before the windows that end in it are printed. */
enum status pipeline_stalled(struct pipeline *f, int64_t from_us, int64_t until_us,
	struct err *err);

/* *good: something of it could be read. */
enum status pipeline_take(struct pipeline *f, const struct pipeline_message *m, bool *good,
	enum pipeline_told *told, struct err *err);
/* An observation query's answer. */
struct pipeline_answer {
	const char *text;
	size_t len;
	bool resync;		/* it was asked for again, to compare */
	const uint32_t
		*asked; /* its metrics, see observation_query_bit; NULL: those of board_conf */
	int64_t asked_us, at_us;
};
enum status pipeline_snapshot(struct pipeline *f, const struct pipeline_answer *a, bool *good,
	struct err *err);
/* Whether any answer told of the service's queue of that number. */
bool pipeline_was_answered(const struct pipeline *f, size_t queue);
void pipeline_refuse(struct pipeline *f, const char *queue_id);
void pipeline_start(struct pipeline *f, int64_t at_us);	/* window 0, of the notification service */

/*
 * Another recording follows; the windows that had begun are printed. Its windows number on, and
 * nothing of before counts for them. Where queues are named, those that pipeline_watch() names from
 * here on have rows; the n of queue are all of them by number, borrowed. pipeline_watch() is false
 * where there is no memory, or no room.
 */
enum status pipeline_restart(struct pipeline *f, const char *const *queue, size_t n,
	struct err *err);
bool pipeline_watch(struct pipeline *f, const char *queue_id);
/* The ID of the notification service's queue of that number; NULL: there is none. */
const char *pipeline_queue_id(const struct pipeline *f, size_t queue);
/* The queues' names by number, borrowed. */
void pipeline_names(struct pipeline *f, const char *const *name);
/* What a recorded stream was subscribed to, see stream_windows_interval. */
void pipeline_interval(struct pipeline *f, const char *text, size_t len);

/*
 * Prints the windows that are over at at_us; the windows still begun. No more than `ahead`
 * lets wait: then pipeline_has_more is true, and the call is to be made again before any other.
 */
enum status pipeline_print_due(struct pipeline *f, int64_t at_us, struct err *err);
enum status pipeline_print_rest(struct pipeline *f, int64_t at_us, bool cut, struct err *err);

/* The last instant that bare notifications told; NO_TIME: none. */
int64_t pipeline_clock_us(const struct pipeline *f);

/* No window follows; see sinks_end. */
enum status pipeline_end(struct pipeline *f, struct lines *warnings, struct err *err);

bool pipeline_has_more(const struct pipeline *f);

int64_t pipeline_due_us(const struct pipeline *f);	/* NO_TIME: no window closes by the clock */
bool pipeline_has_all(const struct pipeline *f);	/* every window is printed */
bool pipeline_is_over(const struct pipeline *f);	/* it has, or a threshold ends the run */
int64_t pipeline_printed(const struct pipeline *f);
int64_t pipeline_printed_end_us(const struct pipeline *f);	/* NO_TIME: none yet */

#endif
