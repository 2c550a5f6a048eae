#include "util/shard.h"

#include "util/text.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_id(const char *id)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (size_t i = 0; i < UUID_LEN; i++)
		h = (h ^ (unsigned char)id[i]) * UINT64_C(0x100000001B3);
	return h;
}

/* The finaliser of splitmix64 over the hash and the shard's place in its sequence. */
static uint64_t score(uint64_t hash, uint32_t k)
{
	uint64_t z = hash + (k + UINT64_C(1)) * UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

uint32_t shard_of(const char *id, uint32_t n)
{
	const uint64_t hash = hash_id(id);
	uint64_t best = score(hash, 0);
	uint32_t of = 0;

	for (uint32_t k = 1; k < n; k++) {
		const uint64_t s = score(hash, k);

		if (s > best) {
			best = s;
			of = k;
		}
	}
	return of;
}

/* Ends at the first shard with a higher score, which most queues have among the first few. */
bool shard_has(const struct shard *shard, const char *id)
{
	const uint64_t hash = hash_id(id), own = score(hash, shard->k);

	for (uint32_t k = 0; k < shard->n; k++) {
		const uint64_t s = k == shard->k ? 0 : score(hash, k);

		if (s > own || (s == own && k < shard->k))
			return false;
	}
	return true;
}

bool shard_read_number(const char **s, uint32_t *out)
{
	const char *const begin = *s;

	for (*out = 0; **s >= '0' && **s <= '9'; ++*s)
		if (*out <= SHARDS_MAX)
			*out = *out * 10 + (uint32_t)(**s - '0');
	return *s != begin;
}

bool shard_parse(const char *text, struct shard *out)
{
	return shard_read_number(&text, &out->k) && *text++ == '/'
		&& shard_read_number(&text, &out->n) && !*text && out->n <= SHARDS_MAX
		&& out->k < out->n;
}
