/*
 * The kinds of a metric that the notification service has, beside the sample of sample.h:
 *
 *   gauge: holds its value until it changes; weighed by the time that it held
 *   age:   the time since somebody began to wait
 *   total: grows within a half hour; replaced by its next value, never added up
 *
 * Each has one rule for taking a value, one for a window's end, and one for what is carried
 * into the next. Times are µs of the run's clock, handed in.
 */
#ifndef WINDOW_METRIC_TYPES_H
#define WINDOW_METRIC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/exact_sum.h"
#include "stats/quantile.h"

/* --- names --- */

/* Whether one of the service's documented metrics fits the pattern of -m, see text_fits. */
bool metric_types_know(const char *pattern);
/* The documented metric that a misspelt name may mean; NULL: none is near. */
const char *metric_types_nearest(const char *name);

/* --- gauge --- */

#define GAUGE_STRETCHES 16

struct gauge {			/* all zero: a gauge of which nothing is known */
	double value;
	int64_t from_us;	/* what held until here is counted */
	uint64_t events;	/* of the window, as all below `known` */
	bool known;
	bool confirmed;		/* by a snapshot that was asked for again */
	uint8_t nstretch;
	/* What held is added to the sums some at a time: of hundreds of queues, sums and quantiles
	 * have left the processor's cache by the time that the next event comes. */
	struct {
		double value;
		uint64_t us;
	} stretch[GAUGE_STRETCHES];
	struct exact_sum sum, squares;	/* of value and value², times µs */
	struct quantile *quantile;	/* NULL: nothing was observed */
	uint64_t observed_us;
	double min, max;
};

struct gauge_summary {
	bool known;		/* `last` has a meaning */
	double last;
	bool carried;		/* neither an event nor a resync told of it */
	bool observed;		/* the rest up to p99 has one */
	double min, max, mean, stddev, p50, p90, p95, p99;
	uint64_t observed_us, events;
};

void gauge_free(struct gauge *g);
/* Counts what held up to at_us, unless the stream was not up. False: out of memory. */
bool gauge_hold(struct gauge *g, int64_t at_us, bool up);
/* gauge_hold, then the value that holds from at_us on; known false: nobody knows. */
bool gauge_set(struct gauge *g, int64_t at_us, bool up, bool known, double value);
/* A gauge of which nothing was known turns out to have held a value for so long in the window. */
bool gauge_was(struct gauge *g, double value, int64_t us);
/* The window that ends at end_us, the gauge held to there. False: out of memory. */
bool gauge_summarise(struct gauge *g, bool up, struct gauge_summary *out);
void gauge_carry(struct gauge *g);	/* into the next window: the value alone */

/* --- age --- */

struct age {			/* all zero: nothing is known */
	bool waiting;		/* somebody waits since start_us; else nobody, or unknown */
	int64_t start_us;
	int64_t from_us;
	bool has_last, has_most;
	int64_t last_us, most_us;
};

void age_hold(struct age *a, int64_t at_us, bool up);
void age_set(struct age *a, int64_t at_us, bool up, bool waiting, int64_t start_us);
void age_carry(struct age *a);

/* --- total --- */

#define TOTAL_INTERVALS 4	/* whose late revisions still add to a window's increase */

struct total_interval {
	int64_t from_ms, to_ms;
};

struct total {			/* all zero: nothing was told */
	size_t n;
	struct {
		struct total_interval when;
		double base, last;	/* base: at the window's begin */
		bool has_base, touched;
	} part[TOTAL_INTERVALS];	/* the newest first */
	double gone;		/* increase of the window's older intervals, which have no part */
	bool gone_unknown;
	bool hidden;		/* a half hour ended while the stream was down: no increase */
	bool down;		/* the stream is */
	int64_t ends_us;	/* while down: when the half hour of then ends */
};

struct total_summary {
	bool has_total, has_delta;
	double total, delta;
};

/* whole: the stream has been up since the interval's begin, so it began with 0. */
void total_set(struct total *t, struct total_interval when, double value, bool whole);
void total_lost(struct total *t, int64_t at_us);
void total_found(struct total *t, int64_t at_us, int64_t window_us);	/* the window's begin */
/* running: the half hour at the window's end; whole: the stream was up throughout it. */
bool total_summarise(const struct total *t, struct total_interval running, bool whole,
	int64_t end_us, struct total_summary *out);
void total_carry(struct total *t);

/* The half hour that is under way at at_us, counted on from one that was told of. */
struct total_interval total_interval_at(struct total_interval when, int64_t at_us);

#endif
