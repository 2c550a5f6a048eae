/*
 * A row while it is merged: what it was read from, or what several rows that follow each other in
 * time were joined into. The sums and values of its sketches are exact, so joining loses nothing.
 */
#ifndef MERGE_MERGE_ROW_H
#define MERGE_MERGE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sketch.h"
#include "util/time.h"
#include "window/row.h"
#include "window/row_labels.h"
#include "window/verdict.h"

struct merge_series {
	const char *metric, *path;
	enum row_kind kind;
	/* As in struct row_series. Those that follow from the sketch are not used. */
	double stat[STATS];
	struct sketch sketch;	/* with min and max of the row; a ROW_PLAIN has none */
	int64_t start_ms;	/* of the last row that has the series */
	int64_t zero_us;	/* sum of merge_row.zero_us of the rows that have the series */
};

/* Texts are borrowed from the reader, and equal ones have the same address. */
struct merge_row {		/* start with MERGE_ROW_NONE */
	const char *queue_id;
	const char *queue_name;		/* NULL: not known */
	const char *media;		/* NULL: the row of the whole queue */
	const char *interval;		/* NULL: not known, or the rows have different ones */
	const struct row_labels *labels;	/* NULL: none */
	const char *label_text;		/* the labels as text, equal if they are; or NULL */
	bool notifications, event_time;
	int64_t start_ms, end_ms;
	int64_t covered_ms;		/* by rows that were joined */
	int64_t last_start_ms;		/* of the last row that was joined */
	bool partial;
	int64_t connected_us;		/* NO_TIME: not known */
	int64_t since_us;		/* of the last complete snapshot; NO_TIME: none */
	/* How long gauges that the row lacks were 0, because a snapshot did not have them. */
	int64_t zero_us;
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;
	uint32_t shard, shards;		/* shards 0: not given */
	uint64_t sources;		/* how many rows of a run it is made of */
	struct merge_series *series;	/* in the row's order */
	size_t nseries, cap;
};

#define MERGE_ROW_NONE (struct merge_row){ .connected_us = NO_TIME, .since_us = NO_TIME, \
	.sources = 1 }

void merge_row_free(struct merge_row *row);	/* leaves it as MERGE_ROW_NONE */

/* Adds a series at `at`, with all numbers NaN. NULL: out of memory. */
struct merge_series *merge_row_add_series(struct merge_row *row, size_t at, const char *metric,
	const char *path, enum row_kind kind);

/* Joins a row of the same queue and media type that begins after the end of `row`: takes what it
 * needs of it, and frees it. Returns what is wrong (NULL: nothing), or why_no_memory. */
const char *merge_row_join(struct merge_row *row, struct merge_row *next);

/* Completes a row before it is printed. queue: the row of the whole queue, of the same time; it may
 * be `row` itself, which has to be completed last. What rows of complete snapshots leave out was 0,
 * and media types without a row were as long connected as the queue. False: out of memory. */
bool merge_row_complete(struct merge_row *row, const struct merge_row *queue);

/* Sets the span of an empty window and the members that are the same for all rows of a source, as
 * far as one row tells them: others may have a name or labels that this one lacks. */
void merge_row_describe(const struct merge_row *row, struct row_window *w);

/* Appends the row to the window, for which row_window_begin has made room. Sets `partial` of w to
 * that of the row; the row ends with the window. False: out of memory. */
bool merge_row_put(struct merge_row *row, size_t queue, struct row_window *w);

#endif
