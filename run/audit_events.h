/*
 * The audit events of a run: writes each as an audit line, and counts them for the totals in
 * run.status and run.end. The only file that has the names of events and of their fields.
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

/* Why a frame does not count as an update: first reasons that a row counts, then others. */
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
	uint64_t too_big, bad_text;	/* messages that made us close a connection */
	uint64_t cut_messages;		/* cut off when the connection was lost */
	uint64_t broken_lines;		/* of a replay */
	uint64_t resyncs, resyncs_failed, differences;	/* see audit_events_resync */
	int64_t stalled_us;		/* in which the run saw nothing */
};

struct audit_events;

/* audit is borrowed; NULL: out of memory. */
struct audit_events *audit_events_new(struct audit *audit);
void audit_events_free(struct audit_events *events);

/* The run's clock and the system's. Set both once a turn. */
void audit_events_time(struct audit_events *events, int64_t now_us, int64_t real_us);
const struct audit_events_totals *audit_events_totals(const struct audit_events *events);

/* --- the run --- */

void audit_events_start(struct audit_events *events, const char *settings_json,
	const struct lines *outlier_rules);
void audit_events_stalled(struct audit_events *events, int64_t from_us, int64_t until_us);
void audit_events_status(struct audit_events *events, bool up);
void audit_events_end(struct audit_events *events, enum status st, const char *message);

/* Writes the warnings and empties the list. */
void audit_events_warnings(struct audit_events *events, struct lines *warnings);
/* A warning that the printed numbers may be wrong. With -s it is written too, but each text only
 * once in a run. */
void audit_events_doubt(struct audit_events *events, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* --- the source --- */

void audit_events_stream(struct audit_events *events, size_t stream,
	const struct session_event *event);
/* A snapshot of --resync was compared: so many values differ from what messages had said. */
void audit_events_resync(struct audit_events *events, uint64_t differences);
/* From now on the totals include resyncs. */
void audit_events_counts_resyncs(struct audit_events *events);

/* --- frames --- */

void audit_events_message(struct audit_events *events);
void audit_events_frame(struct audit_events *events, bool update);
/* How late a frame came; below 0: unknown. */
void audit_events_lag(struct audit_events *events, int64_t us);
int64_t audit_events_last_lag_us(const struct audit_events *events);	/* NO_TIME: unknown */

/*
 * A frame that is no update. queue_id NULL: unknown. queue: its number, or SIZE_MAX if it is no
 * queue of the run. Writes at most one line for a reason and queue in a second.
 */
void audit_events_reject(struct audit_events *events, enum audit_events_reject reason,
	const char *queue_id, size_t queue, const char *detail);
const char *audit_events_reject_name(enum audit_events_reject reason);
/* A line of the replay that cannot be used. */
void audit_events_broken_line(struct audit_events *events, uint64_t line, const char *why);

/* --- windows --- */

/* The bytes that were printed for a window. */
struct audit_events_row_bytes {
	const char *digest;	/* SHA-256 in hex */
	size_t len;
};
/* Whether windows are written; if not, no digest is needed. */
bool audit_events_wants_windows(const struct audit_events *events);
/* nrow: how many rows were printed. */
void audit_events_window(struct audit_events *events, const struct row_window *window,
	size_t nrow, struct audit_events_row_bytes bytes);

/* A threshold that held. */
void audit_events_threshold(struct audit_events *events, const struct threshold_hit *hit);
/* The text of the first one; NULL: none held. */
const char *audit_events_first_threshold(const struct audit_events *events);

/* --- callbacks --- */

/* Of deliveries that were lost or spooled, writes at most one line for a URL in a second. */
void audit_events_delivery(struct audit_events *events, const struct deliveries_event *event);
/* From now on the totals include those of the deliveries, which are borrowed. */
void audit_events_set_deliveries(struct audit_events *events, const struct deliveries *c);

#endif
