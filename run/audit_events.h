/*
 * The audit events of a run: writes each of them as an audit line. No other file knows the names of
 * events and of their fields. Count what happened in the totals of the run (totals.h) before you
 * report it here.
 */
#ifndef RUN_AUDIT_EVENTS_H
#define RUN_AUDIT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "output/threshold.h"
#include "run/totals.h"
#include "source/session.h"
#include "util/base.h"
#include "util/lines.h"
#include "webhook/deliveries.h"
#include "window/row.h"
#include "ws.h"

struct audit_events;

/* Borrows audit and totals, which run.status and run.end have. NULL: out of memory. */
struct audit_events *audit_events_new(struct audit *audit, const struct totals *totals);
void audit_events_free(struct audit_events *events);

/* What a terminal is told: the first failed attempt of each outage, because no progress line shows
 * it; and nothing of frames of other queues, because the user chose queues of a recording. */
void audit_events_tell_retries(struct audit_events *events);
void audit_events_hide_foreign(struct audit_events *events);

/* Sets the time of the following events, by the run's clock and by the system's. Call once a
 * turn. */
void audit_events_time(struct audit_events *events, int64_t now_us, int64_t real_us);

/* --- the run --- */

struct audit_events_shard {
	const char *shard;	/* K/N; NULL: the run has no --shard */
	int64_t queues;		/* how many it has; -1: not known yet */
	char digest[65];	/* SHA-256 over their IDs, in hex */
};

/* A terminal that -v lets see this event gets only the settings in `changed`. */
void audit_events_start(struct audit_events *events, const char *settings_json,
	const char *changed, const struct lines *outlier_rules,
	const struct audit_events_shard *shard);
void audit_events_shard(struct audit_events *events, const struct audit_events_shard *shard);
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

void audit_events_stream(struct audit_events *events, const struct session_event *event);
/* A snapshot of --resync was compared with the values known from messages; this many differ. */
void audit_events_resync(struct audit_events *events, uint64_t differences);
/* From now on the totals have a member for resyncs. */
void audit_events_counts_resyncs(struct audit_events *events);

/* --- frames --- */

/*
 * A frame was rejected. queue_id may be NULL. queue is the queue's number in the run; SIZE_MAX: it
 * is none of the run. Writes at most one line a second for each reason and queue.
 */
void audit_events_reject(struct audit_events *events, enum reject reason,
	const char *queue_id, size_t queue, const char *detail);
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
/* A window was printed. */
void audit_events_window(struct audit_events *events, const struct row_window *window,
	struct audit_events_row_bytes bytes);

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
