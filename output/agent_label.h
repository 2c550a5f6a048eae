/*
 * Turns agent states and presences into labels: a series of `oUserRoutingStatuses` has the path
 * `IDLE.count`, and a time-series database wants the field `count` with a label status="IDLE".
 */
#ifndef OUTPUT_AGENT_LABEL_H
#define OUTPUT_AGENT_LABEL_H

#include "util/slice.h"
#include "window/row.h"

struct agent_label {
	const char *key;	/* `status` or `presence`; NULL: the series has none */
	struct slice value;
	const char *field;	/* the rest of the path; without a label all of it */
};

/* All borrowed from the series. */
struct agent_label agent_label_of(const struct row_series *series);

#endif
