/*
 * The series of one group, in the order of its row. A series has a metric and a path, and is a
 * gauge, an age or a total. A gauge or an age has one value of the service, or combines several
 * (over media types, or over presences of one name). At most SERIES_MAX of them.
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

/* The present value of one number that the service sends: a gauge's, or since when somebody
 * waits. */
struct series_value {
	bool known, waiting;	/* waiting: of an age; false: nobody waits */
	double value;
	int64_t start_us;
	const struct series_value *beside; /* of an age: the gauge of those who wait; NULL: none */
};

struct series;

struct series_set {		/* all zero: empty */
	struct series **v;
	size_t n, cap;
};

void series_set_free(struct series_set *set);

struct series_label {
	size_t order;			/* of the metric */
	const char *metric, *path;	/* as a row has them */
	/* The service's names if they differ from those of the row, else NULL. Two series whose
	 * labels differ in this alone would have one name in the row. */
	const char *unescaped;
};

/*
 * The series of that label, which is borrowed; made if there is none. Series are sorted by order,
 * metric and path. NULL: out of memory, or no room (*full). There is no room either if the name
 * belongs to a series of another kind, or of other unescaped names, or if one of two paths
 * begins with the other.
 */
struct series *series_set_make(struct series_set *set, const struct series_label *label,
	enum row_kind kind, bool *full);

/* Returns the series that has the label now: s, or one that had it before; or s with its old label
 * if there is no room for the new one. */
struct series *series_set_rename(struct series_set *set, struct series *s,
	const struct series_label *label);
enum row_kind series_kind(const struct series *s);

/* The value is borrowed until it is dropped; a series is freed with its last value. If a series has
 * a value that is not summed, that one counts and not the sum. False: out of memory. */
bool series_add(struct series *s, const struct series_value *v, bool summed);
bool series_is_new(const struct series *s);	/* it has no value yet */
/* A new gauge was 0 for that time in the window. False: out of memory. */
bool series_add_zero(struct series *s, int64_t us);
/* The gauge is a sum over qualifiers, which is known only if `all` is (whose value is 0). */
bool series_sum_over(struct series *s, const struct series_value *all);
void series_set_drop(struct series_set *set, struct series *s, const struct series_value *v);
/* Moves the value to a series of the same kind, which gets the events of a series that is freed. */
bool series_set_move(struct series_set *set, struct series *from, struct series *to,
	const struct series_value *v);

/* The value, or the gauge beside it, has changed. s may be NULL. False: out of memory. */
bool series_refresh(struct series *s, const struct series_value *v, int64_t at_us, bool up);

/* Counts an event; frame: its number, from 1, because one event may have several values of the
 * series. s may be NULL. */
void series_count(struct series *s, uint64_t frame);

/* A resync had a value of it. s may be NULL. */
void series_confirm(struct series *s);

/* A total's value; whole: the stream has been up since the interval began. */
void series_total(struct series *s, struct total_interval when, double value, bool whole);

/* Counts the values up to at_us. False: out of memory. */
bool series_set_hold(const struct series_set *set, int64_t at_us, bool up);
void series_set_carry(const struct series_set *set);	/* the next window begins */

/* The stream was lost, or is back, see total.h. */
void series_set_lost(const struct series_set *set, int64_t at_us);
void series_set_found(const struct series_set *set, int64_t at_us, int64_t window_us);

struct series_moment {			/* a window's end; call series_set_hold with it first */
	int64_t end_us;
	bool up;
	struct total_interval running;	/* the half hour at that moment */
	bool whole;			/* the stream has been up since it began */
};

/* Adds the series to the row that was added last. False: out of memory. */
bool series_set_add_to_row(const struct series_set *set, const struct series_moment *m,
	struct row_window *r);

#endif
