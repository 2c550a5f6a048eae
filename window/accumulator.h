/*
 * An accumulator collects what one queue sends in one window of the stream: the statistics of its
 * fields, the number of counted and rejected frames, and their lag. Its memory is bounded: at most
 * FIELD_MAX fields, with names of limited length.
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
	int64_t arrival_us;	/* of the last value; NO_TIME: not known */
	struct sample sample;
};

struct accumulator {
	int64_t window;			/* its number; the owner sets this and `older` */
	struct accumulator *older;
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;
	size_t nfield;
	struct accumulator_field *field[FIELD_MAX]; /* in the order of arrival until sorted */
};

void accumulator_free(struct accumulator *acc);

/*
 * Whether the numbers of a frame fit into the accumulator, which is NULL if it is still empty:
 * there may be at most FIELD_MAX fields, and no field may be a number in one frame and an object in
 * another. Sets slot[i] to the index of the field of leaf i, or -1 for a new field; pass `slot` to
 * accumulator_accept.
 */
bool accumulator_fits(const struct accumulator *acc, const struct stream_event *frame,
	int slot[FIELD_MAX]);

/* Counts the frame. arrival_us: NO_TIME if unknown, then its lag is unknown too. False: out of
 * memory. */
bool accumulator_accept(struct accumulator *acc, const struct stream_event *frame,
	const int slot[FIELD_MAX], int64_t arrival_us);

/* Sorts the fields by metric, then by the bytes of the path. */
void accumulator_sort(struct accumulator *acc);

#endif
