/*
 * The set of all series of one row of notifications, in the order in which the row has them. A
 * series has a metric and a path, and is a gauge, an age or a total. A gauge or an age shows one
 * value of the service, or combines several: those of all media types, or of presences with the
 * same name. A row has at most SERIES_MAX series.
 */
#ifndef WINDOW_SERIES_H
#define WINDOW_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window/age.h"
#include "window/gauge.h"
#include "window/row.h"
#include "window/total.h"

#define SERIES_MAX 512

/* The present value of one number that the service sends: the value of a gauge, or for an age since
 * when somebody waits. */
struct series_value {
	bool known;
	bool waiting;		/* of an age; false: nobody waits */
	double value;		/* of a gauge */
	int64_t start_us;	/* of an age: when the longest wait began */
	const struct series_value *beside;	/* of an age: the gauge that counts those who
						   wait; NULL: none */
};

struct series;

struct series_set {		/* start with all zero */
	struct series **v;
	size_t n, cap;
};

void series_set_free(struct series_set *set);

struct series_label {
	size_t order;			/* of the metric, see wanted_metrics_order */
	const char *metric, *path;	/* as a row has them */
	/* The names that the service sends, or NULL if the row has the same ones. Two series whose
	 * labels differ only in this would have the same name in the row. */
	const char *unescaped;
};

/*
 * Finds the series with that label, or makes it. A new series borrows the label while it has it.
 * Series are sorted by order, metric and path. NULL with *full false: out of memory. NULL with
 * *full true: the row cannot have the series, because it has SERIES_MAX, or a series of this name
 * but of another kind or with other unescaped names, or a series whose path is the beginning of
 * this one or the reverse.
 */
struct series *series_set_make(struct series_set *set, const struct series_label *label,
	enum row_kind kind, bool *full);

/* Gives s the label, which it then borrows, and returns s. If another series already has this
 * label, returns that one and leaves s unchanged. If the label conflicts with another series (see
 * series_set_make), returns s unchanged. */
struct series *series_set_rename(struct series_set *set, struct series *s,
	const struct series_label *label);
enum row_kind series_kind(const struct series *s);

/* Adds a value, borrowed until series_set_drop, to those that the series combines. If any value
 * of the series was added with summed false, only such values count. False: out of memory. */
bool series_add(struct series *s, const struct series_value *v, bool summed);
bool series_is_new(const struct series *s);	/* whether it has no value yet */
/* Counts that a new gauge was 0 for us of the window. False: out of memory. */
bool series_add_zero(struct series *s, int64_t us);
/* Marks the gauge as a sum over qualifiers, and adds `all` to it as one more value (borrowed). The
 * number of `all` is always 0: it only makes the sum unknown as long as `all` is unknown, that is
 * until the values of all qualifiers are known. Later calls do nothing. False: out of memory. */
bool series_sum_over(struct series *s, const struct series_value *all);
/* Removes a value from a series, and the series with its last value. */
void series_set_drop(struct series_set *set, struct series *s, const struct series_value *v);
/* Moves a value to a series of the same kind. If it was the only one of `from`, that series is
 * freed and `to` gets its events. False: out of memory. */
bool series_set_move(struct series_set *set, struct series *from, struct series *to,
	const struct series_value *v);

/* Call it when the value, or the gauge beside it, has changed. s may be NULL. False: out of
 * memory. */
bool series_refresh(struct series *s, const struct series_value *v, int64_t at_us, bool up);

/* Counts an event. An event with several values of the series counts once, so give the number of
 * the event, `frame`, from 1. s may be NULL. */
void series_count(struct series *s, uint64_t frame);

/* Notes that a resync had a value of the series. s may be NULL. */
void series_confirm(struct series *s);

/* Sets the value of a total that came at at_us; whole: the stream has been up since the interval
 * began. */
void series_total(struct series *s, struct total_interval when, double value, bool whole,
	int64_t at_us);

/* Counts the values up to at_us, if the stream was up. False: out of memory. */
bool series_set_hold(const struct series_set *set, int64_t at_us, bool up);
void series_set_carry(const struct series_set *set);	/* begins the next window */

/* Call these when the stream was lost, or is back, at at_us: see total.h. */
void series_set_lost(const struct series_set *set, int64_t at_us);
void series_set_found(const struct series_set *set, int64_t at_us, int64_t window_us);

struct series_moment {			/* the end of a window */
	int64_t end_us;
	bool up;
	struct total_interval running;	/* the half hour at that moment */
	bool whole;			/* the stream has been up since the half hour began */
};

/* Adds the series to the last row. Call series_set_hold before. False: out of memory. */
bool series_set_add_to_row(const struct series_set *set, const struct series_moment *m,
	struct row_window *r);

#endif
