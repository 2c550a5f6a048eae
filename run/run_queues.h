/*
 * The queues of a run: those named by ID, and those that --queue-name finds in a list of queues,
 * when the input has one. Each recording of a replay can add queues.
 */
#ifndef RUN_RUN_QUEUES_H
#define RUN_RUN_QUEUES_H

#include "run/pipeline.h"
#include "run/run_state.h"
#include "source/queue_list.h"
#include "util/base.h"

/* Begins with the queues that are named by ID. */
enum status run_queues_begin(struct run *run, struct err *err);

/* Adds a queue unless the run has it, or another shard. */
enum status run_queues_add(struct run *run, const char *id, struct err *err);

/* Says which shard the run has, and of which queues, as far as they are known. */
enum status run_queues_shard(const struct run *run, struct audit_events_shard *shard,
	struct err *err);

/* Gives the queues of the pipeline the names of --queue-file. Call once the pipeline is open. */
enum status run_queues_set_file_names(const struct run *run, struct pipeline *p, struct err *err);
/* Gives them the names that they have in the list. With notifications these take precedence over
 * those of --queue-file; the stream's are recorded ones of an earlier --queue-file, and do not. */
enum status run_queues_set_names(const struct run *run, struct pipeline *p,
	const struct queue_list *list, struct err *err);

/* Adds the queues that --queue-name matches in the list. problems gets a line for each pattern that
 * matches no queue, or that is ambiguous. */
enum status run_queues_match(struct run *run, const struct queue_list *list,
	struct lines *problems, struct err *err);

/*
 * Adds the queues that --queue-name matches in the list, and hands all queues and their names to
 * the pipeline. Call before the first message. ST_USAGE: a pattern matches no queue, a name
 * without `*` matches several, or a threshold names a queue that the run does not have. If there
 * are several bad patterns, the error has the first, and warnings have the others.
 */
enum status run_queues_find(struct run *run, struct pipeline *p, const struct queue_list *list,
	struct err *err);

#endif
