/* What cmocka 1.1.5 lacks: doubles that are equal to the last bit. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

#define assert_double_equal_exact(a, b) do { \
	double check_a = (a), check_b = (b); \
	if (!(check_a == check_b)) \
		fail_msg("%s is %.17g, not %.17g", #a, check_a, check_b); \
} while (0)

#endif
