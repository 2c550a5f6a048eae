/*
 * The alarms of one window: each number for which a threshold of --fail-if held (critical), or that
 * is out of a range of -W (warning) or -C (critical). An output that marks numbers gets them.
 */
#ifndef OUTPUT_ALARMS_H
#define OUTPUT_ALARMS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/nagios.h"
#include "output/threshold.h"
#include "util/buf.h"
#include "window/row.h"
#include "window/row_name.h"

enum alarm_level { ALARM_NONE, ALARM_WARNING, ALARM_CRITICAL };

struct alarm {
	enum alarm_level level;
	size_t queue;			/* its number, see struct row */
	const struct row_name *name;	/* the number's; borrowed */
	size_t text;			/* where its text begins in struct alarms */
};

struct alarms {			/* start with all zero */
	struct alarm *v;
	size_t n, cap;
	struct buf text;	/* for each, a text with a NUL: `12: oWaiting.max>10` */
};

void alarms_free(struct alarms *a);
void alarms_clear(struct alarms *a);	/* begins a window */
bool alarms_failed(const struct alarms *a);	/* out of memory */

void alarms_add_threshold(struct alarms *a, const struct threshold_hit *hit);
void alarms_add_range(struct alarms *a, const struct nagios_hit *hit);

const char *alarm_text(const struct alarms *a, size_t i);
/* The worst level of the queue's alarms. series NULL: of all; else of those that are about a
 * statistic of it. */
enum alarm_level alarms_level(const struct alarms *a, size_t queue,
	const struct row_series *series);

#endif
