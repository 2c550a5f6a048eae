#include "util/backoff.h"

#include <openssl/rand.h>

void backoff_init(struct backoff *b, int64_t retry_for_us, int64_t single_us, int64_t now_us)
{
	*b = (struct backoff){
		.retry_for_us = retry_for_us,
		.single_us = retry_for_us ? 0 : single_us,
		.deadline_us = now_us + (retry_for_us ? retry_for_us : single_us),
		.connected_us = INT64_MIN
	};
}

void backoff_connected(struct backoff *b, int64_t now_us)
{
	b->connected_us = now_us;
}

void backoff_lost(struct backoff *b, int64_t now_us, bool anew)
{
	if (b->connected_us != INT64_MIN && now_us - b->connected_us >= BACKOFF_STABLE_US) {
		b->attempt = 0;
		b->breaches = 0;
	}
	b->connected_us = INT64_MIN;
	if (anew)
		b->deadline_us = now_us + b->retry_for_us + b->single_us;
}

bool backoff_breach(struct backoff *b)
{
	return ++b->breaches >= 2;
}

/* Full jitter: any wait from 0 to the doubled base, so that clients do not retry together. */
static int64_t backoff_us(unsigned attempt, uint32_t random)
{
	int64_t most = BACKOFF_CAP_US;

	if (attempt < 7 && (int64_t)BACKOFF_BASE_US << attempt < most)
		most = (int64_t)BACKOFF_BASE_US << attempt;
	return (int64_t)((uint64_t)most * random >> 32);
}

enum backoff_verdict backoff_next(struct backoff *b, int64_t now_us, uint32_t random,
	int64_t retry_after_us, int64_t *at_us)
{
	/* ignore a Retry-After of 0: it would mean thousands of requests a second */
	bool ordered = retry_after_us > 0;
	int64_t wait = ordered ? retry_after_us : backoff_us(b->attempt, random);

	b->attempt++;
	*at_us = now_us + wait;
	if (b->retry_for_us == 0 || now_us >= b->deadline_us)
		return BACKOFF_TIME_UP;
	/* give up at once if the server asks for more time than is left */
	if (*at_us >= b->deadline_us) {
		if (ordered)
			return BACKOFF_TIME_UP;
		*at_us = b->deadline_us;
	}
	return BACKOFF_LATER;
}

uint32_t backoff_random(void)
{
	uint32_t bits = UINT32_MAX;

	RAND_bytes((unsigned char *)&bits, sizeof(bits));
	return bits;
}

int64_t backoff_attempt_end_us(const struct backoff *b, int64_t now_us, int64_t bound_us)
{
	int64_t end = now_us + bound_us;

	return (b->retry_for_us || b->single_us) && b->deadline_us < end ? b->deadline_us : end;
}
