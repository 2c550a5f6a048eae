/*
 * What one queue has had in one window of the stream: its fields with their statistics, how many
 * frames were counted or rejected, and their lag. At most FIELD_MAX fields with bounded names.
 */
#ifndef WINDOW_ACCUMULATOR_H
#define WINDOW_ACCUMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/stream_event.h"
#include "stats/sample.h"
#include "window/verdict.h"

struct accumulator_field {
	size_t metric;
	char *path;		/* `avg`, `voice.active` */
	size_t path_len;
	struct sample sample;
};

struct accumulator {
	int64_t window;			/* its number; this and `older` are the owner's */
	struct accumulator *older;
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;
	size_t nfield;
	struct accumulator_field *field[FIELD_MAX]; /* in the order they came, until it is sorted */
};

void accumulator_free(struct accumulator *acc);

/*
 * Whether the numbers of a frame fit into the accumulator (NULL: an empty one): at most FIELD_MAX
 * fields, and none that is both a number and an object. slot[i] is then the field of each leaf, or
 * -1 for a new one; pass it to accumulator_accept.
 */
bool accumulator_fits(const struct accumulator *acc, const struct stream_event *frame,
	int slot[FIELD_MAX]);

/* Adds the frame. arrival_us NO_TIME: its lag is not known. False: out of memory. */
bool accumulator_accept(struct accumulator *acc, const struct stream_event *frame,
	const int slot[FIELD_MAX], int64_t arrival_us);

void accumulator_sort(struct accumulator *acc);	/* fields by metric, then by the path's bytes */

#endif
