/*
 * The Nagios check of --check nagios: compares numbers of the last window's rows with ranges, and
 * prints one line with performance data. Follows the Monitoring Plugins Development Guidelines.
 */
#ifndef OUTPUT_NAGIOS_H
#define OUTPUT_NAGIOS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/nagios_range.h"
#include "output/scope.h"
#include "util/base.h"
#include "util/buf.h"
#include "window/row.h"
#include "window/row_name.h"

#define NAGIOS_PATHS_MAX 64		/* distinct pairs of scope and path */

/* The exit status of a check. */
enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

struct nagios;

/* Borrows scopes, to which it adds the scopes of its ranges. NULL: out of memory. */
struct nagios *nagios_new(struct scopes *scopes);
void nagios_free(struct nagios *check);	/* NULL is fine */

/* Adds a range `[SCOPE:]PATH=RANGE` and returns its PATH. Borrows expr as long as the scopes exist.
 * NULL: why says what is wrong with it. */
const struct row_name *nagios_add(struct nagios *check, bool critical, const char *expr, char *why,
	size_t size);

/* A number that is out of a range: state is NAGIOS_WARNING or NAGIOS_CRITICAL. Its pointers are
 * valid as long as the window. */
struct nagios_hit {
	enum nagios_state state;
	const struct row *row;
	const char *path;
	const struct row_name *name;
	const struct nagios_range *range;
	double value;
};
typedef void nagios_out_of_range(void *arg, const struct nagios_hit *hit);
/* From now on, nagios_take() calls out_of_range for each of them. */
void nagios_on_hit(struct nagios *check, nagios_out_of_range *out_of_range, void *arg);

/* Checks the rows of a closed window; the result replaces that of the window before. False: out of
 * memory. */
bool nagios_take(struct nagios *check, const struct row_window *w);

/* The scope of the next range, from entry *at on, whose number no row in it has had so far; NULL:
 * there are no more. Set *at to 0 before the first call. */
const struct scope *nagios_unmet(const struct nagios *check, size_t *at);

/*
 * The result of a run that ended with st: the state, the text (borrowed until the next call), and
 * the whole line, which contains both. why: the reason, if st is not ST_OK. False: out of memory.
 */
enum nagios_state nagios_state(const struct nagios *check, enum status st);
const char *nagios_text(struct nagios *check, enum status st, const char *why);
bool nagios_put_line(struct nagios *check, enum status st, const char *why, struct buf *out);
bool nagios_has_line(const struct nagios *check);	/* nagios_put_line() has made it */

#endif
