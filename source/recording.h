/*
 * A recording: what was watched, then every message as it came, one NDJSON line each, and the
 * moments when a stream was connected or lost; writer beside reader. Reads bare frames too
 * (without `at`), which may take any number of lines. Memory: one line or one bare frame, at most
 * RECORDING_LINE_MAX bytes.
 *
 *   {"at":"…","state":"run","schema":"gsqstat-recording/1","source":"stream","queues":["…"],
 *    "interval":"PT10S"}                        the first line; interval null: notifications
 *   {"at":"2026-11-24T02:00:00.123456Z","stream":0,"frame":{…}}
 *   {"at":"…","stream":0,"text":"…"}            not strict JSON on one line
 *   {"at":"…","stream":0,"binary":true,"text":"…"}
 *   {"at":"…","stream":0,"state":"connected","interval":"PT10S"}    or "lost", or "silent"
 *   {"at":"…","state":"stalled","until":"…"}    the run itself saw nothing meanwhile
 *   {"at":"…","answer":"snapshot","asked":"…","metrics":["oWaiting"],"frame":{…}}
 *                                              of the service's API
 *   {"at":"…","state":"end"}
 */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

#define RECORDING_LINE_MAX (8u << 20)
#define RECORDING_STREAMS 10		/* stream numbers are below this */

enum recording_kind {
	RECORDING_RUN,	/* a recording's first line: source, queues, interval */
	RECORDING_FRAME,	/* text: a message's own bytes */
	RECORDING_BARE,	/* a frame without `at`: at_us is NO_TIME */
	RECORDING_BINARY,
	RECORDING_CONNECTED,
	RECORDING_LOST,
	RECORDING_SILENT,	/* asked for a sign of life */
	RECORDING_STALLED,	/* until until_us */
	RECORDING_ANSWER,	/* of the service's API: answer, asked_us, text */
	RECORDING_END_STATE,	/* the recording's own last line */
	RECORDING_BROKEN,	/* a line that is none of these; line tells its number */
	RECORDING_WAIT,	/* nothing yet: poll recording_fd() and call again */
	RECORDING_EOF	/* the input's end; torn: its last line had no LF and was broken */
};

enum recording_source { SOURCE_UNKNOWN, SOURCE_STREAM, SOURCE_NOTIFICATIONS };

enum recording_answer {
	ANSWER_QUEUES, ANSWER_SUBSCRIPTIONS, ANSWER_SNAPSHOT,
	ANSWER_RESYNC	/* the snapshot, asked for again beside a stream that was up */
};

struct recording_entry {
	enum recording_kind kind;
	int64_t at_us;
	size_t stream;
	enum recording_answer answer;
	int64_t asked_us;	/* RECORDING_ANSWER: when it was asked for; NO_TIME: not told */
	int64_t until_us;	/* RECORDING_STALLED */
	const char *metrics;	/* for which metrics, a JSON array; NULL: not told */
	size_t metrics_len;
	const char *text; /* borrowed until the next recording_read; RECORDING_CONNECTED: the
			   * interval, NULL: none; RECORDING_RUN: the queues as JSON, NULL: none */
	size_t text_len;
	bool verbatim;		/* text stands in the input as it is, so it has to be JSON */
	uint64_t line;		/* from 1 */
	const char *why;	/* RECORDING_BROKEN: what is wrong with it */
	enum recording_source source;	/* RECORDING_RUN: the run's */
	char interval[16];	/* RECORDING_RUN: the run's; empty: none */
	bool torn;		/* RECORDING_EOF */
};

struct recording;

/* "-" is stdin. ST_USAGE if it cannot be opened. */
enum status recording_open(struct recording **tape, const char *path, struct err *err);
int recording_fd(const struct recording *tape);
/* Fills *entry. ST_PROTOCOL: the input could not be read. Never blocks on a pipe. */
enum status recording_read(struct recording *tape, struct recording_entry *entry, struct err *err);

/* What the beginning of the input says of the run that was recorded. */
struct recording_head {
	enum recording_source source;	/* by the first line, else by the first frame that tells */
	struct lines queues;		/* IDs in lower case; to be freed */
	char interval[16];		/* empty: not told */
};
/* Before the first recording_read, which then begins with the same line. Waits for the input until
 * the first entry is there, with `until_source` until the source is known. ST_OUTPUT: out of
 * memory; input that cannot be read is left to recording_read. */
enum status recording_peek(struct recording *tape, bool until_source, struct recording_head *head,
	struct err *err);

/* The source that an entry can come from alone. */
enum recording_source recording_source_of(const struct recording_entry *entry);
/* The queues of a RECORDING_RUN, those that are UUIDs. */
void recording_queues(const struct recording_entry *entry, struct lines *queues);
void recording_close(struct recording *tape);

/* Writers: append one line, LF included, to out. */
/* interval: NULL: none. */
void recording_put_run(struct buf *out, int64_t at_us, enum recording_source source,
	const struct lines *queues, const char *interval);
void recording_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len);
/* interval: what a connected stream is subscribed to, so that a replay knows it before the
 * queue's first frame; NULL: none. */
void recording_put_state(struct buf *out, int64_t at_us, size_t stream, enum recording_kind state,
	const char *interval);
/* metrics: NULL, or what was asked for, as a JSON array. */
void recording_put_answer(struct buf *out, int64_t at_us, int64_t asked_us,
	enum recording_answer answer, const char *metrics, const char *text, size_t len);
void recording_put_stall(struct buf *out, int64_t from_us, int64_t until_us);
void recording_put_end(struct buf *out, int64_t at_us);

/* The line of --rejects. window and queue may be absent (in_row false, queue NULL). */
void recording_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len);

#endif
