/*
 * The table of metrics: what each is, what it means, and for metrics of the notification service
 * which one belongs to it and what its qualifiers are.
 */
#ifndef MESSAGE_METRIC_TYPES_H
#define MESSAGE_METRIC_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/slice.h"

enum metric_kind {
	METRIC_OTHER,		/* not documented: a total if its values have an interval */
	METRIC_GAUGE,		/* stays the same until a message changes it */
	METRIC_AGE,		/* how long the longest wait has lasted */
	METRIC_TOTAL		/* counts up within an interval; has no meaning without one */
};

struct metric_type {
	const char *name;	/* NULL: the metric is not in the table */
	enum metric_kind kind;
	bool is_time;		/* milliseconds: of a total, or of a metric of the stream */
	bool is_ratio;		/* a total whose numbers are ratio, numerator and so on */
	const char *beside;	/* of an age: the gauge of those who wait; of that gauge: the age */
	const char *qualifier;	/* what its qualifiers are, `status` or `presence`: the metric
				   counts agents by them; NULL: it has none */
};

/* The type of a metric of the notification service. All n* and t* are totals; the result has no
 * name for them. */
const struct metric_type *metric_type_of(struct slice metric);

/* Whether the pattern of -m matches a documented metric of the notification service, see
 * text_matches. */
bool metric_types_know(const char *pattern);
/* The documented metric of the notification service, or of both sources, that is most similar to a
 * misspelt name; NULL: none is similar. */
const char *metric_types_nearest(const char *name, bool both);

#define METRIC_TYPES_STREAM 6
extern const char *const metric_types_stream[METRIC_TYPES_STREAM];	/* of the stream: names */
bool metric_types_stream_is_time(const char *metric);

struct metric_doc {		/* a documented metric */
	struct slice name;	/* ends with a NUL */
	const char *alarm;	/* what to judge, as --fail-if has it behind the name: `max` */
	const char *meaning;	/* to a contact centre */
	struct metric_type type;	/* name NULL: of the stream, which has only is_time */
	const char *fields[2];	/* of the stream: its numbers; the second may be NULL */
};

/* The documented metric with that number, from 0: first those of the stream. NULL: the number is
 * too high. */
const struct metric_doc *metric_types_doc(size_t number);

#endif
