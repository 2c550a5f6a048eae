/* Opens what a run needs whatever its input: files, audit, sinks, the pipeline, deliveries. */
#ifndef RUN_SETUP_H
#define RUN_SETUP_H

#include "run/run_state.h"
#include "util/base.h"

enum status setup_files(struct run *run, struct err *err);	/* output, --record, --rejects */
enum status setup_audit(struct run *run, struct err *err);
enum status setup_sinks(struct run *run, struct err *err);
enum status setup_pipeline(struct run *run, struct err *err);	/* of the queues known so far */
enum status setup_progress(struct run *run, struct err *err);
enum status setup_net(struct run *run, struct err *err);	/* libcurl; once is enough */
enum status setup_deliveries(struct run *run, struct err *err);

/* Audit lines show REDACTED in its place. NULL is allowed. False: out of memory. */
bool setup_secret(struct run *run, const char *secret);

#endif
