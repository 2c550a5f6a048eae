/*
 * When to try again, and when to give up: exponential backoff with full jitter, Retry-After, the
 * time limit of --retry-for, and how often the server broke the protocol. The caller passes in the
 * time and the random numbers, so that tests can choose them.
 */
#ifndef UTIL_BACKOFF_H
#define UTIL_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_BASE_US 250000
#define BACKOFF_CAP_US 30000000
#define BACKOFF_STABLE_US 60000000	/* a connection that lasted this long resets the counts */

struct backoff {		/* other files may read the members, only backoff.c writes them */
	int64_t retry_for_us;	/* 0: try once */
	int64_t single_us;	/* with retry_for_us 0: time limit of that attempt; 0: none */
	int64_t deadline_us;	/* when to give up */
	unsigned attempt;	/* failures since the last stable connection */
	unsigned breaches;	/* protocol violations since the last stable connection */
	int64_t connected_us;	/* when the current connection was made; INT64_MIN: none */
};

enum backoff_verdict { BACKOFF_LATER, BACKOFF_TIME_UP };

/* single_us: time limit of the only attempt, if retry_for_us is 0; 0: none. */
void backoff_init(struct backoff *b, int64_t retry_for_us, int64_t single_us, int64_t now_us);
void backoff_connected(struct backoff *b, int64_t now_us);
/* The connection is lost. Resets the counts if it was stable, and the deadline if anew is true. */
void backoff_lost(struct backoff *b, int64_t now_us, bool anew);
/* The server broke the protocol; true: for the second time. Call backoff_lost first. */
bool backoff_breach(struct backoff *b);

/* An attempt failed, or a connection was lost. random is 32 random bits; retry_after_us is the
 * server's Retry-After, 0 or less: none. BACKOFF_LATER: try again at *at_us. */
enum backoff_verdict backoff_next(struct backoff *b, int64_t now_us, uint32_t random,
	int64_t retry_after_us, int64_t *at_us);

/* Random bits for backoff_next; if the system has none, the bits that give the longest wait. */
uint32_t backoff_random(void);

/* When an attempt that begins now must end: after bound_us, but at the deadline at the latest. */
int64_t backoff_attempt_end_us(const struct backoff *b, int64_t now_us, int64_t bound_us);

#endif
