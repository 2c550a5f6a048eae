/*
 * Hands each window that is over to everything that uses it: the output prints its rows, the audit
 * gets its counts, thresholds and --check compare its values, callbacks send it.
 */
#ifndef RUN_SINKS_H
#define RUN_SINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/nagios.h"
#include "output/output.h"
#include "output/threshold.h"
#include "output/writer.h"
#include "run/audit_events.h"
#include "util/base.h"
#include "util/lines.h"
#include "webhook/payload.h"
#include "window/row.h"

struct sinks_conf {		/* all pointers are borrowed for the sinks' life */
	enum format format;
	unsigned media;			/* of which media types rows are printed and sent, see
					   row_window_with_media */
	struct output_conf output;
	struct totals *totals;
	struct audit_events *events;
	struct writer *writer;
	size_t ahead;			/* bytes of rows that may wait for the reader, 0: any */
	struct thresholds *thresholds;	/* NULL: none */
	bool fail_fast;			/* the first threshold that holds ends the run */
	/* Called for each window, with its rows as NDJSON in any format; both are borrowed for the
	 * call. NULL: there are no callbacks. */
	void (*on_window)(void *arg, const struct payload_window *window);
	void *arg;
	bool check;			/* of --check: print no rows */
	struct nagios *ranges;		/* of --check, or that an output marks numbers by; NULL:
					   none */
};

struct sinks;

struct sinks *sinks_new(const struct sinks_conf *conf);	/* NULL: out of memory */
void sinks_free(struct sinks *s);

enum status sinks_window(struct sinks *s, const struct row_window *w, struct err *err);
int64_t sinks_windows(const struct sinks *s);	/* how many there were, also one that failed */
/* When the last one ended; NO_TIME: there was none, or it is partial. */
int64_t sinks_end_us(const struct sinks *s);
/* More bytes wait than `ahead`: print no window before the reader has taken some. */
bool sinks_wait_for_reader(const struct sinks *s);

/* Call when no window follows. If the output shows only the last window that is not partial, and
 * did not replace a file with each one, writes it now. Adds warnings about numbers that were left
 * out, and if all windows were partial. */
enum status sinks_end(struct sinks *s, struct lines *warnings, struct err *err);

bool sinks_ends_run(const struct sinks *s);	/* a threshold held, with fail_fast */

#endif
