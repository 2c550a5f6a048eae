/*
 * The inside of queue_state.h, for queue_state.c and state_snapshot.c only: the numbers that the
 * service reports, each with the series of rows that it feeds.
 */
#ifndef WINDOW_STATE_VALUES_H
#define WINDOW_STATE_VALUES_H

#include "window/queue_state.h"

/* One number that the service tells. */
struct part {
	struct holding now;		/* of all but totals */
	struct figure *own, *sum;	/* NULL: nobody wants it */
	struct figure *total;		/* over its qualifiers; NULL: none */
	uint64_t answer;		/* the last answer that told of it */
	struct term *term;
	struct group *group;
	struct part *other;		/* oWaiting of an oLongestWaiting, and back */
	int64_t told_us;		/* by the last event; INT64_MIN: by none */
	bool differs;			/* the last resync had another value */
};

/* NULL: there is none. */
struct part *part_find(const struct wall *w, const struct group *g, const struct name *name);
/* The part of a value, made where there is none. NULL: nobody needs it, no room (*full), or no
 * memory (w->failed). total: it is a running total. */
struct part *part_make(struct wall *w, struct group *g, const struct value *v, bool total,
	int64_t at_us, bool *full);
/* Gives the part the value, or passes on to its figures that it has changed. False: no memory. */
bool part_set(const struct wall *w, struct part *p, const struct value *v, int64_t at_us);
bool part_refresh(const struct wall *w, const struct part *p, int64_t at_us);

enum fact_kind part_kind(const struct name *name);
bool part_is_gauge(const struct value *v);	/* by its interval, too */

/* How long the connection was up and watched until at_us, since the run began. */
int64_t wall_seen_us(const struct wall *w, int64_t at_us);
/* From now on all of the queue is known, and so are its sums over qualifiers; or it is not. */
bool wall_set_whole(const struct wall *w, struct queue *q, bool known, int64_t at_us);

#endif
