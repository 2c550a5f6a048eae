/*
 * Turns the messages of a source into windows, and hands the windows that are over to the sinks.
 * Frames of the stream go into stream windows, notifications into queue windows. Frames that are
 * rejected become audit events and lines of --rejects.
 */
#ifndef RUN_PIPELINE_H
#define RUN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/source_kind.h"
#include "output/side_file.h"
#include "run/audit_events.h"
#include "run/sinks.h"
#include "util/base.h"
#include "window/queue_index.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct pipeline_conf {		/* all pointers are borrowed for the pipeline's life */
	enum source_kind source;
	struct window_clock clock;	/* not started */
	/* stream; here and for notifications, the pipeline itself sets `clock` and `queues` */
	struct stream_windows_conf stream_windows;
	const char *const *metric;
	size_t nmetric, nasked;		/* the first nasked are those of --metric */
	/* notifications */
	struct queue_windows_conf queue_windows;
	bool starts_connected;		/* --no-snapshot: window 0 begins with the connection */
	/* both */
	struct sinks *sinks;
	struct totals *totals;
	struct audit_events *events;
	struct side_file *rejects;	/* NULL: none */
	bool replay;
	const char *default_outlier;	/* the default of --outlier; NULL: it is not used */
};

struct pipeline_message {
	const char *text;
	size_t len;
	bool binary;
	size_t socket;		/* see struct session_event; on replay, `stream` of the recording */
	int64_t at_us;		/* when it came; NO_TIME: a recorded frame without `at` */
	uint64_t line;		/* of the recording; 0: live */
	bool verbatim;		/* recorded as `frame`, so text must be JSON */
};

struct pipeline;

/* Pass *out to pipeline_free() also after a failure. */
enum status pipeline_new(struct pipeline **out, const struct pipeline_conf *conf, struct err *err);
void pipeline_free(struct pipeline *p);

/* Starts window 0, unless it has started. A connection of the stream starts it too, and one of the
 * notification service with --no-snapshot. */
void pipeline_start(struct pipeline *p, int64_t at_us);

/* The state of a connection of the stream, or of a socket of the channel, has changed. */
enum status pipeline_socket(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err);

/* The process did not run in that time: see stream_windows_stalled and queue_windows_stalled.
 * Call before windows that end in that time are printed. */
enum status pipeline_stalled(struct pipeline *p, int64_t from_us, int64_t until_us,
	struct err *err);

/* Takes a message. Sets *good if any of it could be read, and *control to NOTIFICATION_CLOSING,
 * _UNSUBSCRIBED or _REVOKED if the source must act on it, otherwise to _OTHER. */
enum status pipeline_take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	enum notification_kind *control, struct err *err);

/*
 * Begins another recording, after all windows of the one before were printed. The numbers of
 * windows and of queues continue, but no values are kept. If queues were named, only those that
 * pipeline_watch() adds from here on have rows.
 */
enum status pipeline_restart(struct pipeline *p, struct err *err);
enum status pipeline_watch(struct pipeline *p, const char *queue_id, struct err *err);

/* All queues that have been watched or met, by the number that rows have. Borrowed until a message
 * is taken or a queue is added. */
const struct queue_index *pipeline_queues(const struct pipeline *p);
/* Sets the name that rows of a queue have; does nothing if there is no such queue. */
enum status pipeline_set_name(struct pipeline *p, const char *queue_id, const char *name,
	struct err *err);

/*
 * pipeline_print_due prints the windows that are over at at_us, pipeline_print_rest all windows
 * that are still open. cut: the run ended early, so they are partial. If the sinks must wait for
 * the reader of rows, both stop and pipeline_has_more() is true: call the same function again
 * before any other.
 */
enum status pipeline_print_due(struct pipeline *p, int64_t at_us, struct err *err);
enum status pipeline_print_rest(struct pipeline *p, int64_t at_us, bool cut, struct err *err);
bool pipeline_has_more(const struct pipeline *p);

/* The newest timestamp of recorded notifications without `at`, which is their clock. NO_TIME: none
 * yet. */
int64_t pipeline_clock_us(const struct pipeline *p);

/* Warns of what the messages lacked. Call when no window follows, before sinks_end. */
void pipeline_end(struct pipeline *p);

/* When the open window ends by the clock; NO_TIME: it does not. */
int64_t pipeline_due_us(const struct pipeline *p);
bool pipeline_has_all(const struct pipeline *p);	/* all windows of --count were printed */
bool pipeline_is_over(const struct pipeline *p);	/* that, or a threshold ends the run */

/* --- stream only: does nothing with notifications --- */

/* Sets the interval in the subscription of a recorded stream, see stream_windows_interval. */
void pipeline_set_interval(struct pipeline *p, const char *text, size_t len);

/* --- notifications only: with the stream they do nothing, and return ST_OK or false --- */

/* Sets all queues by number, without names. Call before the first message. */
enum status pipeline_set_queues(struct pipeline *p, const char *const *queue, size_t n,
	struct err *err);
void pipeline_refuse(struct pipeline *p, const char *queue_id);	/* it has no rows */

/* The answer to an observation query. */
struct pipeline_answer {
	const char *text;
	size_t len;
	bool resync;		/* of --resync: compare it with the values known so far */
	const uint32_t *asked;	/* which metrics the query named, see observation_query_bit; NULL:
				   those of queue_windows_conf */
	int64_t asked_us, at_us;
};
/* Sets *good if all of it could be read. */
enum status pipeline_snapshot(struct pipeline *p, const struct pipeline_answer *a, bool *good,
	struct err *err);
/* Whether any answer had values of the queue with this number. */
bool pipeline_was_answered(const struct pipeline *p, size_t queue);

#endif
