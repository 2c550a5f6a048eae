/*
 * The stream of queue statistics as a source: gets a token, connects, watches for silence, and
 * connects again after a loss, until it is closed or --retry-for is over. This module decides what
 * to do and when; ws.c does the transport. The run gets messages and changes as events.
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

#define STREAM_QUEUES_MAX 50

struct stream_conf {
	const char *base_url;		/* https://HOST:PORT */
	const char *payload;		/* the subscription, JSON */
	bool payload_as_message;	/* false: as part of the URL */
	int64_t connect_timeout_us;
	int64_t retry_for_us;
	int64_t idle_timeout_us;
};

struct stream;

/* Borrows the strings, http and token. now_us is the start of the run. NULL: out of memory. */
struct stream *stream_new(const struct stream_conf *conf, struct http *http,
	struct token *token, int64_t now_us);
void stream_free(struct stream *s);

/*
 * Call once a turn, after http_perform(): stream_watch, stream_next until it returns false,
 * stream_watch again, and stream_step.
 *
 * stream_silent_us is when the stream will have been silent for --idle-timeout; INT64_MAX: it is
 * not up. From then on stream_watch counts it as lost since its last message, but not before
 * printed_end_us, the end of the last printed window (INT64_MIN: none).
 */
int64_t stream_silent_us(const struct stream *s);
void stream_watch(struct stream *s, int64_t now_us, int64_t printed_end_us);
/* Call when the process did not run from from_us until now_us. That time does not count as silence,
 * and a later loss does not reach back before now_us. */
void stream_stalled(struct stream *s, int64_t from_us, int64_t now_us);
bool stream_next(struct stream *s, int64_t now_us, struct session_event *event);
void stream_step(struct stream *s, int64_t now_us);
/* When to call stream_step at the latest; INT64_MAX: no limit. */
int64_t stream_deadline_us(const struct stream *s);

bool stream_is_up(const struct stream *s);
/* The exit status if the run ended now: ST_OK while the stream is up, otherwise that of the last
 * failure. */
enum status stream_status(const struct stream *s);

/* Begins the polite close. It takes at most a second; no time if the stream is not up. */
void stream_close(struct stream *s, int64_t now_us);
bool stream_is_closed(const struct stream *s);

/* Returns {"queueIds":[…],"interval":"PT10S","metrics":[…]}, malloc'd; NULL: out of memory. */
char *stream_payload(const char *const *queue, size_t nqueue, const char *interval,
	const char *const *metric, size_t nmetric);

#endif
