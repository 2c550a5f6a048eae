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

enum fate {		/* the first that fits; INVALID to OUTLIER index `rejected` */
	FATE_INVALID,
	FATE_DUPLICATE,
	FATE_STALE,
	FATE_OUTLIER,
	FATE_REJECTS,		/* how many kinds count in a row */
	FATE_ACCEPTED = FATE_REJECTS,
	FATE_FOREIGN_QUEUE,	/* a queue nobody asked for: in no row */
	FATE_BEYOND,		/* good, but its window will not be printed */
	FATE_TOO_MANY_QUEUES,	/* ends the run */
	FATE_NO_MEMORY		/* ends the run */
};

const char *fate_name(enum fate rejected);	/* as rows have it; of one below FATE_REJECTS */

struct field {
	size_t metric;
	char *path;		/* `avg`, `voice.active` */
	size_t path_len;
	struct sample sample;
};

struct cell {
	uint64_t updates;
	uint64_t rejected[FATE_REJECTS];
	uint64_t clock_skew;
	struct sample lag_us;
	size_t nfield;
	struct field *field[FIELD_MAX];	/* in the order they were met until cell_sort */
};

void cell_free(struct cell *cell);

/*
 * Whether a frame's leaves fit beside what the cell holds (NULL: nothing yet): at most
 * FIELD_MAX fields, and none a number here and a group of numbers there. slot[i] is then
 * each leaf's field, -1 a new one, for cell_accept.
 */
bool cell_fits(const struct cell *cell, const struct frame *frame, int slot[FIELD_MAX]);

/* Counts the frame as an update. arrival_us NO_TIME: no lag is known. False: no memory. */
bool cell_accept(struct cell *cell, const struct frame *frame, const int slot[FIELD_MAX],
	int64_t arrival_us);

void cell_sort(struct cell *cell);	/* fields by metric, then by path bytewise */

#endif
