/*
 * A running total: a number that counts up within a half-hour interval. A new value replaces the
 * one before. A window has the total of the current interval, and the increase since the window
 * began, over all intervals. Times are µs of the run's clock; the caller passes them.
 */
#ifndef WINDOW_TOTAL_H
#define WINDOW_TOTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTAL_INTERVALS 4	/* the newest ones; later values of older ones are ignored */

struct total_interval {
	int64_t from_ms, to_ms;
};

struct total {			/* all zero: no value yet */
	size_t n;
	struct {
		struct total_interval when;
		double base, last;	/* base: when the window began */
		bool has_base, touched;	/* touched: had a value in the window */
	} interval[TOTAL_INTERVALS];	/* the newest first */
	double gone;		/* the window's increase in intervals that were dropped */
	bool gone_unknown;
	bool hidden;		/* an interval ended while the stream was down: no increase */
	bool down;		/* the stream is down */
	int64_t ends_us;	/* while down: the end of the interval in which that began */
};

struct total_summary {
	bool has_total, has_delta;
	double total, delta;
};

/* whole: the stream has been up since the interval began, so the total was 0 then. */
void total_set(struct total *t, struct total_interval when, double value, bool whole);
/* The stream was lost; it is back, in a window that began at window_us. */
void total_lost(struct total *t, int64_t at_us);
void total_found(struct total *t, int64_t at_us, int64_t window_us);
/* running: the interval at the window's end; whole: the stream has been up since it began. */
bool total_summarise(const struct total *t, struct total_interval running, bool whole,
	int64_t end_us, struct total_summary *out);
void total_carry(struct total *t);	/* the next window begins */

/* The interval that at_us is in, counted on from an earlier one; at_us may be its end. */
struct total_interval total_interval_at(struct total_interval when, int64_t at_us);

#endif
