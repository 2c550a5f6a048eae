/*
 * --check nagios: ranges for numbers of the last window's rows, judged as the Monitoring
 * Plugins have it, and the one line that such a plugin prints. What a run's end makes of them.
 */
#ifndef OUTPUT_NAGIOS_H
#define OUTPUT_NAGIOS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/base.h"
#include "window/row.h"

#define PLUGIN_PATHS_MAX 64		/* distinct paths */

/* The exit statuses of a plugin. */
enum plugin_state { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };

/* `10`, `10:`, `~:10`, `10:20`, `@10:20`: both ends belong to it. */
struct range {
	double from, to;	/* may be infinite */
	bool inside;		/* with an @: an alert within, else outside */
};
bool range_parse(struct range *range, const char *text);
bool range_alerts(const struct range *range, double value);

struct plugin;

struct plugin *plugin_new(void);		/* NULL: out of memory */
void plugin_free(struct plugin *p);	/* NULL is fine */

/* One more PATH=RANGE. What is wrong with it, in words that name the part; "": nothing is.
 * metric, where nothing is: its metric, NULL for a row field; borrowed. */
void plugin_add(struct plugin *p, bool critical, const char *text, const char **metric,
	char *why, size_t size);

/* The rows of a closed window, in place of those of the one before. False: out of memory. */
bool plugin_take(struct plugin *p, const struct reading *r);

/*
 * The run ended with st, for that reason (of no meaning where st is ST_OK): the state, the
 * text that tells of it (as long as p), and the whole line. False: out of memory.
 */
enum plugin_state plugin_state(const struct plugin *p, enum status st);
const char *plugin_text(struct plugin *p, enum status st, const char *why);
bool plugin_put_line(struct plugin *p, enum status st, const char *why, struct buf *out);
bool plugin_has_line(const struct plugin *p);	/* the line was made */

#endif
