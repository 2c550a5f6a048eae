/* Opens what a run needs with any input: files, audit, sinks, deliveries. */
#ifndef RUN_SETUP_H
#define RUN_SETUP_H

#include "run/pipeline.h"
#include "run/run_state.h"
#include "source/queue_lookup.h"
#include "source/source.h"
#include "util/base.h"

enum status setup_files(struct run *run, struct err *err);	/* output, --record, --rejects */
enum status setup_audit(struct run *run, struct err *err);
enum status setup_sinks(struct run *run, struct err *err);
enum status setup_progress(struct run *run, struct err *err);
enum status setup_net(struct run *run, struct err *err);	/* libcurl; may be called twice */
enum status setup_deliveries(struct run *run, struct err *err);

/* The configuration for a live run with the queues known so far. A replay changes some of it. */
struct pipeline_conf setup_pipeline_conf(struct run *run);

/* The configurations of what a live run gets its data with. The caller sets what depends on more
 * than the options. */
struct token_conf setup_token_conf(const struct options *set);
struct stream_conf setup_stream_conf(const struct options *set);	/* without the payload */
struct channel_conf setup_channel_conf(const struct options *set, int64_t began_us);
struct queue_lookup_conf setup_lookup_conf(const struct options *set);	/* without patterns */

/* From now on audit lines show REDACTED instead of the secret, which may be NULL. Returns false if
 * out of memory. */
bool setup_secret(struct run *run, const char *secret);

#endif
