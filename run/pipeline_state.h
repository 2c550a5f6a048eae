/*
 * The state of a pipeline, and the calls in which the two sources differ. Only pipeline.c,
 * pipeline_stream.c and pipeline_notifications.c include this file.
 */
#ifndef RUN_PIPELINE_STATE_H
#define RUN_PIPELINE_STATE_H

#include "run/clock_check.h"
#include "run/pipeline.h"
#include "util/base.h"
#include "util/buf.h"

struct pipeline {
	const struct pipeline_source *source;
	struct pipeline_conf conf;
	struct window_clock clock;	/* the windows of the source borrow these two */
	struct queue_index queues;
	struct sinks *sinks;		/* these three are of conf */
	struct totals *totals;
	struct audit_events *events;
	struct buf text;	/* a line of --rejects */
	struct clock_check clock_check;
	bool has_more;		/* more windows can be printed when the reader has read some */
	int64_t clock_us;	/* see pipeline_clock_us */
};

/*
 * How one source reads its messages and sorts them into windows. Each call does what pipeline.h
 * says of the function with the same name. A call that returns bool returns false if out of memory.
 */
struct pipeline_source {
	size_t size;	/* of the source's struct, which begins with a struct pipeline */
	enum status (*open)(struct pipeline *p, struct err *err);
	void (*close)(struct pipeline *p);	/* also after open has failed */
	bool (*failed)(const struct pipeline *p);	/* out of memory */
	enum status (*take)(struct pipeline *p, const struct pipeline_message *m, bool *good,
		enum notification_kind *control, struct err *err);
	bool (*socket)(struct pipeline *p, size_t socket, enum queue_window_socket state,
		int64_t at_us);
	bool (*stalled)(struct pipeline *p, int64_t from_us, int64_t until_us);
	void (*start)(struct pipeline *p, int64_t at_us);
	enum status (*restart)(struct pipeline *p, struct err *err);
	bool (*watch)(struct pipeline *p, const char *queue_id);	/* false also: no room */
	const struct row_window *(*due)(struct pipeline *p, int64_t at_us);	/* NULL: none */
	const struct row_window *(*rest)(struct pipeline *p, int64_t at_us, bool cut);
	int64_t (*due_us)(const struct pipeline *p);

	/* NULL if the source does not need it; then the function of pipeline.h does nothing. */
	void (*set_interval)(struct pipeline *p, const char *text, size_t len);
	enum status (*set_queues)(struct pipeline *p, const char *const *queue, size_t n,
		struct err *err);
	enum status (*snapshot)(struct pipeline *p, const struct pipeline_answer *a, bool *good,
		struct err *err);
	bool (*was_answered)(const struct pipeline *p, size_t queue);
	void (*refuse)(struct pipeline *p, const char *queue_id);
	void (*report_resync)(struct pipeline *p, int64_t at_us);	/* if it is over by then */
	void (*check_names)(struct pipeline *p);	/* warns of names of -m or --outlier that
							   are unknown and had no value */
};

extern const struct pipeline_source pipeline_stream, pipeline_notifications;

/* A rejected frame, for the audit and --rejects. text is the frame, at_us when it came. */
struct pipeline_reject {
	enum reject reason;
	const char *queue_id;	/* NULL: unknown */
	struct verdict_place place;
	const char *detail;	/* NULL: none */
	const char *text;
	size_t len;
	int64_t at_us;
};
void pipeline_reject(struct pipeline *p, const struct pipeline_reject *r);
/* VERDICT_ACCEPTED, _BEYOND or _OTHER_SHARD: does nothing. Rejected: sets r->reason and
 * calls pipeline_reject. In both cases, returns ST_OK. Too many queues, or out of memory: returns
 * the error. */
enum status pipeline_verdict(struct pipeline *p, enum verdict verdict, struct pipeline_reject *r,
	struct err *err);

/* Prints all windows that are over at at_us, even if the reader is slow; stops if a threshold ends
 * the run. Call it before taking a frame that belongs after them. */
enum status pipeline_print_before(struct pipeline *p, int64_t at_us, struct err *err);

/* Returns st, but ST_OUTPUT instead of ST_OK if the windows ran out of memory. */
enum status pipeline_check_memory(const struct pipeline *p, enum status st, struct err *err);

#endif
