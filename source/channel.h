/*
 * The notification service as a source: token, channel, topics, socket, snapshot, and again
 * what of it has to be, until it is closed or beyond repair. One job at a time goes through
 * these steps, beside a socket that is up where there is one: the hand-over before a socket
 * is closed, the channel that comes with a new token, the topics put anew. Policy only:
 * bytes are ws's and rest's, texts api's; times are handed in.
 */
#ifndef SOURCE_CHANNEL_H
#define SOURCE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"
#include "net/http.h"
#include "source/session.h"
#include "util/base.h"
#include "util/lines.h"
#include "window/notification.h"

#define CHANNEL_QUEUES_MAX 500

struct channel_conf {		/* texts are borrowed */
	const char *api_url;		/* https://api.… */
	bool plain;			/* ws is allowed */
	const char *const *pattern;	/* of -m */
	size_t npattern;
	bool snapshot;
	bool once;			/* the snapshot alone, no channel */
	int64_t resync_us;		/* until the snapshot is asked for again; 0: never */
	bool skip_refused;		/* a refused queue is no failure */
	int64_t connect_timeout_us, retry_for_us, idle_timeout_us, pong_timeout_us;
	int64_t began_us;		/* the run, from which retry_for_us counts at first */
	int64_t margin_us;		/* the token is changed so long before its end */
};

struct channel;

/* token and http are borrowed; queues too, lower case. NULL: out of memory. */
struct channel *channel_new(const struct channel_conf *conf, const char *const *queue,
	size_t nqueue, struct http *http, struct token *token, int64_t now_us);
void channel_free(struct channel *ch);

/* As the calls of stream.h. Silence that is complete is answered by a ping; without a pong the
 * socket is lost from its last message on. */
int64_t channel_silent_us(const struct channel *ch);
void channel_watch(struct channel *ch, int64_t now_us, int64_t printed_end_us);
void channel_stalled(struct channel *ch, int64_t from_us, int64_t now_us);
bool channel_next(struct channel *ch, int64_t now_us, struct session_event *event);
void channel_step(struct channel *ch, int64_t now_us, struct lines *warnings);
int64_t channel_deadline_us(const struct channel *ch);

/* Acts on a message of a socket: one that is closing is replaced by another, a token that was
 * revoked by a new one. Kinds that say nothing about a socket or the token are ignored. */
void channel_control(struct channel *ch, size_t socket, enum notification_kind kind,
	int64_t now_us);

bool channel_is_up(const struct channel *ch);
/* Of ending with it as it is: ST_OK, ST_AUTH where a queue was refused, or the last failure. */
enum status channel_status(const struct channel *ch);
size_t channel_refused(const struct channel *ch);	/* queues */

/* Closes the sockets and deletes the subscriptions of every channel that was made. */
void channel_close(struct channel *ch, int64_t now_us);
bool channel_is_closed(const struct channel *ch);

#endif
