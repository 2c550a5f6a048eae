/*
 * The state of one run. setup.c fills it, run.c loops over turns, end.c ends the run; live.c and
 * replay.c read it. No file outside run/ includes this.
 */
#ifndef RUN_RUN_STATE_H
#define RUN_RUN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "output/progress.h"
#include "output/side_file.h"
#include "output/writer.h"
#include "run/audit_events.h"
#include "run/input.h"
#include "run/run.h"
#include "run/sinks.h"
#include "util/buf.h"
#include "util/lines.h"
#include "webhook/deliveries.h"
#include "webhook/spool.h"

#define RUN_AHEAD (1u << 20)	/* a replay waits while more bytes of rows are unread */

struct run {
	const struct options *set;
	struct options_made *made;
	const struct run_clock *clock;
	const struct input *input;
	void *input_state;
	int signal_fd;
	int64_t began_us, now_us;
	int64_t turned_us;	/* now_us of the last turn */
	bool started;		/* run.start is written */
	bool clock_warned;	/* a warning has said that the system's clock was set */
	bool audit_lost;	/* the audit file could not be written, but rows still can */
	int stderr_fd;		/* see open_stderr() in setup.c; -1: none yet */
	struct audit *audit;
	struct totals totals;
	struct audit_events *events;
	struct progress *progress;	/* NULL: none is shown */
	struct sinks *sinks;
	struct lines queues;	/* IDs: those named by ID, then those found by name */
	bool any_queue;		/* no queue was named, so all queues of the input have rows */
	struct buf text;	/* rows or a line being made */
	struct writer *writer;
	struct side_file *record, *rejects;
	struct lines warnings;
	struct http *http;	/* NULL: a replay without --callback */
	struct deliveries *deliveries;	/* NULL: no --callback */
	struct spool *spool;	/* of the deliveries, or NULL */
};

#endif
