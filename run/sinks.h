/*
 * A closed window to all who want it: its rows to the output, its counts to the report, its
 * numbers to the thresholds or to a check. Or in place of rows an exposition of whole windows
 * alone: a file is replaced by each, to anything else goes the last.
 */
#ifndef RUN_SINKS_H
#define RUN_SINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/format.h"
#include "output/nagios.h"
#include "output/ndjson.h"
#include "output/table.h"
#include "output/threshold.h"
#include "output/writer.h"
#include "run/audit_events.h"
#include "util/base.h"
#include "util/lines.h"
#include "webhook/payload.h"
#include "window/queue_window.h"
#include "window/stream_window.h"

struct sinks_conf {		/* all pointers are borrowed for the flush's life */
	enum format format;
	bool header;			/* CSV: a header before the first row */
	bool queues_alone;		/* no rows of media types */
	struct ndjson_stream stream;
	const char *const *queue_name;	/* by number, or NULL; each may be NULL */
	struct table_conf table;	/* with FORMAT_TABLE */
	size_t columns;			/* its width; 0: the terminal's */
	bool colour;			/* where it goes to a terminal */
	struct audit_events *report;
	struct writer *out;
	struct thresholds *thresholds;	/* NULL: none */
	bool fail_fast;			/* the first that holds ends the run */
	/* Each window that was printed, its rows as NDJSON whatever the format; borrowed for the
	 * call. NULL: nobody asks. */
	void (*closed)(void *arg, const struct payload_window *window);
	void *arg;
	struct nagios *plugin;		/* NULL: none; with one no rows are printed */
};

struct sinks;

struct sinks *sinks_new(const struct sinks_conf *conf);	/* NULL: out of memory */
void sinks_free(struct sinks *f);

enum status sinks_window(struct sinks *f, const struct stream_window *w, struct err *err);
/* nqueue: those that have rows. */
enum status sinks_board(struct sinks *f, const struct queue_window *w, size_t nqueue,
	struct err *err);

/* No window follows. Queues what was kept for the end; warnings: what it lacks. */
enum status sinks_end(struct sinks *f, struct lines *warnings, struct err *err);

/* The queues' names by number, borrowed. */
void sinks_names(struct sinks *f, const char *const *name);

bool sinks_ends_run(const struct sinks *f);	/* a threshold held, and that ends it */

#endif
