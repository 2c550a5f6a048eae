/* What cmocka 1.1.5 lacks. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

/* A test that has no use for cmocka's state. */
#define TEST(name) static void name(void **state __attribute__((unused)))

/* Doubles that are equal to the last bit. */
#define assert_double_equal_exact(a, b) do { \
	double check_a = (a), check_b = (b); \
	if (!(check_a == check_b)) \
		fail_msg("%s is %.17g, not %.17g", #a, check_a, check_b); \
} while (0)

#endif
