/*
 * --fail-if: expressions `[SCOPE:]PATH OP NUMBER [for N]`, read from text and held against each
 * closed window. A number that is null or absent does not hold, and ends a series of windows.
 */
#ifndef OUTPUT_THRESHOLD_H
#define OUTPUT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "window/row.h"

#define THRESHOLDS_MAX 64

struct thresholds;

struct thresholds *thresholds_new(void);	/* NULL: out of memory */
void thresholds_free(struct thresholds *ts);	/* NULL is fine */

/* One more. What is wrong with it, in words that name the part; "": nothing is. */
void thresholds_add(struct thresholds *ts, const char *expr, char *why, size_t size);

size_t thresholds_count(const struct thresholds *ts);
const char *threshold_text(const struct thresholds *ts, size_t i);	/* as it was given */
const char *threshold_metric(const struct thresholds *ts, size_t i);	/* NULL: a row field */
const char *threshold_queue_id(const struct thresholds *ts, size_t i);	/* NULL: no such scope */
/* In lower case; NULL: no such scope. */
const char *threshold_queue_name(const struct thresholds *ts, size_t i);
bool thresholds_name_queues(const struct thresholds *ts);	/* any does; NULL is fine */

/* Once the run's n queues are known, by ID and name (NULL: it has none): whether each scope is
 * one of them. False: why has the first one that is not, a NUL behind it. ts NULL is fine. */
bool thresholds_find(struct thresholds *ts, const char *const *id, const char *const *name,
	size_t n, struct buf *why);

/* One that held: pointers live as long as the reading. */
struct threshold_hit {
	const char *text;
	const struct row *row;
	int64_t window;
	double value;
};
typedef void threshold_held(void *arg, const struct threshold_hit *hit);

/* The next window; held is called for each that holds in it. False: out of memory. */
bool thresholds_judge(struct thresholds *ts, const struct row_window *r, threshold_held *held,
	void *arg);
/* Whether a row of its scope had its number so far. */
bool threshold_was_met(const struct thresholds *ts, size_t i);

#endif
