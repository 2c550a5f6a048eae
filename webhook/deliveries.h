/*
 * Webhook deliveries of --callback: each URL has a queue of deliveries. They are sent in order, one
 * request at a time, retried with exponential backoff, and kept in the spool if there is one. This
 * is a state machine whose calls never wait.
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
	unsigned attempt;	/* how many attempts were made; 0: none */
	int64_t wait_us;	/* RETRY: until the next attempt */
	long http_status;	/* 0: none */
	const char *reason;	/* NULL: none */
};

struct deliveries_totals {
	uint64_t delivered;	/* including deliveries of earlier runs */
	uint64_t retried;	/* failed attempts after which there was another */
	uint64_t dropped;	/* lost; also refused ones that the full spool removed */
	uint64_t refused;	/* and kept in the spool, including deliveries of earlier runs */
	uint64_t spooled;	/* left in the spool, refused or not; only of this run */
	char failure[256];	/* URL and reason of the last one that was not delivered */
};

struct deliveries_conf {		/* all borrowed until deliveries_free() */
	const struct targets *targets;
	struct http *http;
	struct spool *spool;	/* NULL: none */
	const char *run;		/* the ID of this run */
	int64_t start_ms;		/* when it started, since 1970 */
	int64_t retry_for_us;		/* time for the attempts of one delivery */
	void (*report)(void *arg, const struct deliveries_event *event);
	void *arg;
};

struct deliveries;

struct deliveries *deliveries_new(const struct deliveries_conf *conf);	/* NULL: out of memory */
void deliveries_free(struct deliveries *c);	/* ends requests at once; NULL is fine */

/* Copies the window. It is not sent or written to disk before the next step. */
void deliveries_window(struct deliveries *c, const struct payload_window *window);

/* Call it after each http_perform(), and by the deadline. A step writes new deliveries to the
 * spool, with one sync. If there are very many, it leaves some to the next step, which is due at
 * once. real_us is the time of the real clock, for the signatures. */
void deliveries_step(struct deliveries *c, int64_t now_us, int64_t real_us,
	struct lines *warnings);
/* When to call deliveries_step() at the latest; INT64_MIN: at once, INT64_MAX: no limit. */
int64_t deliveries_deadline_us(const struct deliveries *c);

/* No more windows follow. The first step after end_us gives up all deliveries that are still
 * waiting, even those not in the spool yet. After several calls, the earliest end_us counts. */
void deliveries_end(struct deliveries *c, int64_t end_us);
/* True if no delivery still has to be written to the spool. A write may have failed: see
 * deliveries_spool_fault(). */
bool deliveries_are_written(const struct deliveries *c);
bool deliveries_are_done(const struct deliveries *c);	/* nothing is waiting or being sent */

/* The first reason why a delivery could not be written to the spool; NULL: all were written. */
const char *deliveries_spool_fault(const struct deliveries *c);
const struct deliveries_totals *deliveries_totals(const struct deliveries *c);

#endif
