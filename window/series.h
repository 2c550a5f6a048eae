/*
 * The figures of one group's rows, in the order of the row. Each is a gauge, an age or a
 * total; gauges and ages say what one part holds, or several (over media types, presences of
 * one name) as one. Memory: at most FIGURES_MAX of them.
 */
#ifndef WINDOW_SERIES_H
#define WINDOW_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window/metric_types.h"

#define FIGURES_MAX 512

/* What is known now of one number that the service tells: a gauge's value, or since when
 * somebody waits. */
struct holding {
	bool known, waiting;	/* waiting: of an age, else nobody does */
	double value;
	int64_t start_us;
	const struct holding *beside;	/* of an age: the gauge of those who wait; NULL: none */
};

enum fact_kind { FACT_GAUGE, FACT_AGE, FACT_TOTAL, FACT_PLAIN };

/* What a figure is in one window; borrowed from it until it changes. */
struct fact {
	const char *metric;
	const char *path;	/* `count`, `IDLE.count` */
	enum fact_kind kind;
	union {
		struct gauge_summary gauge;
		struct age age;
		struct total_summary total;	/* PLAIN: its `total` */
	} is;
	bool sum;		/* over qualifiers that have figures of their own in the row */
	bool sketch;		/* its quantiles are not exact */
	double accuracy;
};

struct figure;
#define FIGURE_HEAD 128		/* bytes of it that most changes touch, and a stretch */

struct figures {		/* all zero: none */
	struct figure **v;
	size_t n, cap;
};

void figures_free(struct figures *fs);

struct label {
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
struct figure *figures_make(struct figures *fs, const struct label *label, enum fact_kind kind,
	bool *full);

/* The figure that has the path now: f under its new name, or another one of its metric that
 * had it before. Also f, under its old name, where the new one has no room. */
struct figure *figures_rename(struct figures *fs, struct figure *f, const struct label *label);
enum fact_kind figure_kind(const struct figure *f);

/* h is borrowed until it is dropped; a figure goes with its last one. summed: what else the
 * figure has that is not summed wins over the sum. False: no memory. */
bool figure_add(struct figure *f, const struct holding *h, bool summed);
bool figure_is_new(const struct figure *f);	/* nothing was added yet */
/* A new gauge was 0 for so long in the window. False: no memory. */
bool figure_was_zero(struct figure *f, int64_t us);
/* A gauge is to be the sum over qualifiers, known only while `whole` is, whose value is 0. */
bool figure_sum_over(struct figure *f, const struct holding *whole);
void figures_drop(struct figures *fs, struct figure *f, const struct holding *h);
/* From one figure to another of its kind, which then has the events of one that goes. */
bool figures_move(struct figures *fs, struct figure *from, struct figure *to,
	const struct holding *h);

/* The part, or the gauge beside it, has changed. f may be NULL. False: no memory. */
bool figure_refresh(struct figure *f, const struct holding *h, int64_t at_us, bool up);

/* An event of it, once for each frame's number (above 0). f may be NULL. */
void figure_count(struct figure *f, uint64_t frame);

/* A resync has told of it, with whatever value. f may be NULL. */
void figure_confirm(struct figure *f);

/* A total's value; whole: the stream has been up since the interval's begin. */
void figure_total(struct figure *f, struct interval when, double value, bool whole);

/* Counts what held up to at_us in each. False: no memory. */
bool figures_hold(const struct figures *fs, int64_t at_us, bool up);
void figures_carry(const struct figures *fs);	/* into the next window */

/* Totals have to know of half hours that end while the stream is down. */
void figures_lost(const struct figures *fs, int64_t at_us);
void figures_found(const struct figures *fs, int64_t at_us, int64_t window_us);

struct moment {			/* a window's end, up to which all was held */
	int64_t end_us;
	bool up;
	struct interval running;	/* the half hour of then */
	bool whole;			/* the stream was up throughout it */
};

/* A fact for each figure. False: no memory. */
bool figures_facts(const struct figures *fs, const struct moment *m, struct fact *out);

#endif
