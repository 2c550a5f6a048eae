/*
 * An entry of a recording: one line of NDJSON. Reads and writes the forms below; times are UTC.
 *
 *   {"at":"…","state":"run","schema":"gsqstat-recording/1","source":"stream","queues":["…"],
 *    "interval":"PT10S"}                        the first line; interval null: notifications
 *   {"at":"2026-11-24T02:00:00.123456Z","stream":0,"frame":{…}}
 *   {"at":"…","stream":0,"text":"…"}            a message that is not strict JSON on one line
 *   {"at":"…","stream":0,"binary":true,"text":"…"}
 *   {"at":"…","stream":0,"state":"connected","interval":"PT10S"}    or "lost", or "silent"
 *   {"at":"…","state":"stalled","until":"…"}    the run itself saw nothing meanwhile
 *   {"at":"…","answer":"snapshot","asked":"…","metrics":["oWaiting"],"frame":{…}}
 *                                               an answer of the API
 *   {"at":"…","state":"end"}                    the last line
 */
#ifndef SOURCE_RECORDING_ENTRY_H
#define SOURCE_RECORDING_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/lines.h"

enum recording_entry_kind {
	RECORDING_RUN,		/* the first line: source, interval, text */
	RECORDING_FRAME,	/* text: the bytes of a message */
	RECORDING_BARE,		/* a frame without `at`: at_us is NO_TIME */
	RECORDING_BINARY,
	RECORDING_CONNECTED,
	RECORDING_LOST,
	RECORDING_SILENT,	/* a ping was sent */
	RECORDING_STALLED,	/* until until_us */
	RECORDING_ANSWER,	/* of the API: answer, asked_us, metrics, text */
	RECORDING_END_STATE,	/* the last line of a recording */
	RECORDING_BROKEN,	/* none of these: why */
	RECORDING_WAIT,		/* no line yet: poll recording_fd() and call again */
	RECORDING_EOF		/* the end of the input: torn */
};

enum recording_entry_source { SOURCE_UNKNOWN, SOURCE_STREAM, SOURCE_NOTIFICATIONS };

enum recording_entry_answer {
	ANSWER_QUEUES,
	ANSWER_SUBSCRIPTIONS,
	ANSWER_SNAPSHOT,
	ANSWER_RESYNC		/* a snapshot taken while the connection was up */
};

struct recording_entry {
	enum recording_entry_kind kind;
	int64_t at_us;
	size_t stream;
	enum recording_entry_answer answer;
	int64_t asked_us;	/* RECORDING_ANSWER: when it was asked for; NO_TIME: unknown */
	int64_t until_us;	/* RECORDING_STALLED */
	const char *metrics;	/* RECORDING_ANSWER: those asked for, a JSON array; NULL: unknown */
	size_t metrics_len;
	const char *text;	/* borrowed until the next one is read. RECORDING_CONNECTED: the
				   interval or NULL; RECORDING_RUN: the queues as JSON or NULL */
	size_t text_len;
	bool verbatim;		/* text is part of the line as it is, so it must be JSON */
	uint64_t line;		/* its number, from 1 */
	const char *why;	/* RECORDING_BROKEN: what is wrong */
	enum recording_entry_source source;	/* RECORDING_RUN: of the run */
	char interval[16];	/* RECORDING_RUN: of the run; empty: none */
	bool torn;		/* RECORDING_EOF: the last line had no newline and was cut off */
};

/* --- reading --- */

/* Reads a trimmed line, without its newline, that is not empty. text keeps what has to be
 * unescaped. Returns what is wrong; NULL: nothing. */
const char *recording_entry_parse(const char *s, size_t len, struct buf *text,
	struct recording_entry *e);

/* Whether the line begins like one of a recording. */
bool recording_entry_has_at(const char *s, size_t len);
/* Finds a first line that follows another text on the same line; NULL: there is none. */
const char *recording_entry_find_run(const char *s, size_t len);

/* The source of the entry, if it can be seen from it. */
enum recording_entry_source recording_entry_source_of(const struct recording_entry *e);
/* Appends the queue IDs of a RECORDING_RUN. */
void recording_entry_queues(const struct recording_entry *e, struct lines *queues);

/* --- writing: each appends a line with its newline --- */

/* interval NULL: none. */
void recording_entry_put_run(struct buf *out, int64_t at_us, enum recording_entry_source source,
	const struct lines *queues, const char *interval);
void recording_entry_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len);
/* interval: what a stream that is connected is subscribed with, so that a replay knows it before
 * the first frame; NULL: none. */
void recording_entry_put_state(struct buf *out, int64_t at_us, size_t stream,
	enum recording_entry_kind state, const char *interval);
/* metrics: those that were asked for, as a JSON array, or NULL. */
void recording_entry_put_answer(struct buf *out, int64_t at_us, int64_t asked_us,
	enum recording_entry_answer answer, const char *metrics, const char *text, size_t len);
void recording_entry_put_stall(struct buf *out, int64_t from_us, int64_t until_us);
void recording_entry_put_end(struct buf *out, int64_t at_us);

/* A line of --rejects. The window and the queue may be unknown: in_row false, queue_id NULL. */
void recording_entry_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len);

#endif
