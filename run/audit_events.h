/*
 * The audit events of a run: writes each of them as an audit line, and counts them for the totals
 * in run.status and run.end. No other file knows the names of events and of their fields.
 */
#ifndef RUN_AUDIT_EVENTS_H
#define RUN_AUDIT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "output/threshold.h"
#include "source/session.h"
#include "util/base.h"
#include "util/lines.h"
#include "webhook/deliveries.h"
#include "window/row.h"
#include "ws.h"

/* Why a frame was rejected. Rows have counts of the first four reasons. */
enum audit_events_reject {
	REJECT_INVALID = VERDICT_INVALID,
	REJECT_DUPLICATE = VERDICT_DUPLICATE,
	REJECT_STALE = VERDICT_STALE,
	REJECT_OUTLIER = VERDICT_OUTLIER,
	REJECT_NOT_JSON,
	REJECT_BINARY,
	REJECT_EVENT_TYPE,
	REJECT_NO_QUEUE,
	REJECT_FOREIGN_QUEUE,
	REJECT_KINDS
};

struct audit_events_totals {
	uint64_t messages, frames, updates;
	uint64_t rejected[REJECT_KINDS];
	uint64_t windows, rows;
	uint64_t connected, lost, retries, tokens;
	uint64_t reconnects;		/* after a time without a connection */
	unsigned attempt;		/* to get a token or a connection, now; 0: the first */
	int64_t down_us;		/* the sum of these times */
	uint64_t too_big, bad_text;	/* messages because of which we closed a connection */
	uint64_t cut_messages;		/* incomplete when the connection was lost */
	uint64_t broken_lines;		/* of a replay */
	uint64_t resyncs, resyncs_failed, differences;	/* see audit_events_resync */
	int64_t stalled_us;		/* how long the process did not run, see run.c */
};

struct audit_events;

/* Borrows audit. Returns NULL if out of memory. */
struct audit_events *audit_events_new(struct audit *audit);
void audit_events_free(struct audit_events *events);

/* What a terminal is told: the first failed attempt of each outage, because no progress line shows
 * it; and nothing of frames of other queues, because the user chose queues of a recording. */
void audit_events_tell_retries(struct audit_events *events);
void audit_events_hide_foreign(struct audit_events *events);

/* Sets the time of the following events, by the run's clock and by the system's. Call once a
 * turn. */
void audit_events_time(struct audit_events *events, int64_t now_us, int64_t real_us);
const struct audit_events_totals *audit_events_totals(const struct audit_events *events);

/* --- the run --- */

/* A terminal that -v lets see this event gets only the settings in `changed`. */
void audit_events_start(struct audit_events *events, const char *settings_json,
	const char *changed, const struct lines *outlier_rules);
void audit_events_stalled(struct audit_events *events, int64_t from_us, int64_t until_us);
void audit_events_status(struct audit_events *events, bool up);
void audit_events_end(struct audit_events *events, enum status st, const char *message);

/* Writes the warnings and empties the list. */
void audit_events_warnings(struct audit_events *events, struct lines *warnings);
/* Warns that the printed numbers may be wrong. -s does not suppress such a warning, but with -s the
 * same text is written only once in a run. */
void audit_events_doubt(struct audit_events *events, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* --- the source --- */

void audit_events_stream(struct audit_events *events, size_t stream,
	const struct session_event *event);
/* A snapshot of --resync was compared with the values known from messages; this many differ. */
void audit_events_resync(struct audit_events *events, uint64_t differences);
/* From now on the totals have a member for resyncs. */
void audit_events_counts_resyncs(struct audit_events *events);

/* --- frames --- */

void audit_events_message(struct audit_events *events);
void audit_events_frame(struct audit_events *events, bool update);
/* The time from a frame's timestamp to its arrival; a negative one counts as unknown. */
void audit_events_lag(struct audit_events *events, int64_t us);
int64_t audit_events_last_lag_us(const struct audit_events *events);	/* NO_TIME: unknown */

/*
 * A frame was rejected. queue_id may be NULL. queue is the queue's number in the run; SIZE_MAX: it
 * is none of the run. Writes at most one line a second for each reason and queue.
 */
void audit_events_reject(struct audit_events *events, enum audit_events_reject reason,
	const char *queue_id, size_t queue, const char *detail);
const char *audit_events_reject_name(enum audit_events_reject reason);
/* A line of a recording cannot be used. */
void audit_events_broken_line(struct audit_events *events, uint64_t line, const char *why);

/* --- windows --- */

/* What was printed for a window. */
struct audit_events_row_bytes {
	const char *digest;	/* SHA-256 in hex */
	size_t len;
};
/* Whether windows get audit lines. If not, audit_events_window() needs no digest. */
bool audit_events_wants_windows(const struct audit_events *events);
/* A window was printed, with nrow rows. */
void audit_events_window(struct audit_events *events, const struct row_window *window,
	size_t nrow, struct audit_events_row_bytes bytes);

/* A --fail-if held. */
void audit_events_threshold(struct audit_events *events, const struct threshold_hit *hit);
/* The text of the first one that held; NULL: none has. */
const char *audit_events_first_threshold(const struct audit_events *events);

/* --- callbacks --- */

/* Deliveries that were dropped, refused or spooled get at most one line a second for each URL. */
void audit_events_delivery(struct audit_events *events, const struct deliveries_event *event);
/* From now on the totals include those of c, which is borrowed. */
void audit_events_set_deliveries(struct audit_events *events, const struct deliveries *c);

#endif
