/*
 * A recording: what was watched, then every message as it came, one NDJSON line each, and the
 * moments when a stream was connected or lost; writer beside reader. Reads bare frames too
 * (without `at`), which may take any number of lines. Memory: one line or one bare frame, at most
 * TAPE_LINE_MAX bytes.
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

#define TAPE_LINE_MAX (8u << 20)
#define TAPE_STREAMS 10		/* stream numbers are below this */

enum tape_kind {
	TAPE_RUN,	/* a recording's first line: source, queues, interval */
	TAPE_FRAME,	/* text: a message's own bytes */
	TAPE_BARE,	/* a frame without `at`: at_us is NO_TIME */
	TAPE_BINARY,
	TAPE_CONNECTED,
	TAPE_LOST,
	TAPE_SILENT,	/* asked for a sign of life */
	TAPE_STALLED,	/* until until_us */
	TAPE_ANSWER,	/* of the service's API: answer, asked_us, text */
	TAPE_END_STATE,	/* the recording's own last line */
	TAPE_BROKEN,	/* a line that is none of these; line tells its number */
	TAPE_WAIT,	/* nothing yet: poll tape_fd() and call again */
	TAPE_EOF	/* the input's end; torn: its last line had no LF and was broken */
};

enum tape_source { SOURCE_UNKNOWN, SOURCE_STREAM, SOURCE_NOTIFICATIONS };

enum tape_answer {
	ANSWER_QUEUES, ANSWER_SUBSCRIPTIONS, ANSWER_SNAPSHOT,
	ANSWER_RESYNC	/* the snapshot, asked for again beside a stream that was up */
};

struct tape_entry {
	enum tape_kind kind;
	int64_t at_us;
	size_t stream;
	enum tape_answer answer;
	int64_t asked_us;	/* TAPE_ANSWER: when it was asked for; NO_TIME: not told */
	int64_t until_us;	/* TAPE_STALLED */
	const char *metrics;	/* for which metrics, a JSON array; NULL: not told */
	size_t metrics_len;
	const char *text;	/* borrowed until the next tape_read; TAPE_CONNECTED: the interval,
				 * NULL: none; TAPE_RUN: the queues as JSON, NULL: none */
	size_t text_len;
	bool verbatim;		/* text stands in the input as it is, so it has to be JSON */
	uint64_t line;		/* from 1 */
	const char *why;	/* TAPE_BROKEN: what is wrong with it */
	enum tape_source source;	/* TAPE_RUN: the run's */
	char interval[16];	/* TAPE_RUN: the run's; empty: none */
	bool torn;		/* TAPE_EOF */
};

struct tape;

/* "-" is stdin. ST_USAGE if it cannot be opened. */
enum status tape_open(struct tape **tape, const char *path, struct err *err);
int tape_fd(const struct tape *tape);
/* Fills *entry. ST_PROTOCOL: the input could not be read. Never blocks on a pipe. */
enum status tape_read(struct tape *tape, struct tape_entry *entry, struct err *err);

/* What the beginning of the input says of the run that was recorded. */
struct tape_head {
	enum tape_source source;	/* by the first line, else by the first frame that tells */
	struct lines queues;		/* IDs in lower case; to be freed */
	char interval[16];		/* empty: not told */
};
/* Before the first tape_read, which then begins with the same line. Waits for the input until
 * the first entry is there, with `until_source` until the source is known. ST_OUTPUT: out of
 * memory; input that cannot be read is left to tape_read. */
enum status tape_peek(struct tape *tape, bool until_source, struct tape_head *head,
	struct err *err);

/* The source that an entry can come from alone. */
enum tape_source tape_source_of(const struct tape_entry *entry);
/* The queues of a TAPE_RUN, those that are UUIDs. */
void tape_queues(const struct tape_entry *entry, struct lines *queues);
void tape_close(struct tape *tape);

/* Writers: append one line, LF included, to out. */
/* interval: NULL: none. */
void tape_put_run(struct buf *out, int64_t at_us, enum tape_source source,
	const struct lines *queues, const char *interval);
void tape_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len);
/* interval: what a connected stream is subscribed to, so that a replay knows it before the
 * queue's first frame; NULL: none. */
void tape_put_state(struct buf *out, int64_t at_us, size_t stream, enum tape_kind state,
	const char *interval);
/* metrics: NULL, or what was asked for, as a JSON array. */
void tape_put_answer(struct buf *out, int64_t at_us, int64_t asked_us, enum tape_answer answer,
	const char *metrics, const char *text, size_t len);
void tape_put_stall(struct buf *out, int64_t from_us, int64_t until_us);
void tape_put_end(struct buf *out, int64_t at_us);

/* The line of --rejects. window and queue may be absent (in_row false, queue NULL). */
void tape_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len);

#endif
