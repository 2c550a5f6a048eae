/*
 * What is known now of each queue: groups by media type, and the parts in them, that is every
 * number that the service has told, with the figures each part feeds. Hides how a value finds
 * its part, and what else changes with it. Knows no window, no message, no output.
 */
#ifndef WINDOW_QUEUE_STATE_H
#define WINDOW_QUEUE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"
#include "util/slice.h"
#include "window/metric_names.h"
#include "window/notification.h"
#include "window/queue_index.h"
#include "window/series.h"

#define QUEUE_STATE_MEDIA_MAX 32	/* media types of a queue */
#define QUEUE_STATE_GAUGES 6
#define QUEUE_STATE_TOTALS 10
#define QUEUE_STATE_LAGS 8

struct queue_state_tally {			/* of one group in one window */
	uint64_t updates, duplicates, invalid, clock_skew;
	/* Added to the sample some at a time, at the latest by queue_states_hold: see struct gauge.
	 */
	size_t nlag;
	double lag_waiting_us[QUEUE_STATE_LAGS];
	struct sample lag_us;
};

struct queue_state_usual {
	struct state_value *part;
	const struct series *own, *sum;
};

/* A queue's rows of one media type. What each message asks of it stands first. */
struct queue_state_group {
	const char *media;		/* NULL: the one without */
	size_t media_len;
	char media_text[16];		/* if it is short, as all known ones are */
	/* What the last messages of gauges and of totals told of, in their order: the next one
	 * probably does the same. */
	struct queue_state_usual gauge[QUEUE_STATE_GAUGES];
	uint64_t frame;			/* the message at hand */
	size_t nth;			/* how much of the usual it has told of */
	struct queue_state_tally tally;		/* the caller counts, queue_states_carry clears */
	struct state_value *total[QUEUE_STATE_TOTALS];
	struct queue_state *queue;
	struct series_set figures;
	bool has_running;
	struct total_interval running;	/* the newest half hour told of */
};

struct queue_state {
	bool refused, answered;		/* answered: a snapshot told of it */
	/* Known since a snapshot told of all there is, until the connection is lost: what it left
	 * out is 0. A part of each sum over qualifiers, which nobody knows before. */
	struct series_value whole;
	int64_t whole_up_us;		/* up_total_us of then */
	uint64_t answer;		/* the last answer that told of it */
	uint64_t spoilt;		/* the last one of which something could not be read */
	uint8_t ngroup;
	uint8_t tag[1 + QUEUE_STATE_MEDIA_MAX];	/* of its name: no look at any other */
	struct queue_state_group
		*group[1 + QUEUE_STATE_MEDIA_MAX]; /* [0] without a media type, then by name */
};

/* What -m says of a metric: many messages ask about few names. */
struct queue_state_verdict {
	size_t order;			/* the place of the first pattern that fits */
	bool judged, needed;		/* needed: an age depends on it */
	uint8_t len;
	char name[37];
};
#define QUEUE_STATE_VERDICTS 64

struct queue_states {			/* to be read, and changed by the calls below alone */
	struct queue_index roster;		/* the queues' IDs, by number */
	struct queue_state *queue;
	size_t nqueue, room;
	const char *const *pattern;
	size_t npattern;
	bool up;			/* the stream is */
	int64_t up_since_us;
	int64_t seen_since_us;		/* the same, or since when a stall is over */
	int64_t up_total_us;		/* how long it was up and seen before */
	int64_t window_up_us;		/* the same at the window's begin */
	uint64_t answer;		/* the number of the snapshot's answer at hand */
	uint32_t asked;			/* its metrics, see observation_query_bit */
	bool resync;			/* it was asked for again, to compare */
	int64_t resync_us;		/* when the last such answer came; NO_TIME: it is told of */
	uint64_t differences;
	bool failed;			/* out of memory somewhere inside */
	struct queue_state_verdict
		verdict[QUEUE_STATE_VERDICTS + 1]; /* by the name's hash; the last: too long */
	struct state_value **part;		/* open addressing, a power of two */
	size_t npart, nslot;
	struct metric_names terms;		/* the names of all parts */
	struct presence *presence;
	size_t npresence, cappresence;
};

/* Queues by their number, with room for that many in all; patterns of -m in the order of the rows;
 * both borrowed. */
bool queue_states_init(struct queue_states *w, const char *const *queue, size_t nqueue, size_t room,
	const char *const *pattern, size_t npattern);	/* false: no memory; to be freed */
void queue_states_free(struct queue_states *w);

struct queue_state *queue_states_queue(const struct queue_states *w,
	const char *id); /* NULL: none, or refused */
/* Another queue, or one that was refused, has rows from now on; NULL: no room, or no memory. */
struct queue_state *queue_states_watch(struct queue_states *w, const char *id);
struct queue_state_group *queue_states_group(const struct queue_state *q,
	struct slice media); /* NULL: none */
/* Made where there is none; NULL: no room (*full, else untouched), or no memory. */
struct queue_state_group *queue_states_make_group(struct queue_states *w, struct queue_state *q,
	struct slice media, bool *full);

/* A message about the queue, about the group is being read. Of hundreds of queues nothing is
 * left in the processor's cache: what such a message changes is fetched meanwhile. */
void queue_states_expect_queue(const struct queue_state *q);
void queue_states_expect(const struct queue_state_group *g);

/* Whether a value of a metric that fits the pattern of -m was ever told. */
bool queue_states_has_metric(const struct queue_states *w, const char *pattern);

bool queue_states_lag(struct queue_state_group *g,
	int64_t lag_us); /* of a message; false: no memory */

/*
 * An event's value, or an answer's, the question asked at asked_us: what events have told since
 * then is newer. frame: the event's number. *full: it is not kept for want of room, else
 * untouched. False: no memory.
 */
bool queue_states_tell(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, uint64_t frame, int64_t at_us, bool *full);
bool queue_states_answer(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, int64_t asked_us, int64_t at_us, bool *full);

/* An answer to a question about the metrics asked (see observation_query_bit) is going to be
 * taken. */
void queue_states_begin_answer(struct queue_states *w, uint32_t asked, bool resync);
/* A result of the answer is about the queue; spoilt: part of it could not be read or kept. */
void queue_states_answered(struct queue_states *w, struct queue_state *q, bool spoilt);
/*
 * After all its results; whole: it is known whose each was. Of each queue of which they could be
 * read, what they leave out is 0:
 * every gauge known before that was asked for and that no event has told since the question,
 * and the statuses that the service leaves out where no agent has them. False: no memory.
 */
bool queue_states_end_answer(struct queue_states *w, bool whole, int64_t asked_us, int64_t at_us);

/*
 * True once for each resync, when at_us is more than QUEUE_STATE_QUIET_US after its answer;
 * *differences is then the number of values that differed. A value counts only if no event of its
 * series came from QUEUE_STATE_QUIET_US before the question until QUEUE_STATE_QUIET_US after the
 * answer, because such an event may have crossed the answer on its way.
 */
#define QUEUE_STATE_QUIET_US 2000000
bool queue_states_resync_over(struct queue_states *w, int64_t at_us, uint64_t *differences);

/* After the values of a message or result. asked_us INT64_MAX: it is an event. */
bool queue_states_end_waits(struct queue_states *w, const struct notification *n,
	const struct queue_state *q, int64_t asked_us, int64_t at_us);

/* The organisation presence of that id has a name; nothing was told after at_us. */
bool queue_states_presence(struct queue_states *w, struct slice id, struct slice name,
	int64_t at_us);

/* The stream is up from at_us on, or down; window_us: the begin of the window of then. */
bool queue_states_set_up(struct queue_states *w, bool up, int64_t at_us, int64_t window_us);
/* While it is up, nothing of it is seen from at_us on until queue_states_resume: no figure is
 * observed meanwhile, and what is known holds on. */
bool queue_states_pause(struct queue_states *w, int64_t at_us);
bool queue_states_resume(struct queue_states *w, int64_t at_us);
bool queue_states_has_been_up_since(const struct queue_states *w, int64_t from_us);
/* Nothing is known any more: what changed meanwhile nobody will tell. */
bool queue_states_forget(struct queue_states *w, int64_t at_us);

bool queue_states_hold(const struct queue_states *w,
	int64_t at_us); /* counts what held up to at_us */
/* What only the last window held goes, what holds on is carried into the next, which begins at
 * at_us. */
void queue_states_carry(struct queue_states *w, int64_t at_us);

#endif
