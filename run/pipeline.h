/*
 * Turns the messages of a source into windows, and hands the windows that are over to the sinks.
 * It is the same for both sources: events of the stream go into stream windows, notifications into
 * queue windows. Messages that are rejected become audit events and lines of --rejects.
 */
#ifndef RUN_PIPELINE_H
#define RUN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/side_file.h"
#include "run/audit_events.h"
#include "run/sinks.h"
#include "util/base.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct pipeline_conf {		/* all pointers are borrowed for the pipeline's life */
	bool notifications;		/* the source is the notification service, not the stream */
	/* stream */
	struct stream_windows_conf stream_windows;
	const char *const *metric;
	size_t nmetric, nasked;		/* the first nasked are of --metric */
	/* notifications */
	struct queue_windows_conf queue_windows;
	bool starts_connected;		/* --no-snapshot: window 0 begins with the connection */
	/* both */
	struct sinks *sinks;
	struct audit_events *events;
	struct side_file *rejects;	/* NULL: none */
	bool replay;
	const char *default_outlier;	/* text of the default filter, if it is used; or NULL */
};

struct pipeline_message {
	const char *text;
	size_t len;
	bool binary;
	size_t socket;
	int64_t at_us;		/* when it came; NO_TIME: a replayed frame without `at` */
	uint64_t line;		/* of the replay; 0: live */
	bool verbatim;		/* text is part of the input as it is, so it must be JSON */
};

struct pipeline;

/* After a failure *out may be set, for pipeline_free alone. */
enum status pipeline_new(struct pipeline **out, const struct pipeline_conf *conf, struct err *err);
void pipeline_free(struct pipeline *p);

enum status pipeline_socket(struct pipeline *p, size_t socket, enum queue_window_socket state,
	int64_t at_us, struct err *err);

/* The process did not run in that time: see stream_windows_stalled and queue_windows_stalled.
 * Call it before windows that end in that time are printed. */
enum status pipeline_stalled(struct pipeline *p, int64_t from_us, int64_t until_us,
	struct err *err);

/* *good: something in the message could be read. *control: NOTIFICATION_CLOSING, _UNSUBSCRIBED or
 * _REVOKED if it says that, for the source to act on it; else _OTHER. */
enum status pipeline_take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	enum notification_kind *control, struct err *err);

/*
 * Another recording follows; all windows of the one before are printed. Windows are numbered on,
 * but no values are kept. queue: all queues by number, borrowed. If queues are named, only those
 * that pipeline_watch() adds from here on have rows. pipeline_watch() is false without memory or
 * room.
 */
enum status pipeline_restart(struct pipeline *p, const char *const *queue, size_t n,
	struct err *err);
bool pipeline_watch(struct pipeline *p, const char *queue_id);

/*
 * Print the windows that are over at at_us; all windows that are still open. If the sinks wait for
 * the reader of rows, pipeline_has_more is true: call the same again before any other function.
 */
enum status pipeline_print_due(struct pipeline *p, int64_t at_us, struct err *err);
enum status pipeline_print_rest(struct pipeline *p, int64_t at_us, bool cut, struct err *err);
bool pipeline_has_more(const struct pipeline *p);

/* The clock of notifications without `at`: their newest timestamp. NO_TIME: none yet. */
int64_t pipeline_clock_us(const struct pipeline *p);

/* Call when no window follows, before sinks_end: warns of what the messages lacked. */
void pipeline_end(struct pipeline *p);

int64_t pipeline_due_us(const struct pipeline *p);	/* NO_TIME: no window ends by the clock */
bool pipeline_has_all(const struct pipeline *p);	/* every window is printed */
bool pipeline_is_over(const struct pipeline *p);	/* that, or a threshold ends the run */

/* --- stream only: does nothing with notifications --- */

/* The interval that a recorded stream was subscribed with, see stream_windows_interval. */
void pipeline_set_interval(struct pipeline *p, const char *text, size_t len);

/* --- notifications only: with the stream they do nothing, and return ST_OK, false or NULL --- */

/* All queues and their names by number, borrowed; before the first message. */
enum status pipeline_set_queues(struct pipeline *p, const char *const *queue, size_t n,
	const char *const *name, struct err *err);
/* The queues' names by number, borrowed. */
void pipeline_set_names(struct pipeline *p, const char *const *name);
/* The ID of the queue with that number; NULL: none. */
const char *pipeline_queue_id(const struct pipeline *p, size_t queue);
void pipeline_refuse(struct pipeline *p, const char *queue_id);
void pipeline_start(struct pipeline *p, int64_t at_us);	/* begins window 0 */

/* The answer to an observation query. */
struct pipeline_answer {
	const char *text;
	size_t len;
	bool resync;		/* of --resync: it is compared with the values known so far */
	const uint32_t *asked;	/* metrics it was asked for, see observation_query_bit; NULL: those
				   of queue_windows_conf */
	int64_t asked_us, at_us;
};
/* *good: it is such an answer. */
enum status pipeline_snapshot(struct pipeline *p, const struct pipeline_answer *a, bool *good,
	struct err *err);
/* Whether any answer had values of the queue with that number. */
bool pipeline_was_answered(const struct pipeline *p, size_t queue);

#endif
