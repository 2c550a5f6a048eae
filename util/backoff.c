#include "util/backoff.h"

#include <openssl/rand.h>

void backoff_init(struct backoff *r, int64_t retry_for_us, int64_t now_us)
{
	*r = (struct backoff){
		.retry_for_us = retry_for_us,
		.deadline_us = now_us + retry_for_us,
		.connected_us = INT64_MIN
	};
}

void backoff_init_bounded(struct backoff *r, int64_t retry_for_us, int64_t single_us,
	int64_t now_us)
{
	backoff_init(r, retry_for_us, now_us);
	if (retry_for_us)
		return;
	r->single_us = single_us;
	r->deadline_us += single_us;
}

void backoff_connected(struct backoff *r, int64_t now_us)
{
	r->connected_us = now_us;
}

void backoff_lost(struct backoff *r, int64_t now_us, bool anew)
{
	if (r->connected_us != INT64_MIN && now_us - r->connected_us >= BACKOFF_STABLE_US) {
		r->attempt = 0;
		r->breaches = 0;
	}
	r->connected_us = INT64_MIN;
	if (anew)
		r->deadline_us = now_us + r->retry_for_us + r->single_us;
}

bool backoff_breach(struct backoff *r)
{
	return ++r->breaches >= 2;
}

/* Full jitter: anything from nothing to the doubled base, so that clients part ways. */
static int64_t backoff_us(unsigned attempt, uint32_t random)
{
	int64_t most = BACKOFF_CAP_US;

	if (attempt < 7 && (int64_t)BACKOFF_BASE_US << attempt < most)
		most = (int64_t)BACKOFF_BASE_US << attempt;
	return (int64_t)((uint64_t)most * random >> 32);
}

enum backoff_verdict backoff_next(struct backoff *r, int64_t now_us, uint32_t random,
	int64_t retry_after_us, int64_t *at_us)
{
	/* "at once" is no order: it would be thousands of requests a second */
	bool ordered = retry_after_us > 0;
	int64_t wait = ordered ? retry_after_us : backoff_us(r->attempt, random);

	r->attempt++;
	*at_us = now_us + wait;
	if (r->retry_for_us == 0 || now_us >= r->deadline_us)
		return BACKOFF_TIME_UP;
	/* an order to wait longer than there is time is an answer; a backoff is only ours */
	if (*at_us >= r->deadline_us) {
		if (ordered)
			return BACKOFF_TIME_UP;
		*at_us = r->deadline_us;
	}
	return BACKOFF_LATER;
}

uint32_t backoff_random(void)
{
	uint32_t bits = UINT32_MAX;

	RAND_bytes((unsigned char *)&bits, sizeof(bits));
	return bits;
}

int64_t backoff_attempt_end_us(const struct backoff *r, int64_t now_us, int64_t bound_us)
{
	int64_t end = now_us + bound_us;

	return (r->retry_for_us || r->single_us) && r->deadline_us < end ? r->deadline_us : end;
}
