/* To which shard a queue belongs. */
#include <stdio.h>

#include "tests/support/check.h"
#include "util/shard.h"
#include "util/text.h"

#define IDS 20000

/* An ID like those of real queues, from a fixed sequence of random numbers. */
static void make_id(uint64_t *seed, char id[UUID_LEN + 1])
{
	uint64_t half[2];

	for (int i = 0; i < 2; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		half[i] = *seed ^ *seed >> 29;
	}
	snprintf(id, UUID_LEN + 1, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(half[0] >> 32),
		(unsigned)(half[0] >> 16 & 0xFFFF), (unsigned)(half[0] & 0xFFF),
		(unsigned)(half[1] >> 52), (unsigned long long)(half[1] & 0xFFFFFFFFFFFF));
}

TEST(these_queues_are_in_the_documented_shards)
{
	static const struct { const char *id; uint32_t of_3, of_10; } v[] = {
		{ "00000001-0000-4000-8000-000000000001", 0, 0 },
		{ "11111111-1111-4111-8111-111111111111", 0, 3 },
		{ "00000000-0000-0000-0000-000000000000", 1, 8 }
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		assert_int_equal(shard_of(v[i].id, 3), v[i].of_3);
		assert_int_equal(shard_of(v[i].id, 10), v[i].of_10);
		assert_int_equal(shard_of(v[i].id, 1), 0);
	}
}

TEST(one_more_shard_takes_queues_and_moves_no_others)
{
	char id[UUID_LEN + 1];
	uint64_t seed = 1;

	for (int i = 0; i < 500; i++) {
		uint32_t before = 0;

		make_id(&seed, id);
		for (uint32_t n = 2; n <= 300; n++) {
			uint32_t now = shard_of(id, n);

			assert_true(now == before || now == n - 1);
			before = now;
		}
	}
}

TEST(each_queue_is_in_one_shard_only)
{
	static const uint32_t numbers[] = { 1, 2, 3, 10, 97, SHARDS_MAX };
	char id[UUID_LEN + 1];
	uint64_t seed = 2;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		for (int j = 0; j < 20; j++) {
			struct shard s = { 0, numbers[i] };

			make_id(&seed, id);
			for (; s.k < s.n; s.k++)
				assert_int_equal(shard_has(&s, id), s.k == shard_of(id, s.n));
		}
	}
}

/* 2,000 queues are expected in each; chance alone gives a standard deviation of 42. */
TEST(queues_spread_evenly)
{
	unsigned count[10] = { 0 };
	char id[UUID_LEN + 1];
	uint64_t seed = 3;

	for (int i = 0; i < IDS; i++) {
		make_id(&seed, id);
		count[shard_of(id, 10)]++;
	}
	for (int k = 0; k < 10; k++)
		assert_in_range(count[k], 1830, 2170);
}

TEST(numbered_queues_spread_evenly)
{
	unsigned count[10] = { 0 };
	char id[UUID_LEN + 1];

	for (int i = 0; i < IDS; i++) {
		snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
		count[shard_of(id, 10)]++;
	}
	for (int k = 0; k < 10; k++)
		assert_in_range(count[k], 1830, 2170);
}

TEST(a_shard_is_written_as_two_numbers)
{
	static const char *const bad[] = { "", "/", "3", "3/", "/3", "3/3", "0/0", "-1/3",
		"1/10001", "+0/3", " 0/3", "0/3 ", "0x0/3", "4294967296/3", "0/4294967299" };
	struct shard s;

	assert_true(shard_parse("3/10", &s));
	assert_int_equal(s.k, 3);
	assert_int_equal(s.n, 10);
	assert_true(shard_parse("9999/10000", &s));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (shard_parse(bad[i], &s))
			fail_msg("'%s' is no shard", bad[i]);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
