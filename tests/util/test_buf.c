/* A buffer at its limit. */
#include "tests/support/check.h"
#include "util/buf.h"

TEST(buf__keeps_what_it_has_at_its_limit)
{
	struct buf b = { .limit = 4 };

	assert_true(buf_str(&b, "abc"));
	assert_false(buf_str(&b, "de"));
	assert_true(b.failed);
	assert_false(buf_char(&b, 'x'));	/* once failed, for good */
	assert_int_equal(b.len, 3);
	buf_clear(&b);
	assert_true(buf_str(&b, "wxyz"));
	buf_free(&b);
	assert_int_equal(b.limit, 4);
}

TEST(buf__of_a_secret_keeps_it_when_it_grows)
{
	struct buf b = { .secret = true };
	size_t cap;

	assert_true(buf_str(&b, "secret "));
	cap = b.cap;
	while (b.cap == cap)
		assert_true(buf_char(&b, 'x'));
	assert_memory_equal(b.data, "secret x", 8);
	assert_int_equal(b.data[cap], 'x');
	buf_wipe(&b);
	assert_true(b.secret);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
