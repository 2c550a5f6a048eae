/*
 * The present state of each queue, as the notification service reports it: its groups, one for each
 * media type, their values, and the series that these are part of.
 */
#ifndef WINDOW_QUEUE_STATE_H
#define WINDOW_QUEUE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/notification.h"
#include "stats/sample.h"
#include "util/slice.h"
#include "window/metric_names.h"
#include "window/presences.h"
#include "window/queue_index.h"
#include "window/series.h"
#include "window/wanted_metrics.h"

#define QUEUE_STATE_MEDIA_MAX 32	/* media types of a queue */
#define QUEUE_STATE_GAUGES 6
#define QUEUE_STATE_TOTALS 10

struct queue_state_counters {		/* of one group in one window */
	uint64_t updates, duplicates, invalid, clock_skew;
	struct sample lag_us;
};

/* A queue's values of one media type. The members that each message needs come first. */
struct queue_state_group {
	const char *media;		/* NULL: values without a media type */
	size_t media_len;
	char media_text[16];		/* if it is short, as all known ones are */
	/* The values of the last messages in their order, gauges here and totals below: the next
	 * message probably has the same. */
	struct state_value *gauge[QUEUE_STATE_GAUGES];
	uint64_t frame;			/* the present message */
	size_t nth;			/* how many values of it were taken */
	struct queue_state_counters counters;	/* the caller counts, queue_states_carry clears */
	struct state_value *total[QUEUE_STATE_TOTALS];
	struct queue_state *queue;
	struct series_set series;
	bool has_running;
	struct total_interval running;	/* the newest half hour */
	struct queue_state_group *next;	/* of all queues, in no order */
};

struct queue_state {
	bool refused, answered;		/* answered: it was in a snapshot */
	/* Known, and 0, from a complete snapshot until the connection is lost: gauges that the
	 * snapshot left out are 0. It is part of each sum over qualifiers, which is unknown
	 * before. */
	struct series_value complete;
	int64_t complete_up_us;		/* up_total_us when it became known */
	uint64_t snapshot;		/* the last one that has the queue */
	uint64_t damaged;		/* the last one whose result could not be read in full */
	uint8_t ngroup;
	/* [0] without a media type, then by name */
	struct queue_state_group *group[1 + QUEUE_STATE_MEDIA_MAX];
};

/* Others read it, and change it through the calls below, all of which set `failed` if memory runs
 * out. Those without at_us make their change at now_us. */
struct queue_states {
	struct queue_index index;	/* the queues' IDs, by number */
	struct queue_state *queue;
	size_t nqueue, room;
	struct queue_state_group *groups;	/* the first one */
	struct wanted_metrics wanted;
	struct presences presences;
	struct state_value **value;	/* a hash table with open addressing, a power of two */
	size_t nvalue, nslot;
	struct metric_names names;	/* of all values */
	bool up;			/* the stream is up */
	int64_t up_since_us;
	int64_t seen_since_us;		/* the same, or the end of the last stall */
	int64_t up_total_us;		/* how long it was up and seen before that */
	int64_t window_up_us;		/* the same when the window began */
	uint64_t snapshot;		/* the number of the last snapshot */
	uint32_t snapshot_metrics;	/* what it was asked for, see observation_query_bit */
	bool is_resync;			/* it was sent to compare */
	int64_t resync_us;		/* its time if its differences are not reported yet, else
					 * NO_TIME */
	uint64_t differences;
	/* The message at hand: */
	int64_t now_us;			/* its moment, or that of the last change */
	int64_t asked_us;		/* of an answer: values with events since then stay as they
					 * are; INT64_MAX: it is an event */
	uint64_t frame;			/* the number of the event */
	bool full;			/* there was no room for part of it */
	bool failed;			/* out of memory, at any time */
};

/* Queues by their number, with room for that many in all, and patterns of -m in the order of rows;
 * both are borrowed. False: out of memory; free it nevertheless. */
bool queue_states_init(struct queue_states *qs, const char *const *queue, size_t nqueue,
	size_t room, const char *const *pattern, size_t npattern);
void queue_states_free(struct queue_states *qs);

/* NULL: there is none, or it was refused. */
struct queue_state *queue_states_queue(const struct queue_states *qs, const char *id);
/* A new queue, or one that was refused, has rows from now on. NULL: no room, or out of memory. */
struct queue_state *queue_states_watch(struct queue_states *qs, const char *id);
/* NULL: there is none. */
struct queue_state_group *queue_states_group(const struct queue_state *q, struct slice media);
/* The same, made if there is none. NULL: no room (full), or out of memory. */
struct queue_state_group *queue_states_make_group(struct queue_states *qs, struct queue_state *q,
	struct slice media);

/* Whether any metric that matches the pattern of -m has had a value. */
bool queue_states_has_metric(const struct queue_states *qs, const char *pattern);

/* Before each change: its moment, and asked_us if it is that of an answer. */
void queue_states_begin(struct queue_states *qs, int64_t now_us, int64_t asked_us);

/* A value of the event. */
void queue_states_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v);
/* After the values of an event, or of a snapshot's result. */
void queue_states_end_waits(struct queue_states *qs, const struct notification *n,
	const struct queue_state *q);

/* The stream is up or down from now on, in a window that began at window_us. */
void queue_states_set_up(struct queue_states *qs, bool up, int64_t window_us);
/* It is up, but nothing of it is seen until queue_states_resume: nothing is observed meanwhile, and
 * values are kept. */
void queue_states_pause(struct queue_states *qs);
void queue_states_resume(struct queue_states *qs);
bool queue_states_has_been_up_since(const struct queue_states *qs, int64_t from_us);
/* For how long the stream was up and seen since the run began. */
int64_t queue_states_seen_us(const struct queue_states *qs, int64_t at_us);

/* Whether all values of the queue are known from now on, and so its sums over qualifiers. */
void queue_states_set_complete(struct queue_states *qs, struct queue_state *q, bool known);
/* All values become unknown, because their changes were missed. */
void queue_states_forget(struct queue_states *qs);

void queue_states_hold(struct queue_states *qs, int64_t at_us);	/* counts the values until then */
/* The next window begins at at_us: keeps the values, and clears what the last window counted. */
void queue_states_carry(struct queue_states *qs, int64_t at_us);

#endif
