/*
 * The numbers that the notification service sends, by group and name, each with the series of rows
 * that it is part of.
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
	struct series_value now;	/* of all but totals */
	struct series *own, *sum;	/* its series; the sum over media types; NULL: not wanted */
	struct series *total;		/* the sum over qualifiers; NULL: none */
	uint64_t snapshot;		/* the last snapshot that has it */
	struct metric_name_entry *entry;	/* its name */
	struct queue_state_group *group;
	struct state_value *other;	/* oWaiting for an oLongestWaiting, and the reverse */
	int64_t event_us;		/* its last event; INT64_MIN: none */
	bool differs;			/* the last resync had another value */
};

bool state_values_init(struct queue_states *qs);	/* false: out of memory */
void state_values_free(struct queue_states *qs);

struct metric_name state_value_name(const struct notification_value *v, bool total);
enum row_kind state_value_kind(const struct metric_name *name);

/* What a value is: n*, t* and oServiceLevel count up within a half hour, and mean nothing without
 * one; for all others the interval decides. */
enum state_value_use { STATE_VALUE_UNUSED, STATE_VALUE_GAUGE, STATE_VALUE_TOTAL };
enum state_value_use state_value_use(const struct notification_value *v);

/* NULL: there is none. */
struct state_value *state_value_find(const struct queue_states *qs,
	const struct queue_state_group *g, const struct metric_name *name);
/* The same, made if there is none. NULL: not wanted, no room, or out of memory. Fast for messages
 * with the same values in the same order as the last ones. */
struct state_value *state_value_make(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v, bool total);

/* Sets the value, in its series too; a duration counts back from now. */
void state_value_set(struct queue_states *qs, struct state_value *sv,
	const struct notification_value *v);
/* The value, or its gauge, has changed: passes it on to its series. */
void state_value_refresh(struct queue_states *qs, const struct state_value *sv);

/* The name of a presence is known. */
void state_values_presence(struct queue_states *qs, struct slice id, struct slice name);

#endif
