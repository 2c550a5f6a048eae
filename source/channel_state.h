/*
 * The state of a channel. Only the files source/channel*.c include this: channel.c (sockets,
 * deadlines, the end), and channel_setup.c, channel_topics.c and channel_snapshot.c (the requests
 * that set up the channel).
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
	CHANNEL_DRAINING,	/* another has replaced it; messages may still come */
	CHANNEL_CLOSING
};

struct channel_socket {
	struct ws *ws;
	enum channel_socket_state state;
	int64_t until_us;	/* when the state times out */
	int64_t alive_us;	/* the last message; before the first, when it opened */
	bool unsubscribed;	/* the service has ended the channel's subscriptions */
};

/* Queues that the service refused. */
struct channel_refusals {
	bool *refused;			/* its index is the number of a queue */
	size_t n, reported;
	struct lines reason;		/* in the order in which queues were refused */
	size_t queue[CHANNEL_QUEUES_MAX];	/* to which queue each reason belongs */
	size_t nactivity;		/* queues of which only the activity was refused */
	char activity[400];		/* the warning about the first of them */
};

enum channel_setup_step {
	STEP_NONE,
	STEP_TOKEN,
	STEP_COUNT,		/* the channels that the client has */
	STEP_CREATE,		/* a channel */
	STEP_TOPICS,
	STEP_HEAD,		/* does the channel still exist? */
	STEP_CONNECT,
	STEP_SNAPSHOT,
	STEP_RESYNC		/* a snapshot while a socket is up */
};

/* The setup makes one request at a time. */
struct channel_setup {
	enum channel_setup_step step;
	bool begun;			/* the step's request is under way */
	bool renewal;			/* only subscribes to the topics again */
	bool handover;			/* connects a second socket of the same channel */
	int64_t not_before_us;		/* when the next request may begin */
	struct rest *rest;
};

/*
 * The queues to whose topics the channel is subscribed, in one request if that is permitted. A 403
 * does not say which of them are refused. After one, the queues are added in pieces: half as many
 * after a 403, twice as many after a success. Each refused queue costs about 2 log2(n) requests.
 */
struct channel_topics {
	size_t queue[CHANNEL_QUEUES_MAX];
	size_t n, next;			/* queues before next are done */
	size_t size;			/* queues in the current piece, which begins at next */
	size_t suspect;			/* one from next to suspect - 1 is refused; 0: unknown */
	bool in_pieces, any;		/* any: a piece was permitted */
};

struct channel_snapshot {
	bool due;			/* none has come since the start or the last loss */
	int64_t resync_at_us;		/* when the next resync is due; INT64_MAX: never */
	size_t next_queue;
	struct buf body[CHANNEL_BATCHES];	/* the answers */
	int64_t asked_us[CHANNEL_BATCHES];
	size_t nbody, taken;
	bool complete;			/* all answers have come and can be taken */
	bool resync;			/* the answers are those of a resync */
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
	char *id, *uri;			/* of the channel; both are secrets */
	char *abandoned[CHANNEL_ABANDONED_MAX];	/* IDs of channels to delete; secrets */
	size_t nabandoned;
	struct rest *deletion[CHANNEL_ABANDONED_MAX + 1];
	struct channel_socket socket[CHANNEL_SOCKETS];
	int current;			/* the socket whose state the run sees; -1: none */
	struct channel_progress progress;	/* without `subscribed` */
	bool started;			/* windows have begun */
	bool closing, closed_reported;
	int64_t topics_us, evicted_us;	/* when the last subscription and eviction were */
	int64_t change_us;		/* when to replace the token; INT64_MAX: never */
	/* When the service last asked for a change, and how long the next one must wait. */
	int64_t obeyed_us, obey_wait_us;
};

#endif
