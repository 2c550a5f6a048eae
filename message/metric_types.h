/*
 * What each metric of the notification service is, by its name: a gauge, an age or a total, which
 * metric stands beside it, and what its qualifiers are. All code that has to know this asks here.
 */
#ifndef MESSAGE_METRIC_TYPES_H
#define MESSAGE_METRIC_TYPES_H

#include <stdbool.h>

#include "util/slice.h"

enum metric_kind {
	METRIC_OTHER,		/* not documented: its interval shows what it is */
	METRIC_GAUGE,		/* holds from one message to the next */
	METRIC_AGE,		/* of the one that waits longest */
	METRIC_TOTAL		/* counts up within an interval, and means nothing without one */
};

struct metric_type {
	const char *name;	/* NULL: the metric is not in the table */
	enum metric_kind kind;
	bool is_time;		/* a total of milliseconds */
	bool is_ratio;		/* a total whose numbers are ratio, numerator and so on */
	const char *beside;	/* the gauge of those who wait, of an age; the age, of a gauge */
	const char *qualifier;	/* what its qualifiers are, `status` or `presence`: the metric
				   counts agents by them; NULL: it has none */
};

struct metric_type metric_type_of(struct slice metric);

/* Whether the pattern of -m matches a documented metric, see text_matches. */
bool metric_types_know(const char *pattern);
/* The documented metric that is most similar to a misspelt name; NULL: none is similar. */
const char *metric_types_nearest(const char *name);

#endif
