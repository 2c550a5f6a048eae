/* What every test needs: cmocka with what version 1.1.5 of it lacks, and common headers. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/base.h"

/*
 * A test. It registers itself before main() begins, so that no list can miss it; the tests run in
 * the order of their lines.
 */
#define TEST(name) \
	static void name(void **state); \
	__attribute__((constructor(200 + __LINE__))) static void register_##name(void) \
	{ \
		register_test((struct CMUnitTest)cmocka_unit_test(name)); \
	} \
	static void name(void **state __attribute__((unused)))

/* cmocka passes over the entries without a name. */
static struct CMUnitTest all_tests[64];

static inline void register_test(struct CMUnitTest test)
{
	size_t n = 0;

	while (n < ARRAY_LEN(all_tests) && all_tests[n].name)
		n++;
	if (n == ARRAY_LEN(all_tests))
		abort();
	all_tests[n] = test;
}

/* The functions that run before and after each test; NULL: none. */
static inline void each_test(CMFixtureFunction setup, CMFixtureFunction teardown)
{
	for (size_t i = 0; i < ARRAY_LEN(all_tests) && all_tests[i].name; i++) {
		all_tests[i].setup_func = setup;
		all_tests[i].teardown_func = teardown;
	}
}

/* Runs the tests between a setup and a teardown of all of them. Returns how many failed. */
static inline int run_all_tests(CMFixtureFunction setup, CMFixtureFunction teardown)
{
	return cmocka_run_group_tests_name(program_invocation_short_name, all_tests, setup,
		teardown);
}

/* Doubles that are equal to the last bit. */
#define assert_double_equal_exact(a, b) do { \
	double check_a = (a), check_b = (b); \
	if (!(check_a == check_b)) \
		fail_msg("%s is %.17g, not %.17g", #a, check_a, check_b); \
} while (0)

#endif
