/* Random numbers that are the same at each run. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

static uint64_t seed = 1;	/* a test may set it */

static inline uint64_t random_u64(void)		/* xorshift64* */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545F4914F6CDD1Du;
}

static inline double random_unit(void)		/* at least 0, below 1 */
{
	return (double)(random_u64() >> 11) / 9007199254740992.0;
}

#endif
