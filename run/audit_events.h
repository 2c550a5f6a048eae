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
#include "util/text.h"
#include "webhook/deliveries.h"
#include "window/stream_window.h"
#include "ws.h"

/* Why a frame is in no `updates`: the fates of a row first, then what is in no row. */
enum reject {
	REJECT_INVALID = FATE_INVALID,
	REJECT_DUPLICATE = FATE_DUPLICATE,
	REJECT_STALE = FATE_STALE,
	REJECT_OUTLIER = FATE_OUTLIER,
	REJECT_NOT_JSON,
	REJECT_BINARY,
	REJECT_EVENT_TYPE,
	REJECT_NO_QUEUE,
	REJECT_FOREIGN_QUEUE,
	REJECT_KINDS
};

struct totals {
	uint64_t messages, frames, updates;
	uint64_t rejected[REJECT_KINDS];
	uint64_t windows, rows;
	uint64_t connected, lost, retries, tokens;
	uint64_t too_big, bad_text;	/* messages for which a connection was closed */
	uint64_t cut_messages;		/* begun, and not ended when the connection was lost */
	uint64_t broken_lines;		/* of a replay */
	uint64_t resyncs, resyncs_failed, differences;	/* see report_resync */
	int64_t stalled_us;		/* when the run saw nothing */
};

struct report;

/* audit is borrowed; NULL: out of memory. */
struct report *report_new(struct audit *audit);
void report_free(struct report *r);

const char *reject_name(enum reject reason);

/* now_us is the run's clock, real_us the wall's; both are set once a turn. */
void report_time(struct report *r, int64_t now_us, int64_t real_us);
const struct totals *report_totals(const struct report *r);

void report_start(struct report *r, const char *settings_json,
	const struct lines *outlier_rules);
void report_warnings(struct report *r, struct lines *warnings);	/* empties them */
/* A warning that the printed numbers may be wrong. -s does not hide it, but prints each text
 * only once in a run. */
void report_doubt(struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A snapshot that was asked for again is compared: so many values were other ones than the
 * messages had said. Its totals are printed once report_counts_resyncs was called. */
void report_resync(struct report *r, uint64_t differences);
void report_counts_resyncs(struct report *r);
void report_stream(struct report *r, size_t stream, const struct stream_event *event);
void report_stalled(struct report *r, int64_t from_us, int64_t until_us);
void report_message(struct report *r);
void report_frame(struct report *r, bool update);
void report_lag(struct report *r, int64_t us);	/* of a frame; below 0 it is unknown */
int64_t report_last_lag_us(const struct report *r);	/* NO_TIME: none is known */

/*
 * A frame that is no update. queue_id NULL: none is known. queue is its number, or SIZE_MAX
 * for one that was not asked for. At most one line a reason, queue and second.
 */
void report_reject(struct report *r, enum reject reason, const char *queue_id, size_t queue,
	const char *detail);
void report_broken_line(struct report *r, uint64_t line, const char *why);
/* The bytes that were printed for a window. */
struct row_bytes {
	const char *digest;	/* SHA-256 in hex */
	size_t len;
};
bool report_wants_windows(const struct report *r);	/* else their bytes need no digest */
/* Its rows may be more than its queues. */
void report_window(struct report *r, const struct window *window, size_t nqueue,
	struct row_bytes bytes);
/* A threshold that held; the text of the first stands in report_first_held. */
void report_held(struct report *r, const struct threshold_hit *hit);
const char *report_first_held(const struct report *r);	/* NULL: none did */
/* c is borrowed: its totals stand with the others. */
void report_callbacks(struct report *r, const struct callbacks *c);
/* Of deliveries that are lost or kept at most one line a URL and second. */
void report_callback(struct report *r, const struct callback_event *event);
void report_status(struct report *r, bool up);
void report_end(struct report *r, enum status st, const char *message);

#endif
