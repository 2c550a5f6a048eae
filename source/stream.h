/*
 * One stream for as long as the run lasts: token, connection, watchdog, loss, backoff, and
 * again, until it is closed or beyond repair. Policy only: bytes are ws's, times are handed
 * in. What happened is taken as events; the run loop logs them and feeds the windows.
 */
#ifndef SOURCE_STREAM_H
#define SOURCE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "net/http.h"
#include "source/session.h"
#include "util/base.h"
#include "util/lines.h"

struct stream_conf {
	const char *base_url;		/* https://HOST:PORT */
	const char *payload;		/* the subscription, JSON */
	bool payload_as_message;	/* else in the query */
	int64_t connect_timeout_us;
	int64_t retry_for_us;
	int64_t idle_timeout_us;
};

struct stream;

/* Strings and token are borrowed; now_us is run.start's. NULL: out of memory. */
struct stream *stream_new(const struct stream_conf *conf, struct http *http,
	struct token *token, int64_t now_us);
void stream_free(struct stream *s);

/*
 * Once a turn, after http_perform: stream_watch for silence that was complete before now_us,
 * stream_next until it is false, stream_watch again, stream_step. stream_silent_us is the moment
 * at which silence will be complete (INT64_MAX: the stream is not up); stream_watch acts if that
 * is now or earlier: the stream is lost from its last message on, but not from before
 * printed_end_us, the end of the last printed window (INT64_MIN: none).
 */
int64_t stream_silent_us(const struct stream *s);
void stream_watch(struct stream *s, int64_t now_us, int64_t printed_end_us);
/* The run did not look at the stream from from_us until now_us: that was no silence of the
 * stream's, and a loss reaches back to now_us at most. */
void stream_stalled(struct stream *s, int64_t from_us, int64_t now_us);
bool stream_next(struct stream *s, int64_t now_us, struct session_event *event);
void stream_step(struct stream *s, int64_t now_us, struct lines *warnings);
int64_t stream_deadline_us(const struct stream *s);

bool stream_is_up(const struct stream *s);
bool stream_is_over(const struct stream *s);
/* The status of ending with the stream as it is: ST_OK while it is up, else by its last
 * failure ST_NET or ST_RATE (or what ended it). */
enum status stream_status(const struct stream *s);

/* Begins the polite close; STREAM_CLOSED follows within a second (at once if not up). */
void stream_close(struct stream *s, int64_t now_us);
bool stream_is_closed(const struct stream *s);

/* The stream's URL with its query, malloc'd; for tests of the encoding. */
char *stream_url(const struct stream_conf *conf, const char *token);
/* {"queueIds":[…],"interval":"PT10S","metrics":[…]}, malloc'd. */
char *stream_payload(const char *const *queue, size_t nqueue, const char *interval,
	const char *const *metric, size_t nmetric);

#endif
