/*
 * The thresholds of --fail-if: expressions `[SCOPE:]PATH OP NUMBER [for N]`, which are parsed and
 * compared with the rows of each closed window that their scope covers (scope.h). A threshold does
 * not hold if its number is null or absent, and then its count of consecutive windows restarts.
 */
#ifndef OUTPUT_THRESHOLD_H
#define OUTPUT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "output/scope.h"
#include "window/row.h"
#include "window/row_name.h"

#define THRESHOLDS_MAX 64

struct thresholds;

/* Borrows scopes, to which it adds the scopes of its thresholds. NULL: out of memory. */
struct thresholds *thresholds_new(struct scopes *scopes);
void thresholds_free(struct thresholds *ts);	/* NULL is fine */

/* Adds an expression, which is borrowed as long as the scopes exist. Sets why to what is wrong with
 * it, or to "". */
void thresholds_add(struct thresholds *ts, const char *expr, char *why, size_t size);

size_t thresholds_count(const struct thresholds *ts);
const char *threshold_text(const struct thresholds *ts, size_t i);	/* as it was given */
const struct row_name *threshold_name(const struct thresholds *ts, size_t i);
const struct scope *threshold_scope(const struct thresholds *ts, size_t i);
/* The threshold holds only for numbers above this; -INFINITY: also for others. */
double threshold_above(const struct thresholds *ts, size_t i);
unsigned threshold_least(const struct thresholds *ts, size_t i);	/* N of `for N`, or 1 */

/* A threshold that held. Its pointers are valid as long as the window. */
struct threshold_hit {
	const char *text;
	const struct row_name *name;
	const struct row *row;
	int64_t window;
	double value;
};
typedef void threshold_held(void *arg, const struct threshold_hit *hit);

/* Compares the thresholds with the next window, and calls held for each that holds. False: out of
 * memory. */
bool thresholds_judge(struct thresholds *ts, const struct row_window *r, threshold_held *held,
	void *arg);
/* True if a row in its scope has had the number so far. */
bool threshold_was_met(const struct thresholds *ts, size_t i);

#endif
