/*
 * The queues of a run: those named by ID, and those whose names are found in a list of queues once
 * the input has one. A replay finds more in each recording.
 */
#ifndef RUN_RUN_QUEUES_H
#define RUN_RUN_QUEUES_H

#include "run/pipeline.h"
#include "run/run_state.h"
#include "source/queue_list.h"
#include "util/base.h"

/* The queues that are named by ID. */
enum status run_queues_begin(struct run *run, struct err *err);

/* Adds a queue unless the run has it. */
enum status run_queues_add(struct run *run, const char *id, struct err *err);

/* Names all queues, also those of the pipeline. The run borrows the list's texts until it ends. */
enum status run_queues_set_names(struct run *run, struct pipeline *p,
	const struct queue_list *list, struct err *err);

/*
 * Adds the queues that --queue-name matches in the list, names all queues, and hands them to the
 * pipeline, before its first message. ST_USAGE: a pattern matches no queue, or as a name more than
 * one, or a threshold names a queue that the run does not have; if there are more of the first
 * kind, they become warnings.
 */
enum status run_queues_find(struct run *run, struct pipeline *p, const struct queue_list *list,
	struct err *err);

#endif
