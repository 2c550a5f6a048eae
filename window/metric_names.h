/*
 * The names of series. A name has a metric, a qualifier and the statistic that the service sends,
 * such as `count`. It is stored once for all queues, together with the labels of its series in
 * rows.
 */
#ifndef WINDOW_METRIC_NAMES_H
#define WINDOW_METRIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/slice.h"
#include "window/series.h"

struct metric_name {
	struct slice metric, qualifier, stat;	/* qualifier: absent if there is none */
	bool total;			/* a running total; else a gauge or an age */
};

struct metric_name_entry {
	struct metric_name name;	/* points into `text` */
	/* [0] has the qualifier itself. [1] has the name of a presence in its place, if the
	 * qualifier is the ID of one. NULL until it is needed; series borrow them until the end. */
	struct series_label *label[2];
	char text[];
};

struct metric_names {		/* a hash table with open addressing; start with all zero */
	struct metric_name_entry **slot;
	size_t n, nslot;		/* nslot: a power of two */
};

static inline bool metric_name_is(const struct metric_name_entry *e, const struct metric_name *name)
{
	return e->name.total == name->total && slice_same(e->name.metric, name->metric)
		&& slice_same(e->name.stat, name->stat)
		&& slice_same(e->name.qualifier, name->qualifier);
}

/* Makes room for one more name. False: out of memory. */
bool metric_names_grow(struct metric_names *names);
/* The slot of the name, or the free slot for it. Call metric_names_grow before the first call. */
struct metric_name_entry **metric_names_place(const struct metric_names *names,
	const struct metric_name *name);
void metric_names_free(struct metric_names *names);

/* Copies the name into a new entry, which the caller puts into its slot. NULL: out of memory. */
struct metric_name_entry *metric_name_entry_new(const struct metric_name *name);
void metric_name_entry_free(struct metric_name_entry *e);

/* Makes the label with the metric and the path QUALIFIER.STAT or STAT. Rows replace some characters
 * by `_`; labels that then look the same still differ in `unescaped`. Release it with free(). NULL:
 * out of memory. */
struct series_label *metric_name_entry_label(size_t order, struct slice metric,
	struct slice qualifier, struct slice stat);

#endif
