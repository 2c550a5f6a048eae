/*
 * Webhook deliveries of --callback: each URL has a queue of deliveries. They are sent in order, one
 * request at a time, retried with exponential backoff, and kept in the spool if there is one. A
 * state machine: no call waits; a window that is handed over is sent and spooled by the next step.
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
	DELIVERIES_DROPPED,	/* refused or out of time, and not in the spool */
	DELIVERIES_REFUSED,	/* kept in the spool: a later run tries it again */
	DELIVERIES_SPOOLED,	/* out of time, kept in the spool for a later run */
	DELIVERIES_KINDS
};

struct deliveries_event {		/* borrowed for the call */
	enum deliveries_kind kind;
	size_t target;
	const char *to;		/* scheme://host[:port] */
	const char *id;		/* webhook-id */
	unsigned attempt;	/* how many were made; 0: none */
	int64_t wait_us;	/* RETRY: until the next attempt */
	long http_status;	/* 0: none */
	const char *reason;	/* NULL: none */
};

struct deliveries_totals {
	uint64_t delivered;	/* with those of earlier runs */
	uint64_t retried;	/* attempts */
	uint64_t dropped;	/* with refused ones that a full spool removed */
	uint64_t refused;	/* kept in the spool; with those of earlier runs */
	uint64_t spooled;	/* of this run, kept for a later one, refused or not */
};

struct deliveries_conf {		/* all borrowed until deliveries_free() */
	const struct targets *targets;
	struct http *http;
	struct spool *spool;	/* NULL: none */
	const char *run;
	int64_t start_ms;
	int64_t retry_for_us;
	void (*report)(void *arg, const struct deliveries_event *event);
	void *arg;
};

struct deliveries;

struct deliveries *deliveries_new(const struct deliveries_conf *conf);	/* NULL: out of memory */
void deliveries_free(struct deliveries *c);	/* ends requests at once; NULL is fine */

/* Copies the window. It is not sent or written to disk before the next step. */
void deliveries_window(struct deliveries *c, const struct payload_window *window);

/* Call it after each http_perform(), and when the deadline is over. A step writes new deliveries to
 * the spool, with one sync; if there are very many it leaves some to the next step, and its
 * deadline is at once. real_us is the time of the real clock, for the signatures. */
void deliveries_step(struct deliveries *c, int64_t now_us, int64_t real_us,
	struct lines *warnings);
int64_t deliveries_deadline_us(const struct deliveries *c);

/* No more windows follow. The first step after end_us gives up what is not delivered by then, even
 * if it is not in the spool yet. Of several calls the earliest end_us counts. */
void deliveries_end(struct deliveries *c, int64_t end_us);
bool deliveries_are_written(const struct deliveries *c);	/* to the spool; or there is none */
bool deliveries_are_done(const struct deliveries *c);	/* nothing is waiting or being sent */

/* Why a delivery could not be written to the spool (the first failure); NULL: all could. */
const char *deliveries_spool_fault(const struct deliveries *c);
const struct deliveries_totals *deliveries_totals(const struct deliveries *c);

#endif
