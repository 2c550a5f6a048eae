/*
 * The figures of one group's rows, in the order of the row. Each is a gauge, an age or a
 * total; gauges and ages say what one part holds, or several (over media types, presences of
 * one name) as one. Memory: at most SERIES_MAX of them.
 */
#ifndef WINDOW_SERIES_H
#define WINDOW_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window/age.h"
#include "window/gauge.h"
#include "window/total.h"

#define SERIES_MAX 512

/* What is known now of one number that the service tells: a gauge's value, or since when
 * somebody waits. */
struct series_value {
	bool known, waiting;	/* waiting: of an age, else nobody does */
	double value;
	int64_t start_us;
	const struct series_value *beside; /* of an age: the gauge of those who wait; NULL: none */
};

enum series_kind { SERIES_GAUGE, SERIES_AGE, SERIES_TOTAL, SERIES_PLAIN };

/* What a figure is in one window; borrowed from it until it changes. */
struct series_result {
	const char *metric;
	const char *path;	/* `count`, `IDLE.count` */
	enum series_kind kind;
	union {
		struct gauge_summary gauge;
		struct age age;
		struct total_summary total;	/* PLAIN: its `total` */
	} is;
	bool sum;		/* over qualifiers that have figures of their own in the row */
	bool sketch;		/* its quantiles are not exact */
	double accuracy;
};

struct series;
#define SERIES_HEAD 128		/* bytes of it that most changes touch, and a stretch */

struct series_set {		/* all zero: none */
	struct series **v;
	size_t n, cap;
};

void series_set_free(struct series_set *fs);

struct series_label {
	size_t order;			/* of the metric */
	const char *metric, *path;	/* as a row has them */
	/* As the service tells of it, NULL: with the same names. Where two differ in this alone,
	 * rows have one name for what are two figures. */
	const char *told;
};

/*
 * The figure of that name, made where there is none; order comes before metric, metric before
 * path. It borrows its label. NULL: no memory, or no room (*full), which a figure of another
 * kind under the name takes too, one that was told under another, and one whose path begins
 * the other's.
 */
struct series *series_set_make(struct series_set *fs, const struct series_label *label,
	enum series_kind kind, bool *full);

/* The figure that has the path now: f under its new name, or another one of its metric that
 * had it before. Also f, under its old name, where the new one has no room. */
struct series *series_set_rename(struct series_set *fs, struct series *f,
	const struct series_label *label);
enum series_kind series_kind(const struct series *f);

/* h is borrowed until it is dropped; a figure goes with its last one. summed: what else the
 * figure has that is not summed wins over the sum. False: no memory. */
bool series_add(struct series *f, const struct series_value *h, bool summed);
bool series_is_new(const struct series *f);	/* nothing was added yet */
/* A new gauge was 0 for so long in the window. False: no memory. */
bool series_was_zero(struct series *f, int64_t us);
/* A gauge is to be the sum over qualifiers, known only while `whole` is, whose value is 0. */
bool series_sum_over(struct series *f, const struct series_value *whole);
void series_set_drop(struct series_set *fs, struct series *f, const struct series_value *h);
/* From one figure to another of its kind, which then has the events of one that goes. */
bool series_set_move(struct series_set *fs, struct series *from, struct series *to,
	const struct series_value *h);

/* The part, or the gauge beside it, has changed. f may be NULL. False: no memory. */
bool series_refresh(struct series *f, const struct series_value *h, int64_t at_us, bool up);

/* An event of it, once for each frame's number (above 0). f may be NULL. */
void series_count(struct series *f, uint64_t frame);

/* A resync has told of it, with whatever value. f may be NULL. */
void series_confirm(struct series *f);

/* A total's value; whole: the stream has been up since the interval's begin. */
void series_total(struct series *f, struct total_interval when, double value, bool whole);

/* Counts what held up to at_us in each. False: no memory. */
bool series_set_hold(const struct series_set *fs, int64_t at_us, bool up);
void series_set_carry(const struct series_set *fs);	/* into the next window */

/* Totals have to know of half hours that end while the stream is down. */
void series_set_lost(const struct series_set *fs, int64_t at_us);
void series_set_found(const struct series_set *fs, int64_t at_us, int64_t window_us);

struct series_moment {			/* a window's end, up to which all was held */
	int64_t end_us;
	bool up;
	struct total_interval running;	/* the half hour of then */
	bool whole;			/* the stream was up throughout it */
};

/* A fact for each figure. False: no memory. */
bool series_set_results(const struct series_set *fs, const struct series_moment *m,
	struct series_result *out);

#endif
