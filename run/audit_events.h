/*
 * What a run tells about itself: its totals, and the audit lines in which they and the
 * events stand. The only place that names events and their fields.
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
#include "window/stream_window.h"
#include "ws.h"

/* Why a frame is in no `updates`: the fates of a row first, then what is in no row. */
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
	uint64_t too_big, bad_text;	/* messages for which a connection was closed */
	uint64_t cut_messages;		/* begun, and not ended when the connection was lost */
	uint64_t broken_lines;		/* of a replay */
	uint64_t resyncs, resyncs_failed, differences;	/* see audit_events_resync */
	int64_t stalled_us;		/* when the run saw nothing */
};

struct audit_events;

/* audit is borrowed; NULL: out of memory. */
struct audit_events *audit_events_new(struct audit *audit);
void audit_events_free(struct audit_events *r);

const char *audit_events_reject_name(enum audit_events_reject reason);

/* now_us is the run's clock, real_us the wall's; both are set once a turn. */
void audit_events_time(struct audit_events *r, int64_t now_us, int64_t real_us);
const struct audit_events_totals *audit_events_totals(const struct audit_events *r);

void audit_events_start(struct audit_events *r, const char *settings_json,
	const struct lines *outlier_rules);
void audit_events_warnings(struct audit_events *r, struct lines *warnings);	/* empties them */
/* A warning that the printed numbers may be wrong. -s does not hide it, but prints each text
 * only once in a run. */
void audit_events_doubt(struct audit_events *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A snapshot that was asked for again is compared: so many values were other ones than the
 * messages had said. Its totals are printed once audit_events_counts_resyncs was called. */
void audit_events_resync(struct audit_events *r, uint64_t differences);
void audit_events_counts_resyncs(struct audit_events *r);
void audit_events_stream(struct audit_events *r, size_t stream, const struct session_event *event);
void audit_events_stalled(struct audit_events *r, int64_t from_us, int64_t until_us);
void audit_events_message(struct audit_events *r);
void audit_events_frame(struct audit_events *r, bool update);
void audit_events_lag(struct audit_events *r, int64_t us); /* of a frame; below 0 it is unknown */
int64_t audit_events_last_lag_us(const struct audit_events *r);	/* NO_TIME: none is known */

/*
 * A frame that is no update. queue_id NULL: none is known. queue is its number, or SIZE_MAX
 * for one that was not asked for. At most one line a reason, queue and second.
 */
void audit_events_reject(struct audit_events *r, enum audit_events_reject reason,
	const char *queue_id, size_t queue, const char *detail);
void audit_events_broken_line(struct audit_events *r, uint64_t line, const char *why);
/* The bytes that were printed for a window. */
struct audit_events_row_bytes {
	const char *digest;	/* SHA-256 in hex */
	size_t len;
};
bool audit_events_wants_windows(const struct audit_events *r); /* else their bytes need no digest */
/* Its rows may be more than its queues. */
void audit_events_window(struct audit_events *r, const struct stream_window *window, size_t nqueue,
	struct audit_events_row_bytes bytes);
/* A threshold that held; the text of the first stands in audit_events_first_held. */
void audit_events_held(struct audit_events *r, const struct threshold_hit *hit);
const char *audit_events_first_held(const struct audit_events *r);	/* NULL: none did */
/* c is borrowed: its totals stand with the others. */
void audit_events_callbacks(struct audit_events *r, const struct deliveries *c);
/* Of deliveries that are lost or kept at most one line a URL and second. */
void audit_events_callback(struct audit_events *r, const struct deliveries_event *event);
void audit_events_status(struct audit_events *r, bool up);
void audit_events_end(struct audit_events *r, enum status st, const char *message);

#endif
