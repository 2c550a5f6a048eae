/*
 * The values that the notification service sends: one number each, found by group and name. A value
 * knows the series that show it in rows: its own one, and the sums that it is part of.
 */
#ifndef WINDOW_STATE_VALUE_H
#define WINDOW_STATE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "message/notification.h"
#include "util/slice.h"
#include "window/metric_names.h"
#include "window/queue_state.h"

struct state_value {
	struct series_value now;	/* not used by totals */
	struct series *own;		/* its series; NULL: -m does not select it */
	struct series *sum;		/* the sum over media types; NULL: none */
	struct series *total;		/* the sum over qualifiers; NULL: none */
	uint64_t snapshot;		/* the number of the last snapshot that has it */
	struct metric_name_entry *entry;	/* its name */
	struct queue_state_group *group;
	struct state_value *other;	/* of an age: the gauge of those who wait; of that gauge:
					 * the age; NULL: none */
	int64_t event_us;		/* the time of its last event; INT64_MIN: none */
	bool differs;			/* the last resync had another value */
};

bool state_values_init(struct queue_states *qs);	/* false: out of memory */
void state_values_free(struct queue_states *qs);

/* The name of a value (borrowed from v), and the kind of its series. total: see state_value_use. */
struct metric_name state_value_name(const struct notification_value *v, bool total);
enum row_kind state_value_kind(const struct metric_name *name);

/* Whether a value is a gauge (or an age) or a total. Totals have an interval. Without one, the
 * metrics n*, t* and oServiceLevel are unused, because they have no meaning; all others are
 * gauges. */
enum state_value_use { STATE_VALUE_UNUSED, STATE_VALUE_GAUGE, STATE_VALUE_TOTAL };
enum state_value_use state_value_use(const struct notification_value *v);

/* Finds a value. NULL: there is none. */
struct state_value *state_value_find(const struct queue_states *qs,
	const struct queue_state_group *g, const struct metric_name *name);
/* Finds the value that has the name of v, or makes it. NULL: -m does not select the metric, no room
 * (sets `full`), or out of memory. Fast if a message has the same values in the same order as the
 * last ones. */
struct state_value *state_value_make(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v, bool total);

/* Sets the value and updates its series. For a duration, the wait began that long before now. */
void state_value_set(struct queue_states *qs, struct state_value *sv,
	const struct notification_value *v);
/* Updates the series of the value after it, or the gauge beside it, has changed. */
void state_value_refresh(struct queue_states *qs, const struct state_value *sv);

/* Sets the name of a presence. Series that had its ID in their path get the name. */
void state_values_presence(struct queue_states *qs, struct slice id, struct slice name);

#endif
