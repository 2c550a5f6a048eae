/*
 * The state of one run, which its inputs share. setup.c fills it, run.c has the loop and end.c
 * the end. No file outside run/ includes this.
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

#define RUN_AHEAD (1u << 20)	/* bytes of rows for which an input that can wait does so */

struct run {
	const struct options *set;
	const struct run_clock *clock;
	const struct input *input;
	void *input_state;
	int signal_fd;
	int64_t began_us, now_us;
	int64_t turned_us;	/* now_us of the last turn */
	bool started;		/* run.start is written */
	bool clock_warned;	/* that the system's clock was set */
	bool audit_lost;	/* the run ended because its audit file failed, not its rows */
	int stderr_fd;		/* see open_stderr() in setup.c; -1: none yet */
	struct audit *audit;
	struct audit_events *events;
	struct progress *progress;	/* NULL: none is shown */
	struct sinks *sinks;
	struct lines queues;	/* IDs: those named by ID, then those found by name */
	const char **queue_name;	/* by index in queues; NULL: unknown */
	bool any_queue;		/* no queue is named, so every queue of the input has rows */
	struct buf text;	/* a line or rows being made */
	struct writer *writer;
	struct side_file *record, *rejects;
	struct lines warnings;
	struct http *http;	/* NULL: neither a connection nor --callback */
	struct deliveries *deliveries;	/* NULL: no --callback */
	struct spool *spool;	/* of the deliveries, or NULL */
};

#endif
