/*
 * The state of one run. setup.c fills it; live.c and replay.c take its turns; run.c has the loop
 * and the end. No other file includes this.
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
	bool clock_told;	/* the system's clock was set */
	bool audit_lost;	/* what ended the run is its audit file, not its rows */
	int stderr_fd;		/* its own, that need not wait where that can be; -1: none yet */
	struct audit *audit;
	struct audit_events *report;
	struct progress *progress;	/* NULL: none is shown */
	struct pipeline *flow;	/* what messages become */
	struct lines queues;	/* those named by ID, then those found by name */
	const char **name;	/* by queue, NULL where it is not known */
	struct queue_list names;	/* of a replay, or cached where none is looked up */
	struct buf text;	/* lines of a recording */
	struct writer *out;
	struct side_file *record, *rejects;
	struct lines warnings;
	struct http *http;	/* NULL: a replay without callbacks */
	struct deliveries *callbacks;	/* NULL: none */
	struct spool *spool;	/* theirs, or NULL */
	/* live */
	struct token_cache *cache;
	struct token *token;
	struct source source;
	char *payload;
	struct queue_lookup *lookup;	/* queues by name, before there is a source */
	struct lines named;	/* all names that it has to know */
	bool listed;		/* --list-queues: they are printed */
	struct lines secrets;	/* that no recording may hold */
	uint64_t told_token;	/* generation of the last token that was reported; 0: none */
	bool recording;		/* its first line is written */
	/* replay */
	struct recording *tape;	/* the settings' */
	struct recording_entry entry;	/* held: not yet applied */
	bool held, tape_ended, tape_waits, tape_torn, replay_done;
	bool begun;		/* a recording began with the entry at hand */
	bool recording_over;	/* it has ended; what follows begins another one */
	bool unended;		/* one had no end */
	bool told;		/* the recording at hand told more than its run and names */
	bool source_known, names_came;
	bool used;		/* a recording names its queues, or a snapshot tells of one */
	bool any;		/* no list of queues: those that are met have rows */
	uint64_t recordings;
	uint64_t bare_lines;	/* without `at`, where the clock needs one */
	uint64_t good_lines;
	int64_t tape_at_us;	/* the newest `at`; NO_TIME: none */
};

#endif
