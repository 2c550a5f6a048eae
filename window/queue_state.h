/*
 * The present state of each queue, as the notification service reports it. A queue has groups: one
 * for each media type, and one for values without a media type. A group has values (state_value.h),
 * which are part of series (series.h), and becomes a row when a window closes.
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
#define QUEUE_STATE_GAUGES 6		/* values whose order is remembered, see state_value_make */
#define QUEUE_STATE_TOTALS 10

struct queue_state_counters {		/* of one group in one window */
	uint64_t updates, duplicates, invalid, clock_skew;
	struct sample lag_us;
};

/* The values of one queue and media type. The members that each message needs come first. */
struct queue_state_group {
	const char *media;		/* NULL: values without a media type */
	size_t media_len;
	char media_text[16];		/* holds a short name, as all known ones are */
	/* The gauges of the last messages in their order, and the totals below. They speed up
	 * state_value_make, because the next message probably has the same ones. */
	struct state_value *gauge[QUEUE_STATE_GAUGES];
	uint64_t frame;			/* the last event with values of the group */
	size_t nth;			/* how many values of that event were taken */
	struct queue_state_counters counters;	/* callers count; queue_states_carry clears */
	struct state_value *total[QUEUE_STATE_TOTALS];
	struct queue_state *queue;
	struct series_set series;
	bool has_running;
	struct total_interval running;	/* the newest half hour */
	struct queue_state_group *next;	/* in the list of all groups */
};

struct queue_state {
	bool refused;			/* by the service: it has no rows */
	bool answered;			/* it was in a snapshot */
	/* Its value is always 0. It is known from a complete snapshot until the connection is lost:
	 * in that time, gauges that the snapshot left out are 0. Each sum over qualifiers includes
	 * it, and so is unknown before the snapshot. */
	struct series_value complete;
	int64_t complete_up_us;		/* queue_states_seen_us when it became known */
	int64_t since_us;		/* when the last complete snapshot came; NO_TIME: none */
	uint64_t snapshot;		/* the number of the last snapshot with the queue */
	uint64_t damaged;		/* of the last one with a result that was not fully read */
	uint8_t ngroup;
	/* [0] without a media type, then by name */
	struct queue_state_group *group[1 + QUEUE_STATE_MEDIA_MAX];
};

/* Other modules may read the members, but only the calls below and those of state_value.h and
 * state_snapshot.h change them. All of these set `failed` if memory runs out. A call without a
 * parameter at_us makes its change at now_us. */
struct queue_states {
	struct queue_index *index;	/* the queues' IDs, by number; borrowed */
	struct queue_state *queue;
	size_t nqueue, room;
	struct queue_state_group *groups;	/* a list of all groups, in no order */
	struct wanted_metrics wanted;
	struct presences presences;
	struct state_value **value;	/* a hash table with open addressing */
	size_t nvalue, nslot;		/* nslot: its size, a power of two */
	struct metric_names names;	/* of all values */
	bool up;			/* the source is connected */
	int64_t up_since_us;
	int64_t seen_since_us;		/* up_since_us, or the end of a stall after it */
	int64_t up_total_us;		/* how long it was up and seen before seen_since_us */
	int64_t window_up_us;		/* queue_states_seen_us when the window began */
	uint64_t snapshot;		/* the number of the last snapshot */
	uint32_t snapshot_metrics;	/* its metrics, see observation_query_bit */
	bool is_resync;			/* it is a resync, see state_snapshot.h */
	int64_t resync_us;		/* the time of a resync whose differences are not reported
					 * yet; NO_TIME: none */
	uint64_t differences;
	/* The present change: */
	int64_t now_us;			/* its time */
	int64_t asked_us;		/* of a snapshot: when the query was sent; values with
					 * later events stay as they are. INT64_MAX: an event */
	uint64_t frame;			/* the number of the event */
	bool full;			/* there was no room for a part of it */
	bool failed;			/* out of memory, at any time */
};

/* index: where the queues get their numbers, see queue_window.h; queue: the IDs of the queues, in
 * the order of their numbers; room: how many there may be in the end; pattern: those of -m, in the
 * order of rows. The index and the patterns are borrowed. False: out of memory; call
 * queue_states_free nevertheless. */
bool queue_states_init(struct queue_states *qs, struct queue_index *index,
	const char *const *queue, size_t nqueue, size_t room, const char *const *pattern,
	size_t npattern);
/* Makes the states of all queues of the index, which an earlier recording has added to it. They
 * have no rows until they are watched. False: out of memory. */
bool queue_states_keep_queues(struct queue_states *qs);
void queue_states_free(struct queue_states *qs);

/* The queue with that ID. NULL: there is none, or it was refused. */
struct queue_state *queue_states_queue(const struct queue_states *qs, const char *id);
/* Adds a queue, or takes back that it was refused: it has rows from now on. NULL: no room, or out
 * of memory. */
struct queue_state *queue_states_watch(struct queue_states *qs, const char *id);
/* The group of a media type. NULL: there is none. */
struct queue_state_group *queue_states_group(const struct queue_state *q, struct slice media);
/* Finds the group of a media type, or makes it. NULL: no room (sets `full`), or out of memory. */
struct queue_state_group *queue_states_make_group(struct queue_states *qs, struct queue_state *q,
	struct slice media);

/* Whether a metric that matches the pattern of -m has had a value. */
bool queue_states_has_metric(const struct queue_states *qs, const char *pattern);

/* Begins a change: sets now_us and asked_us, and clears `full`. */
void queue_states_begin(struct queue_states *qs, int64_t now_us, int64_t asked_us);

/* Takes a value of an event. */
void queue_states_take(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v);
/* Call it after all values of an event or of a snapshot's result: ends waits whose gauge is 0. */
void queue_states_end_waits(struct queue_states *qs, const struct notification *n,
	const struct queue_state *q);

/* Sets whether the source is connected from now on. window_us: when the present window began. */
void queue_states_set_up(struct queue_states *qs, bool up, int64_t window_us);
/* A stall: the source is connected, but the run sees nothing of it until queue_states_resume.
 * Values are kept, but not counted. */
void queue_states_pause(struct queue_states *qs);
void queue_states_resume(struct queue_states *qs);
/* Whether the source is connected and has been since then. */
bool queue_states_has_been_up_since(const struct queue_states *qs, int64_t from_us);
/* For how long the source was connected and seen, from the beginning of the run until at_us. */
int64_t queue_states_seen_us(const struct queue_states *qs, int64_t at_us);

/* Sets whether all values of the queue are known from now on, and with them its sums over
 * qualifiers. */
void queue_states_set_complete(struct queue_states *qs, struct queue_state *q, bool known);
/* Makes all values unknown, because the run has missed changes. */
void queue_states_forget(struct queue_states *qs);

void queue_states_hold(struct queue_states *qs, int64_t at_us);	/* counts values up to at_us */
/* Begins the next window at at_us: keeps the values and clears what the last window has counted. */
void queue_states_carry(struct queue_states *qs, int64_t at_us);

#endif
