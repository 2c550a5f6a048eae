/* Queue IDs and their numbers. */
#include "tests/support/check.h"
#include "window/queue_index.h"

static const char *id_of(unsigned n)
{
	static char id[UUID_LEN + 1];

	/* those of real life differ everywhere, those of tests in a few digits */
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", n % 7 ? n * 2654435761u : n,
		n % 5 ? n : 7);
	return id;
}

TEST(queue_index__finds_each_of_many_and_nobody_else)
{
	struct queue_index r = { 0 };

	assert_true(queue_index_find(&r, id_of(0)) == QUEUE_INDEX_NONE);
	for (unsigned n = 0; n < 5000; n++) {
		assert_true(queue_index_find(&r, id_of(n)) == QUEUE_INDEX_NONE);
		assert_true(queue_index_add(&r, id_of(n)));
		assert_int_equal(queue_index_find(&r, id_of(n)), n);
	}
	for (unsigned n = 0; n < 5000; n++) {
		assert_int_equal(queue_index_find(&r, id_of(n)), n);
		assert_string_equal(queue_index_id(&r, n), id_of(n));
	}
	assert_true(queue_index_find(&r, id_of(5000)) == QUEUE_INDEX_NONE);
	queue_index_free(&r);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}
