/* Ranges and numbers as the Monitoring Plugins Development Guidelines write them. */
#ifndef OUTPUT_NAGIOS_RANGE_H
#define OUTPUT_NAGIOS_RANGE_H

#include <stdbool.h>

#include "util/buf.h"

/* `10`, `10:`, `~:10`, `10:20`, `@10:20`. Both ends belong to the range. */
struct nagios_range {
	double from, to;	/* may be infinite */
	bool inside;		/* @: alerts for values inside the range, else outside */
};
bool nagios_range_parse(struct nagios_range *range, const char *text);
bool nagios_range_alerts(const struct nagios_range *range, double value);
void nagios_range_put(struct buf *out, const struct nagios_range *range);	/* as it is given */

/* Writes a number. It has digits, a sign and a point only, as the guidelines allow. */
void nagios_number_put(struct buf *out, double x);

#endif
