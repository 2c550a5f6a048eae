/*
 * One queue in one window: its fields with their statistics, what was rejected, the lag.
 * Memory is bounded by FIELD_MAX fields of bounded names, whatever comes.
 */
#ifndef WINDOW_ACCUMULATOR_H
#define WINDOW_ACCUMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"
#include "window/stream_event.h"
#include "window/verdict.h"

struct accumulator_field {
	size_t metric;
	char *path;		/* `avg`, `voice.active` */
	size_t path_len;
	struct sample sample;
};

struct accumulator {
	uint64_t updates;
	uint64_t rejected[VERDICT_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;
	size_t nfield;
	struct accumulator_field
		*field[FIELD_MAX]; /* in the order they were met until accumulator_sort */
};

void accumulator_free(struct accumulator *cell);

/*
 * Whether a frame's leaves fit beside what the cell holds (NULL: nothing yet): at most
 * FIELD_MAX fields, and none a number here and a group of numbers there. slot[i] is then
 * each leaf's field, -1 a new one, for accumulator_accept.
 */
bool accumulator_fits(const struct accumulator *cell, const struct stream_event *frame,
	int slot[FIELD_MAX]);

/* Counts the frame as an update. arrival_us NO_TIME: no lag is known. False: no memory. */
bool accumulator_accept(struct accumulator *cell, const struct stream_event *frame,
	const int slot[FIELD_MAX], int64_t arrival_us);

void accumulator_sort(struct accumulator *cell); /* fields by metric, then by path bytewise */

#endif
