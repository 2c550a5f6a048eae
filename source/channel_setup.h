/*
 * What a channel holds, for channel.c (sockets, time, the end) and channel_setup.c (the requests
 * that set it up: token, channel, topics, socket, snapshot). No other file includes this.
 */
#ifndef SOURCE_CHANNEL_SETUP_H
#define SOURCE_CHANNEL_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rest.h"
#include "source/channel.h"
#include "source/channel_api.h"
#include "source/retry_policy.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "ws.h"

#define CHANNEL_LINES 2			/* sockets open at the same time, at most */
#define CHANNEL_LEFT_MAX 8		/* channels left behind that wait for their deletion */
#define CHANNEL_BATCHES                                                                            \
	((CHANNEL_QUEUES_MAX + CHANNEL_API_SNAPSHOT_QUEUES - 1) / CHANNEL_API_SNAPSHOT_QUEUES)
#define CHANNELS_PATH "/api/v2/notifications/channels"

enum channel_line_state {
	LINE_NONE,
	LINE_CONNECTING,
	LINE_UP,
	LINE_SILENT,	/* up, and a pong is awaited */
	LINE_DRAINING,
	LINE_CLOSING
};

struct channel_line {
	struct ws *ws;
	enum channel_line_state state;
	int64_t until_us;	/* the state's deadline */
	int64_t life_us;	/* the last message, or since when it is up */
	bool unsubscribed;	/* another channel has come */
};

enum channel_setup_step {
	STEP_NONE, STEP_TOKEN, STEP_CREATE, STEP_TOPICS, STEP_HEAD, STEP_CONNECT, STEP_SNAPSHOT,
	STEP_RESYNC			/* the snapshot again, beside a socket that is up */
};

/*
 * Whose topics are put, all at once if it can be. A 403 for all of them does not say whose they
 * are that it is for: then they are added in pieces, halved after a 403 and doubled after none,
 * so that each refused queue costs two logarithms of their number.
 */
struct channel_setup_topics {
	size_t queue[CHANNEL_QUEUES_MAX];
	size_t n, next;			/* those before next are settled */
	size_t size;			/* of the piece from there on that is asked for */
	size_t suspect;			/* one of next to here is refused; 0: nobody knows */
	bool in_pieces, any;		/* any: a piece was permitted */
};

struct channel {
	struct channel_conf conf;
	const char *const *queue;
	size_t nqueue;
	bool *refused;			/* by queue */
	size_t nrefused, refused_told;
	size_t nquiet;			/* queues of which the activity alone was refused */
	char quiet[400];		/* the first one's words */
	struct lines reasons;		/* of the refused ones, in the order they came */
	size_t reason_queue[CHANNEL_QUEUES_MAX];
	struct http *http;
	struct token *token;
	struct session a;
	/* the channel of now; secrets */
	char *id, *uri;
	char *left[CHANNEL_LEFT_MAX];
	size_t nleft;
	struct channel_line line[CHANNEL_LINES];
	int cur;			/* the line that counts; -1: none is up */
	/* the job */
	enum channel_setup_step step;
	bool begun;			/* the step's request is under way */
	bool renewal;			/* the topics alone */
	bool handover;			/* to a second socket of the same channel */
	struct channel_setup_topics topics;
	size_t next_queue;		/* of the snapshot */
	int64_t resync_at_us;		/* when the next one is due; INT64_MAX: never */
	int64_t not_before_us;
	struct rest *rest;
	struct buf body[CHANNEL_BATCHES];
	int64_t asked_us[CHANNEL_BATCHES];
	size_t nbody, answers_told;
	bool answers_due, answers_resync;
	/* all of it */
	bool started, closing, closed_told;
	bool snapshot_due;		/* since the start or a loss */
	int64_t topics_us, evicted_us, change_us;	/* change: of the token, INT64_MAX: never */
	int64_t told_us, told_wait_us;	/* when the service was last obeyed; until the next time */
	struct rest *deletion[CHANNEL_LEFT_MAX + 1];
};

/* --- the job: all of it looks at and changes the channel --- */

void channel_setup_enter(struct channel *ch, enum channel_setup_step step, int64_t not_before_us);
bool channel_setup_is_beside(const struct channel *ch);
/* What retry_policy.h has for it: the step again, a new channel from the token on, or the end. */
void channel_setup_failed(struct channel *ch, enum channel_setup_step step,
	const struct retry_failure *f, int64_t now_us);
void channel_setup_begin(struct channel *ch, int64_t now_us, struct lines *warnings);
void channel_setup_judge_token(struct channel *ch, enum token_state state, int64_t now_us);
void channel_setup_evicted(struct channel *ch, int64_t now_us);
void channel_setup_step_rest(struct channel *ch, int64_t now_us);
void channel_setup_drop_bodies(struct channel *ch);

#endif
