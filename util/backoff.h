/*
 * When to try again, and when to stop: exponential backoff with full jitter, Retry-After,
 * the bound of --retry-for, and the count of protocol breaches. A pure function of the
 * times and random numbers handed in; where the latter come from is here too.
 */
#ifndef UTIL_BACKOFF_H
#define UTIL_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_BASE_US 250000
#define RETRY_CAP_US 30000000
#define RETRY_STABLE_US 60000000	/* a connection that held so long starts anew */

struct retry {			/* fields are read by others, written by backoff.c */
	int64_t retry_for_us;	/* 0: a single attempt */
	int64_t single_us;	/* with retry_for_us 0: the bound of all of that attempt; 0: none */
	int64_t deadline_us;	/* end of the present period of trying */
	unsigned attempt;	/* failures since the last stable connection */
	unsigned breaches;	/* breaches since the last stable connection */
	int64_t connected_us;	/* when the present connection was made; INT64_MIN: none */
};

enum retry_verdict { RETRY_LATER, RETRY_TIME_UP };

void retry_init(struct retry *r, int64_t retry_for_us, int64_t now_us);
void retry_init_bounded(struct retry *r, int64_t retry_for_us, int64_t single_us, int64_t now_us);
void retry_connected(struct retry *r, int64_t now_us);
/* The connection is lost: with anew a new period of trying begins; after a stable one attempts
 * and breaches are forgotten. */
void retry_lost(struct retry *r, int64_t now_us, bool anew);
/* A breach: true if it is the second one. Call after retry_lost. */
bool retry_breach(struct retry *r);

/* An attempt failed (or a connection was lost). random is 32 random bits; retry_after_us is
 * what the server ordered, 0 or less: nothing. RETRY_LATER: *at_us is when to try again. */
enum retry_verdict retry_next(struct retry *r, int64_t now_us, uint32_t random,
	int64_t retry_after_us, int64_t *at_us);

/* Random bits for retry_next; where none can be had, those of the longest wait. */
uint32_t retry_random(void);

/* How long an attempt that begins now may take: the least of bound_us and what is left. */
int64_t retry_attempt_end_us(const struct retry *r, int64_t now_us, int64_t bound_us);

#endif
