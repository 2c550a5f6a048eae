/*
 * The names of the numbers that the service tells: metric, qualifier and statistic. Each name is
 * kept once for all queues, with its labels in rows.
 */
#ifndef WINDOW_METRIC_NAMES_H
#define WINDOW_METRIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/slice.h"
#include "window/notification.h"
#include "window/series.h"

struct metric_name {
	struct slice metric, qualifier, stat;	/* qualifier without text: none */
	bool total;			/* a running total, else a gauge */
};

struct metric_name_entry {
	struct metric_name name;		/* points into text */
	/* [0] with the qualifier as it was told, [1] with the name of its presence. Made when they
	 * are needed; figures borrow them, so they stay. */
	struct series_label *label[2];
	char text[];
};

struct metric_names {			/* a hash table with open addressing; all zero: empty */
	struct metric_name_entry **slot;
	size_t n, nslot;		/* nslot: a power of two */
};

static inline bool term_is(const struct metric_name_entry *t, const struct metric_name *name)
{
	return t->name.total == name->total && slice_same(t->name.metric, name->metric)
		&& slice_same(t->name.stat, name->stat)
		&& slice_same(t->name.qualifier, name->qualifier);
}

/* Makes room for one more term. False: no memory. */
bool metric_names_grow(struct metric_names *ts);
/* The place of the name, or the free one that it would take. Call metric_names_grow before the
 * first. */
struct metric_name_entry **metric_names_place(const struct metric_names *ts,
	const struct metric_name *name);
void metric_names_free(struct metric_names *ts);

/* A copy of the name, for the caller to put into its place. NULL: no memory. */
struct metric_name_entry *metric_name_entry_new(const struct metric_name *name);
void metric_name_entry_free(struct metric_name_entry *t);

/* The label METRIC with the path QUALIFIER.STAT or STAT; labels that look the same are told apart
 * by the characters that a key shows as `_`. For free(). NULL: no memory. */
struct series_label *metric_name_entry_label(size_t order, struct slice metric,
	struct slice qualifier, struct slice stat);

#endif
