/*
 * When to try again, and when to stop: exponential backoff with full jitter, Retry-After,
 * the bound of --retry-for, and the count of protocol breaches. A pure function of the
 * times and random numbers handed in; where the latter come from is here too.
 */
#ifndef UTIL_BACKOFF_H
#define UTIL_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_BASE_US 250000
#define BACKOFF_CAP_US 30000000
#define BACKOFF_STABLE_US 60000000	/* a connection that held so long starts anew */

struct backoff {			/* fields are read by others, written by backoff.c */
	int64_t retry_for_us;	/* 0: a single attempt */
	int64_t single_us;	/* with retry_for_us 0: the bound of all of that attempt; 0: none */
	int64_t deadline_us;	/* end of the present period of trying */
	unsigned attempt;	/* failures since the last stable connection */
	unsigned breaches;	/* breaches since the last stable connection */
	int64_t connected_us;	/* when the present connection was made; INT64_MIN: none */
};

enum backoff_verdict { BACKOFF_LATER, BACKOFF_TIME_UP };

void backoff_init(struct backoff *r, int64_t retry_for_us, int64_t now_us);
void backoff_init_bounded(struct backoff *r, int64_t retry_for_us, int64_t single_us,
	int64_t now_us);
void backoff_connected(struct backoff *r, int64_t now_us);
/* The connection is lost: with anew a new period of trying begins; after a stable one attempts
 * and breaches are forgotten. */
void backoff_lost(struct backoff *r, int64_t now_us, bool anew);
/* A breach: true if it is the second one. Call after backoff_lost. */
bool backoff_breach(struct backoff *r);

/* An attempt failed (or a connection was lost). random is 32 random bits; retry_after_us is
 * what the server ordered, 0 or less: nothing. BACKOFF_LATER: *at_us is when to try again. */
enum backoff_verdict backoff_next(struct backoff *r, int64_t now_us, uint32_t random,
	int64_t retry_after_us, int64_t *at_us);

/* Random bits for backoff_next; where none can be had, those of the longest wait. */
uint32_t backoff_random(void);

/* How long an attempt that begins now may take: the least of bound_us and what is left. */
int64_t backoff_attempt_end_us(const struct backoff *r, int64_t now_us, int64_t bound_us);

#endif
