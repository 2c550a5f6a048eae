/*
 * A running total is a number that counts up within an interval of half an hour and then starts
 * again at 0. A new value of an interval replaces the last one. A window has the total of the
 * present interval at its end, and the increase during the window, over all intervals. The caller
 * passes all times, in µs of the clock of the run.
 */
#ifndef WINDOW_TOTAL_H
#define WINDOW_TOTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTAL_INTERVALS 4	/* the newest ones are kept; values of older ones are ignored */

struct total_interval {
	int64_t from_ms, to_ms;
};

struct total {			/* start with all zero: no value yet */
	size_t n;
	struct {
		struct total_interval when;
		double base, last;	/* base: the value when the window began */
		bool has_base, touched;	/* touched: it had a value in the window */
	} interval[TOTAL_INTERVALS];	/* newest first */
	double gone;		/* the increase in the window of intervals that were dropped */
	bool gone_unknown;	/* that increase is not known */
	bool hidden;		/* an interval ended while it was disconnected, so the increase
				   is not known */
	bool down;		/* the source is not connected */
	int64_t ends_us;	/* while down: the end of the interval in which it went down */
};

struct total_summary {
	bool has_total, has_delta;	/* false: it is not known */
	double total, delta;		/* delta: the increase in the window */
};

/* Sets the value of an interval. whole: the source has been connected since the interval began, so
 * the total was 0 at its beginning. */
void total_set(struct total *t, struct total_interval when, double value, bool whole);
/* Call these when the connection was lost, or is back, at at_us. window_us: when the window began
 * in which it is back. */
void total_lost(struct total *t, int64_t at_us);
void total_found(struct total *t, int64_t at_us, int64_t window_us);
/* Computes the numbers of a window that ends at end_us. running: the interval at that time; whole:
 * the source has been connected since it began. False: out of memory. */
bool total_summarise(const struct total *t, struct total_interval running, bool whole,
	int64_t end_us, struct total_summary *out);
void total_carry(struct total *t);	/* begins the next window */

/* Moves `when` forward by multiples of its length, if necessary, until it ends at or after
 * at_us. */
struct total_interval total_interval_at(struct total_interval when, int64_t at_us);

#endif
