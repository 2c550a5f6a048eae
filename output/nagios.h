/*
 * --check nagios: ranges for numbers of the last window's rows, judged as the Monitoring
 * Plugins have it, and the one line that such a plugin prints. What a run's end makes of them.
 */
#ifndef OUTPUT_NAGIOS_H
#define OUTPUT_NAGIOS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/base.h"
#include "util/buf.h"
#include "window/row.h"

#define NAGIOS_PATHS_MAX 64		/* distinct paths */

/* The exit statuses of a plugin. */
enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

/* `10`, `10:`, `~:10`, `10:20`, `@10:20`: both ends belong to it. */
struct nagios_range {
	double from, to;	/* may be infinite */
	bool inside;		/* with an @: an alert within, else outside */
};
bool nagios_range_parse(struct nagios_range *range, const char *text);
bool nagios_range_alerts(const struct nagios_range *range, double value);

struct nagios;

struct nagios *nagios_new(void);		/* NULL: out of memory */
void nagios_free(struct nagios *p);	/* NULL is fine */

/* One more PATH=RANGE. What is wrong with it, in words that name the part; "": nothing is.
 * metric, where nothing is: its metric, NULL for a row field; borrowed. */
void nagios_add(struct nagios *p, bool critical, const char *text, const char **metric,
	char *why, size_t size);

/* The rows of a closed window, in place of those of the one before. False: out of memory. */
bool nagios_take(struct nagios *p, const struct row_window *r);

/*
 * The run ended with st, for that reason (of no meaning where st is ST_OK): the state, the
 * text that tells of it (as long as p), and the whole line. False: out of memory.
 */
enum nagios_state nagios_state(const struct nagios *p, enum status st);
const char *nagios_text(struct nagios *p, enum status st, const char *why);
bool nagios_put_line(struct nagios *p, enum status st, const char *why, struct buf *out);
bool nagios_has_line(const struct nagios *p);	/* the line was made */

#endif
