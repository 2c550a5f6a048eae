/*
 * Windows on their way to URLs: for each URL a line of deliveries, one request at a time and
 * in order, tried again with backoff.h's backoff, kept in the spool where there is one. A state
 * machine: nothing here waits, and what is handed over is only kept until the next step.
 */
#ifndef WEBHOOK_DELIVERIES_H
#define WEBHOOK_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "util/lines.h"
#include "webhook/payload.h"
#include "webhook/spool.h"
#include "webhook/target.h"

#define DELIVERIES_MEMORY_MAX (16u << 20)	/* bytes that may wait, over all URLs */

enum deliveries_kind {
	DELIVERIES_DELIVERED,
	DELIVERIES_RETRY,
	DELIVERIES_DROPPED,	/* refused or out of time, and kept nowhere */
	DELIVERIES_REFUSED,	/* in the spool: a later run tries it again */
	DELIVERIES_SPOOLED,	/* out of time; in the spool for a later run */
	DELIVERIES_KINDS
};

struct deliveries_event {		/* borrowed for the call */
	enum deliveries_kind kind;
	size_t target;
	const char *to;		/* scheme://host[:port] */
	const char *id;		/* webhook-id */
	unsigned attempt;	/* so many were made; 0: none */
	int64_t wait_us;	/* RETRY: until the next one */
	long http_status;	/* 0: none */
	const char *reason;	/* NULL: none */
};

struct deliveries_totals {
	uint64_t delivered;	/* those of earlier runs, too */
	uint64_t retried;	/* attempts */
	uint64_t dropped;	/* with those refused that a full spool lost */
	uint64_t refused;	/* kept in the spool; those of earlier runs, too */
	uint64_t spooled;	/* of this run, left for a later one, refused or not */
};

struct deliveries_conf {		/* all borrowed for the callbacks' life */
	const struct targets *targets;
	struct http *http;
	struct spool *spool;	/* NULL: none */
	const char *run;
	int64_t start_ms;
	int64_t retry_for_us;
	void (*told)(void *arg, const struct deliveries_event *event);
	void *arg;
};

struct deliveries;

struct deliveries *deliveries_new(const struct deliveries_conf *conf);	/* NULL: out of memory */
void deliveries_free(struct deliveries *c);	/* drops what is under way; NULL is fine */

/* Copies the window; nothing is sent or written before the next step. */
void deliveries_window(struct deliveries *c, const struct payload_window *window);

/* After each http_perform and by its deadline. A step writes what came since the last one to the
 * spool, with one sync; of very much it leaves a part to the next step, which it wants at once.
 * real_us is the wall's clock, for the signatures. */
void deliveries_step(struct deliveries *c, int64_t now_us, int64_t real_us,
	struct lines *warnings);
int64_t deliveries_deadline_us(const struct deliveries *c);

/* No window comes any more; what has not arrived by end_us is given up in the step then, also
 * what is not yet written. The earliest end_us holds. */
void deliveries_end(struct deliveries *c, int64_t end_us);
bool deliveries_are_written(const struct deliveries *c);	/* or there is no spool */
bool deliveries_are_done(const struct deliveries *c);	/* nothing waits or is under way */

/* Why a delivery could not be written to the spool, the first time; NULL: each could. */
const char *deliveries_spool_fault(const struct deliveries *c);
const struct deliveries_totals *deliveries_totals(const struct deliveries *c);

#endif
