/*
 * The notification service as a source. It gets a token, creates a channel, subscribes it to the
 * queues' topics, connects a socket and asks for a snapshot, in this order. It repeats what fails
 * or is lost.
 *
 * While a socket is up, it does three things in the background: it opens a second socket before the
 * service closes the first, makes a channel with a new token before the token expires, and
 * subscribes to the topics again before the channel expires.
 *
 * This module decides what to do and when. ws.c and net/rest.c send and receive; channel_api.c
 * writes and parses the JSON bodies.
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
#define CHANNELS_OF_CLIENT 20	/* another one makes the service remove one: first one that has no
				   connection, then the one used least recently */
#define CHANNELS_OF_RUN 2	/* the second only while it replaces the first */
/* What to do if an observation query or the topics of queues are forbidden. */
#define CHANNEL_LACKS "the OAuth client needs a role with Analytics > Queue Observation > View " \
	"in the queue's division (client-credentials clients get roles, not scopes)"

struct channel_conf {		/* texts are borrowed */
	const char *api_url;		/* https://api.… */
	bool plain;			/* allow ws://, on loopback */
	const char *const *pattern;	/* of -m */
	size_t npattern;
	bool snapshot;
	bool once;			/* --now: only a snapshot, no channel */
	int64_t resync_us;		/* between snapshots; 0: only one at the start */
	bool skip_refused;		/* a refused queue is not a failure */
	bool spares;			/* first counts the client's channels, and creates none if
					   it has as many as it can have */
	int64_t connect_timeout_us, retry_for_us, idle_timeout_us, pong_timeout_us;
	int64_t began_us;		/* when the run began, and retry_for_us with it */
	int64_t margin_us;		/* how long before it expires the token is replaced */
};

struct channel;

/* queue has IDs in lower case. Borrows queue, http and token. NULL: out of memory. */
struct channel *channel_new(const struct channel_conf *conf, const char *const *queue,
	size_t nqueue, struct http *http, struct token *token, int64_t now_us);
void channel_free(struct channel *ch);

/* These work as the functions of the stream do, see stream.h. But after --idle-timeout,
 * channel_watch first sends a ping. If nothing comes within --pong-timeout, the socket counts as
 * lost since its last message. */
int64_t channel_silent_us(const struct channel *ch);
void channel_watch(struct channel *ch, int64_t now_us, int64_t printed_end_us);
void channel_stalled(struct channel *ch, int64_t from_us, int64_t now_us);
bool channel_next(struct channel *ch, int64_t now_us, struct session_event *event);
void channel_step(struct channel *ch, int64_t now_us);
int64_t channel_deadline_us(const struct channel *ch);

/* Acts on a message about the connection: replaces a socket that the service will close, or a token
 * that was revoked. Ignores all other kinds. */
void channel_control(struct channel *ch, size_t socket, enum notification_kind kind,
	int64_t now_us);

/* Sends a ping now, instead of after --idle-timeout. Call while the channel is up. */
void channel_ping(struct channel *ch, int64_t now_us);

/* How far the setup has come. */
struct channel_progress {
	bool counted;		/* only if the channel spares: other_channels is known */
	size_t other_channels;	/* that the client had before */
	bool created, subscribed;
};
struct channel_progress channel_progress(const struct channel *ch);

bool channel_is_up(const struct channel *ch);
/* The exit status if the run ended now. While a socket is up, or with --now: ST_AUTH if a queue was
 * refused (not with skip_refused), else ST_OK. Otherwise: that of the last failure, or ST_NET if
 * there was none. */
enum status channel_status(const struct channel *ch);

/* Begins to close the sockets and to delete the subscriptions of all channels that were created. */
void channel_close(struct channel *ch, int64_t now_us);
bool channel_is_closed(const struct channel *ch);

#endif
