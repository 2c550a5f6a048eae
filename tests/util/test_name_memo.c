/* The memo of names: what it remembers, and names that share a place or cannot be remembered. */
#include "tests/support/check.h"
#include "util/base.h"
#include "util/name_memo.h"

#define NOT_REMEMBERED 99

static uint32_t value_of(struct name_memo *memo, const char *name)
{
	uint32_t value;

	return name_memo_get(memo, slice_of(name), &value) ? value : NOT_REMEMBERED;
}

TEST(name_memo__remembers_numbers_of_names)
{
	static const char *const names[] = { "oWaiting", "t", "oLongestInteracting",
		"nStateTransitionError", "123456789012345678901234" };
	struct name_memo memo = { 0 };

	for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(value_of(&memo, names[i]), NOT_REMEMBERED);
		name_memo_put(&memo, slice_of(names[i]), i);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(value_of(&memo, names[i]), i);
}

TEST(name_memo__tells_names_apart_that_share_a_place)
{
	struct name_memo memo = { 0 };

	name_memo_put(&memo, slice_of("oFirst"), 1);
	assert_int_equal(value_of(&memo, "xFirst"), NOT_REMEMBERED);
	name_memo_put(&memo, slice_of("xFirst"), 2);
	assert_int_equal(value_of(&memo, "xFirst"), 2);
	assert_int_equal(value_of(&memo, "oFirst"), NOT_REMEMBERED);
}

TEST(name_memo__does_not_remember_long_and_empty_names)
{
	static const char *const names[] = { "", "1234567890123456789012345" };
	struct name_memo memo = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		name_memo_put(&memo, slice_of(names[i]), 1);
		assert_int_equal(value_of(&memo, names[i]), NOT_REMEMBERED);
	}
	assert_int_equal(value_of(&memo, NULL), NOT_REMEMBERED);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
