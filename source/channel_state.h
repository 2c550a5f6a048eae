/*
 * The state of a channel, for channel.c (sockets, time, the end) and the requests that set it up:
 * channel_setup.c, channel_topics.c and channel_snapshot.c. No other file includes this.
 */
#ifndef SOURCE_CHANNEL_STATE_H
#define SOURCE_CHANNEL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rest.h"
#include "source/channel.h"
#include "source/channel_api.h"
#include "source/retry_policy.h"
#include "util/buf.h"
#include "util/lines.h"
#include "ws.h"

#define CHANNEL_SOCKETS 2		/* that may be open at the same time */
#define CHANNEL_ABANDONED_MAX 8
#define CHANNEL_BATCHES \
	((CHANNEL_QUEUES_MAX + CHANNEL_API_SNAPSHOT_QUEUES - 1) / CHANNEL_API_SNAPSHOT_QUEUES)
#define CHANNELS_PATH "/api/v2/notifications/channels"

enum channel_socket_state {
	CHANNEL_NONE,
	CHANNEL_CONNECTING,
	CHANNEL_UP,
	CHANNEL_SILENT,		/* up; a ping was sent, and no message has come since */
	CHANNEL_DRAINING,	/* replaced; takes what is still on its way */
	CHANNEL_CLOSING
};

struct channel_socket {
	struct ws *ws;
	enum channel_socket_state state;
	int64_t until_us;	/* the state's deadline */
	int64_t alive_us;	/* the last message, or when it opened */
	bool unsubscribed;	/* another channel has its topics now */
};

/* Queues that the service refused. */
struct channel_refusals {
	bool *refused;			/* by queue */
	size_t n, reported;
	struct lines reason;		/* in the order in which they were refused */
	size_t queue[CHANNEL_QUEUES_MAX];	/* which queue a reason is of */
	size_t nactivity;		/* queues of which only the activity was refused */
	char activity[400];		/* the warning for the first of them */
};

enum channel_setup_step {
	STEP_NONE,
	STEP_TOKEN,
	STEP_CREATE,		/* a channel */
	STEP_TOPICS,
	STEP_HEAD,		/* is the channel still there? */
	STEP_CONNECT,
	STEP_SNAPSHOT,
	STEP_RESYNC		/* a snapshot while a socket is up */
};

/* The setup makes one request at a time. */
struct channel_setup {
	enum channel_setup_step step;
	bool begun;			/* the step's request is under way */
	bool renewal;			/* subscribes to the topics again, and no more */
	bool handover;			/* connects a second socket of the same channel */
	int64_t not_before_us;
	struct rest *rest;
};

/*
 * The queues whose topics are subscribed to, all at once if that is permitted. A 403 does not say
 * for which of them it is. Then they are added in pieces: half as many after a 403, twice as many
 * after a success, so that each refused queue costs about 2 log2(n) requests.
 */
struct channel_topics {
	size_t queue[CHANNEL_QUEUES_MAX];
	size_t n, next;			/* those before next are done */
	size_t size;			/* of the piece that is asked for, from next on */
	size_t suspect;			/* a queue from next to here is refused; 0: unknown */
	bool in_pieces, any;		/* any: a piece was permitted */
};

struct channel_snapshot {
	bool due;			/* none since the start, or since a loss */
	int64_t resync_at_us;		/* when the next one is due; INT64_MAX: never */
	size_t next_queue;
	struct buf body[CHANNEL_BATCHES];	/* the answers */
	int64_t asked_us[CHANNEL_BATCHES];
	size_t nbody, taken;
	bool complete;			/* all answers have come, so they can be taken */
	bool resync;			/* they are of a resync */
};

struct channel {
	struct channel_conf conf;
	const char *const *queue;
	size_t nqueue;
	struct http *http;
	struct token *token;
	struct session session;
	struct channel_refusals refusals;
	struct channel_setup setup;
	struct channel_topics topics;
	struct channel_snapshot snapshot;
	/* the channel; all are secrets */
	char *id, *uri;
	char *abandoned[CHANNEL_ABANDONED_MAX];	/* IDs whose subscriptions will be deleted */
	size_t nabandoned;
	struct rest *deletion[CHANNEL_ABANDONED_MAX + 1];
	struct channel_socket socket[CHANNEL_SOCKETS];
	int current;			/* the one that counts; -1: none is up */
	bool started, closing, closed_reported;
	int64_t topics_us, evicted_us;	/* when that was last */
	int64_t change_us;		/* when the token is to be changed; INT64_MAX: never */
	int64_t obeyed_us, obey_wait_us;	/* see channel_control */
};

#endif
