/*
 * The state of one run. setup.c fills it; live.c and replay.c take its turns; run.c has the loop
 * and the end. No file outside run/ includes this.
 */
#ifndef RUN_RUN_STATE_H
#define RUN_RUN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/token.h"
#include "cli/options.h"
#include "output/progress.h"
#include "output/side_file.h"
#include "output/writer.h"
#include "run/audit_events.h"
#include "run/pipeline.h"
#include "run/run.h"
#include "source/queue_list.h"
#include "source/queue_lookup.h"
#include "source/recording.h"
#include "source/source.h"
#include "util/buf.h"
#include "util/lines.h"
#include "webhook/deliveries.h"
#include "webhook/spool.h"

#define RUN_REPLAY_AHEAD (1u << 20)	/* bytes of rows; a replay waits for its reader */

struct run {
	const struct options *set;
	const struct run_clock *clock;
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
	struct pipeline *pipeline;
	struct lines queues;	/* IDs: those named by ID, then those found by name */
	const char **queue_name;	/* by index in queues; NULL: unknown */
	struct queue_list queue_list;	/* of the recording, or from the cache */
	struct buf text;	/* a line or rows being made */
	struct writer *writer;
	struct side_file *record, *rejects;
	struct lines warnings;
	struct http *http;	/* NULL: a replay without --callback */
	struct deliveries *deliveries;	/* NULL: no --callback */
	struct spool *spool;	/* of the deliveries, or NULL */
	/* live */
	struct token_cache *cache;
	struct token *token;
	struct source source;
	char *payload;
	struct queue_lookup *lookup;	/* finds queues by name before the source is opened */
	struct lines wanted_names;	/* the names that it must find */
	bool listed;		/* --list-queues has printed them */
	struct lines secrets;	/* replaced by REDACTED in --record */
	uint64_t reported_token;	/* generation of the last token in an event; 0: none */
	bool record_begun;	/* the first line of --record is written */
	/* replay: the input is one or more recordings, one after the other */
	struct recording *recording;	/* the input; borrowed from the options */
	struct recording_entry entry;	/* the line at hand */
	bool held;		/* it is not applied yet, for rows must be read first */
	bool input_ended, input_torn;	/* torn: the last line is cut off */
	bool input_waits;	/* no line can be read now */
	bool replay_done;
	bool entry_begins;	/* the line at hand has begun a recording */
	bool recording_over;	/* the recording at hand has ended: the next line begins one */
	bool unended;		/* a recording had no last line */
	bool past_names;	/* the recording at hand is past its first line and names */
	bool source_known, names_read;
	bool used;		/* a recording lists its queues, or a snapshot has one of them */
	bool any_queue;		/* no queue is named, so every queue of the input has rows */
	uint64_t recordings;	/* how many have begun */
	uint64_t bare_lines;	/* without `at`, which the clock needs */
	uint64_t good_lines;
	int64_t newest_at_us;	/* `at` of the newest line; NO_TIME: none */
};

#endif
