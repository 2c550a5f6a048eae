/* A reader of notifications for one program, and what it read last. */
#ifndef READ_NOTIFICATIONS_H
#define READ_NOTIFICATIONS_H

#include "message/notification.h"
#include "tests/support/check.h"

static struct notifications *ns;
static struct notification n;

static inline int make_reader(void **state)
{
	(void)state;
	ns = notifications_new();
	return ns ? 0 : -1;
}

static inline int free_reader(void **state)
{
	(void)state;
	notifications_free(ns);
	return 0;
}

static inline void check_value(size_t i, const char *metric, const char *qualifier,
	const char *stat, double number)
{
	assert_true(i < n.nvalue);
	assert_true(slice_is(n.value[i].metric, metric));
	assert_true(qualifier ? slice_is(n.value[i].qualifier, qualifier)
		: !n.value[i].qualifier.s);
	assert_true(slice_is(n.value[i].stat, stat));
	assert_int_equal(n.value[i].kind, VALUE_NUMBER);
	assert_double_equal_exact(n.value[i].number, number);
}

#endif
