/*
 * The thresholds of --fail-if: expressions `[SCOPE:]PATH OP NUMBER [for N]`, which are parsed and
 * compared with each closed window. A number that is null or absent fulfils none, and the count of
 * windows in a row begins anew.
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

/* Adds an expression. why: what is wrong with it; "": nothing. */
void thresholds_add(struct thresholds *ts, const char *expr, char *why, size_t size);

size_t thresholds_count(const struct thresholds *ts);
const char *threshold_text(const struct thresholds *ts, size_t i);	/* as it was given */
const char *threshold_metric(const struct thresholds *ts, size_t i);	/* NULL: a row field */
const char *threshold_queue_id(const struct thresholds *ts, size_t i);	/* NULL: no such scope */
/* In lower case; NULL: no such scope. */
const char *threshold_queue_name(const struct thresholds *ts, size_t i);
bool thresholds_name_queues(const struct thresholds *ts);	/* any does; NULL is fine */

/* Whether each scope is one of the run's n queues, given by ID and name (NULL: not known). False:
 * why describes the first scope that is not, with a NUL at the end. ts NULL is fine. */
bool thresholds_find(struct thresholds *ts, const char *const *id, const char *const *name,
	size_t n, struct buf *why);

/* A threshold that held. Its pointers are valid as long as the row window. */
struct threshold_hit {
	const char *text;
	const struct row *row;
	int64_t window;
	double value;
};
typedef void threshold_held(void *arg, const struct threshold_hit *hit);

/* Compares the next window, and calls held for each threshold that holds. False: out of memory. */
bool thresholds_judge(struct thresholds *ts, const struct row_window *r, threshold_held *held,
	void *arg);
/* Whether any row of its scope has had its number so far. */
bool threshold_was_met(const struct thresholds *ts, size_t i);

#endif
