/*
 * The names of the numbers that the service tells: metric, qualifier and statistic. Each name is
 * kept once for all queues, with its labels in rows.
 */
#ifndef WINDOW_METRIC_NAMES_H
#define WINDOW_METRIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "window/notification.h"
#include "window/series.h"

struct name {
	struct slice metric, qualifier, stat;	/* qualifier without text: none */
	bool total;			/* a running total, else a gauge */
};

struct term {
	struct name name;		/* points into text */
	/* [0] with the qualifier as it was told, [1] with the name of its presence. Made when they
	 * are needed; figures borrow them, so they stay. */
	struct label *label[2];
	char text[];
};

struct terms {			/* a hash table with open addressing; all zero: empty */
	struct term **slot;
	size_t n, nslot;		/* nslot: a power of two */
};

static inline bool term_is(const struct term *t, const struct name *name)
{
	return t->name.total == name->total && slice_same(t->name.metric, name->metric)
		&& slice_same(t->name.stat, name->stat)
		&& slice_same(t->name.qualifier, name->qualifier);
}

/* Makes room for one more term. False: no memory. */
bool terms_grow(struct terms *ts);
/* The place of the name, or the free one that it would take. Call terms_grow before the first. */
struct term **terms_place(const struct terms *ts, const struct name *name);
void terms_free(struct terms *ts);

/* A copy of the name, for the caller to put into its place. NULL: no memory. */
struct term *term_new(const struct name *name);
void term_free(struct term *t);

/* The label METRIC with the path QUALIFIER.STAT or STAT; labels that look the same are told apart
 * by the characters that a key shows as `_`. For free(). NULL: no memory. */
struct label *term_label(size_t order, struct slice metric, struct slice qualifier,
	struct slice stat);

#endif
