/*
 * Opens what a run needs: files, audit, the pipeline, the connection's source, deliveries. Also
 * sets the run's queues once their names are known.
 */
#ifndef RUN_SETUP_H
#define RUN_SETUP_H

#include "run/run_state.h"
#include "util/base.h"
#include "util/lines.h"

enum status setup_files(struct run *run, struct err *err);	/* output, --record, --rejects */
enum status setup_core(struct run *run, struct err *err);	/* audit and pipeline */
enum status setup_progress(struct run *run, struct err *err);
enum status setup_live(struct run *run, struct err *err);	/* token and source */
enum status setup_channel(struct run *run, struct err *err);
enum status setup_deliveries(struct run *run, struct err *err);

/* Audit lines show REDACTED in its place. NULL is allowed. False: out of memory. */
bool setup_secret(struct run *run, const char *secret);

/*
 * Adds the queues that --queue-name matches in the list, sets the names of all queues, and makes
 * the pipeline anew. The run borrows the list's texts until it ends. problems: a line for each
 * pattern that matches no queue, or as a name more than one.
 */
enum status setup_names(struct run *run, const struct queue_list *list, struct lines *problems,
	struct err *err);
/* ST_USAGE with the first of these problems; the others become warnings. ST_OK: there is none. */
enum status setup_unknown_names(struct run *run, const struct lines *problems, struct err *err);
/* Call when names are known. ST_USAGE: a threshold names a queue that the run does not have. */
enum status setup_scopes(const struct run *run, struct err *err);

/* Parts of setup_names: adds a queue unless the run has it; sets the queues' names. */
enum status setup_queue(struct run *run, const char *id, struct err *err);
enum status setup_set_names(struct run *run, const struct queue_list *list, struct err *err);

#endif
