/*
 * Reads and writes the entries of a recording. An entry is one line of NDJSON, in one of the forms
 * below; times are UTC.
 *
 *   {"at":"…","state":"run","schema":"gsqstat-recording/1","source":"stream","queues":["…"],
 *    "interval":"PT10S"}                        the first line; interval null: notifications
 *   {"at":"2026-11-24T02:00:00.123456Z","stream":0,"frame":{…}}
 *   {"at":"…","stream":0,"text":"…"}            a message that is not JSON on one line
 *   {"at":"…","stream":0,"binary":true,"text":"…"}
 *   {"at":"…","stream":0,"state":"connected","interval":"PT10S"}    or "lost", or "silent"
 *   {"at":"…","state":"stalled","until":"…"}    the process did not run in that time
 *   {"at":"…","answer":"snapshot","asked":"…","metrics":["oWaiting"],"frame":{…}}
 *                                               an answer of the API
 *   {"at":"…","state":"end"}                    the last line
 */
#ifndef SOURCE_RECORDING_ENTRY_H
#define SOURCE_RECORDING_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/source_kind.h"
#include "util/buf.h"
#include "util/lines.h"

/* In brackets: the members of struct recording_entry that are set besides at_us and line. */
enum recording_entry_kind {
	RECORDING_RUN,		/* the first line (source, interval, text) */
	RECORDING_FRAME,	/* a message (stream, text, verbatim) */
	RECORDING_BARE,		/* a frame without `at` (text); at_us is NO_TIME */
	RECORDING_BINARY,	/* a binary message (stream, text) */
	RECORDING_CONNECTED,	/* (stream, text) */
	RECORDING_LOST,		/* (stream) */
	RECORDING_SILENT,	/* a ping was sent (stream) */
	RECORDING_STALLED,	/* (until_us) */
	RECORDING_ANSWER,	/* an answer of the API (answer, asked_us, metrics, text) */
	RECORDING_END_STATE,	/* the last line of a recording */
	RECORDING_BROKEN,	/* a line that cannot be used (why) */
	RECORDING_WAIT,		/* no line has come yet: poll recording_fd() and call again */
	RECORDING_EOF		/* the end of the input (torn) */
};

enum recording_entry_answer {
	ANSWER_QUEUES,
	ANSWER_SUBSCRIPTIONS,
	ANSWER_SNAPSHOT,
	ANSWER_RESYNC		/* a snapshot taken while the connection was up */
};

struct recording_entry {
	enum recording_entry_kind kind;
	int64_t at_us;
	size_t stream;		/* a connection of the stream, or a socket of the channel */
	enum recording_entry_answer answer;
	int64_t asked_us;	/* when the answer was asked for; NO_TIME: unknown */
	int64_t until_us;	/* the end of the stall */
	const char *metrics;	/* which metrics were asked for, a JSON array; NULL: unknown */
	size_t metrics_len;
	const char *text;	/* valid until the next entry is read. RECORDING_CONNECTED: the
				   interval or NULL; RECORDING_RUN: the queues as JSON or NULL */
	size_t text_len;
	bool verbatim;		/* text was recorded as `frame`, so it must be JSON */
	uint64_t line;		/* the number of the line, from 1 */
	const char *why;	/* what is wrong with the line */
	enum source_kind source;	/* of the recorded run */
	char interval[16];	/* of the recorded run; empty: none */
	bool torn;		/* the last line had no newline and is incomplete */
};

/* --- reading --- */

/* Reads a line that is trimmed and not empty. *text is where unescaped strings are stored. Returns
 * what is wrong with the line; NULL: nothing. */
const char *recording_entry_parse(const char *s, size_t len, struct buf *text,
	struct recording_entry *e);

/* Whether the line begins with `at`, as the lines of a recording do. */
bool recording_entry_has_at(const char *s, size_t len);
/* Finds a `run` entry that begins within a line, because the text before it has no newline. NULL:
 * there is none. */
const char *recording_entry_find_run(const char *s, size_t len);

/* Which source the entry comes from; SOURCE_UNKNOWN: it does not show. */
enum source_kind recording_entry_source_of(const struct recording_entry *e);
/* Appends the queue IDs in a RECORDING_RUN. */
void recording_entry_queues(const struct recording_entry *e, struct lines *queues);

/* --- writing: each function appends a line with its newline --- */

/* interval may be NULL. */
void recording_entry_put_run(struct buf *out, int64_t at_us, enum source_kind source,
	const struct lines *queues, const char *interval);
void recording_entry_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len);
/* interval is the one in the subscription of a stream that has connected, so that a replay knows it
 * before the first frame; it may be NULL. */
void recording_entry_put_state(struct buf *out, int64_t at_us, size_t stream,
	enum recording_entry_kind state, const char *interval);
/* metrics says which ones were asked for, as a JSON array; it may be NULL. */
void recording_entry_put_answer(struct buf *out, int64_t at_us, int64_t asked_us,
	enum recording_entry_answer answer, const char *metrics, const char *text, size_t len);
void recording_entry_put_stall(struct buf *out, int64_t from_us, int64_t until_us);
void recording_entry_put_end(struct buf *out, int64_t at_us);

/* A line of --rejects. in_row: a row counts the frame, so window is known. queue_id may be NULL. */
void recording_entry_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len);

#endif
