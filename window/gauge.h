/*
 * A gauge is a number that holds until its next value. Its statistics weigh each value by the time
 * for which it held. The caller passes all times, in µs of the clock of the run.
 */
#ifndef WINDOW_GAUGE_H
#define WINDOW_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"

#define GAUGE_STRETCHES 16

struct gauge {			/* start with all zero: nothing is known */
	double value;
	int64_t from_us;	/* the value is counted up to this time */
	uint64_t events;	/* in this window, like all members after `known` */
	bool known;		/* `value` is valid */
	bool confirmed;		/* a resync had a value of it */
	uint8_t nstretch;
	/* Values that are not yet in `held`. Adding several at once is faster: with hundreds of
	 * queues, `held` has left the processor's cache when the next event comes. */
	struct {
		double value;
		uint64_t us;
	} stretch[GAUGE_STRETCHES];
	struct sample held;	/* values, weighted by their µs */
};

struct gauge_summary {
	bool known;		/* `last` is valid */
	double last;
	bool carried;		/* no event or resync has reported it in the window */
	uint64_t events;
	bool observed;		/* `held` is valid; its `count` is a time in µs */
	struct sample_summary held;
};

void gauge_free(struct gauge *g);
/* Counts the value up to at_us; `up`: the source was connected until then. If not, counts nothing.
 * False: out of memory. */
bool gauge_hold(struct gauge *g, int64_t at_us, bool up);
/* Does gauge_hold, then sets the value from at_us on, which is unknown if `known` is false. False:
 * out of memory. */
bool gauge_set(struct gauge *g, int64_t at_us, bool up, bool known, double value);
/* Counts a value for some time of the window in which the gauge was not known. False: out of
 * memory. */
bool gauge_add(struct gauge *g, double value, int64_t us);
/* The statistics of the window; call gauge_hold with its end first. False: out of memory. */
bool gauge_summarise(struct gauge *g, bool up, struct gauge_summary *out);
void gauge_carry(struct gauge *g);	/* begins the next window: keeps only the value */

#endif
