/* A buffer at its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/buf.h"

static void buf__keeps_what_it_has_at_its_limit(void **state)
{
	struct buf b = { .limit = 4 };

	(void)state;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf__keeps_what_it_has_at_its_limit)
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
