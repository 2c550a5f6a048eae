/*
 * The notification service as a source. It needs a token, a channel, topics, a socket and a
 * snapshot, in this order. What is lost is set up again; while a socket is up, this also happens in
 * the background: a second socket before the service closes the first, a channel with a new token,
 * topics subscribed to again. Decides what to do and when; ws.c and net/rest do the transport,
 * channel_api the texts.
 */
#ifndef SOURCE_CHANNEL_H
#define SOURCE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "message/notification.h"
#include "net/http.h"
#include "source/session.h"
#include "util/base.h"

#define CHANNEL_QUEUES_MAX 500

struct channel_conf {		/* texts are borrowed */
	const char *api_url;		/* https://api.… */
	bool plain;			/* ws is allowed */
	const char *const *pattern;	/* of -m */
	size_t npattern;
	bool snapshot;
	bool once;			/* --now: a snapshot alone, no channel */
	int64_t resync_us;		/* between snapshots; 0: never again */
	bool skip_refused;		/* a refused queue is no failure */
	int64_t connect_timeout_us, retry_for_us, idle_timeout_us, pong_timeout_us;
	int64_t began_us;		/* when the run began: retry_for_us counts from there */
	int64_t margin_us;		/* the token is changed that long before it expires */
};

struct channel;

/* queue: IDs in lower case. token, http and queue are borrowed. NULL: out of memory. */
struct channel *channel_new(const struct channel_conf *conf, const char *const *queue,
	size_t nqueue, struct http *http, struct token *token, int64_t now_us);
void channel_free(struct channel *ch);

/* As in stream.h, but after --idle-timeout a ping is sent first. If no message comes then, the
 * socket counts as lost since its last message. */
int64_t channel_silent_us(const struct channel *ch);
void channel_watch(struct channel *ch, int64_t now_us, int64_t printed_end_us);
void channel_stalled(struct channel *ch, int64_t from_us, int64_t now_us);
bool channel_next(struct channel *ch, int64_t now_us, struct session_event *event);
void channel_step(struct channel *ch, int64_t now_us);
int64_t channel_deadline_us(const struct channel *ch);

/* Acts on a message of a socket: one that is closing is replaced by another, a token that was
 * revoked by a new one. Kinds that say nothing about a socket or the token are ignored. */
void channel_control(struct channel *ch, size_t socket, enum notification_kind kind,
	int64_t now_us);

bool channel_is_up(const struct channel *ch);
/* The exit status if the run ends now: ST_OK, ST_AUTH if a queue was refused, or that of the last
 * failure. */
enum status channel_status(const struct channel *ch);

/* Closes the sockets and deletes the subscriptions of every channel that was made. */
void channel_close(struct channel *ch, int64_t now_us);
bool channel_is_closed(const struct channel *ch);

#endif
