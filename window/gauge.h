/*
 * A gauge: a number that holds until its next value, and whose statistics weigh each value by the
 * time for which it held. Times are µs of the run's clock; the caller passes them.
 */
#ifndef WINDOW_GAUGE_H
#define WINDOW_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"

#define GAUGE_STRETCHES 16

struct gauge {			/* all zero: nothing is known yet */
	double value;
	int64_t from_us;	/* the time before it is counted */
	uint64_t events;	/* of the window, as are all members after `known` */
	bool known;
	bool confirmed;		/* by a later snapshot (resync) */
	uint8_t nstretch;
	/* Values wait here and are added to the sums several at a time: with hundreds of queues,
	 * sums and quantiles are no longer in the processor's cache at the next event. */
	struct {
		double value;
		uint64_t us;
	} stretch[GAUGE_STRETCHES];
	struct sample held;	/* each value for its µs */
};

struct gauge_summary {
	bool known;		/* `last` is valid */
	double last;
	bool carried;		/* no event or resync of the window has reported it */
	uint64_t events;
	bool observed;		/* `held` is valid; its count is in µs */
	struct sample_summary held;
};

void gauge_free(struct gauge *g);
/* Counts the value up to at_us if the stream was up. False: out of memory. */
bool gauge_hold(struct gauge *g, int64_t at_us, bool up);
/* gauge_hold, then the value from at_us on; known false: it is unknown. */
bool gauge_set(struct gauge *g, int64_t at_us, bool up, bool known, double value);
/* Counts a value for that time of the window, in which nothing was known of the gauge. */
bool gauge_add(struct gauge *g, double value, int64_t us);
/* The statistics of the window; call gauge_hold with its end first. False: out of memory. */
bool gauge_summarise(struct gauge *g, bool up, struct gauge_summary *out);
void gauge_carry(struct gauge *g);	/* the next window begins: keeps the value alone */

#endif
