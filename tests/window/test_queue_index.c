/* Queue IDs and their numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "window/queue_index.h"

static const char *id_of(unsigned n)
{
	static char id[UUID_LEN + 1];

	/* those of real life differ everywhere, those of tests in a few digits */
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", n % 7 ? n * 2654435761u : n,
		n % 5 ? n : 7);
	return id;
}

static void roster__finds_each_of_many_and_nobody_else(void **state)
{
	struct roster r = { 0 };

	(void)state;
	assert_true(roster_find(&r, id_of(0)) == ROSTER_NONE);
	for (unsigned n = 0; n < 5000; n++) {
		assert_true(roster_find(&r, id_of(n)) == ROSTER_NONE);
		assert_true(roster_add(&r, id_of(n)));
		assert_int_equal(roster_find(&r, id_of(n)), n);
	}
	for (unsigned n = 0; n < 5000; n++) {
		assert_int_equal(roster_find(&r, id_of(n)), n);
		assert_string_equal(roster_id(&r, n), id_of(n));
	}
	assert_true(roster_find(&r, id_of(5000)) == ROSTER_NONE);
	roster_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roster__finds_each_of_many_and_nobody_else)
	};

	return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
