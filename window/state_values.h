/*
 * The inside of queue_state.h, for queue_state.c and state_snapshot.c only: the numbers that the
 * service reports, each with the series of rows that it feeds.
 */
#ifndef WINDOW_STATE_VALUES_H
#define WINDOW_STATE_VALUES_H

#include "window/queue_state.h"

/* One number that the service tells. */
struct state_value {
	struct series_value now;		/* of all but totals */
	struct series *own, *sum;	/* NULL: nobody wants it */
	struct series *total;		/* over its qualifiers; NULL: none */
	uint64_t answer;		/* the last answer that told of it */
	struct metric_name_entry *term;
	struct queue_state_group *group;
	struct state_value *other;		/* oWaiting of an oLongestWaiting, and back */
	int64_t told_us;		/* by the last event; INT64_MIN: by none */
	bool differs;			/* the last resync had another value */
};

/* NULL: there is none. */
struct state_value *state_value_find(const struct queue_states *w,
	const struct queue_state_group *g, const struct metric_name *name);
/* The part of a value, made where there is none. NULL: nobody needs it, no room (*full), or no
 * memory (w->failed). total: it is a running total. */
struct state_value *state_value_make(struct queue_states *w, struct queue_state_group *g,
	const struct notification_value *v, bool total, int64_t at_us, bool *full);
/* Gives the part the value, or passes on to its figures that it has changed. False: no memory. */
bool state_value_set(const struct queue_states *w, struct state_value *p,
	const struct notification_value *v, int64_t at_us);
bool state_value_refresh(const struct queue_states *w, const struct state_value *p, int64_t at_us);

enum series_kind state_value_kind(const struct metric_name *name);
bool state_value_is_gauge(const struct notification_value *v);	/* by its interval, too */

/* How long the connection was up and watched until at_us, since the run began. */
int64_t queue_states_seen_us(const struct queue_states *w, int64_t at_us);
/* From now on all of the queue is known, and so are its sums over qualifiers; or it is not. */
bool queue_states_set_whole(const struct queue_states *w, struct queue_state *q, bool known,
	int64_t at_us);

#endif
